"""The second engine: Tesseract in this process, by way of tesserocr, for the scripts of the world.

An extra, `ocr-sidecar[tesseract]`. Its wheel carries the library; the data of the languages comes
from the system or from `--tessdata-dir`. `library` is the one door to it, `results` makes lines of
what was found, `orientation` and `turning` see to pages that do not lie upright, `engine` puts them
together.
"""
