"""What the hOCR 1.2 specification demands of a file, and what its readers rely on besides.

`hocr-spec`, the validator on PyPI, knows version 1.1 only, and no engine-specific property.
"""

import re
from xml.etree import ElementTree

HTML = "{http://www.w3.org/1999/xhtml}"

_UINT, _INT, _FLOAT = r"\d+", r"-?\d+", r"-?\d+(\.\d+)?"
_STRING = r'"[^"]*"'
PROPERTIES = {
    "baseline": f"{_FLOAT} {_INT}",
    "bbox": " ".join([_UINT] * 4),
    "image": _STRING,
    "ppageno": _UINT,
    "scan_res": f"{_UINT} {_UINT}",
    "textangle": _FLOAT,
    "x_wconf": _FLOAT,
    "x_size": _FLOAT,  # Tesseract's, by the rule that an engine's own begin with x_
}
REQUIRED = {
    "ocr_page": {"bbox", "image", "ppageno", "scan_res"},
    "ocr_carea": {"bbox"},
    "ocr_par": set(),
    "ocr_line": {"bbox", "baseline", "x_size"},
    "ocrx_word": {"bbox", "x_wconf"},
}
NESTING = list(REQUIRED)
METADATA = {"ocr-system", "ocr-capabilities", "ocr-number-of-pages", "ocr-langs", "ocr-scripts"}


def properties_of(element):
    """Return the properties in a title as text by name; each must be known and well-formed."""
    found = {}
    for each in re.split(r"; ", element.get("title")):
        name, _, value = each.partition(" ")
        assert re.fullmatch(PROPERTIES[name], value, re.ASCII), each
        assert name not in found, element.get("title")
        found[name] = value
    return found


def box_of(element):
    return tuple(int(number) for number in properties_of(element)["bbox"].split())


def check_hocr(content):
    """Return the `ocr_page` elements of a file that keeps the rules."""
    root = ElementTree.fromstring(content)
    assert root.tag == f"{HTML}html"
    assert [child.tag for child in root] == [f"{HTML}head", f"{HTML}body"]
    head = root.find(f"{HTML}head")
    assert {each.tag for each in head} == {f"{HTML}title", f"{HTML}meta"}
    assert not [each for each in head if len(each)]
    fields = [each for each in head if each.get("name") is not None]
    meta = {each.get("name"): each.get("content") for each in fields}
    assert set(meta) == METADATA
    assert len(meta) == len(fields), "each once"
    assert all(meta.values())
    body = root.find(f"{HTML}body")
    pages = list(body)
    assert [page.get("class") for page in pages] == ["ocr_page"] * len(pages)
    assert pages, "a file has one page at least"
    assert int(meta["ocr-number-of-pages"]) == len(pages)

    marked = [each for each in root.iter() if each.get("class") is not None]
    identifiers = [each.get("id") for each in marked]
    assert len(set(identifiers)) == len(identifiers)
    assert all(re.fullmatch(r"\S+", each) for each in identifiers)
    capabilities = set(meta["ocr-capabilities"].split())
    assert {each.get("class") for each in marked} <= capabilities
    assert "ocrp_dir" in capabilities or not [each for each in marked if each.get("dir")]
    assert "ocrp_lang" in capabilities or not [each for each in marked if each.get("lang")]
    physical = [int(properties_of(page)["ppageno"]) for page in pages]
    assert physical == sorted(set(physical))
    for page in pages:
        assert box_of(page)[:2] == (0, 0)
        assert "/" not in properties_of(page)["image"]
        assert "\\" not in properties_of(page)["image"]
        _check_inside(page)
    return pages


def _check_inside(element):
    kind = element.get("class")
    properties = properties_of(element)
    assert REQUIRED[kind] <= properties.keys(), element.attrib
    left, top, right, bottom = box_of(element)
    assert left < right
    assert top < bottom
    if kind == "ocrx_word":
        assert 0 <= float(properties["x_wconf"]) <= 100
        assert len(element) == 0
        assert element.text.strip()
        return
    for child in element:
        assert NESTING.index(child.get("class")) == NESTING.index(kind) + 1
        inner = box_of(child)
        assert left <= inner[0]
        assert top <= inner[1]
        assert inner[2] <= right
        assert inner[3] <= bottom
        _check_inside(child)
