"""What the host was configured to give this app."""

import json

_config = {}


def configure(text):
    """Keeps the app's `[config]` table."""
    global _config
    _config = json.loads(text)


def config():
    """The app's `[config]` table, a dict; a new one each time."""
    return dict(_config)
