"""What Python has and a component has not, and what to do instead."""

_NETWORK = (
    "a component has no network: talk to other services in the web worker and pass the app what it needs"
)
_PROCESSES = "a component cannot start processes: do this in the web worker"
_THREADS = (
    "a component has one thread: call the function directly, and give the app more workers "
    "in order to do several things at once"
)
_NATIVE = (
    "a component cannot load native libraries: use a package that is pure Python, or write this app in Rust"
)
_ABSENT = "the Python in a component is built without it: do this in the web worker, or do without it"

# Modules, each with all that is below it.
_MODULES = {
    **dict.fromkeys(
        (
            "ftplib", "http.client", "http.server", "imaplib", "nntplib", "poplib", "smtplib", "socket",
            "socketserver", "ssl", "telnetlib", "urllib.request", "urllib3", "requests", "httpx",
            "aiohttp", "xmlrpc",
        ),
        _NETWORK,
    ),
    **dict.fromkeys(("multiprocessing", "pty", "subprocess", "concurrent.futures.process"), _PROCESSES),
    **dict.fromkeys(("concurrent.futures.thread",), _THREADS),
    **dict.fromkeys(("cffi", "ctypes"), _NATIVE),
    **dict.fromkeys(
        (
            "bz2", "compression.bz2", "compression.lzma", "compression.zstd", "curses", "dbm.gnu",
            "dbm.ndbm", "fcntl", "grp", "lzma", "mmap", "pwd", "readline", "resource", "syslog",
            "termios", "tkinter", "tty",
        ),
        _ABSENT,
    ),
}  # fmt: skip

# Names within modules that are fine otherwise.
_NAMES = {
    **dict.fromkeys(
        ("threading.Thread", "threading.Timer", "_thread.start_new_thread", "concurrent.futures.ThreadPoolExecutor"),
        _THREADS,
    ),
    **dict.fromkeys(
        (
            "concurrent.futures.ProcessPoolExecutor", "asyncio.create_subprocess_exec",
            "asyncio.create_subprocess_shell", "os.execv", "os.execve", "os.execvp", "os.fork",
            "os.forkpty", "os.popen", "os.posix_spawn", "os.spawnv", "os.system",
        ),
        _PROCESSES,
    ),
    **dict.fromkeys(
        (
            "asyncio.open_connection", "asyncio.open_unix_connection", "asyncio.start_server",
            "asyncio.start_unix_server",
        ),
        _NETWORK,
    ),
}  # fmt: skip


def advice_for_module(name):
    """What to do instead of importing this module; `None` if it works."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        advice = _MODULES.get(".".join(parts[:length]))
        if advice:
            return advice
    return None


def advice_for_name(name):
    """What to do instead of using this name of a module; `None` if it works."""
    return _NAMES.get(name) or advice_for_module(name)


NATIVE = _NATIVE
