"""Every exception class that the client knows, raised by the host, with its attributes.

The host serves `demo`, one worker with a timeout of two seconds, and `broken`, which cannot start.
"""

import socket
import struct
from concurrent.futures import ThreadPoolExecutor

from gunicorn.dirty import protocol
from gunicorn.dirty.client import DirtyClient
from gunicorn.dirty.errors import (
    DirtyAppError,
    DirtyAppNotFoundError,
    DirtyConnectionError,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyProtocolError,
    DirtyTimeoutError,
    DirtyWorkerError,
)
from gunicorn.dirty.protocol import DirtyProtocol

from checks import APP, BINARY, SOCKET, client, kill_the_busy_worker, raises, raises_async, run


def check_app_error():
    with client() as c:
        error = raises(DirtyAppError, c.execute, APP, "fail", "no such model")
        assert error.message == "no such model"
        assert error.details["kind"] == "ValueError"
        assert error.app_path == APP
        assert error.action == "fail"
        assert c.execute(APP, "fib", 10) == 55


def check_app_error_of_a_trap():
    with client() as c:
        error = raises(DirtyAppError, c.execute, APP, "trap")
        assert "fall_into_the_trap" in error.traceback, error.traceback
        assert (error.app_path, error.action) == (APP, "trap")


def check_app_not_found():
    with client() as c:
        error = raises(DirtyAppNotFoundError, c.execute, "nobody:App", "fib", 1)
        assert isinstance(error, DirtyAppError)
        assert error.message == "Dirty app not found: nobody:App"
        assert error.app_path == "nobody:App"


def check_no_workers_available():
    with client() as c:
        error = raises(DirtyNoWorkersAvailableError, c.execute, "broken", "fib", 1)
        assert error.message.startswith("No workers available for app: broken"), error.message
        assert error.app_path == "broken"


def check_timeout():
    with client() as c:
        error = raises(DirtyTimeoutError, c.execute, APP, "hang")
        assert error.timeout == 2
        assert c.execute(APP, "fib", 10) == 55


def check_worker_error():
    with client() as c, ThreadPoolExecutor() as pool:
        call = pool.submit(c.execute, APP, "sleep", 1.8)
        kill_the_busy_worker()
        error = raises(DirtyWorkerError, call.result)
        assert error.worker_id is not None
        assert error.traceback is None


def check_protocol_error():
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(SOCKET)
        payload = b"neither JSON nor TLV"
        if BINARY:
            payload = protocol.BinaryProtocol.encode_header(1, 7, len(payload)) + payload
            raw.sendall(payload)
        else:
            raw.sendall(struct.pack("!I", len(payload)) + payload)
        reply = DirtyProtocol.read_message(raw)
    assert reply["type"] == "error", reply
    error = DirtyError.from_dict(reply["error"])
    assert type(error) is DirtyProtocolError
    assert error.details["raw_data"] == payload.hex()


def check_connection_error():
    nowhere = SOCKET + ".nowhere"
    error = raises(DirtyConnectionError, DirtyClient(nowhere).execute, APP, "fib", 1)
    assert error.socket_path == nowhere


async def check_errors_async():
    async with client() as c:
        for error_class, app, action, arguments in [
            (DirtyAppError, APP, "fail", ["x"]),
            (DirtyAppNotFoundError, "nobody", "fib", [1]),
            (DirtyNoWorkersAvailableError, "broken", "fib", [1]),
            (DirtyTimeoutError, APP, "hang", []),
        ]:
            await raises_async(error_class, c.execute_async(app, action, *arguments))
        stream = c.stream_async(APP, "fail", "x")
        await raises_async(DirtyAppError, anext(stream))
        assert await c.execute_async(APP, "fib", 10) == 55


run(globals())
