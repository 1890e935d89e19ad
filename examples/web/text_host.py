"""The host as the web applications use it: the app's name, limits, and whether it can serve."""

import socket
import uuid

from gunicorn.dirty.client import get_dirty_socket_path
from gunicorn.dirty.errors import DirtyConnectionError
from gunicorn.dirty.protocol import DirtyProtocol

# The app's name in dirty.toml.
APP = "text"

# Seconds after which gunicorn's client gives up by itself; for a stream, from its first word to its
# last. The host's own timeout ends calls before, so this is for a host that is stopped or stuck.
CLIENT_TIMEOUT = 300

# Seconds that a health check may take.
HEALTH_TIMEOUT = 5

# The largest upload. A message to the host may have 64 MiB, unless its configuration says more.
UPLOAD_BYTES_MAX = 32 * 1024 * 1024


def app_status():
    """What the host says of the app: its state, workers, queue.

    gunicorn's client has no method for this message of its own protocol.
    """
    path = get_dirty_socket_path()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(HEALTH_TIMEOUT)
            connection.connect(path)
            DirtyProtocol.write_message(connection, {"type": "status", "id": str(uuid.uuid4())})
            reply = DirtyProtocol.read_message(connection)
    except OSError as error:
        raise DirtyConnectionError(f"The host does not answer: {error}", path) from error
    return reply["result"]["app_status"][APP]


def health():
    """The body and the HTTP status of a health check."""
    status = app_status()
    shown = {key: status[key] for key in ("state", "workers_ready", "queue")}
    return shown, 200 if status["workers_ready"] else 503
