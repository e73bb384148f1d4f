"""Make `scan.pdf`, three pages that look scanned, and `scan.txt`, the text printed on them.

Run as `python samples/make_sample.py [folder]`. Needs Pillow and numpy only: the font is the one
Pillow carries, lines break by characters and the seed is fixed, so the text is the same anywhere
and the pixels differ by no more than the installed FreeType and JPEG libraries do.
"""

import sys
import textwrap
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

DPI = 200
WIDTH, HEIGHT = 1654, 2339  # A4
MARGIN = 150
INK = 38
PAGE_BREAK = "\f"

Field = NDArray[np.float32]

TITLE = "What Paper Remembers"
SUBTITLE = "Notes from a small archive on scanning what was never meant to last"
LEFT_COLUMN = (
    "Every archive begins with a box that nobody wanted to open. Ours stood under a staircase for "
    "thirty years and held letters, seed catalogues, school reports and the accounts of a bakery "
    "that closed before most of us were born. The paper was cheap, the ink was cheaper, and still "
    "almost all of it could be read.",
    "Paper is a patient medium. It needs no power, no password and no update. What harms it is "
    "light, damp and handling, and the third is the one that an archive can hardly refuse, since "
    "a page that nobody may touch might as well be lost. A scan settles the quarrel: the reader "
    "gets the words and the sheet goes back into the dark.",
    "We scan at two hundred dots per inch for plain letters and at four hundred for anything with "
    "small print. More dots make larger files long before they make better ones. A clean glass "
    "plate, a straight sheet and an even lamp do more for the result than any setting in the menu.",
)
RIGHT_COLUMN = (
    "No sheet lies quite straight. A person who has fed nine hundred pages by hand will turn some "
    "of them by a degree, and a machine does it as well. Software can turn the page back, but "
    "only when it looks at the lines of text and not at the edge of the paper, which was often "
    "cut by somebody in a hurry.",
    "Then there is the other side. Thin paper lets the print of its back shine through, mirrored "
    "and grey, and a careless program reads it as well. A black sheet behind the page helps. So "
    "does a program that knows which way letters face.",
    "Once a page has been read it can be searched, and this changes what an archive is for. People "
    "used to come with a date and leave with a box. Now they come with a name. Last spring a "
    "visitor typed the name of her grandmother and found it on a receipt for eleven loaves of rye "
    "bread, paid in full, with thanks.",
    "Keep the scan, keep the text, and keep the paper. Each of the three is a copy of the others.",
)
FOOTER = "The Quiet Archivist, Issue 14"

INVOICE_HEAD = ("Harbour Lane Scanning Bureau", "27 Harbour Lane, Westmere", "Invoice 2024-0318")
INVOICE_TO = (
    ("Customer", "Westmere Town Archive"),
    ("Date", "18 March 2024"),
    ("Due", "17 April 2024"),
)
TABLE = (
    ("Item", "Description", "Pages", "Rate", "Amount"),
    ("1", "Letters, loose sheets, grey", "1,240", "0.12", "148.80"),
    ("2", "Bound ledgers, by hand", "386", "0.45", "173.70"),
    ("3", "Photographs, colour, 400 dpi", "95", "0.80", "76.00"),
    ("4", "Maps and plans, folded", "18", "6.50", "117.00"),
    ("5", "Text recognition and index", "1,739", "0.03", "52.17"),
    ("6", "Acid-free folders", "40", "1.25", "50.00"),
)
TOTALS = (("Subtotal", "617.67"), ("Discount 5 %", "-30.88"), ("Total", "586.79"))
INVOICE_NOTE = (
    "Thank you for your order. The sheets were returned in their original sequence; two ledger "
    "pages were found blank on both sides and were not charged. The images are on the enclosed "
    "disk, one folder for each box, together with a list of every file and its checksum. Please "
    "check the list within thirty days, since we delete our own copy after that.",
    "Payment may be made by bank transfer. Quote the number of the invoice.",
)

