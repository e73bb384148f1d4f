"""Failures of a task, each with a kind of protocol.md and a sentence that says what to do."""


class TaskError(Exception):
    """A task that cannot be done, and whose fault it is.

    `kind` is one of protocol.md's error kinds; `message` is shown to people and holds no document
    text, no full path and no text of a foreign exception; `data` becomes members of `error.data`.
    """

    def __init__(self, kind: str, message: str, **data: str | int | float) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.data = data


class TaskStopped(Exception):
    """Raised at a checkpoint when the daemon has asked to leave the running task."""


class EngineUnavailable(TaskError):
    """The engine cannot be used on this machine; the message says what to install."""

    def __init__(self, message: str) -> None:
        super().__init__("engine_unavailable", message)
