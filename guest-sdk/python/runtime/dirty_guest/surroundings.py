"""What a component lacks of a process's surroundings, or has in a form that a Python program does
not expect: made good when an app starts, and again in each of its copies.
"""

import gc
import logging
import os
import random
import sys
from contextlib import suppress

from . import host, presence
from .values import sendable


_system_getpid = os.getpid
_system_last_resort = logging.lastResort


def replace():
    """While the component is built, before the app's modules take hold of anything."""
    logging.lastResort = _HostLog(logging.WARNING)
    os.getpid = _getpid


def prepare():
    """Before the app is made: what it prints reaches the host, and the host can be asked."""
    presence.begin()
    # The host takes lines; without this they would wait until a buffer is full.
    sys.__stdout__.reconfigure(line_buffering=True)


def _getpid():
    """The worker's number; WASI has the same for all."""
    return host.process_id() if presence.is_there() else _system_getpid()


def settle():
    """After `init`: what it left is to be shared by all copies for long.

    Objects that the collector does not look at again stay in pages that it does not write to.
    """
    flush()
    gc.collect()
    gc.freeze()


def part():
    """In each copy, before its first call: what must not be the same in all of them."""
    random.seed()
    if tempfile := sys.modules.get("tempfile"):
        # It seeds its generator anew when the process number changes, which it remembers.
        tempfile._name_sequence = None


def flush():
    """Hands over what was printed without an end of line."""
    for stream in (sys.stdout, sys.stderr):
        # An app may have closed it, or put anything in its place.
        with suppress(Exception):
            stream.flush()


class _HostLog(logging.Handler):
    """Where messages go as long as an app has not configured logging: to the host, with their level."""

    def emit(self, record):
        """Writes one message; while the component is built, where the interpreter would."""
        if not presence.is_there():
            return _system_last_resort.emit(record)
        try:
            host.log(record.levelno, sendable(self.format(record)))
        except Exception:
            self.handleError(record)
