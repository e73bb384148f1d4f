"""The languages there are: their tags, names and scripts, and the engines that read them.

Pure data of the standard library, which the daemon reads too. A language is listed for RapidOCR
only when its whole alphabet is in that model's character set: Vietnamese is missing for that reason
although PP-OCRv6 names it, and so is Greek, of which the model knows no accented letter. Tesseract
reads what its project publishes data for; whether that data is installed is asked of a worker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

DEFAULT_ENGINE: Final = "rapidocr"
READERS: Final = (DEFAULT_ENGINE, "tesseract")
"""The engines that read, the one that is preferred first."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language as hosts name it.

    `code` is its BCP-47 tag, `script` the ISO 15924 code, `tesseract` the name of Tesseract's data
    for it, empty where Tesseract has none. `engines` are those that could read it.
    """

    code: str
    name: str
    script: str
    tesseract: str
    engines: tuple[str, ...]


def _both(code: str, name: str, script: str, tesseract: str) -> Language:
    return Language(code, name, script, tesseract, READERS if tesseract else (DEFAULT_ENGINE,))


def _latin(code: str, name: str, tesseract: str) -> Language:
    return _both(code, name, "Latn", tesseract)


def _tesseract(code: str, name: str, script: str, tesseract: str) -> Language:
    return Language(code, name, script, tesseract, ("tesseract",))


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
    _both("zh-Hans", "Chinese (simplified)", "Hans", "chi_sim"),
    _both("zh-Hant", "Chinese (traditional)", "Hant", "chi_tra"),
    _both("ja", "Japanese", "Jpan", "jpn"),
    _tesseract("ru", "Russian", "Cyrl", "rus"),
    _tesseract("uk", "Ukrainian", "Cyrl", "ukr"),
    _tesseract("be", "Belarusian", "Cyrl", "bel"),
    _tesseract("bg", "Bulgarian", "Cyrl", "bul"),
    _tesseract("mk", "Macedonian", "Cyrl", "mkd"),
    _tesseract("sr", "Serbian", "Cyrl", "srp"),
    _tesseract("kk", "Kazakh", "Cyrl", "kaz"),
    _tesseract("ky", "Kyrgyz", "Cyrl", "kir"),
    _tesseract("mn", "Mongolian", "Cyrl", "mon"),
    _tesseract("tg", "Tajik", "Cyrl", "tgk"),
    _tesseract("tt", "Tatar", "Cyrl", "tat"),
    _tesseract("az-Cyrl", "Azerbaijani (Cyrillic)", "Cyrl", "aze_cyrl"),
    _tesseract("uz-Cyrl", "Uzbek (Cyrillic)", "Cyrl", "uzb_cyrl"),
    _tesseract("el", "Greek", "Grek", "ell"),
    _tesseract("grc", "Greek (ancient)", "Grek", "grc"),
    _tesseract("ar", "Arabic", "Arab", "ara"),
    _tesseract("fa", "Persian", "Arab", "fas"),
    _tesseract("ur", "Urdu", "Arab", "urd"),
    _tesseract("ps", "Pashto", "Arab", "pus"),
    _tesseract("sd", "Sindhi", "Arab", "snd"),
    _tesseract("ug", "Uyghur", "Arab", "uig"),
    _tesseract("he", "Hebrew", "Hebr", "heb"),
    _tesseract("yi", "Yiddish", "Hebr", "yid"),
    _tesseract("syr", "Syriac", "Syrc", "syr"),
    _tesseract("dv", "Dhivehi", "Thaa", "div"),
    _tesseract("hi", "Hindi", "Deva", "hin"),
    _tesseract("mr", "Marathi", "Deva", "mar"),
    _tesseract("ne", "Nepali", "Deva", "nep"),
    _tesseract("sa", "Sanskrit", "Deva", "san"),
    _tesseract("bn", "Bengali", "Beng", "ben"),
    _tesseract("as", "Assamese", "Beng", "asm"),
    _tesseract("pa", "Punjabi", "Guru", "pan"),
    _tesseract("gu", "Gujarati", "Gujr", "guj"),
    _tesseract("or", "Odia", "Orya", "ori"),
    _tesseract("ta", "Tamil", "Taml", "tam"),
    _tesseract("te", "Telugu", "Telu", "tel"),
    _tesseract("kn", "Kannada", "Knda", "kan"),
    _tesseract("ml", "Malayalam", "Mlym", "mal"),
    _tesseract("si", "Sinhala", "Sinh", "sin"),
    _tesseract("th", "Thai", "Thai", "tha"),
    _tesseract("lo", "Lao", "Laoo", "lao"),
    _tesseract("my", "Burmese", "Mymr", "mya"),
    _tesseract("km", "Khmer", "Khmr", "khm"),
    _tesseract("bo", "Tibetan", "Tibt", "bod"),
    _tesseract("dz", "Dzongkha", "Tibt", "dzo"),
    _tesseract("ko", "Korean", "Kore", "kor"),
    _tesseract("ka", "Georgian", "Geor", "kat"),
    _tesseract("hy", "Armenian", "Armn", "hye"),
    _tesseract("am", "Amharic", "Ethi", "amh"),
    _tesseract("ti", "Tigrinya", "Ethi", "tir"),
    _tesseract("iu", "Inuktitut", "Cans", "iku"),
    _tesseract("chr", "Cherokee", "Cher", "chr"),
    _tesseract("vi", "Vietnamese", "Latn", "vie"),
    _tesseract("br", "Breton", "Latn", "bre"),
    _tesseract("ceb", "Cebuano", "Latn", "ceb"),
    _tesseract("co", "Corsican", "Latn", "cos"),
    _tesseract("eo", "Esperanto", "Latn", "epo"),
    _tesseract("fo", "Faroese", "Latn", "fao"),
    _tesseract("fy", "Western Frisian", "Latn", "fry"),
    _tesseract("gd", "Scottish Gaelic", "Latn", "gla"),
    _tesseract("ht", "Haitian Creole", "Latn", "hat"),
    _tesseract("jv", "Javanese", "Latn", "jav"),
    _tesseract("su", "Sundanese", "Latn", "sun"),
    _tesseract("to", "Tongan", "Latn", "ton"),
    _tesseract("yo", "Yoruba", "Latn", "yor"),
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
    "iw": "he",
    "ji": "yi",
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
    """Return the codes of the languages that an engine could read."""
    return tuple(language.code for language in LANGUAGES if engine in language.engines)


def engine_for(languages: Sequence[Language]) -> str | None:
    """Return the engine that is to read a page in all of these, or None where there is none."""
    for engine in READERS:
        if all(engine in language.engines for language in languages):
            return engine
    return None


def _is_script(subtag: str) -> bool:
    return len(subtag) == 4 and subtag.isalpha()
