"""Calls of an app, streams and the event loop."""

import asyncio
import json
import time
import unittest

from dirty_guest import loop
from dirty_guest.calls import Calls
from dirty_guest.values import NoBlobs
from .gunicorn_without_stash import DirtyApp


class App(DirtyApp):
    def __init__(self):
        self.events = []

    def add(self, a, b=2):
        return a + b

    def numbers(self):
        try:
            yield from range(5)
        finally:
            self.events.append("closed")

    async def later(self, value):
        await asyncio.sleep(0.001)
        return value

    async def async_numbers(self):
        try:
            for n in range(5):
                await asyncio.sleep(0)
                yield n
        finally:
            await asyncio.sleep(0)
            self.events.append("closed")

    def in_a_loop(self):
        return asyncio.run(self.later("run"))

    async def in_a_thread(self):
        return await asyncio.to_thread(self.add, 1)

    async def at_a_time(self):
        await asyncio.wait_for(asyncio.sleep(60), 0.01)

    async def forever(self):
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.events.append("gave up")

    def _hidden(self):
        return "hidden"


class CallsOfAnApp(unittest.TestCase):
    def setUp(self):
        loop.install()
        self.app = App()
        self.chunks = []
        self.read = 99
        self.calls = Calls(self.app, self.emit, NoBlobs)

    def tearDown(self):
        asyncio.set_event_loop_policy(None)

    def emit(self, chunk):
        self.chunks.append(json.loads(chunk))
        return len(self.chunks) < self.read

    def call(self, action, *args, **kwargs):
        return self.calls.run(action, json.dumps(args), json.dumps(kwargs))

    def test_arguments_by_position_and_by_name(self):
        self.assertEqual(self.call("add", 1), "3")
        self.assertEqual(self.call("add", 1, b=5), "6")

    def test_what_is_no_action_is_refused(self):
        for action in ("nothing", "_hidden", "__init__", "init", "close"):
            with self.assertRaisesRegex(ValueError, f"^Unknown action: {action}$"):
                self.call(action)

    def test_generators_stream(self):
        for action in ("numbers", "async_numbers"):
            self.chunks.clear()
            self.assertIsNone(self.call(action))
            self.assertEqual(self.chunks, [0, 1, 2, 3, 4], action)

    def test_generators_are_closed_when_nobody_reads(self):
        self.read = 2
        for action in ("numbers", "async_numbers"):
            self.chunks.clear()
            self.app.events.clear()
            self.assertIsNone(self.call(action))
            self.assertEqual((self.chunks, self.app.events), ([0, 1], ["closed"]), action)

    def test_coroutines_are_run(self):
        self.assertEqual(self.call("later", "value"), '"value"')
        self.assertEqual(self.call("in_a_loop"), '"run"')
        self.assertEqual(self.call("in_a_thread"), "3")

    def test_timeouts_pass(self):
        start = time.monotonic()
        with self.assertRaises(asyncio.TimeoutError):
            self.call("at_a_time")
        self.assertLess(time.monotonic() - start, 30)

    def test_waiting_for_nothing_is_an_error(self):
        with self.assertRaisesRegex(RuntimeError, "can never happen"):
            self.call("forever")
        self.assertEqual(self.app.events, ["gave up"])
        self.assertEqual(self.call("later", 1), "1")


