"""What an app needs from the package index: installed beside it, without anything that is compiled.

Packages often have a compiled part that only makes them faster. Such parts are left out; whether a
package works without them shows when the component is built.
"""

import csv
import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

from . import toolchain
from .errors import BuildError

_COMPILED = (".so", ".pyd", ".dylib")
# A line that names a package and its version, and nothing that may change behind its back.
_PLAIN = re.compile(r"\s*(?:#.*|[A-Za-z0-9][\w.-]*(?:\[[\w,.\s-]*\])?\s*(?:[=<>!~][^/;]*)?(?:;.*)?)?")


class Bundle:
    """The installed requirements; `directory` is `None` if there are none."""

    def __init__(self, directory=None, compiled=None):
        self.directory = directory
        # The distribution of each module that was left out.
        self._compiled = compiled or {}

    def owner_of_compiled(self, module):
        """The distribution that has this module in compiled form only, if there is one."""
        return self._compiled.get(module)

    def owner_of_file(self, path):
        """The distribution with compiled parts that this file below `directory` belongs to."""
        top = Path(path).parts[0].removesuffix(".py")
        for module, owner in self._compiled.items():
            if module.partition(".")[0] == top:
                return owner
        return None

    def warnings(self):
        """What was left out, a line for each distribution."""
        for owner in sorted(set(self._compiled.values())):
            first, *others = sorted(name for name, of in self._compiled.items() if of == owner)
            more = f" and {len(others)} more" if others else ""
            yield f"{owner}: its compiled parts are left out ({first}{more}); its Python code is used alone"


def install(file, cache, tool, say):
    """Installs what the file lists, or takes what was installed for the same list before."""
    if file is None:
        return Bundle()
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise BuildError(f"cannot read {file}: {error.strerror}", "name the file with --requirements") from None
    plain = all(_PLAIN.fullmatch(line) for line in text.splitlines())
    key = hashlib.sha256(f"{sys.version_info[:2]}\n{text}".encode()).hexdigest()[:16]
    place = cache / f"requirements-{key}"
    with toolchain.locked(cache):
        if not plain or not (place / "compiled.json").exists():
            say(f"installing {file}")
            _install(file, place, tool)
    compiled = json.loads((place / "compiled.json").read_text(encoding="utf-8"))
    return Bundle(place / "modules", compiled)


def _install(file, place, tool):
    unfinished = place.with_name(f"{place.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    modules = unfinished / "modules"
    tool.install(
        ["--target", str(modules), "--requirement", str(file)],
        f"cannot install what {file} lists",
        "the list is for the component alone: leave out what only the web workers need",
    )
    compiled = _leave_out_compiled(modules)
    (unfinished / "compiled.json").write_text(json.dumps(compiled), encoding="utf-8")
    shutil.rmtree(place, ignore_errors=True)
    unfinished.rename(place)


def _leave_out_compiled(modules):
    """Removes compiled files; their modules' names, each with its distribution's."""
    owners = _owners(modules)
    left_out = {}
    for path in sorted(modules.rglob("*")):
        if not path.is_file() or not any(suffix in path.suffixes for suffix in _COMPILED):
            continue
        below = path.relative_to(modules)
        name = ".".join([*below.parts[:-1], below.name.partition(".")[0]])
        left_out[name] = owners.get(str(below), below.parts[0])
        path.unlink()
    return left_out


def _owners(modules):
    """The distribution of each installed file, by the records that pip has left."""
    owners = {}
    for record in modules.glob("*.dist-info/RECORD"):
        distribution = record.parent.name.removesuffix(".dist-info").replace("-", " ", 1)
        with record.open(encoding="utf-8", newline="") as lines:
            owners.update((row[0], distribution) for row in csv.reader(lines) if row)
    return owners
