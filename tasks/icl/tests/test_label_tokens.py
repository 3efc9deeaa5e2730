import pytest
from hyenadna_icl.label_tokens import all_tokens, label_tokens, names_of

from hyenadna_core import HyenaDNAError
from hyenadna_core.tokens import A, C, G, N, T


def test_each_class_has_a_token_of_its_own():
    assert label_tokens("ab") == (A, C)
    assert label_tokens("abcdefgh") == (A, C, G, T, 12, 13, 14, 15)
    assert label_tokens("ab", "T, 12") == (T, 12)
    assert label_tokens("ab", "g,a") == (G, A)
    assert names_of((T, 12)) == ["T", "12"]


def test_the_tokens_of_the_paper():
    assert label_tokens("ab", of_paper=True) == (A, N)
    assert label_tokens("abc", of_paper=True) == (A, G, N)
    assert label_tokens("ab", "N,A", of_paper=True) == (N, A)


def test_all_tokens_begin_with_those_of_the_classes():
    tokens = all_tokens((T, A))
    assert tokens[:2] == (T, A)
    assert sorted(tokens) == list(range(16))


@pytest.mark.parametrize(
    ("classes", "given", "of_paper", "message"),
    [
        ("abcdefghi", None, False, "have 9 classes, and each needs a label token; there are 8: A, C, G, T, 12"),
        ("abcd", None, True, "have 4 classes, and each needs a label token; the paper has 3: A, G and N"),
        ("ab", "A,N", False, "has N, which also stands for unknown bases: choose another token"),
        ("ab", "A,X", False, "has 'X': choose among A, C, G, T, 12, 13, 14, 15, as in A,T"),
        ("ab", "A,11", False, "has '11': choose among"),
        ("ab", "A,a", False, "has A more than once: each class needs its own token"),
        ("ab", "A,C,G", False, "names 3 tokens, and the data have 2 classes"),
    ],
)
def test_tokens_that_do_not_fit_are_one_line(classes, given, of_paper, message):
    with pytest.raises(HyenaDNAError, match=message) as caught:
        label_tokens(classes, given, of_paper)
    assert "\n" not in str(caught.value)
