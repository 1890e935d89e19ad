"""Exceptions as callers see them: class, message, and a traceback of the app's own frames.

Source files are not there when a component runs, so their lines are kept when it is built.
"""

import asyncio.base_events
import linecache
import os
import sys
import traceback

from .values import sendable

_SDK = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# Not of `os`, which is frozen and has another name for its file.
_LIBRARY = os.path.dirname(os.path.dirname(asyncio.base_events.__file__)) + os.sep
# Frames of these are of no interest: the SDK's, and what runs coroutines.
_UNSHOWN = (_SDK, asyncio.base_events.__file__)


class Failure:
    """The three parts of a failure."""

    def __init__(self, error):
        self.kind = sendable(type(error).__name__)
        self.message = sendable(_message(error))
        self.traceback = sendable(_traceback(error))


def _message(error):
    try:
        return str(error)
    except Exception as second:
        return f"<{type(error).__name__}, and its message cannot be made: {type(second).__name__}>"


def _traceback(error):
    try:
        whole = traceback.TracebackException.from_exception(error)
        _keep_app_frames(whole, set())
        return "".join(whole.format())
    except Exception as second:
        return f"<the traceback cannot be made: {type(second).__name__}>\n"


def _keep_app_frames(part, seen):
    """Takes the SDK's frames out of a traceback and those of its causes."""
    if part is None or id(part) in seen:
        return
    seen.add(id(part))
    frames = [frame for frame in part.stack if not frame.filename.startswith(_UNSHOWN)]
    for frame in frames:
        # Asks for the line while the file has the name under which it is known.
        frame.line
        frame.filename = _readable(frame.filename)
    part.stack[:] = frames
    for other in [part.__cause__, part.__context__, *(part.exceptions or [])]:
        _keep_app_frames(other, seen)


def _readable(filename):
    """A file's name without the directory that it was built from."""
    for directory in sorted(filter(None, sys.path), key=len, reverse=True):
        if filename.startswith(directory + os.sep):
            return filename[len(directory) + 1:]
    return filename


def keep_sources():
    """Keeps the source lines of all modules that are not the interpreter's own, for tracebacks."""
    own = (_LIBRARY, _SDK)
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if not path or not path.endswith(".py") or path.startswith(own):
            continue
        lines = linecache.getlines(path)
        if lines:
            # Without a time the cache does not look at the file again.
            linecache.cache[path] = (sum(map(len, lines)), None, lines, path)
