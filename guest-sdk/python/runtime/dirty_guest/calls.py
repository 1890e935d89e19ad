"""One call of an app: what it returned becomes a result, or a stream of chunks.

Knows the app as something to call, and the host as somewhere to send texts; not how either is bound.
"""

import asyncio
import inspect

from .values import decode, encode


class Calls:
    """Calls an app. `emit(text)` sends a chunk and says whether somebody still reads."""

    def __init__(self, app, emit, blobs):
        self._app = app
        self._emit = emit
        self._blobs = blobs
        self._loop = None

    def run(self, action, args, kwargs):
        """Serves one call: the JSON text of its result, or none after a stream.

        Raises whatever the app raises, and `TypeError` or `ValueError` where its result cannot be
        sent.
        """
        args = decode(args, self._blobs)
        kwargs = decode(kwargs, self._blobs)
        result = self._app(action, *args, **kwargs)
        if inspect.iscoroutine(result):
            result = self._complete(result)
        if inspect.isgenerator(result):
            return self._stream(result)
        if inspect.isasyncgen(result):
            return self._complete(self._stream_async(result))
        return encode(result, self._blobs)

    def _stream(self, chunks):
        try:
            for chunk in chunks:
                if not self._send(chunk):
                    break
        finally:
            # Whoever left in the middle, the generator learns of it.
            chunks.close()

    async def _stream_async(self, chunks):
        try:
            async for chunk in chunks:
                if not self._send(chunk):
                    break
        finally:
            await chunks.aclose()

    def _send(self, chunk):
        return self._emit(encode(chunk, self._blobs, "the chunk"))

    def _complete(self, coroutine):
        """Runs a coroutine to its end, on the loop that all calls of the app share."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        task = self._loop.create_task(coroutine)
        try:
            return self._loop.run_until_complete(task)
        finally:
            if not task.done():
                # The loop has given up, and the coroutine is still to learn of it.
                task.cancel()
                self._loop.run_until_complete(asyncio.wait([task]))
