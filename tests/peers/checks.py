"""What the peers share: a runner that counts checks, the app's name, and a look at the host.

A check is a function whose name begins with `check_`, plain or `async`. Clients are gunicorn's own,
as installed; nothing of it is replaced.
"""

import asyncio
import inspect
import os
import signal
import time
import traceback
import uuid

from gunicorn.dirty import protocol
from gunicorn.dirty.client import DirtyClient
from gunicorn.dirty.errors import DirtyError
from gunicorn.dirty.protocol import DirtyProtocol

# Several peers may check one host at once, each an app of its own.
APP = os.environ.get("DIRTY_TEST_APP", "demo")
SOCKET = os.environ["GUNICORN_DIRTY_SOCKET"]

# Whether the installed client speaks the binary dialect, or else JSON.
BINARY = hasattr(protocol, "BinaryProtocol")

# For what should happen soon, on a machine that is busy with other tests.
PATIENCE = 60.0
POLL_INTERVAL = 0.005


def client(timeout=PATIENCE):
    """A client of its own for the host under test."""
    return DirtyClient(SOCKET, timeout=timeout)


def raises(error_class, call, *args, **kwargs):
    """The error that a call raises, which has to be of exactly this class."""
    try:
        result = call(*args, **kwargs)
    except Exception as error:
        assert type(error) is error_class, f"{type(error).__name__}: {error}"
        return error
    raise AssertionError(f"no {error_class.__name__}, but {result!r}")


def echo(c, value):
    """Has the app return a value, by position and by name."""
    echoed = c.execute(APP, "echo", value, named=value)
    assert echoed == {"args": [value], "kwargs": {"named": value}}, repr(echoed)[:200]


async def raises_async(error_class, awaitable):
    """Like `raises`, for a coroutine."""
    try:
        result = await awaitable
    except Exception as error:
        assert type(error) is error_class, f"{type(error).__name__}: {error}"
        return error
    raise AssertionError(f"no {error_class.__name__}, but {result!r}")


def ask(message):
    """The host's answer to a message that is no call, sent with the client's own framing.

    In the binary dialect that sends a message's known fields only.
    """
    with client() as connection:
        DirtyProtocol.write_message(connection._sock, {"id": str(uuid.uuid4())} | message)
        reply = DirtyProtocol.read_message(connection._sock)
    if reply["type"] == "error":
        raise DirtyError.from_dict(reply["error"])
    assert reply["type"] == "response", reply
    return reply["result"]


def status():
    """The host's status."""
    return ask({"type": "status"})


def wait_for(what, probe):
    """What `probe` returns as soon as that is true."""
    end = time.monotonic() + PATIENCE
    while True:
        found = probe()
        if found:
            return found
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(POLL_INTERVAL)


def workers(state):
    """The processes of the demo's workers that are in this state."""
    return [w["pid"] for w in status()["workers"] if APP in w["apps"] and w["state"] == state]


def in_a_call(pid):
    """Whether a worker waits inside a call: there it waits with epoll, else in a read."""
    with open(f"/proc/{pid}/wchan", encoding="ascii") as channel:
        return "epoll" in (waits := channel.read()) or "ep_poll" in waits


def kill_the_busy_worker():
    """Kills the one worker that serves a call, as soon as there is one that waits in it.

    A worker that is only leased may not have read its call yet, which then another one can serve.
    """
    [pid] = wait_for("a busy worker", lambda: [w for w in workers("leased") if in_a_call(w)])
    os.kill(pid, signal.SIGKILL)
    return pid


def run(checks):
    """Runs every check of a module's `globals()`, prints the count, and ends the process."""
    found = {name: check for name, check in checks.items() if name.startswith("check_")}
    failed = 0
    for name, check in found.items():
        try:
            if inspect.iscoroutinefunction(check):
                asyncio.run(check())
            else:
                check()
        except Exception:
            failed += 1
            print(f"{name} failed:")
            traceback.print_exc()
        else:
            print(f"{name} ok")
    print(f"ran {len(found)} checks, {f'{failed} failed' if failed else 'all passed'}", flush=True)
    raise SystemExit(1 if failed else 0)
