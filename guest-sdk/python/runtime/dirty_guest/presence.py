"""Whether the host is there: not while the component is built, and calling it then would end the build
without a word of why.
"""

_there = False


def begin():
    """From now on it is."""
    global _there
    _there = True


def is_there():
    """Whether it can be called."""
    return _there


def require():
    """Raises `RuntimeError` where it cannot."""
    if not _there:
        raise RuntimeError("the host is not there while the component is built: what needs it belongs in init()")
