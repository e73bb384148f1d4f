"""Which engine a job goes to by its languages, and what hosts are told of languages."""

from functools import partial

import pytest

from daemon.admission import judge
from daemon.config import Config
from daemon.errors import RpcError
from daemon.language_lists import LanguageReply, language_list, readers
from daemon.messages import EngineListResult
from daemon.params import DocumentParams, OcrOptions
from ocr_worker import wire
from ocr_worker.languages import LANGUAGES
from tests.fakes import FakeReply

LISTED = EngineListResult(
    engines=(
        wire.EngineInfo(name="rapidocr", version="", available=False, languages=("en", "fr")),
        wire.EngineInfo(name="tesseract", version="1", available=True, languages=("en", "xx")),
        wire.EngineInfo(name="null", version="1", available=True),
    )
)


def engine_of(*tags, engine="auto"):
    documents = [DocumentParams(path="/a.pdf")]
    options = OcrOptions(engine=engine, languages=tags)
    return judge(documents, None, None, options, is_batch=False, config=Config()).engine


@pytest.mark.parametrize(
    ("tags", "engine"),
    [
        (("en",), "rapidocr"),
        (("deu", "zh-CN"), "rapidocr"),
        (("ru",), "tesseract"),
        (("en", "rus"), "tesseract"),
        (("sr-Latn",), "rapidocr"),
        (("sr",), "tesseract"),
    ],
)
def test_auto_is_the_preferred_engine_that_reads_all_languages(tags, engine):
    assert engine_of(*tags) == engine


@pytest.mark.parametrize("engine", ["tesseract", "rapidocr", "null"])
def test_an_engine_that_is_named_is_taken(engine):
    assert engine_of("en", "de", engine=engine) == engine


def test_the_null_engine_takes_languages_that_no_one_engine_reads():
    assert engine_of("rm", "ru", engine="null") == "null"


@pytest.mark.parametrize(
    ("tags", "engine", "language"),
    [
        (("tlh",), "auto", "tlh"),
        (("en", "tlh"), "null", "tlh"),
        (("en", "ru"), "rapidocr", "ru"),
        (("en", "rm"), "tesseract", "rm"),
        (("rm", "ru"), "auto", "ru"),
    ],
)
def test_a_language_that_the_engine_does_not_read_is_refused_by_its_name(tags, engine, language):
    with pytest.raises(RpcError) as refusal:
        engine_of(*tags, engine=engine)

    assert refusal.value.kind.name == "language_unavailable"
    assert refusal.value.data == {"language": language, "engine": engine}


def test_only_what_an_available_engine_reads_counts():
    read_by = readers(LISTED)

    assert read_by.keys() == {language.code for language in LANGUAGES}
    assert {code for code, engines in read_by.items() if engines} == {"en"}
    assert read_by["en"] == ("tesseract",)


def test_every_language_is_listed_and_one_engines_are_those_it_reads():
    every = language_list(readers(LISTED), None).languages
    of_tesseract = language_list(readers(LISTED), "tesseract").languages

    assert [row.code for row in every] == [language.code for language in LANGUAGES]
    assert [(row.code, row.script, row.engines) for row in of_tesseract] == [
        ("en", "Latn", ("tesseract",))
    ]
    assert language_list(readers(LISTED), "null").languages == ()


def test_a_hosts_reply_waits_for_the_engines_and_takes_their_error():
    answered, refused = FakeReply(request_id=7), FakeReply(request_id=8)
    to_result = partial(language_list, engine="tesseract")

    LanguageReply(answered, to_result).succeed(LISTED)
    LanguageReply(refused, to_result).fail(RpcError("cancelled", "No."))

    assert LanguageReply(answered, to_result).request_id == 7
    assert [row.code for row in answered.result.languages] == ["en"]
    assert refused.error.kind.name == "cancelled"
