"""Measures what a call costs: `python measure.py APP ACTION [ARG]…`.

Makes the call over and over with gunicorn's own client, and prints medians: of the whole call, and of a
stream's first chunk. Then what the app's workers have of memory that they do not share. What parses as
JSON is JSON, @PATH the bytes of a file, anything else a string. The socket is that of
GUNICORN_DIRTY_SOCKET.
"""

import argparse
import json
import statistics
import time
import uuid
from pathlib import Path

from gunicorn.dirty import get_dirty_client
from gunicorn.dirty.protocol import DirtyProtocol


def argument(text):
    if text.startswith("@"):
        return Path(text[1:]).read_bytes()
    try:
        return json.loads(text)
    except ValueError:
        return text


def timed(client, app, action, args):
    """Seconds to the first chunk or result, seconds in all, and how many chunks."""
    began = time.perf_counter()
    first, chunks = None, 0
    for _ in client.stream(app, action, *args):
        first = first or time.perf_counter() - began
        chunks += 1
    took = time.perf_counter() - began
    return first or took, took, chunks


def status(client):
    """The host's status, for which the client has no method."""
    DirtyProtocol.write_message(client._sock, {"type": "status", "id": str(uuid.uuid4())})
    return DirtyProtocol.read_message(client._sock)["result"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("app")
    parser.add_argument("action")
    parser.add_argument("args", nargs="*", type=argument)
    parser.add_argument("-n", type=int, default=50, help="how many calls to make [default: 50]")
    options = parser.parse_args()
    with get_dirty_client() as client:
        runs = [timed(client, options.app, options.action, options.args) for _ in range(options.n)]
        firsts, wholes, chunks = (statistics.median(column) for column in zip(*runs))
        workers = [worker for worker in status(client)["workers"] if options.app in worker["apps"]]
    print(f"call: {wholes * 1000:.2f} ms")
    if chunks:
        print(f"first chunk: {firsts * 1000:.2f} ms; chunks: {chunks:g}, {chunks / wholes:.0f} per second")
    print("private memory of each worker:", ", ".join(f"{(w['memory'] or 0) / 2**20:.1f} MiB" for w in workers))


if __name__ == "__main__":
    main()
