"""Finds tables in rows of cells: columns that a white gutter parts from top to bottom."""

from collections.abc import Iterable
from dataclasses import dataclass

from ocr_worker.outputs.markdown.rows import Cell, Row

MIN_ROWS = 3
"""Rows of two cells that make a table, unless the last column holds figures: then two do."""

MAX_ROWS = 500
"""Of one table: a longer one is cut, since what is to be looked at grows with their square."""
LOOK_AGAIN = 8
"""After so many rows, what is no table by then is given up."""
MAX_LETTERS = 3
"""Letters in a figure: those of a currency or a unit."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts, one for each column and empty where there is none.

    `header` is None where nothing says that the first row is one. `figures` tells which columns
    hold numbers.
    """

    header: tuple[str, ...] | None
    rows: tuple[tuple[str, ...], ...]
    figures: tuple[bool, ...]


def table_at(rows: list[Row]) -> tuple[int, Table | None]:
    """Return how many rows from the first on are a table, and that; None when they are none."""
    n_rows, columns = 0, list[tuple[float, float]]()
    for row in rows[:MAX_ROWS]:
        if len(row) < 2:
            break
        grown = _columns([*columns, *((cell.start, cell.end) for cell in row)])
        # Rows that were parted before are parted still, unless two columns have become one.
        doubtful = rows[n_rows : n_rows + 1] if _keeps(columns, grown) else rows[: n_rows + 1]
        if any(_overlapping(each, grown) for each in doubtful):
            break
        n_rows, columns = n_rows + 1, grown
        if n_rows % LOOK_AGAIN == 0 and not _is_filled(rows[:n_rows], columns):
            return 0, None
    taken = rows[:n_rows]
    if n_rows < 2 or not _is_filled(taken, columns):
        return 0, None
    cells = [_in_columns(row, columns) for row in taken]
    figures = tuple(_are_figures(row[index] for row in cells[1:]) for index in range(len(columns)))
    if len(columns) == 2 and n_rows < MIN_ROWS and not figures[-1]:
        return 0, None
    header = cells[0] if _is_header(cells[0], figures) else None
    body = cells if header is None else cells[1:]
    return n_rows, Table(header, tuple(body), figures)


def _columns(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the stretches that spans cover together, from start to end."""
    covered: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if covered and start < covered[-1][1]:
            covered[-1] = (covered[-1][0], max(covered[-1][1], end))
        else:
            covered.append((start, end))
    return covered


def _is_filled(rows: list[Row], columns: list[tuple[float, float]]) -> bool:
    """Tell whether at least half of the rows have a cell in every column."""
    return 2 * sum(len(row) == len(columns) for row in rows) >= len(rows)


def _keeps(columns: list[tuple[float, float]], grown: list[tuple[float, float]]) -> bool:
    """Tell whether each of the columns is still one of its own after they have grown."""
    return len({_nearest((start + end) / 2, grown) for start, end in columns}) == len(columns)


def _overlapping(row: Row, columns: list[tuple[float, float]]) -> bool:
    """Tell whether two cells of a row have come into one column."""
    return len({_column_of(cell, columns) for cell in row}) < len(row)


def _column_of(cell: Cell, columns: list[tuple[float, float]]) -> int:
    return _nearest((cell.start + cell.end) / 2, columns)


def _nearest(middle: float, columns: list[tuple[float, float]]) -> int:
    return min(
        range(len(columns)),
        key=lambda index: max(columns[index][0] - middle, middle - columns[index][1]),
    )


def _in_columns(row: Row, columns: list[tuple[float, float]]) -> tuple[str, ...]:
    texts = {_column_of(cell, columns): cell.text for cell in row}
    return tuple(texts.get(index, "") for index in range(len(columns)))


def _are_figures(texts: Iterable[str]) -> bool:
    filled = [text for text in texts if text]
    return bool(filled) and all(_is_figure(text) for text in filled)


def _is_figure(text: str) -> bool:
    """Tell whether a text is an amount, such as 12, -3.50 or 1,240 EUR; a date is none."""
    n_letters = sum(character.isalpha() for character in text)
    return n_letters <= MAX_LETTERS and any(character.isdigit() for character in text)


def _is_header(first: tuple[str, ...], figures: tuple[bool, ...]) -> bool:
    """Tell whether the first row names the columns: words, one of them over figures."""
    if not all(first) or any(character.isdigit() for text in first for character in text):
        return False
    return any(figures)
