"""Errors of a stack on one machine, with messages for the operator."""


class DevstackError(Exception):
    """Base of all errors. The message tells the operator how to proceed."""


class ConfigurationError(DevstackError):
    """A variable is missing, malformed, or contradicts another."""


class AlreadyRunningError(DevstackError):
    """Another process holds the data directory."""

    def __init__(self, message: str, *, pid: int | None) -> None:
        super().__init__(message)
        self.pid = pid


class NotRunningError(DevstackError):
    """No stack is running."""


class PortTakenError(DevstackError):
    """A configured port is in use."""


class NoRoomError(DevstackError):
    """The disk has too little free space for a start."""


class StartError(DevstackError):
    """A process ended or stayed unhealthy during the start of the stack."""


class StoppedError(DevstackError):
    """An essential server ended and could not be restarted."""
