"""Reads an app's source, and that of what it imports, without running it.

Finds imports that cannot work in a component, with their places; and those within functions, which
the component has to make early. Only the app's own modules are judged: a library may import much that
it does not use.
"""

import ast
import sys
from dataclasses import dataclass, field
from pathlib import Path

from .errors import BuildError
from .refused import NATIVE, advice_for_module, advice_for_name

# What is in the component without being asked for.
_PROVIDED = {"gunicorn", "dirty_guest"}
_EXTENSIONS = (".so", ".pyd")
# Whoever handles one of these does without the module.
_HANDLED = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


@dataclass
class Found:
    """What came of reading."""

    # Modules that functions import.
    late: set = field(default_factory=set)
    warnings: list = field(default_factory=list)
    problems: list = field(default_factory=list)


def scan(module, root, bundle, allowed):
    """Reads a module and all that it imports. Raises `BuildError` with everything that is wrong."""
    reader = _Reader(root, bundle, allowed)
    start = reader.locate(module)
    if start is None:
        raise BuildError(
            f"there is no module {module} in {root}",
            "name the directory that holds the app's outermost package or module with --root",
        )
    reader.read_all(module)
    problems = reader.found.problems
    if problems:
        raise BuildError(
            "\n  ".join(["the app uses what a component has not:", *problems]) if len(problems) > 1 else problems[0],
            "where such code is never reached in the component, name it with --allow",
        )
    return reader.found


@dataclass(frozen=True)
class _Module:
    name: str
    path: Path
    own: bool

    @property
    def package(self):
        """What relative imports are relative to."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


class _Reader:
    def __init__(self, root, bundle, allowed):
        self.found = Found()
        self._root = root
        self._bundle = bundle
        self.allowed = allowed
        self._seen = set()
        self._waiting = []

    def read_all(self, module):
        """Reads modules until there is none that was not read."""
        self._want(module)
        while self._waiting:
            self._read(self._waiting.pop())

    def locate(self, name):
        """The module's file among the app's and its requirements', if it is there."""
        below = Path(*name.split("."))
        for directory, own in ((self._root, True), (self._bundle.directory, False)):
            if directory is None:
                continue
            for candidate in (directory / below / "__init__.py", (directory / below).with_suffix(".py")):
                if candidate.is_file():
                    return _Module(name, candidate, own)
        return None

    def _want(self, name):
        """Reads a module later, and the packages around it. Whether it was found."""
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            part = ".".join(parts[:length])
            module = self.locate(part)
            if module and part not in self._seen:
                self._seen.add(part)
                self._waiting.append(module)
        return self.locate(name) is not None

    def _read(self, module):
        try:
            tree = ast.parse(module.path.read_bytes(), str(module.path))
        except (SyntaxError, ValueError) as error:
            # The component's Python may be newer than this one, and decides.
            if module.own:
                self.found.warnings.append(f"{self.place(module, error.lineno)}: cannot be read: {error}")
            return
        _Visitor(self, module).visit(tree)

    def place(self, module, line):
        """A place in a file, as editors know it."""
        base = self._root if module.own else self._bundle.directory
        return f"{module.path.relative_to(base)}:{line}"

    def imported(self, module, node, names, context):
        """Notes an import of these candidates: the first names the module, others what may be one."""
        for name in names:
            if context.late:
                self.found.late.add(name)
        known = [self._want(name) for name in names]
        if module.own and not context.guarded and not known[0]:
            self._judge(module, node, names[0])

    def _judge(self, module, node, name):
        top = name.partition(".")[0]
        advice = advice_for_module(name)
        if advice:
            self.refuse(module, node, f"imports {name}", name, advice)
        elif self._is_compiled(name):
            self.refuse(module, node, f"imports {name}, which is compiled", name, NATIVE)
        elif top not in sys.stdlib_module_names and top not in _PROVIDED and not self._is_there(top):
            help = f"add it to the requirements file, or to {self._root}"
            self.refuse(module, node, f"imports {name}, which is not there", name, help)

    def _is_there(self, top):
        """Whether there is a package of this name without a file of its own."""
        directories = [self._root, self._bundle.directory]
        return any(directory and (directory / top).is_dir() for directory in directories)

    def _is_compiled(self, name):
        if self._bundle.owner_of_compiled(name):
            return True
        directory = self._root.joinpath(*name.split(".")[:-1])
        last = name.rpartition(".")[2]
        return any(path.suffix in _EXTENSIONS for path in directory.glob(f"{last}.*"))

    def refuse(self, module, node, what, name, advice):
        """Notes that something cannot work."""
        parts = name.split(".")
        if any(".".join(parts[:length]) in self.allowed for length in range(1, len(parts) + 1)):
            return
        self.found.problems.append(f"{self.place(module, node.lineno)} {what}: {advice}")


@dataclass(frozen=True)
class _Context:
    """Where in a module something stands."""

    # In a function, so that it runs late.
    late: bool = False
    # Where its failure is handled.
    guarded: bool = False


class _Visitor(ast.NodeVisitor):
    """Finds the imports of one module, and its uses of names that cannot work."""

    def __init__(self, reader, module):
        self._reader = reader
        self._module = module
        self._context = _Context()
        # What names of this file stand for.
        self._aliases = {}

    def _visit_within(self, nodes, **changes):
        before = self._context
        self._context = _Context(**{**vars(before), **changes})
        for node in nodes:
            self.visit(node)
        self._context = before

    def visit_FunctionDef(self, node):
        self._visit_within([*node.decorator_list, node.args])
        self._visit_within(node.body, late=True)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Try(self, node):
        handled = any(_handles_import_errors(handler) for handler in node.handlers)
        self._visit_within(node.body, guarded=self._context.guarded or handled)
        self._visit_within([*node.handlers, *node.orelse, *node.finalbody])

    def visit_If(self, node):
        if _never_runs(node.test):
            self._visit_within(node.orelse)
        else:
            self.generic_visit(node)

    def visit_Import(self, node):
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            self._aliases[bound] = alias.name if alias.asname else bound
            self._reader.imported(self._module, node, [alias.name], self._context)

    def visit_ImportFrom(self, node):
        base = self._absolute(node)
        if base is None:
            return
        self._reader.imported(self._module, node, [base], self._context)
        for alias in node.names:
            full = f"{base}.{alias.name}"
            self._aliases[alias.asname or alias.name] = full
            self._check(node, full)
            if self._reader.locate(full):
                self._reader.imported(self._module, node, [full], self._context)

    def visit_Attribute(self, node):
        self.generic_visit(node)
        name = _dotted(node)
        if name:
            first, _, rest = name.partition(".")
            if first in self._aliases:
                self._check(node, f"{self._aliases[first]}.{rest}")

    def _check(self, node, full):
        advice = advice_for_name(full)
        # A module that cannot work is judged where it is imported.
        judged = advice and advice_for_module(full.rpartition(".")[0])
        if advice and not judged and self._module.own and not self._context.guarded:
            self._reader.refuse(self._module, node, f"uses {full}", full, advice)

    def _absolute(self, node):
        if not node.level:
            return node.module
        package = self._module.package.split(".")
        if node.level > len(package):
            return None
        above = package[: len(package) - node.level + 1]
        return ".".join([*above, node.module] if node.module else above)


def _handles_import_errors(handler):
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in _HANDLED for kind in kinds)


def _never_runs(test):
    """Whether this is the condition of what only type checkers read, or only a script runs."""
    if _dotted(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        return True
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and isinstance(test.ops[0], ast.Eq)
    )


def _dotted(node):
    """The text of `a.b.c`, or `None` for anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])
