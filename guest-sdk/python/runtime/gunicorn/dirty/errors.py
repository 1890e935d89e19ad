"""The exceptions of gunicorn's dirty interface, for apps that raise or catch them."""


class DirtyError(Exception):
    """The base of all; `message` is a text and `details` a dict."""

    def __init__(self, message, details=None):
        super().__init__(message)
        self.message = message
        self.details = details or {}

    def __str__(self):
        return f"{self.message}: {self.details}" if self.details else self.message

    def to_dict(self):
        """What travels of an error."""
        return {"error_type": type(self).__name__, "message": self.message, "details": self.details}

    @classmethod
    def from_dict(cls, data):
        """The error that has travelled; an unknown type is a `DirtyError`."""
        kind = _CLASSES.get(data.get("error_type"), DirtyError)
        error = kind.__new__(kind)
        DirtyError.__init__(error, data.get("message", "Unknown error"), data.get("details"))
        for name in kind._attributes:
            setattr(error, name, error.details.get(name))
        return error

    # The attributes that are details, too.
    _attributes = ()


class DirtyTimeoutError(DirtyError):
    """Something took too long; `timeout` is in seconds."""

    _attributes = ("timeout",)

    def __init__(self, message="Operation timed out", timeout=None):
        super().__init__(message, _given(timeout=timeout))
        self.timeout = timeout


class DirtyConnectionError(DirtyError):
    """There is no connection to the arbiter."""

    _attributes = ("socket_path",)

    def __init__(self, message="Connection failed", socket_path=None):
        super().__init__(message, _given(socket_path=socket_path))
        self.socket_path = socket_path


class DirtyWorkerError(DirtyError):
    """A worker broke."""

    _attributes = ("worker_id", "traceback")

    def __init__(self, message, worker_id=None, traceback=None):
        details = {} if worker_id is None else {"worker_id": worker_id}
        super().__init__(message, {**details, **_given(traceback=traceback)})
        self.worker_id = worker_id
        self.traceback = traceback


class DirtyAppError(DirtyError):
    """An app failed."""

    _attributes = ("app_path", "action", "traceback")

    def __init__(self, message, app_path=None, action=None, traceback=None):
        super().__init__(message, _given(app_path=app_path, action=action, traceback=traceback))
        self.app_path = app_path
        self.action = action
        self.traceback = traceback


class DirtyAppNotFoundError(DirtyAppError):
    """There is no such app."""

    def __init__(self, app_path):
        super().__init__(f"Dirty app not found: {app_path}", app_path=app_path)


class DirtyNoWorkersAvailableError(DirtyError):
    """No worker of the app can serve."""

    _attributes = ("app_path",)

    def __init__(self, app_path, message=None):
        if message is None:
            message = f"No workers available for app: {app_path}"
        super().__init__(message, {"app_path": app_path})
        self.app_path = app_path


class DirtyProtocolError(DirtyError):
    """A message was malformed; `raw_data` is the beginning of it."""

    def __init__(self, message="Protocol error", raw_data=None):
        if isinstance(raw_data, bytes):
            raw_data = raw_data[:100].hex()
        super().__init__(message, {} if raw_data is None else {"raw_data": str(raw_data)[:200]})


def _given(**details):
    """The details that are there."""
    return {name: value for name, value in details.items() if value}


_CLASSES = {
    kind.__name__: kind
    for kind in (
        DirtyError,
        DirtyTimeoutError,
        DirtyConnectionError,
        DirtyWorkerError,
        DirtyAppError,
        DirtyAppNotFoundError,
        DirtyNoWorkersAvailableError,
        DirtyProtocolError,
    )
}
