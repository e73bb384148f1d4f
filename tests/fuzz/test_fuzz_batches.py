"""Batches whose members are answered late and in any order, against what a host may rely on."""

import json
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from daemon.clock import Moment
from daemon.dispatch import Call, Dispatcher, Method
from daemon.errors import RpcError
from daemon.messages import Empty, JobAccepted
from daemon.outbox import Outbox
from daemon.params import JobParams, NoParams

NOW = Moment(0.0, 0.0)
METHODS = ("now", "later", "start", "refuse", "bug", "no/such")


class Host(RuleBasedStateMachine):
    """Sends single requests and batches; handlers answer when they are told to."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(str)
        self.pending: list[tuple[str, Call]] = []
        self.open: dict[int, set[int] | int] = {}
        """What each line that was sent is still owed: the ids of a batch, or the one id."""
        self.answered: set[int] = set()
        self.named: set[str] = set()
        self.running: list[str] = []
        self.n_ids = self.n_jobs = 0
        self.dispatcher = Dispatcher(
            {
                "now": Method(NoParams, Empty, lambda params, call: Empty()),
                "later": Method(NoParams, Empty, self._keep("later")),
                "start": Method(NoParams, JobAccepted, self._keep("start")),
                "refuse": Method(NoParams, Empty, self._refuse),
                "bug": Method(NoParams, Empty, lambda params, call: 1 / 0),
            },
            self.outbox,
            max_batch=10,
            max_line_bytes=10_000,
        )

    def _keep(self, name: str) -> Any:
        return lambda params, call: self.pending.append((name, call))

    def _refuse(self, params: NoParams, call: Call) -> None:
        raise RpcError("job_not_found", "No.")

    def _request(self, method: str, *, has_id: bool) -> dict[str, Any]:
        request: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if has_id:
            self.n_ids += 1
            request["id"] = self.n_ids
        return request

    def _send(self, message: Any) -> None:
        self.dispatcher.handle(json.dumps(message).encode(), NOW)

    @rule(method=st.sampled_from(METHODS), has_id=st.booleans())
    def ask(self, method, has_id):
        request = self._request(method, has_id=has_id)
        if has_id:
            self.open[request["id"]] = request["id"]
        self._send(request)

    @rule(
        members=st.lists(
            st.tuples(st.sampled_from(METHODS), st.booleans()), min_size=1, max_size=10
        )
    )
    def ask_for_several(self, members):
        batch = [self._request(method, has_id=has_id) for method, has_id in members]
        owed = {one["id"] for one in batch if "id" in one}
        if owed:
            self.open[min(owed)] = owed
        self._send(batch)

    @rule(pick=st.integers(0, 20), fails=st.booleans(), tells=st.booleans())
    @precondition(lambda self: self.pending)
    def answer(self, pick, fails, tells):
        name, call = self.pending.pop(pick % len(self.pending))
        if fails:
            call.reply.fail(RpcError("cancelled", "No."))
        elif name == "later":
            call.reply.succeed(Empty())
        else:
            self.n_jobs += 1
            job_id = f"job-{self.n_jobs}"
            is_wanted = call.reply.is_wanted
            call.reply.succeed(JobAccepted(job_id=job_id))
            if is_wanted:
                self.running.append(job_id)
        if tells:
            self.tell(pick)

    @rule(pick=st.integers(0, 20))
    @precondition(lambda self: self.running)
    def tell(self, pick):
        if self.running:
            job_id = self.running[pick % len(self.running)]
            self.outbox.notify("job/page", JobParams(job_id=job_id))

    @invariant()
    def lines_are_right(self):
        while lines := self.outbox.next_chunk():
            for line in lines:
                message = json.loads(line)
                if isinstance(message, dict) and "method" in message:
                    job_id = message["params"]["job_id"]
                    assert job_id in self.named, "told of before the line that names it"
                else:
                    self._read_answer(message)

    def _read_answer(self, message):
        responses = message if isinstance(message, list) else [message]
        ids = {one["id"] for one in responses}
        assert len(ids) == len(responses)
        assert not ids & self.answered, "answered twice"
        assert self.open.pop(min(ids)) == (ids if isinstance(message, list) else min(ids))
        self.answered |= ids
        for one in responses:
            if "job_id" in one.get("result", ()):
                self.named.add(one["result"]["job_id"])

    def teardown(self):
        while self.pending:
            self.answer(0, fails=False, tells=True)
        self.lines_are_right()
        assert self.open == {}, "a line was never answered"
        assert self.named == set(self.running)
        assert self.outbox.n_notifications == 0, "held back for ever"


TestHost = Host.TestCase
TestHost.settings = settings(stateful_step_count=30)
