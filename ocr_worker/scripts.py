"""What is to be known of scripts to cut text into words and to put it together again."""

import unicodedata


def is_word_by_itself(character: str) -> bool:
    """Tell whether the script of a character writes words without spaces between them.

    Ideographs and kana, with the punctuation and full-width forms that go with them; not hangul.
    """
    code = ord(character)
    return (
        0x2E80 <= code <= 0x30FF  # radicals, CJK punctuation, hiragana, katakana
        or 0x31C0 <= code <= 0x31FF  # strokes, katakana extensions
        or 0x3400 <= code <= 0x9FFF  # ideographs and extension A
        or 0xF900 <= code <= 0xFAFF  # compatibility ideographs
        or 0xFF00 <= code <= 0xFFEF  # full-width and half-width forms
        or 0x20000 <= code <= 0x3FFFF  # further ideographs
    )


def is_right_to_left(text: str) -> bool:
    """Tell whether the first letter of a text that has a direction is read leftwards."""
    return _first_direction(text) in ("R", "AL")


def is_left_to_right(text: str) -> bool:
    """Tell whether that letter is read rightwards; a number is neither."""
    return _first_direction(text) == "L"


def _first_direction(text: str) -> str | None:
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("R", "AL", "L"):
            return direction
    return None
