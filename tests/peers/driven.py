"""gunicorn's own client, driven by a test in Rust: reads calls and writes what came of them, as JSON.

A call is three lines: `{"app", "action", "stream", "leave_after"}`, its arguments and its named arguments.
The answer is one line, `{"chunks", "result"?, "error"?}`. In the values `{"$bytes": BASE64}` are bytes,
`{"$number": "nan"}` is a number that is not finite, and `{"$$bytes": …}` is a dict with one dollar less.
"""

import base64
import json
import math
import re
import sys

from gunicorn.dirty.errors import DirtyError

from checks import client

_NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_OWN = re.compile(r"\$\$+bytes")
_MARKED = re.compile(r"\$+bytes")


def python(pairs):
    """The value that an object stands for."""
    if len(pairs) == 1:
        [(key, value)] = pairs.items()
        if key == "$bytes":
            return base64.b64decode(value, validate=True)
        if key == "$number":
            return _NUMBERS[value]
        if _OWN.fullmatch(key):
            return {key[1:]: value}
    return pairs


def plain(value):
    """The value as the test reads it."""
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$number": str(value)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        own = len(value) == 1 and _MARKED.fullmatch(next(iter(value)))
        return {f"${key}" if own else key: plain(item) for key, item in value.items()}
    return value


def outcome(connection, request, args, kwargs):
    """What came of a call."""
    chunks = []
    call = (request["app"], request["action"], *args)
    try:
        if not request["stream"]:
            return {"chunks": chunks, "result": connection.execute(*call, **kwargs)}
        for chunk in connection.stream(*call, **kwargs):
            chunks.append(chunk)
            if len(chunks) == request["leave_after"]:
                connection.close()
                break
    except DirtyError as error:
        return {"chunks": chunks, "error": error.to_dict()}
    return {"chunks": chunks}


def main():
    """Serves calls until there are no more."""
    with client() as connection:
        for line in sys.stdin:
            args, kwargs = (json.loads(sys.stdin.readline(), object_hook=python) for _ in range(2))
            said = outcome(connection, json.loads(line), args, kwargs)
            print(json.dumps(plain(said)), flush=True)


main()
