"""Apps in Python, their source unchanged, answer as they do under gunicorn.

Serves `tests/python/sample` with gunicorn's own arbiter, calls both hosts with gunicorn's own client,
and compares all answers: values, errors, and the app's frames of tracebacks. What only the host under
test can do is checked by itself.
"""

import os
import re
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from checks import PATIENCE, SOCKET, raises, run, wait_for
from gunicorn.config import Config
from gunicorn.dirty import stash
from gunicorn.dirty.arbiter import DirtyArbiter
from gunicorn.dirty.client import DirtyClient
from gunicorn.dirty.errors import DirtyAppError, DirtyError
from gunicorn.dirty.stash import set_stash_socket_path
from gunicorn.glogging import Logger

EVERY = "sample.every:Every"
DISPATCHER = "sample.every:Dispatcher"

# A frame of a traceback that is the app's.
FRAME = re.compile(r'File "(?:.*/)?(sample/[^"]+)", line (\d+), in (\w+)')


@contextmanager
def gunicorn():
    """The socket of gunicorn's arbiter, which runs in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="dt", dir="/tmp") as directory:
        path = os.path.join(directory, "s")
        # It ends when its parent is no longer the process that has made it.
        arbiter = make_arbiter(path)
        pid = os.fork()
        if pid == 0:
            serve(arbiter)
        try:
            wait_for("gunicorn's arbiter", lambda: answers(path))
            yield path
        finally:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)


def make_arbiter(path):
    config = Config()
    config.set("dirty_apps", [EVERY, DISPATCHER])
    config.set("dirty_workers", 1)
    config.set("loglevel", "critical")
    return DirtyArbiter(config, Logger(config), socket_path=path)


def serve(arbiter):
    """Becomes the arbiter; does not return."""
    try:
        # What apps print is not what the checks print.
        os.dup2(2, 1)
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))
        arbiter.run()
    finally:
        os._exit(0)


def answers(path):
    try:
        with DirtyClient(path, timeout=PATIENCE) as client:
            return client.execute(EVERY, "state")
    except DirtyError:
        return None


def outcome(call):
    """What came of a call, in a form that can be compared; `repr` tells numbers that are not."""
    try:
        return "returned", repr(call())
    except DirtyAppError as error:
        text = error.traceback or ""
        frames = [(file, line, name) for file, line, name in FRAME.findall(text)]
        # A frame that is repeated is written once or several times, depending on the version.
        frames = [frame for n, frame in enumerate(frames) if frame not in frames[:n]]
        return "raised", error.message, frames, text.strip().splitlines()[-1:]


class Both:
    """Calls both hosts, and compares."""

    def __init__(self, theirs, ours):
        self.theirs = theirs
        self.ours = ours

    def execute(self, app, action, *args, **kwargs):
        theirs = outcome(lambda: self.theirs.execute(app, action, *args, **kwargs))
        ours = outcome(lambda: self.ours.execute(app, action, *args, **kwargs))
        assert ours == theirs, f"{action}:\n  gunicorn: {theirs}\n  here:     {ours}"
        return ours

    def stream(self, app, action, *args):
        theirs = self.collect(self.theirs, app, action, args)
        ours = self.collect(self.ours, app, action, args)
        assert ours == theirs, f"{action}:\n  gunicorn: {theirs}\n  here:     {ours}"
        return ours

    @staticmethod
    def collect(client, app, action, args):
        chunks = []

        def read():
            chunks.extend(client.stream(app, action, *args))

        end = outcome(read)
        return chunks, end


@contextmanager
def both():
    with DirtyClient(GUNICORN, timeout=PATIENCE) as theirs, ours() as mine:
        yield Both(theirs, mine)


def ours():
    return DirtyClient(SOCKET, timeout=PATIENCE)


def check_the_lifecycle_and_state():
    with both() as hosts:
        hosts.execute(EVERY, "state")
        for _ in range(3):
            hosts.execute(EVERY, "count")


def check_values_of_every_kind_arrive_as_they_are():
    values = [
        None, True, 0, -1, 2**63 - 1, -(2**63), 0.1, -0.0, 1e300, float("inf"), float("-inf"), "", "é 漢 \U0001f600 \x00",
        b"", b"\x00\xff" * 1000, [], {}, [[[]]], (1, (2,)), {"a": {"b": [1, b"x"]}}, {1: "one", None: 2},
        {"$blob": 0}, {"$float": "nan"}, {"$$blob": b"x"}, {"$bytes": "AA=="}, {"$x": 1}, {"$blob": 0, "b": 1},
        "x" * 1_000_000, list(range(10_000)),
    ]  # fmt: skip
    with both() as hosts:
        for value in values:
            hosts.execute(EVERY, "first", value)
            hosts.execute(EVERY, "kinds", value)
            hosts.execute(EVERY, "echo", value, [value], named=value)
        hosts.execute(EVERY, "odd_values")
        hosts.execute(EVERY, "not_a_number")
        hosts.execute(EVERY, "digest", b"data")
        hosts.execute(EVERY, "reverse", bytes(range(256)) * 4096)


def check_arguments_are_bound_as_python_does():
    with both() as hosts:
        hosts.execute(EVERY, "greet", "you")
        hosts.execute(EVERY, "greet", "you", "Bye", mark="?")
        hosts.execute(EVERY, "greet", greeting="Bye", name="you")
        hosts.execute(EVERY, "greet")
        hosts.execute(EVERY, "greet", "a", "b", "c")
        hosts.execute(EVERY, "greet", "a", name="b")
        hosts.execute(EVERY, "greet", "a", other="b")


def check_errors_have_the_same_message_and_frames():
    with both() as hosts:
        for message in ["", "plain", "é 漢", "two\nlines"]:
            hosts.execute(EVERY, "fail", message)
        for action in ["fail_inside", "fail_dirty", "fail_key", "run_loop"]:
            hosts.execute(EVERY, action)
        hosts.execute(EVERY, "nothing")
        hosts.execute(EVERY, "text")
        # Where recursion ends is not the same in all versions.
        for host in (hosts.theirs, hosts.ours):
            error = raises(DirtyAppError, host.execute, EVERY, "fail_deep")
            assert "maximum recursion depth exceeded" in error.message, error.message
        hosts.execute(EVERY, "state")


def check_streams():
    with both() as hosts:
        for count in [0, 1, 100]:
            hosts.stream(EVERY, "numbers", count)
            hosts.stream(EVERY, "async_numbers", count)
        hosts.stream(EVERY, "broken", 3)
        hosts.stream(EVERY, "async_broken")
        hosts.stream(EVERY, "async_together")
        hosts.stream(EVERY, "numbers", None)
        hosts.execute(EVERY, "state")


def check_an_app_that_dispatches_in_its_own_way():
    with both() as hosts:
        hosts.execute(DISPATCHER, "anything", 1, two=2)
        hosts.execute(DISPATCHER, "workers")
        hosts.execute(DISPATCHER, "boom")
        hosts.execute(DISPATCHER, "actions")


def check_the_interpreter_s_surroundings():
    with both() as hosts:
        hosts.execute(EVERY, "nap", 0.01)
        hosts.execute(EVERY, "environment", "NOT_SET_ANYWHERE")
    with ours() as client:
        assert client.execute(EVERY, "environment", "SHOWN") == "shown"


def check_the_stash():
    with both() as hosts:
        hosts.execute(EVERY, "shared")
        hosts.execute(EVERY, "shared_dict")
    with ours() as client:
        client.execute(EVERY, "shared_and_left", [b"\xff", {"$blob": 1}, float("inf")])
    set_stash_socket_path(SOCKET)
    assert stash.get("left", "value") == [b"\xff", {"$blob": 1}, float("inf")]
    with ours() as client:
        seen = client.execute(EVERY, "shared_here")
    assert seen[:13] == [True, "default", None, 1, 42, 42, False, True, True, True, "three", "gone", 3], seen
    table, value, key = seen[13:]
    assert "255" in table, table
    assert value == "the value is of type set, which cannot be sent", value
    assert key == "a key of the stash is a string or a whole number, not float", key


def check_what_cannot_be_sent_is_an_error():
    with both() as hosts:
        for host in (hosts.theirs, hosts.ours):
            raises(DirtyAppError, host.execute, EVERY, "unsendable")
        error = raises(DirtyAppError, hosts.ours.execute, EVERY, "unsendable")
        assert error.message == "the result['list'][1] is of type set, which cannot be sent", error.message
        error = raises(DirtyAppError, list, hosts.ours.stream(EVERY, "unsendable_chunk"))
        assert error.message == "the chunk is of type object, which cannot be sent", error.message


def check_lifecycle_and_private_names_are_no_actions():
    with ours() as client:
        for action in ["init", "close", "_private", "__class__", "__init__"]:
            raises(DirtyAppError, client.execute, EVERY, action)
        assert client.execute(EVERY, "state")[1] is True


def check_generators_are_closed_when_the_client_leaves():
    for action, closed in [("endless", ["sync", "finally"]), ("async_endless", ["async"])]:
        with ours() as client:
            before = client.execute(EVERY, "streams_closed")
        client = ours()
        stream = client.stream(EVERY, action)
        assert [next(stream) for _ in range(3)] == [0, 1, 2]
        client.close()
        with ours() as client:
            wait_for("the generator's end", lambda: client.execute(EVERY, "streams_closed") == before + closed)


def check_coroutines_are_run():
    with ours() as client:
        assert client.execute(EVERY, "answer") == 42
        error = raises(DirtyAppError, client.execute, EVERY, "stuck")
        assert "can never happen" in error.message, error.message
        assert client.execute(EVERY, "answer") == 42


def check_nothing_that_an_app_raises_ends_its_worker():
    with ours() as client:
        before = client.execute(EVERY, "count")
        for action in ["leave", "strange_error", "too_late", "fail_deep"]:
            error = raises(DirtyAppError, client.execute, EVERY, action)
            assert error.traceback, action
        assert client.execute(EVERY, "count") == before + 1


def check_integers_of_any_size():
    with ours() as client:
        assert client.execute(EVERY, "length", 2**62) == 63
        error = raises(DirtyAppError, client.execute, EVERY, "big", 5000)
        assert "64" in error.message, error.message
        assert client.execute(EVERY, "late") == [0.0, 1.0, 1]


with gunicorn() as GUNICORN:
    run(globals())
