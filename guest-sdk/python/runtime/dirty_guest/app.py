"""Which app a component is made of: its class, found while the component is built."""

import importlib
import inspect
import json
import sys
import traceback

# A line of standard error that begins with this is a message to the builder.
REPORT = "dirty-build-report: "

_LIFECYCLE = ("init", "__call__", "close")


class NotAnApp(Exception):
    """What the builder was told to build is no app; the message says what it is."""


def load(module_name, class_name):
    """Imports the module and returns the class."""
    module = importlib.import_module(module_name)
    try:
        found = getattr(module, class_name)
    except AttributeError:
        classes = [
            name
            for name, value in vars(module).items()
            if inspect.isclass(value) and value.__module__ == module_name
        ]
        known = f"it has {', '.join(sorted(classes))}" if classes else "it has no classes"
        raise NotAnApp(f"there is no {class_name} in {module_name}: {known}") from None
    if not inspect.isclass(found):
        raise NotAnApp(f"{module_name}:{class_name} is no class, but {type(found).__name__}")
    missing = [name for name in _LIFECYCLE if not callable(getattr(found, name, None))]
    if missing:
        raise NotAnApp(
            f"{module_name}:{class_name} has no {' and no '.join(missing)}: "
            "derive it from gunicorn.dirty.DirtyApp"
        )
    return found


def report(error):
    """Tells the builder why the app cannot be imported."""
    frames = [
        {"file": frame.filename, "line": frame.lineno}
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    told = {
        "kind": type(error).__name__,
        "message": str(error),
        **_missing(error),
        "frames": frames,
    }
    print(REPORT + json.dumps(told), file=sys.stderr, flush=True)


def _missing(error):
    """The module of an `ImportError`, and what was wanted of it, by its whole name."""
    if not isinstance(error, ImportError):
        return {"module": None, "name": None}
    wanted = getattr(error, "name_from", None)
    return {"module": error.name, "name": f"{error.name}.{wanted}" if wanted else None}
