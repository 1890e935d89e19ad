"""What the `dirty` host offers to apps beyond gunicorn's own interface.

An app needs none of it. One that should run under gunicorn, too, asks for it within
`try: import dirty_guest` and `except ImportError`.

* `config()`: the app's `[config]` table, a dict.
* `time_left()`: seconds until the deadline of this call, or `None`.
* `cancelled()`: whether nobody waits for this call's result any more.
* `LogHandler()`: a handler of `logging` that hands messages to the host's log, each with its level.
"""

from . import presence
from .logs import LogHandler
from .this_app import config

__all__ = ["LogHandler", "cancelled", "config", "time_left"]


def time_left():
    """Seconds until the deadline of this call; `None` where it has none."""
    host = _host()
    left = host.time_left_ms()
    return None if left is None else left / 1000


def cancelled():
    """Whether nobody waits for this call's result any more."""
    host = _host()
    return host.cancelled()


def _host():
    presence.require()
    # Not at the top: native tests import this package, too.
    from . import host

    return host
