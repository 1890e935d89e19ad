"""The base class of apps."""

_LIFECYCLE = frozenset({"init", "close"})


class DirtyApp:
    """An app: an object that is made once, then called again and again, and keeps its state.

    A component's `__init__` and `init` run once, in the process that all workers are copies of. In
    each worker `__call__` serves one call at a time; `close` runs when the worker stops in good order.
    """

    # How many workers the app wants, if the configuration does not say; None leaves it to the host.
    workers = None

    def init(self):
        """Loads what calls need."""

    def __call__(self, action, *args, **kwargs):
        """Serves a call: the public method of this name does.

        What is private, and the app's lifecycle, is no action: `ValueError`.
        """
        method = None
        if not action.startswith("_") and action not in _LIFECYCLE:
            method = getattr(self, action, None)
        if method is None:
            raise ValueError(f"Unknown action: {action}")
        return method(*args, **kwargs)

    def close(self):
        """Lets go of what `init` took hold of."""
