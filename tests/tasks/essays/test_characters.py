"""Hidden and borrowed characters are told from honest ones."""

import pytest

from tasks.essays.characters import as_latin, hidden_in, lookalikes_in, visible, without_hidden


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",  # a half-space between Persian letters
        "क\u094d\u200dष",  # a joiner in Devanagari
        "👩\u200d🚀 ❤\ufe0f\u200d🩹 1\ufe0f\u20e3",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "שלום\u200f, עולם",
        "葛\U000e0100城",
        "café\u0301 and na\u00efve\r\nlines",
    ],
)
def test_honest_uses_are_left_alone(text: str) -> None:
    assert hidden_in(text) == []
    assert visible(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a\u200cb",
        "a\u200db",
        "a\ufe0fb",
        "e\ufe01",
        "a\u200fb",
        "a\u202eb",
        "می\u200c\u200cخواهم",
        "🏴\U000e0067\U000e0062",  # a flag that doesn't end
        "x\U000e0069\U000e0067\U000e007f",  # tags without a flag
        "a\u2800b\u3164",
        "a\xadb",
        "a\ue000b",
        "a\rb",
    ],
)
def test_others_are_pointed_at_and_written_out(text: str) -> None:
    assert hidden_in(text)
    assert "[U+" in visible(text)
    assert hidden_in(visible(text)) == []


@pytest.mark.parametrize(
    "line",
    ["pаypal", "Αnna", "𝐍𝐄𝐗𝐓", "ｆｕｌｌ", "🅰🅱 Ⓐⓑ", "send it to рауреr now", "он сказал раypal"],
)
def test_borrowed_letters_are_found(line: str) -> None:
    assert lookalikes_in(line)


@pytest.mark.parametrize(
    "line",
    [
        "Ελληνικά and Русский",
        "a few μm, a β-test, 5 kΩ and Δx",
        "/θɪŋ/ and [ʃβ]",
        "the sign says ресторан, in capitals РЕСТОРАН",
        "Phở, Zoë, naïve, Łódź",
        "H₂O and 10⁻⁷",
    ],
)
def test_letters_at_home_are_not(line: str) -> None:
    assert lookalikes_in(line) == []


def test_readers_see_latin() -> None:
    assert as_latin("раура") == "paypa"
    assert without_hidden("ａ\u200bb") == "ab"
