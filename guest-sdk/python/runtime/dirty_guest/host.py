"""The host's side of the contract, in Python's words. The only module that names its bindings, but for
`component`, which exports what the host calls, and `stash`.
"""

import logging

from wit_world.imports import host as _host

emit = _host.emit
time_left_ms = _host.time_left
cancelled = _host.cancelled
process_id = _host.process_id

_LEVELS = (
    (logging.ERROR, _host.Level.ERROR),
    (logging.WARNING, _host.Level.WARN),
    (logging.INFO, _host.Level.INFO),
    (logging.DEBUG, _host.Level.DEBUG),
)


def log(level, message):
    """Writes to the host's log; `level` is a number of `logging`."""
    for least, name in _LEVELS:
        if level >= least:
            return _host.log(name, message)
    return _host.log(_host.Level.TRACE, message)


def log_error(message):
    """Writes an error to the host's log."""
    _host.log(_host.Level.ERROR, message)
