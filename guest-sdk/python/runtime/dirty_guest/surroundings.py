"""What a component lacks of a process's surroundings, or has in a form that a Python program does
not expect: made good when an app starts, and again in each of its copies.
"""

import gc
import logging
import os
import random
import sys
from contextlib import suppress

from . import gaps, host, presence
from .logs import LogHandler

_system_getpid = os.getpid


def replace():
    """While the component is built, before the app's modules take hold of anything."""
    logging.lastResort = LogHandler(logging.WARNING)
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
    """After `init`: what it left is to be shared by all copies for long."""
    flush()
    freeze()


def freeze():
    """Takes what is there out of the collector's sight.

    Objects that it does not look at again stay in pages that it does not write to; and a start is the
    faster the less there is to be looked through.
    """
    gc.collect()
    gc.freeze()
    gaps.close()


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
