"""One scan through the daemon with every kind of output at once, read by the real engine."""

import json
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from daemon import params
from tests.alto_rules import ALTO, check_alto
from tests.hocr_rules import check_hocr

ROOT = Path(__file__).parent.parent.parent
SAMPLE = ROOT / "samples" / "scan.pdf"
NAMES = {
    "text": "scan.txt",
    "json": "scan.json",
    "hocr": "scan.hocr",
    "alto": "scan.alto.xml",
    "markdown": "scan.md",
}


@pytest.mark.timeout(150)  # three pages by the real engine, beside whatever else runs
def test_every_output_is_valid_and_says_the_same(spawn_daemon, tmp_path):
    client = spawn_daemon("--workers", "1")
    kinds = [kind for kind in get_args(params.OutputKind) if kind in NAMES]
    start = {
        "document": {"path": str(SAMPLE)},
        "output_dir": str(tmp_path / "out"),
        "outputs": kinds,
    }

    job_id = client.request("ocr/start", start)["job_id"]
    terminal = list(client.job_events(job_id, timeout_s=120))[-1].params

    (document,) = terminal["successful"]
    assert document["outputs"] == {kind: str(tmp_path / "out" / NAMES[kind]) for kind in kinds}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(NAMES.values())
    files = {kind: Path(path).read_bytes() for kind, path in document["outputs"].items()}

    content = json.loads(files["json"])
    schema = json.loads((ROOT / "schema" / "output.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(content)
    words = [
        word["text"]
        for page in content["pages"]
        for line in page["lines"]
        for word in line["words"]
    ]
    assert len(words) > 400

    hocr_pages = check_hocr(files["hocr"])
    hocr_words = [
        each.text for page in hocr_pages for each in page.iter() if each.get("class") == "ocrx_word"
    ]
    alto_pages = check_alto(files["alto"])
    alto_words = [each.get("CONTENT") for page in alto_pages for each in page.iter(f"{ALTO}String")]
    assert len(hocr_pages) == len(alto_pages) == 3
    assert hocr_words == words
    assert alto_words == words

    markdown = files["markdown"].decode()
    assert [line for line in markdown.splitlines() if line.startswith("<!--")] == [
        "<!-- page 1 -->",
        "<!-- page 2 -->",
        "<!-- page 3 -->",
    ]
    assert "\n# What Paper Remembers\n" in markdown
    assert "| 2 | Bound ledgers, by hand | 386 | 0.45 | 173.70 |\n" in markdown
    assert "Ours stood under a staircase for thirty years and held letters" in markdown
    text = files["text"].decode()
    assert sorted(set(markdown.split()) & set(words)) == sorted(set(text.split()) & set(words))
