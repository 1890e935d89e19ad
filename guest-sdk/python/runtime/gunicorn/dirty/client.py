"""The client's names, which a module may import that is shared with web workers. A component has no
sockets, so using them is an error that says so.
"""

from .errors import DirtyError


def _refuse(*args, **kwargs):
    raise DirtyError(
        "an app in a component cannot call other apps: it has no sockets. "
        "Let the web worker make both calls, or share data through `gunicorn.dirty.stash`"
    )


class DirtyClient:
    """Cannot be made."""

    def __init__(self, *args, **kwargs):
        _refuse()


set_dirty_socket_path = _refuse
get_dirty_client = _refuse
close_dirty_client = _refuse


async def get_dirty_client_async(*args, **kwargs):
    """Refuses."""
    _refuse()


async def close_dirty_client_async(*args, **kwargs):
    """Refuses."""
    _refuse()
