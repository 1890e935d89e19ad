"""Which HTTP status an error of the host is, and what the response says.

400  the app refused the arguments            (ValueError or TypeError in the app)
502  the app failed, or its worker was killed
503  no worker can take the call now          (Retry-After says when to try again)
504  the call took longer than its deadline
"""

import math

from gunicorn.dirty import StashError
from gunicorn.dirty.errors import (
    DirtyAppError,
    DirtyAppNotFoundError,
    DirtyConnectionError,
    DirtyNoWorkersAvailableError,
    DirtyTimeoutError,
)

# What a caller of the app did wrong, as the app calls it.
CALLERS_FAULT = ("TypeError", "ValueError")

# Seconds, where the host does not know any better.
RETRY_AFTER = 1


def http_status(error):
    """The HTTP status of a DirtyError."""
    if error.details.get("retryable"):
        return 503
    if isinstance(error, DirtyTimeoutError):
        return 504
    if isinstance(error, (DirtyConnectionError, DirtyNoWorkersAvailableError, StashError)):
        return 503
    if isinstance(error, DirtyAppError) and not isinstance(error, DirtyAppNotFoundError):
        return 400 if error.details.get("kind") in CALLERS_FAULT else 502
    return 502


def http_headers(error):
    """The headers that belong to the status."""
    if http_status(error) != 503 or error.details.get("retryable") is False:
        return {}
    seconds = error.details.get("retry_after", RETRY_AFTER)
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


def http_body(error):
    """What the client may know: for a 400 what was wrong, never a traceback of the app."""
    return {"error": type(error).__name__, "message": error.message}
