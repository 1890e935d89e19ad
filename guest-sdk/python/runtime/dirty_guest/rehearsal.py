"""Calls that nobody has made, of an app that is nobody's.

The interpreter rewrites code that it has run a few times, gives classes versions and fills caches. What is
not done before the copies are made, each of them does in its first call, in pages that it could have shared.
"""

from .calls import Calls
from .values import NoBlobs

# The interpreter has seen enough of a piece of code by then.
_CALLS = 16


def rehearse(base):
    """Goes the way of a call to an app of this base class, but for the host's part in it."""

    class Echo(base):
        def echo(self, *args, **kwargs):
            return [args, kwargs]

    calls = Calls(Echo(), None, NoBlobs)
    for number in range(_CALLS):
        calls.run("echo", f'["text", {number}]', '{"key": 0.5}')
