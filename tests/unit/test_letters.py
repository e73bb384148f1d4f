"""Which texts pass for words: the first article of the Declaration of Human Rights."""

import random
import string

import pytest

from ocr_worker.documents.letters import are_plausible

ARTICLE = {
    "en": "All human beings are born free and equal in dignity and rights. They are endowed with"
    " reason and conscience and should act towards one another in a spirit of brotherhood.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft"
    " und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués"
    " de raison et de conscience et doivent agir les uns envers les autres dans un esprit de"
    " fraternité.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como"
    " están de razón y conciencia, deben comportarse fraternalmente los unos con los otros.",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono dotati"
    " di ragione e di coscienza e devono agire gli uni verso gli altri in spirito di fratellanza.",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn begiftigd"
    " met verstand en geweten, en behoren zich jegens elkander in een geest van broederschap te"
    " gedragen.",
    "da": "Alle mennesker er født frie og lige i værdighed og rettigheder. De er udstyret med"
    " fornuft og samvittighed, og de bør handle mod hverandre i en broderskabets ånd.",
    "fi": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille on"
    " annettu järki ja omatunto, ja heidän on toimittava toisiaan kohtaan veljeyden hengessä.",
    "pl": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni"
    " obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
    "cs": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni"
    " rozumem a svědomím a mají spolu jednat v duchu bratrství.",
    "hu": "Minden emberi lény szabadon születik és egyenlő méltósága és joga van. Az emberek,"
    " ésszel és lelkiismerettel bírván, egymással szemben testvéri szellemben kell hogy"
    " viseltessenek.",
    "tr": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana"
    " sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler.",
    "id": "Semua orang dilahirkan merdeka dan mempunyai martabat dan hak-hak yang sama. Mereka"
    " dikaruniai akal dan hati nurani dan hendaknya bergaul satu sama lain dalam semangat"
    " persaudaraan.",
}


@pytest.mark.parametrize("language", sorted(ARTICLE))
def test_the_words_of_a_language_are_plausible(language):
    assert are_plausible(ARTICLE[language])
    assert are_plausible(ARTICLE[language].upper())


@pytest.mark.parametrize("language", sorted(ARTICLE))
@pytest.mark.parametrize("by", [1, 5, 13])
def test_letters_that_are_off_by_some_are_not(language, by):
    letters = string.ascii_lowercase
    shifted = str.maketrans(letters, letters[by:] + letters[:by])

    assert not are_plausible(ARTICLE[language].lower().translate(shifted))


def test_letters_of_a_scrambled_alphabet_are_not():
    for seed in range(50):
        letters = list(string.ascii_lowercase)
        random.Random(seed).shuffle(letters)
        scrambled = str.maketrans(string.ascii_lowercase, "".join(letters))
        assert not are_plausible(ARTICLE["en"].lower().translate(scrambled)), seed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EUR 120.50 QTY 3 SKU-99817 kWh GmbH & Co. KG",
        "Все люди рождаются свободными и равными в своем достоинстве и правах",
        "すべての人間は、生まれながらにして自由であり",
    ],
)
def test_of_few_words_and_other_scripts_nothing_is_said(text):
    assert are_plausible(text)
