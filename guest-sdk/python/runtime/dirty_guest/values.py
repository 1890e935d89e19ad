"""Python values as the contract's JSON texts, and back.

Texts are exact: integers of any size stay whole. What JSON has no words for is an object with one
key, as `wit/app.wit` says: `{"$blob": N}` for bytes and `{"$float": "nan"}` for a number that is not
finite. An app's own object that looks like one of these travels with a dollar more.

This module knows nothing of the host: where bytes are kept is its caller's business.
"""

import json
import math
import re
import sys
from contextlib import contextmanager

# The host takes what is at most 128 arrays and objects deep, with the message's own object.
DEPTH_MAX = 127

_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
# A key which means something, or which has been given dollars so that it means nothing.
_MARKED = re.compile(r"\$+(?:blob|float)")
# Before each of these stands a part of it, whose absence from a long text shows much sooner.
# A dollar where it may begin a key, as it is and as an escape.
_DOLLARS = (("$", '"$'), ("0024", "\\u0024"))
# How the quick encoder writes keys that `str` writes in another way, and keys that need a dollar.
_UNSURE = (
    ("$", '"$'),
    ('rue":', '"true":'),
    ('lse":', '"false":'),
    ('ull":', '"null":'),
    ('NaN":', '"NaN":'),
    ('ity":', 'Infinity":'),
)


class NoBlobs:
    """For texts that may have no bytes in them."""

    @staticmethod
    def get(index):
        """There are none."""
        return None

    @staticmethod
    def put(data):
        """Refuses."""
        raise TypeError("bytes cannot be sent from here")


@contextmanager
def _integers_of_any_size():
    """Lifts the interpreter's limit to the digits of a number, which protects servers.

    A call has a deadline that protects the host.
    """
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(limit)


def decode(text, blobs):
    """The value of a JSON text. `blobs.get(index)` has the bytes that it names, or `None`."""
    with _integers_of_any_size():
        if not _has_any(text, _DOLLARS):
            return json.loads(text)

        def unmark(pairs):
            return _unmarked(pairs, blobs)

        return json.loads(text, object_hook=unmark)


def _has_any(text, marks):
    """Whether one of them is in the text."""
    return any(part in text and mark in text for part, mark in marks)


def _unmarked(found, blobs):
    """What an object stands for."""
    if len(found) != 1:
        return found
    [(key, value)] = found.items()
    if not _MARKED.fullmatch(key):
        return found
    if key == "$blob":
        data = blobs.get(value) if type(value) is int else None
        if data is None:
            raise ValueError(f"there is no binary {value!r}")
        return data
    if key == "$float":
        if not isinstance(value, str) or value not in _FLOATS:
            raise ValueError(f"there is no number {value!r}")
        return _FLOATS[value]
    return {key[1:]: value}


def encode(value, blobs, name="the result"):
    """The JSON text of a value; `name` is what an error calls it.

    `blobs.put(data)` keeps bytes and returns their index. A tuple becomes an array and a key that
    is no string becomes one, as `str` has it. Raises `TypeError` where something has no form in
    JSON, and `ValueError` where the value is too deep; both say where.
    """
    with _integers_of_any_size():
        try:
            text = _QUICK.encode(value)
        except (TypeError, ValueError, RecursionError):
            # Either it needs more care, or a better message.
            text = None
        if text is None or _has_any(text, _UNSURE):
            value = _Plain(blobs, name).of(value, 0)
            text = _QUICK.encode(value)
        return text if _can_leave(text) else _ASCII.encode(value)


def _can_leave(text):
    """Half a surrogate pair cannot, but as an escape."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_QUICK = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))
_ASCII = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


class _Plain:
    """Makes values plain: of what JSON knows alone, and marked where that is not enough."""

    def __init__(self, blobs, name):
        self._blobs = blobs
        self._path = [name]

    def of(self, value, depth):
        """The plain value; `depth` is how many arrays and objects are around it."""
        if value is None or isinstance(value, (str, int)):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"$float": _float_name(value)}
        if isinstance(value, (bytes, bytearray, memoryview)):
            return {"$blob": self._blobs.put(bytes(value))}
        if isinstance(value, (list, tuple)):
            self._check_depth(depth)
            return [self._inside(index, item, depth) for index, item in enumerate(value)]
        if isinstance(value, dict):
            self._check_depth(depth)
            return self._object(value, depth)
        raise TypeError(f"{self._where()} is of type {_type_name(value)}, which cannot be sent")

    def _object(self, value, depth):
        plain = {}
        for key, item in value.items():
            plain[key if isinstance(key, str) else str(key)] = self._inside(key, item, depth)
        if len(plain) == 1:
            [(key, item)] = plain.items()
            if _MARKED.fullmatch(key):
                return {f"${key}": item}
        return plain

    def _inside(self, key, item, depth):
        self._path.append(f"[{key!r}]")
        plain = self.of(item, depth + 1)
        self._path.pop()
        return plain

    def _check_depth(self, depth):
        if depth >= DEPTH_MAX:
            raise ValueError(f"{self._path[0]} has more than {DEPTH_MAX} lists and dicts within each other")

    def _where(self):
        return "".join(self._path)


def _float_name(value):
    if math.isnan(value):
        return "nan"
    return "inf" if value > 0 else "-inf"


def _type_name(value):
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def sendable(text):
    """A text as the boundary takes it: half a surrogate pair is replaced by its escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
