"""The event loop of an app: asyncio without sockets, threads and signals, which a component has not.

Sleeping, tasks, timeouts, queues and locks work as anywhere. The loop runs while an action of the app
does: a task that is left behind goes on in the next call. `run_in_executor` and `asyncio.to_thread`
run the function at once, in place, because there is one thread.
"""

import asyncio
import time
from asyncio import base_events, events


class Loop(base_events.BaseEventLoop):
    """A loop whose only outside events are the passing of time."""

    def __init__(self):
        super().__init__()
        self._selector = _Time(self)

    def run_in_executor(self, executor, func, *args):
        """Runs the function in place; the future is done when this returns."""
        done = self.create_future()
        try:
            result = func(*args)
        except StopIteration as error:
            # A future cannot hold it.
            done.set_exception(RuntimeError(f"{func!r} raised StopIteration: {error}"))
        except Exception as error:
            done.set_exception(error)
        else:
            done.set_result(result)
        return done

    async def shutdown_default_executor(self, timeout=None):
        """There is none."""

    def _process_events(self, event_list):
        """There are none."""

    def _write_to_self(self):
        """Nobody else is there who would have to wake the loop."""

    def add_signal_handler(self, sig, callback, *args):
        """Refuses: there are no signals."""
        raise RuntimeError("a component gets no signals")


class _Time:
    """In the place of the selector of a loop: waits for the next timer."""

    def __init__(self, loop):
        self._loop = loop

    def select(self, timeout):
        """Waits for so many seconds; without a time, nothing could ever happen."""
        if timeout is None:
            raise RuntimeError(
                "the coroutine waits for what can never happen: nothing else runs, no timer is set, "
                "and sockets, threads and child processes do not exist in a component"
            )
        if timeout > 0:
            time.sleep(timeout)
        return []


class _Policy(events._BaseDefaultEventLoopPolicy if hasattr(events, "_BaseDefaultEventLoopPolicy")
              else events.BaseDefaultEventLoopPolicy):
    """Makes `asyncio.run` and `asyncio.new_event_loop` use this module's loop."""

    _loop_factory = Loop


def install():
    """Makes this module's loop the one that asyncio makes."""
    set_policy = getattr(events, "_set_event_loop_policy", asyncio.set_event_loop_policy)
    set_policy(_Policy())