PHOTO_HEADING = "The View from the Reading Room"
CAPTION = "Figure 3. Evening over the hills west of Westmere, from a colour slide of 1978."
PHOTO_TEXT = (
    "Slides fade in their own order. The blue layer goes first on some brands and last on others, "
    "so an evening like this one may turn orange in the box without anybody having opened it. We "
    "scan slides twice, once as they are and once with the colour corrected, and we keep the first "
    "because the second is an opinion.",
    "The photographer wrote nothing on the mount except the year. The line of the hills settled "
    "the place: it matches the survey map of the county, sheet nine, down to the notch where the "
    "old quarry was. Pictures, like letters, can be read if one knows what to hold beside them.",
)


class Line(NamedTuple):
    """One printed line: its top left corner and its size in pixels, `bold` for a heavier stroke.

    With `right`, `x` is where the line ends.
    """

    x: int
    y: int
    text: str
    size: int = 27
    bold: bool = False
    right: bool = False


def paragraphs(texts: tuple[str, ...], x: int, y: int, columns: int, step: int) -> list[Line]:
    """Return the lines of some paragraphs, broken at `columns` characters, `step` pixels apart."""
    lines: list[Line] = []
    for text in texts:
        for row in textwrap.wrap(text, columns, break_on_hyphens=False):
            lines.append(Line(x, y, row, 31))
            y += step
        y += step // 2
    return lines


def footer(number: int) -> list[Line]:
    """Return the last line of a page."""
    y = HEIGHT - 180
    return [
        Line(MARGIN, y, FOOTER, 23),
        Line(WIDTH - MARGIN, y, f"Page {number}", 23, right=True),
    ]


def article_lines() -> list[Line]:
    """Return page 1 in reading order: title, left column, right column, footer."""
    return [
        Line(MARGIN, 170, TITLE, 76, True),
        Line(MARGIN, 275, SUBTITLE, 33),
        *paragraphs(LEFT_COLUMN, MARGIN, 400, 43, 52),
        *paragraphs(RIGHT_COLUMN, 862, 400, 43, 52),
        *footer(1),
    ]


COLUMNS_X = (MARGIN, 280, 890, 1080, 1260)
COLUMN_ENDS = (*COLUMNS_X[1:], WIDTH - MARGIN)


def invoice_lines() -> list[Line]:
    """Return page 2 in reading order: heading, addressee, table by rows, totals, note."""
    name, street, number = INVOICE_HEAD
    lines = [
        Line(MARGIN, 170, name, 52, True),
        Line(MARGIN, 245, street, 27),
        Line(MARGIN, 350, number, 38, True),
    ]
    for row, (label, value) in enumerate(INVOICE_TO):
        lines += [Line(MARGIN, 440 + 42 * row, label), Line(400, 440 + 42 * row, value)]
    for row, cells in enumerate(TABLE):
        y = 636 + 62 * row
        for column, cell in enumerate(cells):
            right = column >= 2
            x = COLUMN_ENDS[column] - 18 if right else COLUMNS_X[column] + 15
            lines.append(Line(x, y, cell, 27, row == 0, right))
    for row, (label, amount) in enumerate(TOTALS):
        y = 1090 + 52 * row
        bold = label == "Total"
        lines.append(Line(COLUMNS_X[2] + 15, y, label, 27, bold))
        lines.append(Line(COLUMN_ENDS[-1] - 18, y, amount, 27, bold, right=True))
    return lines + paragraphs(INVOICE_NOTE, MARGIN, 1360, 88, 52)


def photo_lines() -> list[Line]:
    """Return page 3 in reading order: heading, caption under the photo, text."""
    return [
        Line(MARGIN, 170, PHOTO_HEADING, 54, True),
        Line(MARGIN, 1190, CAPTION, 25),
        *paragraphs(PHOTO_TEXT, MARGIN, 1300, 88, 52),
        *footer(3),
    ]


