"""Messages of `logging` on their way to the host's log."""

import logging

from . import presence
from .values import sendable

_system_last_resort = logging.lastResort


class LogHandler(logging.Handler):
    """Hands messages to the host's log, each with its level.

    What an app logs before it has configured logging goes through one of these from WARNING on; with

        logging.basicConfig(level=logging.DEBUG, format="%(message)s", handlers=[dirty_guest.LogHandler()])

    so does the rest. The host adds the time, the app, the worker and the request.
    """

    def emit(self, record):
        """Writes one message; where there is no host, to where the interpreter would."""
        if not presence.is_there():
            return _system_last_resort.emit(record)
        # Not at the top: native tests import this module, too.
        from . import host

        try:
            host.log(record.levelno, sendable(self.format(record)))
        except Exception:
            self.handleError(record)
