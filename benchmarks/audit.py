"""The books of a host that trusts nothing: what was promised, what was told, what is wrong."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TERMINALS = ("job/result", "job/error")


@dataclass
class Account:
    """One accepted job: how many pages it may have, and what was told of it."""

    page_counts: list[int]
    output_dir: Path | None
    told: Counter[tuple[int, int]] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    terminal: dict[str, Any] | None = None
    faults: list[str] = field(default_factory=list)


class Audit:
    """Accounts by job id. Each notification is entered; `faults` is what does not add up."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.n_pages = 0

    @property
    def open_jobs(self) -> list[str]:
        return [job_id for job_id, account in self.accounts.items() if account.terminal is None]

    def accept(self, job_id: str, page_counts: list[int], output_dir: Path | None) -> None:
        self.accounts[job_id] = Account(page_counts, output_dir)

    def enter(self, method: str, params: dict[str, Any]) -> None:
        """Take a notification in; those of no job are none of our business."""
        job_id = params.get("job_id")
        if job_id is None:
            return
        account = self.accounts.get(job_id)
        if account is None:
            raise AssertionError(f"{method} of a job that was not accepted yet")
        if account.terminal is not None:
            account.faults.append(f"{method} after the terminal")
        elif method == "job/page":
            self.n_pages += 1
            account.told[params["document"], params["page"]] += 1
            account.states[params["state"]] += 1
        elif method in TERMINALS:
            account.terminal = params
            account.faults += _faults_of(account, params)

    def faults(self) -> dict[str, list[str]]:
        """Return, by kind of promise, what was broken."""
        return {
            "every job ended exactly once": [
                f"job {job_id} never ended" for job_id in self.open_jobs
            ],
            "every page told once and counted": [
                f"job {job_id}: {fault}"
                for job_id, account in self.accounts.items()
                for fault in account.faults
            ],
            "files whole or absent": [
                fault for account in self.accounts.values() for fault in _file_faults(account)
            ],
        }


def _faults_of(account: Account, terminal: dict[str, Any]) -> list[str]:
    faults = [f"page {place} told {n} times" for place, n in account.told.items() if n > 1]
    counts, asked = terminal["pages"], sum(account.page_counts)
    if terminal["state"] != "cancelled" and sum(counts.values()) != asked:
        faults.append(f"{sum(counts.values())} pages counted of {asked}")
    for state, n in account.states.items():
        if counts[state] < n:
            faults.append(f"{n} pages told as {state}, {counts[state]} counted")
    untried = sum(counts.values()) - sum(account.told.values())
    free = counts["cancelled"] + sum(page["attempts"] == 0 for page in terminal["failed_pages"])
    if not 0 <= untried <= free:
        faults.append(f"{untried} pages were never told")
    return faults


def _file_faults(account: Account) -> list[str]:
    if account.output_dir is None or account.terminal is None:
        return []
    found = {path.name: path.read_text() for path in account.output_dir.iterdir()}
    faults = [f"{name} was left" for name in found if name.endswith(".tmp")]
    promised = {
        Path(path).name: document["pages"]
        for document in account.terminal["successful"]
        for path in document["outputs"].values()
    }
    faults += [f"{name} is missing" for name in promised if name not in found]
    faults += [f"{name} was not promised" for name in found if name not in promised]
    faults += [
        f"{name} has {found[name].count(chr(12)) + 1} pages of {n_pages}"
        for name, n_pages in promised.items()
        if name in found and found[name].count(chr(12)) + 1 != n_pages
    ]
    return faults
