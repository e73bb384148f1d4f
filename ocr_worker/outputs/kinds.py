"""The kinds of output there are and the suffixes of their files; the standard library only."""

SUFFIXES = {
    "text": ".txt",
    "json": ".json",
    "hocr": ".hocr",
    "alto": ".alto.xml",
    "markdown": ".md",
    "searchable_pdf": ".ocr.pdf",
}
"""Kind of output to the suffix of its file. The daemon names files by it."""
