"""Escapes text for GitHub's Markdown, but only where a character would act as markup."""

import re
import unicodedata
from collections.abc import Iterator
from html.entities import html5
from itertools import groupby

_PUNCTUATION = re.escape("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")

_ACTS = re.compile(
    rf"\\(?=[{_PUNCTUATION}]|$)"  # an escape, or a line break
    r"|<(?=[A-Za-z/!?])"  # a tag, a comment, an address
    r"|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);"  # perhaps a character's name
    r"|\](?=\()",  # the middle of a link
    re.MULTILINE,
)
_ACTS_FIRST = re.compile(
    r"^(?:"
    r"(?:#{1,6}|[-+*])(?=\s|$)"  # a heading, an item of a list
    r"|>"  # a quotation
    r"|(?:[-*_][ \t]*){3,}$"  # a line across
    r"|[=-]+[ \t]*$"  # a line under a heading
    r"|`{3}|~{3}"  # code
    r"|\[(?=[^\]]+\]:)"  # a definition, which would not be shown
    r"|(?=[ \t|:]*-)[-|:](?=[ \t|:-]*$)"  # the line under the head of a table
    r"|\d{1,9}(?=[.)](?:\s|$)))",  # an item of a numbered list, of which the dot is escaped
    re.MULTILINE,
)
_RUN = re.compile(r"\*+|_+|~+|`+")


def escaped(text: str) -> str:
    """Return what stands for a text that stands within a line, such as a heading's."""
    return _with_escapes(text, set(_acting(text)))


def escaped_lines(text: str) -> str:
    """Return what stands for a text that begins a line. It may be of several."""
    positions = set(_acting(text))
    for found in _ACTS_FIRST.finditer(text):
        positions.add(found.end() if found[0].isdigit() else found.start())
    return _with_escapes(text, positions)


def escaped_heading(text: str) -> str:
    """Return what stands for the text of a heading."""
    # Number signs at its end would be taken for the end of its markup.
    return re.sub(r"(?<!\S)(?=#+$)", r"\\", escaped(text))


def escaped_cell(text: str) -> str:
    """Return what stands for a text in a table."""
    return escaped(text).replace("|", "\\|")


def _with_escapes(text: str, positions: set[int]) -> str:
    return "".join(
        f"\\{character}" if position in positions else character
        for position, character in enumerate(text)
    )


def _acting(text: str) -> Iterator[int]:
    """Yield the positions of characters that act wherever they are."""
    for found in _ACTS.finditer(text):
        # Of names that look so, only those of HTML stand for a character.
        if found[0][1:2].isalpha() and found[0][1:] not in html5:
            continue
        if found[0] == "]" and "[" not in text[: found.start()]:
            continue
        yield found.start()
    runs = sorted(_RUN.finditer(text), key=lambda run: run[0][0])
    for character, members in groupby(runs, key=lambda run: run[0][0]):
        same = list(members)
        is_paired = _have_equals(same) if character == "`" else _have_pair(text, same)
        if is_paired:
            for run in same:
                yield from range(*run.span())


def _have_equals(runs: list[re.Match[str]]) -> bool:
    """Tell whether two runs are of the same length: what is between them is code."""
    return len({len(run[0]) for run in runs}) < len(runs)


def _have_pair(text: str, runs: list[re.Match[str]]) -> bool:
    """Tell whether one run can begin an emphasis and a later one end it."""
    has_opener = False
    for run in runs:
        opens, closes = _flanks(text, run)
        if has_opener and closes:
            return True
        has_opener |= opens
    return False


def _flanks(text: str, run: re.Match[str]) -> tuple[bool, bool]:
    """Tell whether a run can begin an emphasis, and whether it can end one (CommonMark, 6.2).

    Versions differ in whether a symbol counts as punctuation, so it may do either here.
    """
    before, after = text[run.start() - 1 : run.start()] or " ", text[run.end() :][:1] or " "
    opens = closes = False
    for kinds in ("P", "PS"):
        punctuated = [unicodedata.category(each)[0] in kinds for each in (before, after)]
        left = not after.isspace() and (not punctuated[1] or before.isspace() or punctuated[0])
        right = not before.isspace() and (not punctuated[0] or after.isspace() or punctuated[1])
        if run[0][0] == "_":
            left, right = (
                left and (not right or punctuated[0]),
                right and (not left or punctuated[1]),
            )
        opens, closes = opens or left, closes or right
    return opens, closes
