"""The app of the conformance suite in Python: a `DirtyApp` as gunicorn has it. What each action does is
in the suite's README.md; what it has to answer, in `transcript.json`.
"""

import logging
import os
import time

from gunicorn.dirty import DirtyApp, stash

try:
    import dirty_guest
except ImportError:
    # Under gunicorn itself.
    dirty_guest = None

# How often a call that waits to be cancelled looks whether it is.
GLANCE_SECONDS = 0.001

# The table of the stash that the app uses.
TABLE = "conformance"

log = logging.getLogger(__name__)

LEVELS = {
    "trace": logging.DEBUG - 5,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}


def integer(name, value):
    """Python has no types of parameters, so that an app looks where it matters."""
    if type(value) is not int:
        raise TypeError(f"argument '{name}' is of type {type(value).__name__}, not int")
    return value


class Conformance(DirtyApp):
    """One method for each thing that is the same in every language."""

    stashes = [TABLE]

    def init(self):
        logging.basicConfig(level=LEVELS["trace"], format="%(message)s", handlers=[dirty_guest.LogHandler()])
        self.label_of_config = dirty_guest.config()["label"]
        self.calls = 0
        self.left = 0
        self.noticed = 0
        log.info("init with %s", self.label_of_config)

    def close(self):
        log.info("close after %d counted calls", self.calls)

    # Arguments.

    def greet(self, name, greeting="Hello", mark="!"):
        return f"{greeting}, {name}{mark}"

    def kind(self, value=None):
        return {None: "none", True: "true", False: "false"}[value]

    # Values.

    def echo(self, value):
        return value

    def backwards(self, text):
        return text[::-1]

    def length(self, text):
        return len(text)

    def add(self, a, b):
        return integer("a", a) + integer("b", b)

    def unsigned(self, number):
        if integer("number", number) < 0:
            raise TypeError(f"argument 'number' is negative: {number}")
        return number

    def half(self, number):
        return number / 2

    def float(self, number):
        return float(number)

    def divide(self, a, b):
        try:
            return a / b
        except ZeroDivisionError:
            return a * float("inf")

    def shift(self, points, by):
        return [{"x": p["x"] + by, "y": p["y"] + by, "tags": p.get("tags", [])} for p in points]

    def nothing(self):
        pass

    def empty(self):
        return "", [], {}

    def big(self, length):
        return "x" * length

    def nested(self, depth):
        value = []
        for _ in range(depth - 1):
            value = [value]
        return value

    def unsendable(self):
        return {1, 2, 3}

    # Bytes.

    def reverse(self, data):
        return data[::-1]

    def sizes(self, parts):
        return {name: len(part) for name, part in parts.items()}

    def pieces(self, data, size):
        for start in range(0, len(data), size):
            yield data[start : start + size]

    # Streams.

    def numbers(self, n):
        yield from range(n)

    def then_done(self, n):
        yield from range(n)
        yield "done"

    def broken(self, n):
        yield from range(n)
        raise RuntimeError("broken off")

    def unsendable_chunk(self):
        yield "first"
        yield self.unsendable()

    def endless(self):
        n = 0
        try:
            while True:
                yield n
                n += 1
        finally:
            self.left += 1

    def until_cancelled(self):
        try:
            # A client that is quick has left before this is over, and it is closed here.
            yield "begun"
            while not dirty_guest.cancelled():
                time.sleep(GLANCE_SECONDS)
        finally:
            self.noticed += 1

    def streams(self):
        return {"left": self.left, "noticed": self.noticed}

    # Errors.

    def fail(self, message):
        raise ValueError(message)

    def fail_because(self):
        try:
            {}["no such key"]
        except KeyError as cause:
            raise LookupError("nothing found") from cause

    # State and surroundings.

    def count(self):
        self.calls += 1
        return self.calls

    def label(self):
        return self.label_of_config

    def environment(self, name):
        return os.environ.get(name)

    def process(self):
        return os.getpid()

    def time_left_ms(self):
        left = dirty_guest.time_left()
        return None if left is None else round(left * 1000)

    # Logs.

    def log(self, level, message):
        log.log(LEVELS[level], message)

    def say(self, text):
        print(text)

    # The stash.

    def put(self, key, value, seconds=None):
        stash.put(TABLE, key, value, ttl=seconds)

    def get(self, key):
        return stash.get(TABLE, key)

    put_bytes = put
    get_bytes = get

    def delete(self, key):
        return stash.delete(TABLE, key)

    def increment(self, key, by=1):
        return stash.increment(TABLE, key, by)

    def swap(self, key, expected, value):
        return stash.compare_and_swap(TABLE, key, expected, value)

    def keys(self, pattern="*"):
        return stash.keys(TABLE, pattern)

    # Not for callers.

    def _secret(self):
        return "secret"
