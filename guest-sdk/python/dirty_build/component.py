"""Has componentize-py make the component, and says in the app's terms why it could not."""

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from .errors import BuildError
from .refused import NATIVE
from .requirements import Bundle

_WORLD = "python-app"
_ENTRY = "dirty_guest.component"
# What the runtime writes before the report of what went wrong, see dirty_guest/app.py.
_REPORT = "dirty-build-report: "
_NATIVE_TRACE = "Stack backtrace:"


@dataclass
class Job:
    """One component."""

    module: str
    class_name: str
    workers: int | None
    root: Path
    bundle: Bundle
    late_imports: list
    sdk: Path
    contract: Path
    scratch: Path

    def run(self, tool):
        """Makes it, and returns the file."""
        paths = self._paths()
        self._write_settings(len(paths))
        built = self.scratch / "app.wasm"
        arguments = ["-d", self._write_wit(), "-w", _WORLD, "componentize", _ENTRY, "-o", built]
        for path in paths:
            arguments += ["-p", path]
        succeeded, printed = tool.componentize(arguments)
        if not succeeded:
            raise self._explain(printed, paths)
        return built

    def _paths(self):
        """Where modules are found, in order; the component sees the first as `/0`, and so on."""
        paths = [self.sdk / "runtime", self.scratch / "settings", self.root]
        if self.bundle.directory:
            paths.append(self.bundle.directory)
        return paths

    def _write_settings(self, paths):
        settings = {
            "MODULE": self.module,
            "CLASS": self.class_name,
            "WORKERS": self.workers,
            "LATE_IMPORTS": tuple(self.late_imports),
            "PATHS": paths,
        }
        directory = self.scratch / "settings"
        directory.mkdir()
        lines = ['"""What the builder tells the runtime."""', *(f"{name} = {value!r}" for name, value in settings.items())]
        (directory / "dirty_build_settings.py").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _write_wit(self):
        """Lays the contract beside the SDK's world, as tools expect it."""
        wit = self.scratch / "wit"
        shutil.copytree(self.sdk / "wit", wit)
        if (self.contract / "deps").is_dir():
            shutil.copytree(self.contract / "deps", wit / "deps", dirs_exist_ok=True)
        contract = wit / "deps" / "dirty-app"
        contract.mkdir(parents=True)
        for file in self.contract.glob("*.wit"):
            shutil.copy(file, contract)
        return wit

    def _explain(self, printed, paths):
        """The error behind what the tool has printed."""
        reports = [line for line in printed.splitlines() if _REPORT in line]
        if not reports:
            text = printed.partition(_NATIVE_TRACE)[0].strip()
            return BuildError(f"componentize-py failed:\n{text}")
        report = json.loads(reports[-1].partition(_REPORT)[2])
        if report["kind"] == "NotAnApp":
            return BuildError(report["message"])
        frames = [frame for frame in (_Frame(one, paths) for one in report["frames"]) if frame.base]
        own = [frame for frame in frames if frame.base == self.root]
        owner = self._compiled_owner(report, frames)
        if owner:
            place = own[-1].shown if own else self.module
            return BuildError(f"{place} needs {owner}, which does not work without its compiled parts: {NATIVE}")
        places = "".join(f"\n  at {frame.shown}" for frame in dict.fromkeys(own[-1:] + frames[-1:]))
        text = re.sub(r"(?<![\w/])/\d+/", "", report["message"])
        message = f"{self.module} cannot be imported: {report['kind']}: {text}{places}"
        return BuildError(message, self._help(report))

    def _compiled_owner(self, report, frames):
        """The distribution that fails because its compiled parts are not there."""
        for module in filter(None, (report["module"], report["name"])):
            if owner := self.bundle.owner_of_compiled(module):
                return owner
        if report["kind"] not in ("ImportError", "ModuleNotFoundError"):
            return None
        # Packages replace the error by one of their own.
        owners = (self.bundle.owner_of_file(frame.below) for frame in reversed(frames) if frame.base != self.root)
        return next(filter(None, owners), None)

    def _help(self, report):
        if report["kind"] == "ModuleNotFoundError":
            return (
                f"{report['module']} is neither in {self.root}, nor among the requirements, "
                "nor in a component's Python: do without it, or add it to the requirements file"
            )
        return "what is at the top of a module runs when the component is built; what needs the host belongs in init()"


class _Frame:
    """A line of the traceback, on this side of the sandbox; `base` is `None` where it is of no interest."""

    def __init__(self, frame, paths):
        self.base = None
        top, _, self.below = frame["file"].lstrip("/").partition("/")
        # The first is the SDK.
        if top.isdigit() and 0 < int(top) < len(paths):
            self.base = paths[int(top)]
        self.shown = f"{self.below}:{frame['line']}"


def publish(built, output):
    """Puts the component where it is wanted, such that nobody sees half of it; its size in bytes."""
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output.with_name(f".{output.name}.{os.getpid()}")
    shutil.copyfile(built, unfinished)
    os.replace(unfinished, output)
    return output.stat().st_size
