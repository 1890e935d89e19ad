"""What all web workers of all applications share: counters, and results that were asked for before.

It is in the host's stash, so it outlives a web worker but not the host. Everything here blocks, for
well under a millisecond: in asyncio, call it in a thread.
"""

import hashlib
import os
import socket
import threading

from gunicorn.dirty import StashError, stash

HITS = "web:hits"
RESULTS = "web:results"

NAME_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"


def hit(name):
    """Counts one hit.

    Each thread counts under a key of its own. gunicorn's client can get and put, but not increment,
    so two that shared a key would now and then lose a hit.
    """
    own = f"{name}:{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
    stash.put(HITS, own, stash.get(HITS, own, 0) + 1)


def hits(name):
    """All hits of that name."""
    return sum(stash.get(HITS, key, 0) for key in stash.keys(HITS, f"{name}:*"))


def result_key(*question):
    """A key for a result. A question may be longer than a key, so it is a digest."""
    return hashlib.sha256(repr(question).encode()).hexdigest()


def recall(key):
    """The result that is kept under a key, or None."""
    return stash.get(RESULTS, key)


def keep(key, result):
    """Keeps a result. Without room for it all others go: any of them can be computed again."""
    try:
        stash.put(RESULTS, key, result)
    except StashError:
        stash.clear(RESULTS)
