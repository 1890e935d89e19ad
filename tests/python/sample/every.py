"""One class for each thing that an app may do. The source is gunicorn's: nothing in it knows of components."""

import asyncio
import hashlib
import logging
import os
import random
import sys
import threading
import time

from gunicorn.dirty import DirtyApp, stash
from gunicorn.dirty.errors import DirtyError

from .inner.helpers import divide

log = logging.getLogger(__name__)


class Here(DirtyApp):
    """What differs between two hosts and is compared with nothing."""

    def init(self):
        self.drawn = random.random()
        print("printed in init")
        print("without an end", end="")

    def pid(self):
        return os.getpid()

    def draw(self):
        return [self.drawn, random.random(), os.urandom(4).hex()]

    def shared_here(self):
        """What the stash does beyond gunicorn's."""
        stash.delete_table("here")
        seen = [stash.exists("declared"), stash.get("here", "missing", "default"), stash.table("here").get("missing")]
        seen += [stash.increment("here", "n"), stash.increment("here", "n", 41), stash.get("here", "n")]
        seen += [stash.compare_and_swap("here", "n", 41, 0), stash.compare_and_swap("here", "n", 42, "é")]
        seen += [stash.compare_and_swap("here", "n", "é", 0), stash.compare_and_swap("here", "new", None, b"1")]
        stash.put("here", 3, "three")
        seen.append(stash.get("here", "3"))
        stash.put("here", "short", 1, ttl=0.001)
        time.sleep(0.01)
        seen += [stash.get("here", "short", "gone"), len(stash.table("here"))]
        for wrong in (lambda: stash.put("x" * 300, "k", 1), lambda: stash.put("here", "text", {1, 2}), lambda: stash.get("here", 1.5)):
            try:
                wrong()
            except (stash.StashError, TypeError) as error:
                seen.append(str(error))
        return seen

    def talk(self):
        print("printed in a call")
        print("to standard error", file=sys.stderr)
        log.warning("logged as a %s", "warning")
        log.info("logged as information, and not shown")
        print("no end of line", end="")

    async def answer(self):
        await asyncio.sleep(0.001)
        return 42

    async def stuck(self):
        await asyncio.get_running_loop().create_future()

    def big(self, digits):
        return 10**digits

    def length(self, number):
        return number.bit_length()

    def late(self):
        import colorsys

        return colorsys.rgb_to_hsv(1, 0, 0)

    def too_late(self):
        __import__("turtle")

    def strange_error(self):
        raise type("Odd", (Exception,), {"__str__": lambda self: 1 / 0})()

    def leave(self):
        sys.exit(3)


