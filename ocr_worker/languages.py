"""The languages there are: their tags, names and scripts, and the engines that read them.

Pure data of the standard library, which the daemon reads too. A language is listed for an engine
only when its whole alphabet is in the engine's character set: Vietnamese is missing for that
reason although PP-OCRv6 names it, and so is Greek, of which the model knows no accented letter.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """A language as hosts name it.

    `code` is its BCP-47 tag, `script` the ISO 15924 code, `tesseract` the name of Tesseract's data
    for it, empty where Tesseract has none.
    """

    code: str
    name: str
    script: str
    tesseract: str
    engines: tuple[str, ...]


_RAPIDOCR = ("rapidocr",)


def _latin(code: str, name: str, tesseract: str) -> Language:
    return Language(code, name, "Latn", tesseract, _RAPIDOCR)


LANGUAGES: tuple[Language, ...] = (
    _latin("en", "English", "eng"),
    _latin("af", "Afrikaans", "afr"),
    _latin("az", "Azerbaijani", "aze"),
    _latin("bs", "Bosnian", "bos"),
    _latin("ca", "Catalan", "cat"),
    _latin("cs", "Czech", "ces"),
    _latin("cy", "Welsh", "cym"),
    _latin("da", "Danish", "dan"),
    _latin("de", "German", "deu"),
    _latin("es", "Spanish", "spa"),
    _latin("et", "Estonian", "est"),
    _latin("eu", "Basque", "eus"),
    _latin("fi", "Finnish", "fin"),
    _latin("fr", "French", "fra"),
    _latin("ga", "Irish", "gle"),
    _latin("gl", "Galician", "glg"),
    _latin("hr", "Croatian", "hrv"),
    _latin("hu", "Hungarian", "hun"),
    _latin("id", "Indonesian", "ind"),
    _latin("is", "Icelandic", "isl"),
    _latin("it", "Italian", "ita"),
    _latin("ku", "Kurdish", "kmr"),
    _latin("la", "Latin", "lat"),
    _latin("lb", "Luxembourgish", "ltz"),
    _latin("lt", "Lithuanian", "lit"),
    _latin("lv", "Latvian", "lav"),
    _latin("mi", "Maori", "mri"),
    _latin("ms", "Malay", "msa"),
    _latin("mt", "Maltese", "mlt"),
    _latin("nl", "Dutch", "nld"),
    _latin("no", "Norwegian", "nor"),
    _latin("oc", "Occitan", "oci"),
    _latin("pl", "Polish", "pol"),
    _latin("pt", "Portuguese", "por"),
    _latin("qu", "Quechua", "que"),
    _latin("rm", "Romansh", ""),
    _latin("ro", "Romanian", "ron"),
    _latin("sk", "Slovak", "slk"),
    _latin("sl", "Slovenian", "slv"),
    _latin("sq", "Albanian", "sqi"),
    _latin("sr-Latn", "Serbian (Latin)", "srp_latn"),
    _latin("sv", "Swedish", "swe"),
    _latin("sw", "Swahili", "swa"),
    _latin("tl", "Tagalog", "fil"),
    _latin("tr", "Turkish", "tur"),
    _latin("uz", "Uzbek", "uzb"),
    Language("zh-Hans", "Chinese (simplified)", "Hans", "chi_sim", _RAPIDOCR),
    Language("zh-Hant", "Chinese (traditional)", "Hant", "chi_tra", _RAPIDOCR),
    Language("ja", "Japanese", "Jpan", "jpn", _RAPIDOCR),
)

_OTHER_TAGS = {
    "zh": "zh-hans",
    "zh-cn": "zh-hans",
    "zh-sg": "zh-hans",
    "zh-tw": "zh-hant",
    "zh-hk": "zh-hant",
    "zh-mo": "zh-hant",
    "nb": "no",
    "nn": "no",
    "kmr": "ku",
}
"""Tags that mean a listed language and are no prefix of its code, in lower case."""

_BY_NAME = {language.code.lower(): language for language in LANGUAGES}
_BY_NAME |= {other: _BY_NAME[code] for other, code in _OTHER_TAGS.items()}
_BY_NAME |= {
    language.tesseract.replace("_", "-"): language for language in LANGUAGES if language.tesseract
}


def resolve(tag_or_alias: str) -> Language | None:
    """Return the language a host means by a BCP-47 tag or by Tesseract's name, in any case.

    Subtags that are not known fall away from the right: "en-US" is "en". A script that is not the
    language's own does not: "uz-Cyrl" is nothing that "uz" stands for.
    """
    subtags = tag_or_alias.lower().replace("_", "-").split("-")
    for n_kept in range(len(subtags), 0, -1):
        language = _BY_NAME.get("-".join(subtags[:n_kept]))
        if language is not None:
            scripts = [subtag for subtag in subtags[n_kept:] if _is_script(subtag)]
            return language if all(s == language.script.lower() for s in scripts) else None
    return None


def languages_of(engine: str) -> tuple[str, ...]:
    """Return the codes of the languages an engine reads; the null engine takes every one."""
    return tuple(
        language.code for language in LANGUAGES if engine == "null" or engine in language.engines
    )


def _is_script(subtag: str) -> bool:
    return len(subtag) == 4 and subtag.isalpha()
