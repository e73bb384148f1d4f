"""The owner over random orders of everything that can happen, against a simple model of jobs.

The supervisor is the real one, between the fakes of `tests/fakes.py`; workers are those of
`worker_model`. After every step `job_model` looks at what the host was told, and at the end
everything has to end.
"""

import sys

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from daemon.config import Config
from daemon.errors import RpcError
from daemon.events import DocumentChecked, OutputsPublished, PathsChecked, WorkerMeasured
from daemon.jobs import DocumentState
from daemon.lifecycle import Phase
from daemon.params import DocumentInfoParams, DocumentParams
from ocr_worker import wire
from tests.fakes import FakeReply, World
from tests.fuzz.job_model import Jobs
from tests.fuzz.worker_model import FAILURES, Worker, Workers

pytestmark = pytest.mark.timeout(600)
LONG_S = 100_000.0

picks = st.integers(0, 20)


class Daemon(RuleBasedStateMachine):
    """A host, a file system and workers that do whatever they could do."""

    @initialize(
        n_slots=st.integers(1, 3),
        on_eof=st.sampled_from(["cancel", "drain"]),
        max_jobs=st.sampled_from([2, 1000]),
        max_worker_pages=st.sampled_from([2, 1000]),
    )
    def begin(self, n_slots, **settings_):
        self.world = World(n_slots, Config(**settings_))
        self.pages_of: dict[str, int] = {}
        self.workers = Workers(self.world, self.pages_of)
        self.asked: list[FakeReply] = []
        self.jobs = Jobs(self.world, self.workers, self.pages_of)
        # Most of what can go wrong needs a page in some hands.
        self.submit([3, 1], ("text",), {"max_attempts": 2})
        self.submit([4], None, {})
        self.life_goes_on()
        self.everything_is_consistent()

    # What the host does.

    @rule(
        pages=st.lists(st.integers(1, 4), min_size=1, max_size=3),
        outputs=st.sampled_from([None, ("text",), ("text", "json")]),
        options=st.fixed_dictionaries(
            {},
            optional={
                "priority": st.sampled_from(["interactive", "normal", "background"]),
                "max_attempts": st.integers(1, 3),
                "job_timeout_s": st.sampled_from([0.5, 50.0]),
                "page_timeout_s": st.sampled_from([0.5, 50.0]),
                "silence_timeout_s": st.just(2.0),
            },
        ),
    )
    def submit(self, pages, outputs, options):
        files = []
        for n_pages in pages:
            files.append(f"/{len(self.pages_of)}.pdf")
            self.pages_of[files[-1]] = n_pages
        try:
            reply = self.world.submit(
                *files,
                outputs=outputs,
                check=False,
                request_id=len(self.asked),
                engine="null",
                **options,
            )
        except RpcError as refusal:
            self._check_refusal(refusal, "shutting_down", "overloaded")
        else:
            assert self.phase is Phase.RUNNING
            self.jobs.asked_for.append((reply, files))
            self.asked.append(reply)

    @rule(n_pages=st.integers(1, 4))
    def describe(self, n_pages):
        file = f"/{len(self.pages_of)}.pdf"
        self.pages_of[file] = n_pages
        params = DocumentInfoParams(document=DocumentParams(path=file))
        self._ask(lambda reply: self.world.supervisor.describe(params, reply, self.world.now))

    @rule()
    def list_engines(self):
        self._ask(lambda reply: self.world.supervisor.list_engines(reply, self.world.now))

    @rule()
    def check_health(self):
        now = self.world.now.monotonic
        self._ask(lambda reply: self.world.supervisor.checkups.check(True, reply, now))

    @rule()
    def tell_hardware(self):
        self._ask(lambda reply: self.world.supervisor.tell_hardware(reply, self.world.now))

    @rule(on_battery=st.booleans(), foreign_load=st.sampled_from([None, 0.0, 1.0, 9.0]))
    def look_at_the_machine(self, on_battery, foreign_load):
        self.world.look(on_battery=on_battery, foreign_load=foreign_load)

    def _ask(self, ask):
        reply = FakeReply(request_id=len(self.asked))
        try:
            ask(reply)
        except RpcError as refusal:
            self._check_refusal(refusal, "shutting_down")
        else:
            self.asked.append(reply)

    def _check_refusal(self, refusal, *kinds):
        assert refusal.kind.name in kinds
        assert self.phase is not Phase.RUNNING or refusal.kind.name != "shutting_down"

    @rule(pick=picks)
    def cancel(self, pick):
        job_id = self._pick(self._known_jobs(), pick)
        if job_id is not None:
            job = self._job(job_id)
            self.world.supervisor.cancel(job, self.world.now)
            states = [document.state for document in job.documents]
            assert job.is_over or DocumentState.PUBLISHING in states, "a cancel is prompt"

    @rule(pick=picks)
    def cancel_request(self, pick):
        if self.asked:
            request_id = self._pick(self.asked, pick).request_id
            self.world.supervisor.cancel_request(request_id, self.world.now)

    @rule(pick=picks)
    def forget(self, pick):
        over = [job_id for job_id in self._known_jobs() if job_id in self.jobs.terminals]
        job_id = self._pick(over, pick)
        if job_id is not None:
            self.world.supervisor.runner.forget(self._job(job_id))
            self.jobs.forgotten.add(job_id)

    @rule(pick=picks)
    def restart(self, pick):
        slot = self._pick(self.world.supervisor.pool.slots, pick)
        self.world.supervisor.restart([slot], self.world.now)

    @rule(bytes_=st.sampled_from([0, 0, 9 * 1024 * 1024]))
    def read_or_stall(self, bytes_):
        self.world.host.backlog_bytes = bytes_
        self.world.supervisor.pump(self.world.now)

    @rule()
    def life_goes_on(self):
        """What happens most of the time: documents are counted and pages begun."""
        while self.world.files.checks:
            self._answer_check(0)
        for worker in self.workers.living:
            self.workers.become_ready(worker)
            if worker.slot == 0:
                self.workers.finish(worker)
        for worker in self.workers.living:
            self.workers.become_ready(worker)
            self.workers.accept(worker)

    # What the file system does.

    @rule(pick=picks, bad=st.sets(st.integers(0, 2)), out=st.booleans())
    @precondition(lambda self: self.world.files.checks)
    def answer_check(self, pick, bad, out):
        self._answer_check(pick, bad, may_write=out)

    def _answer_check(self, pick, bad=frozenset(), *, may_write=True):
        checks = self.world.files.checks
        token, documents = checks.pop(pick % len(checks))
        gone = RpcError("document_not_found", "There is no file of that name.")
        full = None if may_write else RpcError("output_failed", "No.")
        checked = tuple(
            DocumentChecked("", gone) if index in bad else DocumentChecked(document.path)
            for index, document in enumerate(documents)
        )
        self.world.handle(PathsChecked(token, checked, full))

    @rule(pick=picks, fails=st.booleans())
    @precondition(lambda self: self.world.files.publications)
    def publish(self, pick, fails):
        publications = self.world.files.publications
        token, publication = publications.pop(pick % len(publications))
        failure = RpcError("output_failed", "The disk is full.") if fails else None
        outputs = {} if fails else {kind: f"/out/{kind}" for kind in publication.temporary}
        self.world.handle(OutputsPublished(token, outputs, failure))

    # What workers do.

    @rule(pick=picks, succeeds=st.booleans())
    def worker_starts(self, pick, succeeds):
        self._on_worker(pick, lambda one: self.workers.start(one, succeeds=succeeds))

    @rule(pick=picks)
    def worker_becomes_ready(self, pick):
        self._on_worker(pick, self.workers.become_ready)

    @rule()
    def workers_become_ready(self):
        for worker in self.workers.living:
            self.workers.become_ready(worker)

    @rule(pick=picks)
    def worker_accepts(self, pick):
        self._on_worker(pick, self.workers.accept)

    @rule(pick=picks)
    def worker_finishes(self, pick):
        self._on_worker(pick, self.workers.finish)

    @rule()
    def workers_finish(self):
        for worker in self.workers.living:
            self.workers.finish(worker)

    @rule(pick=picks, kind=st.sampled_from(FAILURES))
    def worker_fails(self, pick, kind):
        self._on_worker(pick, lambda one: self.workers.finish(one, kind))

    @rule(pick=picks)
    def worker_stops_as_told(self, pick):
        self._on_worker(pick, self.workers.stop)

    @rule(pick=picks)
    def worker_repeats_itself(self, pick):
        self._on_worker(pick, self.workers.repeat)

    @rule(pick=picks)
    def worker_goes_deaf(self, pick):
        self._on_worker(pick, lambda one: self.world.deaf.add(one.worker_id))

    @rule(pick=picks, code=st.sampled_from([None, 0, 1, wire.WorkerExit.CANNOT_START]))
    def worker_dies(self, pick, code):
        signal = 11 if code is None else None
        self._on_worker(pick, lambda one: self.workers.die(one, code, signal))

    @rule(pick=picks, times=st.integers(1, 4))
    def workers_die_on_their_tasks(self, pick, times):
        """One after the other, as under a page that kills them."""
        for _ in range(times):
            busy = [one for one in self.workers.living if one.task is not None]
            worker = self._pick(busy, pick)
            if worker is not None:
                self.workers.accept(worker)
                self.workers.die(worker, signal=11)
            self.workers_become_ready()

    @rule()
    def ordered_ends_come(self):
        for worker in self.workers.living:
            if worker.is_killed or worker.is_told_to_leave:
                self.workers.die(worker, signal=9)

    @rule(cpu_s=st.sampled_from([0.0, 1e9]), rss_bytes=st.sampled_from([1, 2_000_000_000]))
    @precondition(lambda self: self.world.workers.measured)
    def measure(self, cpu_s, rss_bytes):
        worker_id = self.world.workers.measured.pop(0)
        if not self.workers.all[worker_id].is_gone:
            self.world.handle(WorkerMeasured(worker_id, cpu_s, rss_bytes))

    def _on_worker(self, pick, act):
        busy = [one for one in self.workers.living if one.task is not None]
        # One that has something to do more often than not.
        worker: Worker | None = self._pick(busy * 3 + self.workers.living, pick)
        if worker is not None:
            act(worker)

    # Time, and the way out.

    @rule(seconds=st.sampled_from([0.05, 0.2, 0.3, 1.0, 2.0, 11.0, 61.0, 400.0]))
    def time_passes(self, seconds):
        self.world.advance(seconds)

    @rule()
    def machine_was_asleep(self):
        self.world.seconds += 3600.0
        self.world.supervisor.on_overslept(self.world.now)
        self.world.advance(0.0)

    @rule(how=st.sampled_from(["now", "drain", "exit", "eof", "broken", "signal"]), sure=picks)
    def leave(self, how, sure):
        if sure < 15:
            return  # most runs are to stay for long
        supervisor, now = self.world.supervisor, self.world.now
        match how:
            case "now" | "drain":
                supervisor.shutdown(how, 5.0, now)
            case "exit":
                supervisor.exit(now)
            case "eof" | "broken":
                supervisor.on_host_closed(how == "broken", now)
            case "signal":
                supervisor.leave(143, now)
                supervisor.pool.kill_all()

    # What has to be true after each of these.

    @invariant()
    def everything_is_consistent(self):
        self.workers.obey()
        self.jobs.check()

    # The end.

    def teardown(self):
        if not hasattr(self, "world") or sys.exception() is not None:
            return  # it has failed already, and nothing is to hide why
        self.world.host.backlog_bytes = 0
        self._let_everything_end()
        self.world.supervisor.shutdown("now", 0.0, self.world.now)
        self._let_everything_end()
        assert self.phase is Phase.STOPPED
        assert self.workers.living == []
        timers = self.world.supervisor.deadlines._live
        assert {timer.what for timer in timers} <= {"forget", "check"}
        n_told = len(self.world.host.notifications)
        self.world.advance(LONG_S)
        assert len(self.world.host.notifications) == n_told, "the dead have spoken"
        assert self.world.workers.spawned == []
        assert not timers

    def _let_everything_end(self):
        """Nobody fails any more, and time passes: every job has to come to its end."""
        self.world.deaf.clear()
        for _ in range(200):
            self.ordered_ends_come()
            while self.world.files.checks:
                self._answer_check(0)
            while self.world.files.publications:
                self.publish(0, fails=False)
            for worker in self.workers.living:
                self.workers.become_ready(worker)
                self.workers.finish(worker)
            self.world.advance(0.3)
            self.everything_is_consistent()
            is_over = all(reply.is_settled for reply in self.asked)
            if (
                is_over
                and not self.jobs.n_unfinished
                and self.phase in (Phase.RUNNING, Phase.STOPPED)
            ):
                return
        raise AssertionError("it does not end")

    # Helpers.

    @property
    def phase(self) -> Phase:
        return self.world.supervisor.lifecycle.phase

    def _known_jobs(self):
        return [job.job_id for job in self.world.supervisor.book]

    def _job(self, job_id):
        return self.world.supervisor.book.find(job_id)

    def _pick(self, options, pick):
        return options[pick % len(options)] if options else None


TestDaemon = Daemon.TestCase
# Each try takes some milliseconds, and the states that matter are far from the beginning.
TestDaemon.settings = settings(
    max_examples=2 * settings.default.max_examples, stateful_step_count=40
)
