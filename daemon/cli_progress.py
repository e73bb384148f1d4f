"""How far a job is, on stderr: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, Protocol


class ProgressView(Protocol):
    """What shows progress and takes notes for the user; all of it goes to stderr."""

    def update(self, progress: dict[str, Any]) -> None:
        """Show the params of a `job/progress`."""

    def note(self, line: str) -> None:
        """Show a line that stays."""

    def summarize(self, line: str) -> None:
        """Show the line that closes the job, unless the user wants quiet."""

    def aside(self) -> contextlib.AbstractContextManager[None]:
        """Return a context in which stdout may be written to without meeting the bar."""


class QuietView:
    """Shows notes only."""

    def update(self, progress: dict[str, Any]) -> None:
        """Show nothing."""

    def note(self, line: str) -> None:
        """Show the line."""
        sys.stderr.write(f"{line}\n")

    def summarize(self, line: str) -> None:
        """Show nothing."""

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Change nothing."""
        yield


class LinesView(QuietView):
    """Shows each message once, as a line."""

    def __init__(self) -> None:
        self._shown = ""

    def update(self, progress: dict[str, Any]) -> None:
        """Show the message when it is another one."""
        if progress["message"] != self._shown:
            self._shown = progress["message"]
            self.note(self._shown)

    def summarize(self, line: str) -> None:
        """Show the line."""
        self.note(line)


class BarView:
    """Shows a bar; it vanishes with `close`, and while stdout has the same terminal's attention."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("Starting", total=None)
        self._bar.start()

    def update(self, progress: dict[str, Any]) -> None:
        """Move the bar."""
        self._bar.update(
            self._task,
            completed=progress["current"],
            total=progress["total"],
            description=progress["message"],
        )

    def note(self, line: str) -> None:
        """Show the line above the bar."""
        self._console.print(line, markup=False, soft_wrap=True)

    def summarize(self, line: str) -> None:
        """Show the line."""
        self.note(line)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away for the while, if stdout is a terminal too."""
        if not sys.stdout.isatty():
            yield
            return
        self._bar.stop()
        try:
            yield
            sys.stdout.flush()
        finally:
            self._bar.start()

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()


@contextlib.contextmanager
def progress_view(*, quiet: bool) -> Iterator[ProgressView]:
    """Yield the view that suits stderr."""
    if quiet:
        yield QuietView()
    elif not sys.stderr.isatty():
        yield LinesView()
    else:
        bar = BarView()
        try:
            yield bar
        finally:
            bar.close()
