"""What can go wrong with a stack on one machine; every message is meant for the operator's eyes."""


class DevstackError(Exception):
    """Base of every error the stack raises on purpose; the text says what to do about it."""


class ConfigurationError(DevstackError):
    """A variable is missing, malformed or contradicts another."""


class AlreadyRunningError(DevstackError):
    """Another process holds the data directory."""

    def __init__(self, message: str, *, pid: int | None) -> None:
        super().__init__(message)
        self.pid = pid


class NotRunningError(DevstackError):
    """The command needs a running stack and there is none."""


class PortTakenError(DevstackError):
    """A port that was asked for by name is in use."""


class NoRoomError(DevstackError):
    """The disk has too little free space for a start."""


class StartError(DevstackError):
    """A process ended or stayed unhealthy while the stack was starting."""


class StoppedError(DevstackError):
    """A server that everything depends on ended and could not be brought back."""
