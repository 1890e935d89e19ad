"""componentize-py, which makes components of Python code: of one version, in an environment of its own.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from .errors import ToolError

COMPONENTIZE_PY = "0.25.0"
_PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet")


def default_cache():
    """Where tools are kept if the caller does not say."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dirty" / "python"


class Tool:
    """An interpreter that has componentize-py and pip."""

    def __init__(self, python):
        self._python = python

    def componentize(self, arguments):
        """Runs componentize-py: whether it succeeded, and what it printed."""
        script = "import sys; from componentize_py import script; sys.exit(script())"
        ran = subprocess.run(
            [self._python, "-I", "-c", script, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        return ran.returncode == 0, ran.stdout

    def install(self, arguments, message, help):
        """Runs `pip install`; message and help are for when it fails."""
        _run([self._python, *_PIP, *arguments], message, help)


def ready(cache, say):
    """The tool, installed if it is not there yet."""
    environment = cache / f"componentize-py-{COMPONENTIZE_PY}"
    python = environment / "bin" / "python"
    with locked(cache):
        if not python.exists():
            say(f"installing componentize-py {COMPONENTIZE_PY} (once)")
            _install(environment)
    return Tool(python)


@contextmanager
def locked(cache):
    """One builder at a time changes the cache; another waits."""
    with open(cache / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(environment):
    unfinished = environment.with_name(f"{environment.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    _run(
        [sys.executable, "-m", "venv", unfinished],
        "cannot make a Python environment",
        "install Python's venv module (Debian, Ubuntu: apt install python3-venv)",
    )
    _run(
        [unfinished / "bin" / "python", *_PIP, f"componentize-py=={COMPONENTIZE_PY}"],
        f"cannot install componentize-py {COMPONENTIZE_PY}",
        "pip has to reach a package index that has it, or be given one by its own settings (PIP_INDEX_URL)",
    )
    # It is there, but broken, if the interpreter that it was made with is gone.
    shutil.rmtree(environment, ignore_errors=True)
    unfinished.rename(environment)


def _run(command, message, help):
    """Runs a command whose failure is the tools'."""
    ran = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    if ran.returncode != 0:
        raise ToolError(f"{message}:\n{_indented(ran.stdout)}", help)


def _indented(text):
    return "\n".join(f"    {line}" for line in text.strip().splitlines())
