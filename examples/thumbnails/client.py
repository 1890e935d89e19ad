"""Makes thumbnails of image files, with gunicorn's own client: `python client.py FILE…`.

Each becomes FILE.128.webp and FILE.512.webp. The socket is that of GUNICORN_DIRTY_SOCKET.
"""

import sys
from pathlib import Path

from gunicorn.dirty import get_dirty_client
from gunicorn.dirty.errors import DirtyAppError


def main():
    client = get_dirty_client()
    for path in map(Path, sys.argv[1:]):
        try:
            for sized in client.stream("thumbnails", "sizes", path.read_bytes(), [128, 512], format="webp"):
                path.with_name(f"{path.name}.{sized['size']}.webp").write_bytes(sized["image"])
        except DirtyAppError as error:
            # A broken image is one file's misfortune.
            print(f"{path}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