def truth(lines: list[Line]) -> str:
    """Return the text of a page in reading order; what shares a baseline is one line."""
    rows: list[tuple[int, list[str]]] = []
    for line in lines:
        if rows and rows[-1][0] == line.y:
            rows[-1][1].append(line.text)
        else:
            rows.append((line.y, [line.text]))
    return "\n".join(" ".join(texts) for _, texts in rows) + "\n"


def ground_truth() -> str:
    """Return what `scan.txt` holds: the pages' texts, each but the last ended by a form feed."""
    return PAGE_BREAK.join(truth(page()) for page in (article_lines, invoice_lines, photo_lines))


def font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's own font, laid out the same with and without Raqm installed."""
    found = ImageFont.load_default(size)
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise SystemExit("Pillow was built without FreeType")
    return found.font_variant(layout_engine=ImageFont.Layout.BASIC)


def typeset(lines: list[Line]) -> Image.Image:
    """Return the page as a perfect print: grey, black on white, straight."""
    page = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(page)
    for line in lines:
        draw.text(
            (line.x, line.y),
            line.text,
            INK,
            font(line.size),
            anchor="ra" if line.right else "la",
            stroke_width=1 if line.bold else 0,
        )
    return page


def rule(page: Image.Image, x0: int, x1: int, y: int, weight: int = 2) -> None:
    """Draw a horizontal rule."""
    ImageDraw.Draw(page).line((x0, y, x1, y), INK, weight)


def article() -> Image.Image:
    """Return page 1 as a print."""
    page = typeset(article_lines())
    rule(page, MARGIN, WIDTH - MARGIN, 340, 3)
    rule(page, MARGIN, WIDTH - MARGIN, HEIGHT - 200)
    return page


def invoice() -> Image.Image:
    """Return page 2 as a print, with the rules of its table."""
    page = typeset(invoice_lines())
    draw = ImageDraw.Draw(page)
    top, bottom = 620, 620 + 62 * len(TABLE)
    for row in range(len(TABLE) + 1):
        rule(page, MARGIN, WIDTH - MARGIN, top + 62 * row, 4 if row < 2 else 2)
    for x in (*COLUMNS_X, WIDTH - MARGIN):
        draw.line((x, top, x, bottom), INK, 2)
    rule(page, COLUMNS_X[2], WIDTH - MARGIN, 1182)
    rule(page, COLUMNS_X[2], WIDTH - MARGIN, 1240, 4)
    return page


