"""What languages let expect of the characters on a page."""

import pytest

from ocr_worker.engines.rapidocr.expected import Expected, expected_of


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        (("en",), Expected()),
        (("en", "de", "pl"), Expected()),
        (("zh-Hans",), Expected(east_asian=True)),
        (("en", "ja"), Expected(east_asian=True)),
        (("tr",), Expected(dotless_i=True)),
        (("az", "zh-Hant"), Expected(east_asian=True, dotless_i=True)),
        (("tlh",), Expected(east_asian=True)),
    ],
)
def test_languages_tell_which_characters_to_expect(languages, expected):
    assert expected_of(languages) == expected
