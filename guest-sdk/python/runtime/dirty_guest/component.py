"""What the host calls: the exports of the component, and what happens when it is built.

Importing this module is the build. Everything at the top of the app's modules runs then, once, and
what it leaves in memory is what each instance begins with; the app itself is made when the host
initialises it. `dirty_build_settings` is written by the builder.
"""

import sys

# Before the first import of the app's, whose directory should stay as it is.
sys.dont_write_bytecode = True

import dirty_build_settings as settings

# The tool adds the packages of the machine that it runs on.
sys.path[:] = [
    path for path in sys.path if not path[1:].isdigit() or int(path[1:]) < settings.PATHS
]

import gunicorn.dirty
from componentize_py_types import Err
from wit_world.exports import dirty_app

from . import app as app_module
from . import blobs, description, failures, host, loop, modules, rehearsal, surroundings, this_app
from .calls import Calls


def _built():
    try:
        modules.import_early(())
        loop.install()
        surroundings.replace()
        app_class = app_module.load(settings.MODULE, settings.CLASS)
        described = description.describe(app_class, settings.WORKERS)
        modules.import_early(settings.LATE_IMPORTS)
    except BaseException as error:
        app_module.report(error)
        raise
    failures.keep_sources()
    modules.close()
    rehearsal.rehearse(gunicorn.dirty.DirtyApp)
    # What is imported by now is most of what there will ever be.
    surroundings.freeze()
    return app_class, described


_APP_CLASS, _DESCRIPTION = _built()


def _failure(error):
    failure = failures.Failure(error)
    return Err(dirty_app.Failure(failure.kind, failure.message, failure.traceback))


class _Instance:
    """The app of this instance. The bindings make a new `DirtyApp` for each call, so it cannot be there."""

    app = None
    calls = None


class DirtyApp:
    """The interface `dirty-app`. Whatever an app raises becomes a failure: nothing may escape, because
    that would be a trap.
    """

    def init(self, config: str) -> None:
        """Makes the app and initialises it."""
        try:
            surroundings.prepare()
            this_app.configure(config)
            _Instance.app = _APP_CLASS()
            _Instance.calls = Calls(_Instance.app, host.emit, blobs)
            _Instance.app.init()
            surroundings.settle()
        except BaseException as error:
            raise _failure(error) from None

    def call(self, action: str, args: str, kwargs: str) -> str | None:
        """Serves one call."""
        try:
            return _Instance.calls.run(action, args, kwargs)
        except BaseException as error:
            raise _failure(error) from None
        finally:
            surroundings.flush()

    def close(self) -> None:
        """Closes the app. There is nobody to tell of an error but the log."""
        try:
            _Instance.app.close()
        except BaseException as error:
            failure = failures.Failure(error)
            host.log_error(f"close() raised {failure.kind}: {failure.message}\n{failure.traceback}")
        finally:
            surroundings.flush()


class ForkAware:
    """The interface `fork-aware`."""

    def on_fork(self) -> None:
        """Parts this copy from the others."""
        surroundings.part()


class Described:
    """The interface `described`."""

    def describe(self) -> str:
        """What the class said when the component was built."""
        return _DESCRIPTION
