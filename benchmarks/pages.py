"""Pages drawn from text that is known, in many scripts, and then spoilt as scanners spoil them.

The text is the first article of the Universal Declaration of Human Rights, its words shuffled by a
seed, with numbers between them. A language whose font is not on this machine has no pages; on
Debian, `fonts-dejavu-core`, `fonts-noto-core` and `fonts-noto-cjk` have all of them.
"""

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, features

A4_INCHES = (8.27, 11.69)
MARGIN_INCHES = 0.9
POINT_SIZE = 11.0
INK, PAPER = 20, 250
FADED_INK, FADED_PAPER = 178, 226


@dataclass(frozen=True)
class Language:
    """A tag, what is written in it, and the fonts that may have its letters, the best first."""

    code: str
    text: str
    fonts: tuple[str, ...] = ("DejaVuSerif.ttf", "DejaVuSans.ttf")
    is_spaced: bool = True
    is_rtl: bool = False


_CJK = ("NotoSansCJK-Regular.ttc", "NotoSerifCJK-Regular.ttc")

LANGUAGES = (
    Language(
        "en",
        "All human beings are born free and equal in dignity and rights. They are endowed with"
        " reason and conscience and should act towards one another in a spirit of brotherhood.",
    ),
    Language(
        "de",
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft"
        " und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
    ),
    Language(
        "fr",
        "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués"
        " de raison et de conscience et doivent agir les uns envers les autres dans un esprit de"
        " fraternité.",
    ),
    Language(
        "pl",
        "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni"
        " obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
    ),
    Language(
        "tr",
        "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana"
        " sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler.",
    ),
    Language(
        "ru",
        "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены"
        " разумом и совестью и должны поступать в отношении друг друга в духе братства.",
    ),
    Language(
        "el",
        "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα."
        " Είναι προικισμένοι με λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ τους"
        " με πνεύμα αδελφοσύνης.",
    ),
    Language(
        "ar",
        "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن"
        " يعامل بعضهم بعضا بروح الإخاء.",
        fonts=("NotoNaskhArabic-Regular.ttf", "DejaVuSans.ttf"),
        is_rtl=True,
    ),
    Language(
        "he",
        "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון, לפיכך"
        " חובה עליהם לנהוג איש ברעהו ברוח של אחווה.",
        fonts=("DejaVuSans.ttf",),  # Noto's Hebrew has neither digits nor a full stop
        is_rtl=True,
    ),
    Language(
        "hi",
        "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें"
        " बुद्धि और अन्तरात्मा की देन प्राप्त है और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।",
        fonts=("NotoSerifDevanagari-Regular.ttf", "NotoSansDevanagari-Regular.ttf"),
    ),
    Language(
        "zh-Hans",
        "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
        fonts=_CJK,
        is_spaced=False,
    ),
    Language(
        "ja",
        "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。"
        "人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。",
        fonts=_CJK,
        is_spaced=False,
    ),
    Language(
        "ko",
        "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로"
        " 이성과 양심을 부여받았으며 서로 형제애의 정신으로 행동하여야 한다.",
        fonts=_CJK,
    ),
)


@dataclass(frozen=True)
class Spoiling:
    """What happens between the sheet and the file: degrees are clockwise, `turned` of 90."""

    dpi: int = 200
    skew: float = 0.0
    turned: int = 0
    is_faded: bool = False
    is_shaded: bool = False


@dataclass(frozen=True)
class DrawnPage:
    """A page and the text on it, a line each."""

    image: Image.Image
    text: str
    dpi: int


def find_font(language: Language, size_px: int) -> ImageFont.FreeTypeFont | None:
    """Return the first of the language's fonts that is installed."""
    layout = ImageFont.Layout.RAQM if features.check("raqm") else ImageFont.Layout.BASIC
    if layout is ImageFont.Layout.BASIC and (language.is_rtl or language.code == "hi"):
        return None  # letters would be neither joined nor in order
    for name in language.fonts:
        try:
            return ImageFont.truetype(name, size_px, layout_engine=layout)
        except OSError:
            continue
    return None


def draw(language: Language, spoiling: Spoiling, seed: int) -> DrawnPage | None:
    """Return a page full of text, or None when the language's font is not here."""
    font = find_font(language, round(POINT_SIZE * spoiling.dpi / 72))
    if font is None:
        return None
    dice = random.Random(f"{language.code} {seed}")
    width, height = (round(side * spoiling.dpi) for side in A4_INCHES)
    margin = round(MARGIN_INCHES * spoiling.dpi)
    ink, paper = (FADED_INK, FADED_PAPER) if spoiling.is_faded else (INK, PAPER)
    sheet = Image.new("L", (width, height), paper)
    pen = ImageDraw.Draw(sheet)
    lines = []
    for top in range(margin, height - margin, round(1.45 * font.size)):
        line = _line(language, dice, font, width - 2 * margin)
        left = width - margin - font.getlength(line) if language.is_rtl else margin
        pen.text((left, top), line, fill=ink, font=font)
        lines.append(line)
    return DrawnPage(_spoil(sheet, spoiling, paper, seed), "\n".join(lines), spoiling.dpi)


def _line(language: Language, dice: random.Random, font: ImageFont.FreeTypeFont, width: int) -> str:
    """Return as many words as a line has room for."""
    pieces = language.text.split() if language.is_spaced else list(language.text)
    space = " " if language.is_spaced else ""
    line = ""
    while True:
        piece = dice.choice(pieces)
        if language.is_spaced and dice.random() < 0.08:
            piece = str(dice.randrange(10, 10000))
        longer = f"{line}{space}{piece}" if line else piece
        if font.getlength(longer) > width:
            return line
        line = longer


def _spoil(sheet: Image.Image, spoiling: Spoiling, paper: int, seed: int) -> Image.Image:
    if spoiling.skew:
        # Pillow turns counter-clockwise.
        sheet = sheet.rotate(-spoiling.skew, Image.Resampling.BICUBIC, fillcolor=paper)
    sheet = sheet.filter(ImageFilter.GaussianBlur(spoiling.dpi / 400))
    if spoiling.is_shaded:  # as by the binding of a book, or a lamp at one side
        shadow = np.linspace(0.35, 1.0, sheet.width)[np.newaxis, :]
        sheet = Image.fromarray((np.asarray(sheet) * shadow).astype(np.uint8))
    noise = np.random.default_rng(seed).normal(0, 4, (sheet.height, sheet.width))
    pixels = np.clip(np.asarray(sheet, dtype=np.float32) + noise, 0, 255).astype(np.uint8)
    turns = spoiling.turned // 90 % 4
    return Image.fromarray(np.ascontiguousarray(np.rot90(pixels, -turns)))
