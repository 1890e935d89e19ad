"""What an app says of itself, as the contract's `described` has it: read off its class, without
making one.
"""

import inspect
import json

from .app import NotAnApp

# What the base class has is no action.
_LIFECYCLE = {"init", "close"}


def describe(app_class, workers=None):
    """The description, a JSON text. `workers` goes before the class's own number.

    Raises `NotAnApp` where the class attributes `workers` or `stashes` are not what they should be.
    """
    described = {"actions": _actions(app_class)}
    if workers is None:
        workers = getattr(app_class, "workers", None)
    if workers is not None:
        if type(workers) is not int or workers < 1:
            raise NotAnApp(f"the class attribute `workers` is {workers!r}: it has to be a number above 0, or None")
        described["workers"] = workers
    stashes = getattr(app_class, "stashes", None)
    if stashes:
        described["stashes"] = _stashes(stashes)
    return json.dumps(described)


def _stashes(stashes):
    names = [stashes] if isinstance(stashes, str) else list(stashes)
    if not all(isinstance(name, str) for name in names):
        raise NotAnApp(f"the class attribute `stashes` is {stashes!r}: it has to be a list of names")
    return names


def _actions(app_class):
    """The public methods; none where the class dispatches in a way of its own."""
    if getattr(app_class.__call__, "__module__", None) != "gunicorn.dirty.app":
        return []
    methods = inspect.getmembers(app_class, callable)
    return [
        _action(name, method)
        for name, method in methods
        if not name.startswith("_") and name not in _LIFECYCLE and not inspect.isclass(method)
    ]


def _action(name, method):
    return {
        "name": name,
        "doc": inspect.getdoc(method) or "",
        "params": _parameters(method),
        "streams": inspect.isgeneratorfunction(method) or inspect.isasyncgenfunction(method),
    }


def _parameters(method):
    try:
        parameters = list(inspect.signature(method).parameters.values())
    except (TypeError, ValueError):
        return []
    named = [one for one in parameters[1:] if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    return [{"name": one.name, "schema": {}, "required": one.default is one.empty} for one in named]
