"""Renders a Markdown file as a page, with gunicorn's own client: `python client.py FILE > page.html`.

The socket is that of GUNICORN_DIRTY_SOCKET.
"""

import sys
from pathlib import Path

from gunicorn.dirty import get_dirty_client


def main():
    path = Path(sys.argv[1])
    text = path.read_text(encoding="utf-8")
    print(get_dirty_client().execute("pages:Pages", "page", path.stem, text))


if __name__ == "__main__":
    main()
