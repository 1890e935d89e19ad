"""Where a copy puts what it makes.

Memory that is free in small pieces, between things that stay, is used before what is free in large
ones. In a copy each piece would cost a page, because the system copies the page that is written
to. So the small pieces are taken, for ever, before the copies are made. What they make then lies
together.
"""

import sys

# Larger pieces are few.
_PIECE_BYTES_MAX = 1024
_STEP_BYTES = 16
# Where so much is free in one piece it may stay free.
_FREE_BYTES_MIN = 4096
# More is not taken at a time, wherever an interpreter finds its memory.
_TAKEN_BYTES_MAX = 1 << 20

_taken = []


def close():
    """Takes what is free in small pieces; returns how many bytes that is."""
    taken = 0
    for size in range(_PIECE_BYTES_MAX, _STEP_BYTES, -_STEP_BYTES):
        taken += _close(size, _TAKEN_BYTES_MAX - taken)
    return taken


def _close(size, limit):
    """Takes pieces of this size until they come from where there are many."""
    begin = len(_taken)
    before = together = 0
    for _ in range(limit // size):
        piece = bytes(size)
        _taken.append(piece)
        follows = 0 < id(piece) - before <= sys.getsizeof(piece) + _STEP_BYTES
        together = together + 1 if follows else 0
        if together * size >= _FREE_BYTES_MIN:
            # These were one, and may be it again.
            del _taken[-together - 1 :]
            break
        before = id(piece)
    return (len(_taken) - begin) * size
