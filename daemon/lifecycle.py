"""How far the daemon is on its way out; pure."""

from dataclasses import dataclass
from enum import StrEnum

from daemon.errors import ExitCode


class Phase(StrEnum):
    """In this order, never back."""

    RUNNING = "running"
    DRAINING = "draining"
    """Accepts nothing new, finishes what it has."""
    CANCELLING = "cancelling"
    """Jobs are cancelled; answers that are under way are awaited for a moment."""
    STOPPING = "stopping"
    """The workers go."""
    STOPPED = "stopped"


@dataclass(slots=True)
class Lifecycle:
    """The phase, and with which code the process is to leave."""

    phase: Phase = Phase.RUNNING
    exit_code: int = ExitCode.OK
    shutdown_asked: bool = False
    """The host has sent `shutdown`, so a later `exit` is in order."""

    @property
    def accepts_work(self) -> bool:
        """True while new jobs and questions about documents are taken."""
        return self.phase is Phase.RUNNING
