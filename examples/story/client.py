"""Prints a story as it is made, with gunicorn's own client: `python client.py PROMPT`.

The socket is that of GUNICORN_DIRTY_SOCKET. Ctrl-C ends the story, here and in the worker.
"""

import sys

from gunicorn.dirty import get_dirty_client


def main():
    prompt = " ".join(sys.argv[1:]) or "Alice"
    client = get_dirty_client()
    print(prompt, end="", flush=True)
    try:
        for token in client.stream("story:Story", "generate", prompt, max_tokens=200):
            print(token, end="", flush=True)
    except KeyboardInterrupt:
        # A connection that is closed in mid-stream cancels the call.
        pass
    finally:
        client.close()
    print()


if __name__ == "__main__":
    main()
