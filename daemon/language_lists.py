"""Which languages can be read here and now, made of what a worker tells of its engines; pure.

What an engine could read is in `ocr_worker.languages`; what it can read on this machine only a
worker knows, so questions for languages are asked of one, as `engine/list` is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from daemon.errors import RpcError
from daemon.messages import EngineListResult, LanguageInfo, LanguageListResult
from daemon.params import Struct
from daemon.ports import Reply
from ocr_worker.languages import LANGUAGES

Readers = Mapping[str, tuple[str, ...]]
"""The engines that can read a language here, by its code; every language has an entry."""


@dataclass(frozen=True, slots=True)
class LanguageReply:
    """Stands for a host's reply while a worker is asked for its engines; takes what it answers."""

    reply: Reply
    to_result: Callable[[Readers], Struct]
    """Makes the host's answer."""

    @property
    def request_id(self) -> str | int | float | None:
        """The request's id as the host gave it."""
        return self.reply.request_id

    def succeed(self, result: Struct) -> None:
        """Answer the host with what the engines tell of languages."""
        assert isinstance(result, EngineListResult)
        self.reply.succeed(self.to_result(readers(result)))

    def fail(self, error: RpcError) -> None:
        """Answer the host with an error."""
        self.reply.fail(error)


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
