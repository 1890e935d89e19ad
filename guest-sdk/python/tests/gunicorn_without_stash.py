"""The base class of apps without the package around it, which imports the host's stash."""

import importlib.util

from . import SDK

_spec = importlib.util.spec_from_file_location("gunicorn.dirty.app", SDK / "runtime/gunicorn/dirty/app.py")
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

DirtyApp = _module.DirtyApp
