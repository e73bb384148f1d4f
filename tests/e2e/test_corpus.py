"""Every file of the corpus through the daemon: formats, pages, states and errors as they should be.

The null engine says something on every page, so that `recognized` means that a page was read.
"""

import pytest

from daemon.client import RequestError
from tests.corpus import build
from tests.corpus.entry import NATIVE, READ

READING = {"engine": "null", "rotate": False, "deskew": False, "skip_blank": False}
TALKS = {"OCR_SIDECAR_NULL_ENGINE": '{"text": "seen"}'}
SAMPLE = (
    "png-16-bit.png",
    "png-transparent-palette.png",
    "jpeg-cmyk-plain.jpg",
    "jpeg-ycck.jpg",
    "tiff-group4.tif",
    "tiff-planes-deflate.tif",
    "gif-interlaced.gif",
    "jp2-16-bit.jp2",
    "avif-turned.avif",
    "heic-turned.heic",
    "pdf-image-jbig2.pdf",
    "pdf-image-jpeg-cmyk.pdf",
    "pdf-image-jpx.pdf",
    "pdf-user-unit-scan.pdf",
    "pdf-form.pdf",
)
"""One for each way in which pixels may come out wrong: inverted, faded, turned, too small."""


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    return folder, build(folder)


def document(folder, entry):
    wanted = {"path": str(folder / entry.name)}
    return wanted | ({"password": entry.password} if entry.password else {})


def read_all(client, folder, entries, **options):
    """The pages of each document, as states or kinds of error, and the kinds of failed ones."""
    documents = [document(folder, entry) for entry in entries]
    job_id = client.start(documents, options=options)
    *events, end = client.job_events(job_id, timeout_s=60)
    pages = [{} for _ in entries]
    for event in events:
        if event.method == "job/page":
            page = event.params
            assert page["page"] not in pages[page["document"]]
            pages[page["document"]][page["page"]] = page
    failed = {each["document"]: each["kind"] for each in end.params["failed"]}
    counts = end.params["pages"]
    assert sum(counts.values()) == sum(len(each) for each in pages)
    return pages, failed


def outcome(page):
    return page["error"]["data"]["kind"] if page["state"] == "failed" else page["state"]


@pytest.mark.guarantee("G-8")
@pytest.mark.timeout(240)
def test_every_page_of_the_corpus_ends_as_it_should(spawn_daemon, corpus):
    folder, entries = corpus
    assert len(entries) >= 120
    client = spawn_daemon("--workers", "2", env=TALKS)
    pages, failed = read_all(client, folder, entries, **READING)

    wrong = []
    for number, entry in enumerate(entries):
        found = tuple(outcome(page) for _, page in sorted(pages[number].items()))
        error = None if found else failed.get(number)
        if (found, error) != (entry.pages, entry.error):
            wrong.append(f"{entry.name}: {error or found}, not {entry.error or entry.pages}")
        if entry.is_good and any(
            bool(page.get("warnings")) < entry.warns for page in pages[number].values()
        ):
            wrong.append(f"{entry.name}: warns of nothing")
        text = " ".join(page.get("text", "") for page in pages[number].values())
        if NATIVE in found and not all(word in text for word in entry.words):
            wrong.append(f"{entry.name}: its words are not in {text!r}")
    assert not wrong, "\n".join(wrong)
    assert all(worker["restarts"] == 0 for worker in client.request("worker/list")["workers"])


@pytest.mark.timeout(240)
def test_every_file_of_the_corpus_is_described_as_it_is(spawn_daemon, corpus):
    folder, entries = corpus
    client = spawn_daemon()
    wrong = []
    for entry in entries:
        try:
            about = client.request("document/info", {"document": document(folder, entry)})
        except RequestError as refusal:
            found = (None, 0, refusal.kind, False)
        else:
            found = (about["format"], about["page_count"], None, bool(about["warnings"]))
        expected = (entry.format, len(entry.pages), entry.error, entry.warns)
        if found != expected:
            wrong.append(f"{entry.name}: {found}, not {expected}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(120)
def test_the_engine_finds_the_words_on_every_kind_of_page(spawn_daemon, corpus):
    folder, entries = corpus
    chosen = [entry for entry in entries if entry.name in SAMPLE]
    assert len(chosen) == len(SAMPLE)
    client = spawn_daemon("--workers", "2")
    pages, _ = read_all(client, folder, chosen, engine="rapidocr")

    for number, entry in enumerate(chosen):
        page = pages[number][1]
        assert page["state"] == READ, (entry.name, page)
        for word in entry.words:
            assert word in page["text"].upper(), (entry.name, page["text"])
