"""What the benchmark calls, under gunicorn and as a component: the same as examples/demo."""

import os
import time

from gunicorn.dirty import DirtyApp


class Bench(DirtyApp):
    """Its state is so many MiB as the environment variable STATE_MIB says."""

    def init(self):
        self.state = b"\x01" * (int(os.environ.get("STATE_MIB", "0")) << 20)

    def echo(self, *args, **kwargs):
        return {"args": list(args), "kwargs": kwargs}

    def fib(self, n):
        return _fib(n)

    def count(self, n):
        yield from range(n)

    def sleep(self, seconds):
        time.sleep(seconds)


def _fib(n):
    return n if n < 2 else _fib(n - 1) + _fib(n - 2)
