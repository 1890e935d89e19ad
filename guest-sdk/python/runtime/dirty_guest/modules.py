"""Modules in a component: all that is ever imported has to be imported while it is built, because its
files are not there when it runs.

What is imported late, inside of functions, is therefore imported early, as far as it is known.
"""

import importlib
import importlib.abc
import sys

# What the interpreter and its library import late, most of it from C, and apps may need without a word.
_LATE = (
    "_colorize", "_pylong", "_strptime", "asyncio.timeouts", "base64", "bisect", "calendar",
    "codecs", "collections.abc", "concurrent.futures", "contextlib", "copy", "csv", "dataclasses",
    "datetime", "decimal", "difflib", "email.message", "encodings.ascii", "encodings.base64_codec",
    "encodings.cp1252", "encodings.hex_codec", "encodings.idna", "encodings.latin_1",
    "encodings.punycode", "encodings.raw_unicode_escape", "encodings.unicode_escape",
    "encodings.utf_16", "encodings.utf_16_be", "encodings.utf_16_le", "encodings.utf_32",
    "encodings.utf_8_sig", "enum", "fractions", "functools", "gzip", "hashlib", "heapq", "hmac",
    "html", "html.parser", "importlib.metadata", "importlib.resources", "inspect", "io", "ipaddress",
    "json", "linecache", "locale", "logging", "math", "mimetypes", "ntpath", "numbers", "operator",
    "pathlib", "pickle", "pprint", "queue", "random", "re", "secrets", "shutil", "statistics",
    "string", "string.templatelib", "struct", "tempfile", "textwrap", "threading", "token", "tokenize",
    "traceback", "types", "typing", "unicodedata", "urllib.parse", "uuid", "warnings", "weakref",
    "xml.etree.ElementTree", "zlib", "zoneinfo",
)  # fmt: skip


def import_early(names):
    """Imports what functions import late. What fails does so again, and then tells the app."""
    for name in (*_LATE, *names):
        try:
            importlib.import_module(name)
        except Exception:
            continue


class TooLate(importlib.abc.MetaPathFinder):
    """The last finder: says why a module cannot be found when a component runs."""

    def find_spec(self, fullname, path=None, target=None):
        """Always raises."""
        raise ModuleNotFoundError(
            f"No module named {fullname!r} in the component: only what is imported when it is built is there. "
            "If it exists, import it at the top of the app's module",
            name=fullname,
        )


def close():
    """From here on nothing can be imported for the first time."""
    sys.meta_path.append(TooLate())
