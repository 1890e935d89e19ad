"""The command line.

What a program that calls this may rely on: progress goes to standard error, a line a step. Warnings
begin with `warning: `, errors with `error: `, and what to do with `help: `. After success
there is exactly one line on standard output, a JSON object: `component` (the path), `bytes` (its
size), `module` and `class`. The exit status is 0, or

* 1: the app cannot be built as it is;
* 2: the arguments make no sense;
* 3: the tools, or what the app requires, cannot be installed.
"""

import sys

if sys.version_info < (3, 10):
    print("error: building needs Python 3.10 or later; this is", sys.version.split()[0], file=sys.stderr)
    sys.exit(3)

import argparse
import json
import re
import tempfile
from pathlib import Path

from . import component, imports, requirements, toolchain
from .errors import BuildError

_HERE = Path(__file__).resolve().parent
_SPEC = re.compile(r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<class>[^\W\d]\w*)(?::(?P<workers>[1-9]\d*))?")


def _parser():
    parser = argparse.ArgumentParser(
        prog="dirty_build", description="Makes a component of a gunicorn DirtyApp class."
    )
    parser.add_argument(
        "app", metavar="MODULE:CLASS", help="the app, as gunicorn's dirty_apps has it; MODULE:CLASS:N is one with N workers"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="where to put the component")
    parser.add_argument(
        "--root", type=Path, default=Path("."), metavar="DIR", help="where the app's modules are [default: here]"
    )
    parser.add_argument(
        "-r", "--requirements", type=Path, metavar="FILE", help="pip's list of what the app needs, all of it pure Python"
    )
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="NAME",
        help="build although this cannot work in a component, e.g. `subprocess` or `threading.Thread`; may be repeated",
    )
    parser.add_argument(
        "--cache-dir", type=Path, default=toolchain.default_cache(), metavar="DIR", help="where tools and requirements are kept"
    )
    parser.add_argument(
        "--contract", type=Path, default=_HERE.parents[2] / "wit", metavar="DIR", help="the WIT files of the host's contract"
    )
    return parser


def _say(line):
    print(line, file=sys.stderr, flush=True)


def _make_private(directory):
    """Makes a directory, and those above it, that nobody else can enter: the host refuses others."""
    for above in reversed([directory, *directory.parents]):
        above.mkdir(mode=0o700, exist_ok=True)


def _build(arguments, spec):
    root = arguments.root.resolve()
    if not root.is_dir():
        raise BuildError(f"there is no directory {arguments.root}", "name it with --root")
    _make_private(arguments.cache_dir)
    cache = arguments.cache_dir.resolve()
    tool = toolchain.ready(cache, _say)
    bundle = requirements.install(arguments.requirements, cache, tool, _say)
    _say(f"reading {spec['module']}")
    found = imports.scan(spec["module"], root, bundle, set(arguments.allow))
    for warning in (*bundle.warnings(), *found.warnings):
        _say(f"warning: {warning}")
    with tempfile.TemporaryDirectory(prefix="dirty-build-") as scratch:
        job = component.Job(
            module=spec["module"],
            class_name=spec["class"],
            workers=int(spec["workers"]) if spec["workers"] else None,
            root=root,
            bundle=bundle,
            late_imports=sorted(found.late),
            sdk=_HERE.parent,
            contract=arguments.contract,
            scratch=Path(scratch),
        )
        _say("making the component (takes some seconds)")
        built = job.run(tool)
        size = component.publish(built, arguments.output)
    return {"component": str(arguments.output), "bytes": size, "module": spec["module"], "class": spec["class"]}


def main():
    """Runs the builder and returns its exit status."""
    parser = _parser()
    arguments = parser.parse_args()
    spec = _SPEC.fullmatch(arguments.app)
    if spec is None:
        parser.error(f"{arguments.app!r} is not MODULE:CLASS, as in shop.images:Thumbnails")
    try:
        result = _build(arguments, spec.groupdict())
    except BuildError as error:
        _say(f"error: {error}")
        if error.help:
            _say(f"help: {error.help}")
        return error.status
    except OSError as error:
        _say(f"error: {error}")
        return BuildError.status
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