class Every(Here):
    """State, arguments, values, errors, streams."""

    workers = 1
    stashes = ["declared"]

    def __init__(self):
        self.made = "in __init__"
        self.calls = 0
        self.closed_streams = []
        self.lock = threading.Lock()
        self.text = "not a method"

    def init(self):
        self.initialised = True
        super().init()
        self.table = {n: n * n for n in range(100)}

    def close(self):
        print("every is closed", flush=True)

    def state(self):
        return [self.made, self.initialised, self.table[9], type(self).__name__]

    def count(self):
        with self.lock:
            self.calls += 1
            return self.calls

    def echo(self, *args, **kwargs):
        return {"args": args, "kwargs": kwargs}

    def first(self, value):
        return value

    def greet(self, name, greeting="Hello", *, mark="!"):
        """Greets somebody."""
        return f"{greeting}, {name}{mark}"

    def kinds(self, value):
        if isinstance(value, list):
            return [self.kinds(item) for item in value]
        if isinstance(value, dict):
            return {key: self.kinds(item) for key, item in value.items()}
        return type(value).__name__

    def odd_values(self):
        return {
            "tuple": (1, (2, 3)),
            "keys": {7: "seven", None: "none", True: "true", 2.5: "half"},
            "bytes": [b"", b"\x00\xff", {"in": b"side"}],
            "floats": [0.1, -0.0, 1e300, float("inf"), float("-inf")],
            "integers": [2**63 - 1, -(2**63)],
            "text": "é 漢 \U0001f600 \x00",
            "dollars": [{"$blob": 0}, {"$float": "nan"}, {"$$blob": 1}, {"$bytes": "AA=="}, {"$x": 1}, {"$blob": 1, "b": 2}],
        }

    def not_a_number(self):
        return float("nan")

    def digest(self, data):
        return hashlib.sha256(data).hexdigest()

    def reverse(self, data):
        return data[::-1]

    def fail(self, message):
        raise ValueError(message)

    def fail_inside(self):
        return divide(1, 0)

    def fail_dirty(self):
        raise DirtyError("out of cheese", {"left": 0})

    def fail_key(self):
        return {}["missing"]

    def fail_deep(self):
        return self.fail_deep()

    def unsendable(self):
        return {"list": [1, {2, 3}]}

    def numbers(self, count):
        for n in range(count):
            yield {"n": n}

    def broken(self, count):
        yield from range(count)
        raise RuntimeError("broken off")

    def unsendable_chunk(self):
        yield "first"
        yield object()

    def endless(self):
        try:
            n = 0
            while True:
                yield n
                n += 1
        except GeneratorExit:
            self.closed_streams.append("sync")
            raise
        finally:
            self.closed_streams.append("finally")

    async def async_numbers(self, count):
        for n in range(count):
            await asyncio.sleep(0.001)
            yield n

    async def async_broken(self):
        yield b"bytes"
        await asyncio.sleep(0)
        raise LookupError("async")

    async def async_together(self):
        async def one(n):
            await asyncio.sleep(0.002 * (3 - n))
            return n

        yield await asyncio.gather(*(one(n) for n in range(3)))
        try:
            await asyncio.wait_for(asyncio.sleep(60), timeout=0.01)
        except asyncio.TimeoutError:
            yield "timeout"
        queue = asyncio.Queue()
        task = asyncio.create_task(queue.put("through a queue"))
        yield await queue.get()
        await task

    async def async_endless(self):
        try:
            n = 0
            while True:
                yield n
                n += 1
        finally:
            await asyncio.sleep(0)
            self.closed_streams.append("async")

    def run_loop(self):
        async def main():
            await asyncio.sleep(0.001)
            return await asyncio.to_thread(divide, 6, 3)

        return asyncio.run(main())

    def streams_closed(self):
        return self.closed_streams

    def nap(self, seconds):
        start = time.monotonic()
        time.sleep(seconds)
        return time.monotonic() - start >= seconds

    def environment(self, name):
        return os.environ.get(name)

    def shared(self):
        """All that gunicorn's stash does."""
        seen = [stash.exists("shared"), stash.keys("shared")]
        stash.put("shared", "user:1", {"name": "é", "bytes": b"\xff", "floats": [0.5, float("inf")], 1: (2,)})
        stash.put("shared", "user:2", None)
        stash.put("shared", "other", [])
        seen += [stash.get("shared", "user:1"), stash.get("shared", "user:2", "default"), stash.get("shared", "other")]
        seen += [stash.keys("shared"), stash.keys("shared", pattern="user:*"), stash.info("shared")]
        seen += [stash.exists("shared", "user:1"), stash.exists("shared", "user:9"), stash.delete("shared", "user:1")]
        seen += [stash.delete("shared", "user:1"), "shared" in stash.tables()]
        try:
            stash.info("missing")
        except stash.StashError as error:
            seen.append(isinstance(error, DirtyError))
        stash.clear("shared")
        seen.append(stash.info("shared"))
        stash.delete_table("shared")
        stash.ensure("shared")
        return [*seen, stash.exists("shared")]

    def shared_dict(self):
        """The stash as a dict."""
        users = stash.table("users")
        users.clear()
        users["a"] = {"name": "Alice"}
        users["b"] = b"bytes"
        seen = [users.name, users["a"], users["b"], users.get("a"), "a" in users, "z" in users, len(users)]
        seen += [list(users), users.keys("[b-z]"), list(users.items()), list(users.values())]
        del users["a"]
        for gone in (lambda: users["a"], lambda: users.__delitem__("a")):
            try:
                gone()
            except (KeyError, stash.StashError) as error:
                seen.append(True)
        return [*seen, len(users)]

    def shared_and_left(self, value):
        stash.put("left", "value", value)

    def _private(self):
        return "private"


class Dispatcher:
    """Dispatches in a way of its own, and has no base class: gunicorn only asks for three methods."""

    def __init__(self):
        self.actions = []

    def init(self):
        self.actions.append("init() was called")

    def __call__(self, action, *args, **kwargs):
        self.actions.append(action)
        if action == "actions":
            return self.actions
        if action == "boom":
            raise KeyError(action)
        return [action, list(args), kwargs]

    def close(self):
        pass
