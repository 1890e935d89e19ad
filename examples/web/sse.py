"""Server-sent events: how words, the end and an error look on the wire.

The data of every event is JSON on one line, because a line break would end the field.
"""

import json

from http_errors import http_body, http_status

MEDIA_TYPE = "text/event-stream"

# Events are of use while they are new: nothing in between may keep them (nginx would).
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

# Tells a whole completion from one that was cut off.
END = "event: end\ndata: {}\n\n"


def word_event(word):
    """A word of the completion, for `onmessage` of an EventSource."""
    return f"data: {json.dumps(word)}\n\n"


def error_event(error):
    """What would have been an HTTP status, had the response not begun with 200."""
    data = json.dumps({"status": http_status(error), **http_body(error)})
    return f"event: error\ndata: {data}\n\n"
