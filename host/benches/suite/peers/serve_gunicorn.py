"""Serves an app of gunicorn's with its dirty arbiter alone, on a socket: SOCKET MODULE:CLASS WORKERS."""

import os
import sys

from gunicorn.config import Config
from gunicorn.dirty.arbiter import DirtyArbiter
from gunicorn.glogging import Logger

socket, app, workers = sys.argv[1:]
config = Config()
config.set("dirty_apps", [app])
config.set("dirty_workers", int(workers))
config.set("loglevel", "error")
arbiter = DirtyArbiter(config, Logger(config), socket_path=socket)
# It watches the process that has made it, and ends with that; nothing is forked here.
arbiter.ppid = os.getppid()
arbiter.run()
