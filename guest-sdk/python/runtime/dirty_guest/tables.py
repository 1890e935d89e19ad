"""The host's stash, with Python values in the place of texts: see `stash` in the contract."""

from componentize_py_types import Err
from wit_world.imports import stash as _stash

from . import presence
from .values import decode, encode

_MS = 1000


class Refused(Exception):
    """The host did not do it; the message is its own."""


def _asked(operation, *arguments):
    presence.require()
    try:
        return operation(*arguments)
    except Err as error:
        raise Refused(error.value.value) from None


class _Kept:
    """The bytes within one value, in the order of their indexes."""

    def __init__(self, blobs=()):
        self.blobs = list(blobs)

    def get(self, index):
        """The bytes under this index, or `None`."""
        return self.blobs[index] if 0 <= index < len(self.blobs) else None

    def put(self, data):
        """Keeps them."""
        self.blobs.append(data)
        return len(self.blobs) - 1


def _sent(value):
    kept = _Kept()
    return _stash.Value(encode(value, kept, "the value"), kept.blobs)


def _milliseconds(ttl):
    if ttl is None:
        return None
    # What is shorter than the host's unit is no reason to keep a value for ever.
    return max(1, round(ttl * _MS))


def put(table, key, value, ttl):
    """Keeps a value, for `ttl` seconds if that is not `None`."""
    _asked(_stash.put, table, key, _sent(value), _milliseconds(ttl))


def get(table, key, default):
    """The value, or the default."""
    found = _asked(_stash.get, table, key)
    return default if found is None else decode(found.json, _Kept(found.blobs))


def compare_and_swap(table, key, expected, value, ttl):
    """Whether the value was the expected one, and is now the other."""
    expected = None if expected is None else _sent(expected)
    return _asked(_stash.compare_and_swap, table, key, expected, _sent(value), _milliseconds(ttl))


def delete(table, key):
    """Whether it was there."""
    return _asked(_stash.delete, table, key)


def exists(table, key):
    """Whether it is there."""
    return _asked(_stash.exists, table, key)


def keys(table, pattern):
    """All that fit."""
    return _asked(_stash.keys, table, pattern)


def increment(table, key, delta):
    """The sum."""
    return _asked(_stash.increment, table, key, delta)


def tables():
    """All names."""
    return _asked(_stash.tables)


def ensure(table):
    """Makes it."""
    _asked(_stash.ensure, table)


def has_table(table):
    """Whether it is there."""
    return _asked(_stash.has_table, table)


def size(table):
    """How many values it has; `None` if there is no such table."""
    return _asked(_stash.size, table)


def clear(table):
    """Removes all its values."""
    _asked(_stash.clear, table)


def delete_table(table):
    """Whether it was there."""
    return _asked(_stash.delete_table, table)
