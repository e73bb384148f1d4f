"""What the schema of ALTO 4.4 demands of the elements that we write, and that boxes be nested.

Written down from the schema itself (https://www.loc.gov/standards/alto/v4/alto-4-4.xsd): which
children an element has and in what order, which attributes, and of what type.
"""

import re
from xml.etree import ElementTree

ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"

CHILDREN = {
    "alto": r"(Description )?(Styles )?(Tags )?(ReadingOrder )?Layout ",
    "Description": r"MeasurementUnit (sourceImageInformation )?(OCRProcessing )*(Processing )*",
    "sourceImageInformation": r"(fileName )?(fileIdentifier )*(documentIdentifier )*",
    "Processing": (
        r"(processingCategory )?(processingDateTime )?(processingAgency )?"
        r"(processingStepDescription )*(processingStepSettings )?(processingSoftware )?"
    ),
    "processingSoftware": (
        r"(softwareCreator )?(softwareName )?(softwareVersion )?(applicationDescription )?"
    ),
    "Layout": r"(Page )+",
    "Page": r"(TopMargin )?(LeftMargin )?(RightMargin )?(BottomMargin )?(PrintSpace )?",
    "PrintSpace": r"(Shape )?((TextBlock|Illustration|GraphicalElement|ComposedBlock) )*",
    "TextBlock": r"(Shape )?(TextLine )*",
    "TextLine": r"(Shape )?(String (SP )?)+(HYP )?",
    "String": r"((Shape )?(ALTERNATIVE )*(Glyph )*)?",
    "SP": "",
}
"""The names of an element's children, each with a space behind it."""

CONTENT = {
    "MeasurementUnit": r"pixel|mm10|inch1200",
    "processingCategory": (
        r"(contentGeneration|contentModification|preOperation|postOperation|other)"
    ),
    "fileName": r".*",
    "processingStepDescription": r".*",
    "processingStepSettings": r".*",
    "softwareName": r".*",
    "softwareVersion": r".*",
}
"""What elements without children hold."""

_ID = r"[A-Za-z_][\w.-]*"
_FLOAT = r"[+-]?(\d+(\.\d*)?|\.\d+)([Ee][+-]?\d+)?"
_DIRECTION = r"ltr|rtl|ttb|btt"
_BOX = dict.fromkeys(("HPOS", "VPOS", "WIDTH", "HEIGHT"), _FLOAT)

ATTRIBUTES = {
    "alto": {"SCHEMAVERSION": r"4\.4", f"{XSI}schemaLocation": r"\S+ \S+"},
    "Processing": {"ID": _ID},
    "Page": {
        "ID": _ID,
        "PAGECLASS": r".*",
        "PROCESSINGREFS": rf"{_ID}( {_ID})*",
        "WIDTH": _FLOAT,
        "HEIGHT": _FLOAT,
        "PHYSICAL_IMG_NR": _FLOAT,
        "PC": _FLOAT,
    },
    "PrintSpace": _BOX,
    "TextBlock": {"ID": _ID, **_BOX, "ROTATION": _FLOAT, "BASEDIRECTION": _DIRECTION},
    "TextLine": {
        "ID": _ID,
        **_BOX,
        "BASELINE": r"-?\d+,-?\d+( -?\d+,-?\d+)+",
        "BASEDIRECTION": _DIRECTION,
    },
    "String": {"ID": _ID, **_BOX, "CONTENT": r".+", "WC": _FLOAT},
    "SP": _BOX,
}
REQUIRED = {
    "Processing": {"ID"},
    "Page": {"ID", "PHYSICAL_IMG_NR"},
    "TextBlock": {"ID"},
    "String": {"CONTENT"},
}


def check_alto(content):
    """Return the `Page` elements of a file that keeps the rules."""
    root = ElementTree.fromstring(content)
    assert root.tag == f"{ALTO}alto"
    for element in root.iter():
        _check_element(element)
    identifiers = [each.get("ID") for each in root.iter() if each.get("ID") is not None]
    assert len(set(identifiers)) == len(identifiers)
    processes = {each.get("ID") for each in root.iter(f"{ALTO}Processing")}
    pages = root.findall(f"{ALTO}Layout/{ALTO}Page")
    for page in pages:
        assert set(page.get("PROCESSINGREFS").split()) <= processes
        size = (0.0, 0.0, float(page.get("WIDTH")), float(page.get("HEIGHT")))
        for child in page:
            _check_inside(child, size)
    return pages


def name_of(element):
    assert element.tag.startswith(ALTO)
    return element.tag.removeprefix(ALTO)


def box_of(element):
    """Return left, top, right and bottom."""
    left, top, width, height = (
        float(element.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT")
    )
    return left, top, left + width, top + height


def _check_element(element):
    name = name_of(element)
    attributes = ATTRIBUTES.get(name, {})
    assert REQUIRED.get(name, set()) <= set(element.attrib), element.attrib
    for each, value in element.attrib.items():
        assert re.fullmatch(attributes[each], value, re.ASCII), (name, each, value)
        assert each not in ("PC", "WC") or 0 <= float(value) <= 1
    if name in CONTENT:
        assert len(element) == 0
        assert re.fullmatch(CONTENT[name], element.text or ""), (name, element.text)
    else:
        children = "".join(f"{name_of(child)} " for child in element)
        assert re.fullmatch(CHILDREN[name], children), (name, children)
        assert not (element.text or "").strip()
        assert CHILDREN[name] or not element.text, name
    assert not (element.tail or "").strip()


def _check_inside(element, outer):
    if element.get("HPOS") is None:
        assert name_of(element) == "SP"
        return
    left, top, right, bottom = box_of(element)
    assert outer[0] <= left < right <= outer[2]
    assert outer[1] <= top < bottom <= outer[3]
    for child in element:
        _check_inside(child, (left, top, right, bottom))
