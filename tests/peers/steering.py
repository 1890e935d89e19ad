"""Status and manage messages in the client's own framing, and the shapes of what comes back.

Other peers may add and remove workers of the same host at the same time: what is exact here is said
of this peer's app, which has two workers.
"""

import asyncio
import os

from gunicorn.dirty import protocol
from gunicorn.dirty.errors import DirtyAppNotFoundError, DirtyError, DirtyProtocolError
from gunicorn.dirty.protocol import DirtyProtocol

from checks import APP, BINARY, SOCKET, ask, raises, run, status, wait_for

ADD, REMOVE = 1, 2


def manage(**fields):
    """The answer to a manage message with these fields, which need not be gunicorn's own."""
    if not BINARY:
        return ask({"type": "manage"} | fields)
    payload = protocol.TLVEncoder.encode(fields)
    frame = protocol.BinaryProtocol.encode_header(protocol.MSG_TYPE_MANAGE, 7, len(payload)) + payload
    return asyncio.run(answer(frame))


async def answer(frame):
    reader, writer = await asyncio.open_unix_connection(SOCKET)
    writer.write(frame)
    reply = await DirtyProtocol.read_message_async(reader)
    writer.close()
    await writer.wait_closed()
    if reply["type"] == "error":
        raise DirtyError.from_dict(reply["error"])
    return reply["result"]


def target():
    return status()["app_status"][APP]["workers"]


def serve(count):
    """Waits until so many workers of the app are there, and no other."""
    def all_ready():
        own = [w for w in status()["workers"] if APP in w["apps"]]
        return len(own) == count and all(w["state"] == "ready" for w in own)
    wait_for(f"{count} workers", all_ready)


def check_status_has_gunicorns_shape():
    told = status()
    assert isinstance(told["arbiter_pid"], int) and os.path.exists(f"/proc/{told['arbiter_pid']}")
    assert told["worker_count"] == len(told["workers"])
    assert APP in told["apps"]
    own = [worker for worker in told["workers"] if worker["apps"] == [APP]]
    assert len(own) == 2, own
    for worker in own:
        assert os.path.exists(f"/proc/{worker['pid']}")
        assert worker["age"] >= 0 and worker["age"] == round(worker["age"], 2), worker
        assert worker["booted"] is True
        assert worker["last_heartbeat"] >= 0


def check_status_tells_more_than_gunicorns():
    told = status()
    for worker in told["workers"]:
        assert worker["state"] in ("starting", "ready", "leased", "draining", "stopping"), worker
        assert worker["memory"] is None or worker["memory"] > 0, worker
    assert sorted(told["app_status"]) == sorted(told["apps"])
    app = told["app_status"][APP]
    assert app["state"] == "serving" and app["generation"] >= 1, app
    assert app["workers"] == app["workers_ready"] == 2, app
    for count in ("queue", "calls", "restarts"):
        assert isinstance(app[count], int), app
    assert "last_error" in app


def check_workers_are_added_and_removed():
    serve(2)
    added = manage(op=ADD, count=2, app=APP)
    assert "reason" not in added and set(added) == {
        "success", "operation", "requested", "spawned", "total_workers", "target_workers"}, added
    assert added["success"] is True and added["operation"] == "add", added
    assert added["requested"] == added["spawned"] == 2, added
    assert 4 <= added["total_workers"] <= added["target_workers"], added
    assert target() == 4
    serve(4)
    removed = manage(op=REMOVE, count=2, app=APP)
    assert removed["success"] is True and removed["operation"] == "remove", removed
    assert removed["requested"] == removed["removed"] == 2 and "spawned" not in removed, removed
    serve(2)


def check_the_last_worker_stays():
    removed = manage(op=REMOVE, count=9, app=APP)
    assert (removed["requested"], removed["removed"]) == (9, 1), removed
    serve(1)
    removed = manage(op=REMOVE, app=APP)
    assert removed["success"] is True, removed
    assert (removed["requested"], removed["removed"]) == (1, 0), removed
    assert "at least" in removed["reason"], removed
    added = manage(op=ADD, count=0, app=APP)
    assert (added["requested"], added["spawned"]) == (1, 1), added
    serve(2)


def check_what_makes_no_sense_is_refused_and_changes_nothing():
    error = raises(DirtyAppNotFoundError, manage, op=ADD, app="nobody")
    assert error.app_path == "nobody"
    for fields in [{"op": 3}, {"op": "add"}, {}, {"op": ADD, "count": -1}, {"op": ADD, "count": "2"},
                   {"op": ADD, "count": 1.0}, {"op": ADD, "app": 5}]:
        raises(DirtyProtocolError, manage, **fields)
    assert target() == 2


async def check_status_async():
    reader, writer = await asyncio.open_unix_connection(SOCKET)
    # One connection for both kinds of messages, as gunicorn's arbiter allows.
    for message in [{"type": "status", "id": 1}, {"type": "request", "id": 2, "app_path": APP,
                    "action": "fib", "args": [10], "kwargs": {}}, {"type": "status", "id": 3}]:
        await DirtyProtocol.write_message_async(writer, message)
        reply = await DirtyProtocol.read_message_async(reader)
        assert (reply["type"], reply["id"]) == ("response", message["id"]), reply
        result = reply["result"]
        assert result == 55 if message["id"] == 2 else APP in result["apps"], result
    writer.close()
    await writer.wait_closed()


run(globals())
