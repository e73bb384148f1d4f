"""Which languages can be read here and now, made of what a worker tells of its engines; pure.

What an engine could read is in `ocr_worker.languages`; what it can read on this machine only a
worker knows, so questions for languages are asked of one, as `engine/list` is.
"""

from collections.abc import Callable, Mapping

from daemon.errors import RpcError
from daemon.messages import EngineListResult, LanguageInfo, LanguageListResult
from daemon.params import Struct
from daemon.ports import Reply
from ocr_worker.languages import LANGUAGES

Readers = Mapping[str, tuple[str, ...]]
"""The engines that can read a language here, by its code; every language has an entry."""


class LanguageReply:
    """Stands for a host's reply while a worker is asked for its engines.

    `to_result` makes the host's answer of what can be read.
    """

    def __init__(self, reply: Reply, to_result: Callable[[Readers], Struct]) -> None:
        self._reply = reply
        self._to_result = to_result
        self.request_id = reply.request_id
        """The request's id as the host gave it."""

    def succeed(self, result: Struct) -> None:
        """Answer the host with what the engines tell of languages."""
        assert isinstance(result, EngineListResult)
        self._reply.succeed(self._to_result(readers(result)))

    def fail(self, error: RpcError) -> None:
        """Answer the host with an error."""
        self._reply.fail(error)


def readers(listed: EngineListResult) -> Readers:
    """Return who reads what; an engine that is not available reads nothing."""
    able = {one.name: frozenset(one.languages) for one in listed.engines if one.available}
    return {
        language.code: tuple(name for name in able if language.code in able[name])
        for language in LANGUAGES
    }


def language_list(read_by: Readers, engine: str | None) -> LanguageListResult:
    """Return every language, or those that one engine can read."""
    rows = (
        LanguageInfo(
            code=language.code,
            name=language.name,
            script=language.script,
            engines=read_by[language.code],
        )
        for language in LANGUAGES
    )
    return LanguageListResult(
        languages=tuple(row for row in rows if engine is None or engine in row.engines)
    )
