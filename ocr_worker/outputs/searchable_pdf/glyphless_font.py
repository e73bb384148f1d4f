"""The font of invisible text: one glyph that shows nothing stands for every character there is.

Each character of the document gets a code of its own as it is first met, and the font's ToUnicode
map says which character that is, so any script works and nothing of a real font is embedded. All
characters are half as wide as high; text is stretched to its place by its horizontal scaling.
"""

import struct
import zlib

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

ADVANCE = 0.5
"""Width of a character, in heights of it."""

_NAME = Name("/OcrSidecarInvisible")
_EM = 1000
_WIDTH = round(ADVANCE * _EM)
_MAX_CODE = 0xFFFF
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_ROWS_OF_A_BLOCK = 100
"""The most that a block of a character map may have."""


class GlyphlessFont:
    """The font of one document: give out codes while its pages are written, then `complete` it.

    `reference` is the font to be named in the resources of pages.
    """

    def __init__(self, pdf: Pdf) -> None:
        self._pdf = pdf
        self._codes: dict[str, int] = {}
        self.reference = pdf.make_indirect(
            Dictionary(
                Type=Name.Font, Subtype=Name.Type0, BaseFont=_NAME, Encoding=Name("/Identity-H")
            )
        )

    def encode(self, text: str) -> str:
        """Return the text as the digits of a hexadecimal string, four a character."""
        return "".join(f"{self._code_of(character):04X}" for character in text)

    def _code_of(self, character: str) -> int:
        code = self._codes.get(character)
        if code is None:
            # Code 0 is no character; the last one is left for all that come too late.
            if len(self._codes) >= _MAX_CODE - 1:
                character = _REPLACEMENT
            code = self._codes.setdefault(character, len(self._codes) + 1)
        return code

    def complete(self) -> None:
        """Give the font what it needs to be read: its program, widths and the map to Unicode."""
        program = font_program()
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=_NAME,
            Flags=4 | 1,  # symbolic, of one pitch
            FontBBox=Array([0, 0, _WIDTH, _EM]),
            ItalicAngle=0,
            Ascent=_EM,
            Descent=-1,  # the standard wants it negative
            CapHeight=_EM,
            StemV=80,
            FontFile2=flate_stream(self._pdf, program, Length1=len(program)),
        )
        glyph_of_codes = b"\0\0" + b"\0\1" * len(self._codes)
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=_NAME,
            CIDSystemInfo=Dictionary(
                Registry=pikepdf.String("Adobe"),
                Ordering=pikepdf.String("Identity"),
                Supplement=0,
            ),
            FontDescriptor=self._pdf.make_indirect(descriptor),
            DW=_WIDTH,
            CIDToGIDMap=flate_stream(self._pdf, glyph_of_codes),
        )
        self.reference.DescendantFonts = Array([self._pdf.make_indirect(descendant)])
        self.reference.ToUnicode = flate_stream(self._pdf, _unicode_map(self._codes))


def flate_stream(pdf: Pdf, content: bytes, **entries: object) -> Stream:
    """Return a new stream of the document, compressed; `entries` are those of its dictionary."""
    return Stream(pdf, zlib.compress(content), Filter=Name.FlateDecode, **entries)


def font_program() -> bytes:
    """Return a TrueType font of the tables that PDF asks for: no character, and any character.

    The latter is a line there and back, which encloses nothing to be filled, from the bottom left
    of the character to its top right: what a viewer marks is the box round that.
    """
    glyph = struct.pack(">hhhhh", 1, 0, 0, _WIDTH, _EM)
    glyph += struct.pack(">HHBB", 1, 0, 1, 1)  # the last point, no instructions, both on the curve
    glyph += struct.pack(">hhhh", 0, _WIDTH, 0, _EM)  # steps across, then up
    head = struct.pack(
        ">IIIIHHQQhhhhHHhhh",
        *(0x00010000, 0x00010000, 0, 0x5F0F3CF5),  # versions, no checksum yet, the magic number
        *(0, _EM, 0, 0),  # no flags, units, made and changed at no time
        *(0, 0, _WIDTH, _EM),  # the box round all glyphs
        *(0, 8, 2, 0, 0),  # style, least legible size, direction, offsets in 16 bits, glyphs
    )
    hhea = struct.pack(
        ">IhhhHhhhhhhhhhhhH",
        *(0x00010000, _EM, -1, 0, _WIDTH, 0, 0, _WIDTH),
        *(1, 0, 0, 0, 0, 0, 0, 0, 2),  # an upright caret, reserved, a width for each glyph
    )
    tables = {
        b"glyf": glyph + bytes(-len(glyph) % 4),
        b"head": head,
        b"hhea": hhea,
        b"hmtx": struct.pack(">HhHh", _WIDTH, 0, _WIDTH, 0),
        b"loca": struct.pack(">HHH", 0, 0, len(glyph) // 2),
        b"maxp": struct.pack(">IH13H", 0x00010000, 2, 2, 1, 0, 0, 1, *[0] * 8),
    }
    n_tables = len(tables)
    # What a binary search over the tables would begin with: 4 is the power of two below 6.
    directory = struct.pack(">IHHHH", 0x00010000, n_tables, 4 * 16, 2, (n_tables - 4) * 16)
    offset = len(directory) + 16 * n_tables
    body = b""
    for tag, table in tables.items():
        directory += tag + struct.pack(">III", _checksum(table), offset + len(body), len(table))
        body += table + bytes(-len(table) % 4)
    program = directory + body
    adjustment = program.index(head) + 8
    whole = struct.pack(">I", (0xB1B0AFBA - _checksum(program)) & 0xFFFFFFFF)
    return program[:adjustment] + whole + program[adjustment + 4 :]


def _checksum(table: bytes) -> int:
    padded = table + bytes(-len(table) % 4)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF


def _unicode_map(codes: dict[str, int]) -> bytes:
    """Return the character map that says which characters the codes are."""
    rows = [f"<{code:04X}> <{_utf16(character)}>" for character, code in codes.items()]
    blocks = [
        "\n".join((f"{len(block)} beginbfchar", *block, "endbfchar"))
        for block in (
            rows[start : start + _ROWS_OF_A_BLOCK]
            for start in range(0, len(rows), _ROWS_OF_A_BLOCK)
        )
    ]
    return "\n".join(
        (
            "/CIDInit /ProcSet findresource begin",
            "12 dict begin",
            "begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def",
            "/CMapType 2 def",
            "1 begincodespacerange",
            "<0000> <FFFF>",
            "endcodespacerange",
            *blocks,
            "endcmap",
            "CMapName currentdict /CMap defineresource pop",
            "end",
            "end",
            "",
        )
    ).encode("ascii")


def _utf16(character: str) -> str:
    return character.encode("utf-16-be", "replace").hex().upper()
