"""Whether a page whose worker is lost is tried again, and how: pure, on the page ledger.

A page that ran out of its time while it gave way to everything else on the machine has not been
shown to be at fault. It is tried again at once, at the priority that others have, and nothing is
counted against it, so a busy machine costs such pages time and never their text.
"""

from typing import Final, Literal

from daemon.jobs import Job
from daemon.worker_slot import PageTask

LOWER_SCALE: Final = 0.5
"""Resolution of a last attempt: a quarter of the memory and time, and often still legible."""

Loss = Literal["crash", "silence", "timeout"]
"""The worker died, or said and did nothing; or the page has had its time."""


def gives_way(job: Job, document: int, page: int | None = None) -> bool:
    """Tell whether a page, or the writing of a document's outputs, is to give way to all else."""
    of = job.documents[document] if page is None else job.documents[document].pages[page]
    return job.options.priority == "background" and not of.gave_way_in_vain


def try_again(job: Job, task: PageTask, loss: Loss, *, was_accepted: bool = True) -> bool:
    """Let a page wait again; False when it has had its attempts, or would run out of time again."""
    document = job.documents[task.ref.document]
    page = document.pages[task.ref.page]
    if not was_accepted:
        job.put_back(task.ref, counts_attempt=False)
        return True
    if task.gives_way and loss != "crash":
        page.gave_way_in_vain = True
        job.put_back(task.ref, counts_attempt=False)
        return True
    if page.attempts >= job.max_attempts(document):
        return False
    if loss == "timeout" and page.scale != 1.0:
        return False
    # After a timeout, and for the last of several attempts after deaths.
    if loss == "timeout" or page.attempts > 1:
        page.scale = LOWER_SCALE
    job.put_back(task.ref, counts_attempt=True)
    return True
