"""An app: its public methods are actions that clients call."""

from gunicorn.dirty import DirtyApp


class Greeter(DirtyApp):
    """One of these is made when the app starts. Each worker has a copy, and keeps it between calls."""

    def init(self):
        """Runs once, before any call: load models here, and all workers share what was loaded."""
        self.greeted = 0

    def greet(self, name):
        """Greets somebody."""
        self.greeted += 1
        return f"Hello, {name}! You are number {self.greeted}."

    def spell(self, name):
        """Streams the letters of a name."""
        yield from name
