"""The handlers behind gunicorn's control command, `gunicornc`, which ask a dirty arbiter for its
workers and have it add or remove some. Only the web server that they belong to is a stand-in.
"""

from types import SimpleNamespace

from gunicorn.ctl.cli import format_response
from gunicorn.ctl.handlers import CommandHandlers

from checks import run, status, wait_for

# They find the socket in the environment, as clients do.
HANDLERS = CommandHandlers(SimpleNamespace(pid=1, dirty_arbiter_pid=2, WORKERS={}))


def serve(targets):
    """Waits until each app has so many workers ready, and nobody else is there."""
    def told():
        now = status()
        ready = {name: app["workers_ready"] for name, app in now["app_status"].items()}
        return ready == targets and now["worker_count"] == sum(targets.values())
    wait_for(f"{targets}", told)


def targets():
    return {name: app["workers"] for name, app in status()["app_status"].items()}


def check_show_all():
    shown = HANDLERS.show_all()
    told = status()["workers"]
    assert [w["pid"] for w in shown["dirty_workers"]] == [w["pid"] for w in told], shown
    assert shown["dirty_worker_count"] == len(told)
    lines = format_response("show all", shown).splitlines()
    for worker in told:
        [line] = [line for line in lines if line.split()[:1] == [str(worker["pid"])]]
        assert line.split()[2] == worker["apps"][0], line


def check_dirty_add_and_dirty_remove():
    before = targets()
    added = HANDLERS.dirty_add(2)
    assert added == {
        "success": True,
        "operation": "add",
        "requested": 2,
        "spawned": 2 * len(before),
        "total_workers": sum(before.values()) + 2 * len(before),
        "target_workers": sum(before.values()) + 2 * len(before),
    }, added
    serve({name: count + 2 for name, count in before.items()})
    removed = HANDLERS.dirty_remove(2)
    assert removed == {
        "success": True,
        "operation": "remove",
        "requested": 2,
        "removed": 2 * len(before),
        "total_workers": sum(before.values()),
        "target_workers": sum(before.values()),
    }, removed
    serve(before)


def check_dirty_remove_leaves_one_of_each():
    before = targets()
    removed = HANDLERS.dirty_remove(100)
    assert removed["success"] is True and removed["requested"] == 100, removed
    assert removed["total_workers"] == removed["target_workers"] == len(before), removed
    again = HANDLERS.dirty_remove()
    assert (again["success"], again["removed"]) == (True, 0), again
    assert "at least" in again["reason"], again
    assert "at least" in format_response("dirty remove", again)
    serve({name: 1 for name in before})


run(globals())
