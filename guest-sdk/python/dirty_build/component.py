"""Has componentize-py make the component, and says in the app's terms why it could not."""

import json
import os
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
        frames = [_Frame(frame, paths) for frame in report["frames"]]
        shown = [frame.shown for frame in frames if frame.shown]
        place = f"\n  at {shown[-1]}" if shown else ""
        message = f"{self.module} cannot be imported: {report['kind']}: {report['message']}{place}"
        if report["kind"] == "NotAnApp":
            return BuildError(report["message"])
        return BuildError(message, self._help(report, frames))

    def _help(self, report, frames):
        owner = None
        for module in filter(None, (report["module"], report["name"])):
            owner = owner or self.bundle.owner_of_compiled(module)
        for frame in reversed(frames):
            if owner is None and frame.base == self.bundle.directory and frame.below:
                owner = self.bundle.owner_of_file(frame.below)
        if owner:
            return f"{owner} does not work without its compiled parts, and {NATIVE}"
        if report["module"]:
            return (
                f"{report['module']} is neither in {self.root}, nor among the requirements, "
                "nor in a component's Python: do without it, or add it to the requirements file"
            )
        return "what is at the top of a module runs when the component is built; what needs the host belongs in init()"


class _Frame:
    """A line of the traceback, on this side of the sandbox."""

    def __init__(self, frame, paths):
        self.base = self.below = self.shown = None
        top, _, below = frame["file"].lstrip("/").partition("/")
        # The first is the SDK, and of no interest.
        if top.isdigit() and 0 < int(top) < len(paths):
            self.base, self.below = paths[int(top)], below
            self.shown = f"{below}:{frame['line']}"


def publish(built, output):
    """Puts the component where it is wanted, such that nobody sees half of it; its size in bytes."""
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output.with_name(f".{output.name}.{os.getpid()}")
    shutil.copyfile(built, unfinished)
    os.replace(unfinished, output)
    return output.stat().st_size