def clouds(rng: np.random.Generator, width: int, height: int, cells: int) -> Field:
    """Return smooth noise around 0, some `cells` bumps across."""
    coarse = rng.normal(0, 1, (cells * height // width + 2, cells + 2)).astype(np.float32)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(smooth, np.float32)


def landscape(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Return a photo that never was: evening sky, sun, three ranges of hills, film grain."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    down = (y / height)[..., None]
    sky = np.array([70, 105, 160], np.float32) * (1 - down) + np.array([248, 178, 110]) * down
    haze = clouds(rng, width, height, 5) + 0.5 * clouds(rng, width, height, 14)
    sky += np.clip(haze * np.exp(-(((y / height - 0.3) / 0.2) ** 2)), 0, 2)[..., None] * 22
    distance = np.hypot(x - 0.68 * width, y - 0.47 * height)
    sky += np.exp(-distance / (0.16 * width))[..., None] * np.array([90, 62, 20])
    scene = np.where((distance < 0.04 * width)[..., None], [255, 240, 205], sky)
    shades = (
        (0.58, 0.055, [128, 112, 128]),
        (0.70, 0.06, [78, 84, 82]),
        (0.85, 0.05, [36, 46, 38]),
    )
    for level, swing, shade in shades:
        ridge = clouds(rng, width, 8, 6)[3] * swing + clouds(rng, width, 8, 40)[3] * swing / 9
        below = y / height - (level + ridge)[None, :]
        ground = np.array(shade, np.float32) - np.clip(below, 0, 1)[..., None] * 70
        scene = np.where((below > 0)[..., None], ground, scene)
    scene = scene * (0.9 + 0.1 * np.cos((x / width - 0.5) * 2))[..., None]
    scene += rng.normal(0, 9, (height, width, 1))
    return Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(0.9)
    )


def photo(rng: np.random.Generator) -> Image.Image:
    """Return page 3 as a print, in colour."""
    page = typeset(photo_lines()).convert("RGB")
    page.paste(landscape(rng, WIDTH - 2 * MARGIN, 880), (MARGIN, 285))
    return page


def scan(
    rng: np.random.Generator, page: Image.Image, back: Image.Image, degrees: float
) -> Image.Image:
    """Return the print as a flatbed scanner would: turned, tinted, unevenly lit, soft and noisy.

    `back` is the print on the other side of the sheet, which shines through, mirrored.
    """
    colour = page.mode == "RGB"
    white: tuple[int, int, int] | int = (255, 255, 255) if colour else 255
    turned = page.rotate(degrees, Image.Resampling.BICUBIC, translate=(7, -5), fillcolor=white)
    front = np.asarray(turned, np.float32) / 255
    mirrored = back.convert("L").transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    ghost = mirrored.rotate(-degrees, fillcolor=255).filter(ImageFilter.GaussianBlur(4))
    sheet = 1 - (1 - np.asarray(ghost, np.float32) / 255) * 0.055

    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    across, down = x / WIDTH, y / HEIGHT
    light = 1 - 0.05 * across - 0.03 * down**2  # a lamp that ages at one end
    light -= 0.20 * np.exp(-across * 26)  # the sheet curls up at the binding
    light *= 1 + 0.006 * clouds(rng, WIDTH, HEIGHT, 9) + 0.008 * clouds(rng, WIDTH, HEIGHT, 60)
    sheet *= light
    if not colour:  # worn type takes ink unevenly; a photo would look blotched
        ink = 1 + 0.10 * clouds(rng, WIDTH, HEIGHT, 160)
        front = 1 - np.clip((1 - front) * ink, 0, 1)
    # The sheet ends short of the glass on the right and below: the lid's grey shows there.
    lean = np.tan(np.deg2rad(degrees))
    lid = (x > WIDTH - 16 + lean * (y - HEIGHT / 2)) | (y > HEIGHT - 12 - lean * (x - WIDTH / 2))

    tint = np.array([246, 240, 224], np.float32) if colour else np.array([241], np.float32)
    front = front if colour else front[..., None]
    pixels = front * sheet[..., None] * tint
    pixels = np.where(lid[..., None], 120 + 40 * across[..., None], pixels)
    for _ in range(70):  # dust on the glass
        cy, cx = int(rng.integers(HEIGHT)), int(rng.integers(WIDTH))
        size = int(rng.integers(1, 4))
        pixels[cy : cy + size, cx : cx + size] *= rng.uniform(0.45, 0.9)
    pixels += rng.normal(0, 5.0, (HEIGHT, WIDTH, 1))
    grid = np.clip(pixels, 0, 255).astype(np.uint8)
    return Image.fromarray(grid if colour else grid[..., 0]).filter(ImageFilter.GaussianBlur(0.8))


def make_pages() -> list[Image.Image]:
    """Return the three scanned pages."""
    rng = np.random.default_rng(1978)
    prints = [article(), invoice(), photo(rng)]
    turns = (0.9, -1.3, 0.6)
    backs = (prints[1], prints[0], prints[0])
    return [
        scan(rng, page, back, degrees)
        for page, back, degrees in zip(prints, backs, turns, strict=True)
    ]


def main(folder: Path) -> None:
    """Write `scan.pdf` and `scan.txt` into the folder."""
    first, *others = make_pages()
    then = time.gmtime(0)  # a date of its own would make every run differ
    first.save(
        folder / "scan.pdf",
        save_all=True,
        append_images=others,
        resolution=DPI,
        quality=45,
        title="A scanned sample",
        producer="make_sample.py",
        creationDate=then,
        modDate=then,
    )
    (folder / "scan.txt").write_bytes(ground_truth().encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
