"""Text from outside in messages: one line, printable, and not longer than a person reads."""

import pytest

from hyenadna_core.errors import MESSAGE, PIECE, HyenaDNAError, first_names, shown
from hyenadna_plugins import PluginError, reason_of

ODD = {
    "a colour": ("\x1b[31mred", r"\x1b[31mred"),
    "a title of the window": ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
    "an 8-bit escape": ("\x9b31m", r"\x9b31m"),
    "line ends": ("a\r\nb\tc", r"a\r\nb\tc"),
    "a line separator": ("a\u2028b", r"a\u2028b"),
    "text from right to left": ("a\u202eb", r"a\u202eb"),
    "a no-break space": ("a\xa0b", r"a\xa0b"),
    "half of a character": ("a\udc80b", r"a\udc80b"),
    "letters of all languages": ("größe 染色体", "größe 染色体"),
}


class Silent(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class Stops(Exception):
    def __str__(self):
        raise SystemExit(0)


@pytest.mark.parametrize(("text", "printed"), ODD.values(), ids=ODD)
def test_characters_that_do_not_print_are_escaped(text, printed):
    assert shown(text) == printed


def test_a_long_text_keeps_its_start_and_its_end():
    text = shown("first" + "x" * 10**7 + "last")
    assert len(text) <= PIECE
    assert text.startswith("firstx")
    assert text.endswith("xlast")
    assert len(shown("\x1b" * 10**7)) <= PIECE


@pytest.mark.parametrize("error", [Silent(), Stops()])
def test_an_error_whose_text_fails_is_shown_by_its_type(error):
    assert shown(error) == type(error).__name__
    assert reason_of(error) == type(error).__name__


def test_a_reason_is_short_and_printable():
    assert reason_of(ValueError("\n \x1b[2J" + "x" * 10**6 + "\nmore")).startswith(r"\x1b[2Jxxx")
    assert len(reason_of(ValueError("x" * 10**6))) <= PIECE


def test_many_long_names_are_a_short_list():
    names = first_names(f"\x1b{number}" + "x" * 10**5 for number in range(20))
    assert names.isprintable()
    assert names.endswith(" and 12 more")
    assert len(names) < 600


@pytest.mark.parametrize("kind", [HyenaDNAError, PluginError])
def test_an_error_is_one_printable_line_of_limited_length(kind):
    error = kind(f"{'/folder' * 10**5}: the contig \x1b[31m\nchr1 is unknown: check its name.")
    assert str(error).isprintable()
    assert len(str(error)) <= MESSAGE
    assert str(error).endswith("is unknown: check its name.")
    assert str(kind(ValueError("plain"))) == "plain"
