"""The bytes of a call: see `blobs` in the contract."""

from componentize_py_types import Err
from wit_world.imports import blobs as _blobs


def get(index):
    """The bytes under this index, or `None`."""
    return _blobs.get(index)


def put(data):
    """Gives the host bytes for the result or for a chunk; returns their index."""
    try:
        return _blobs.put(data)
    except Err as error:
        limit = error.value.bytes_max
        raise ValueError(
            f"{len(data)} bytes are too many: the host takes {limit} of one call (`max_frame`)"
        ) from None
