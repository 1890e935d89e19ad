"""Why a component cannot be made."""


class BuildError(Exception):
    """The app cannot be built as it is. `help` says what to do, if that is not obvious."""

    status = 1

    def __init__(self, message, help=None):
        super().__init__(message)
        self.help = help


class ToolError(BuildError):
    """What is needed to build is not there, and cannot be installed."""

    status = 3
