"""How often coders misread, worked out from how often two of them disagree. Pure.

A coder who misreads lands evenly on any of the other polarities; two coders then agree with
probability (1 - e)^2 + e^2 / (K - 1). What they misread alike can't be seen from their
disagreement, so a share of it is added.
"""

from math import sqrt

from tasks.validation.codebook import POLARITIES

#: Answers that the configured share of misread ones is worth, against those compared.
PRIOR_ANSWERS = 50
#: Share of one coder's errors that the others are held to make with it.
SHARED = 0.15

_OTHERS = len(POLARITIES) - 1


def misread_share(agreed: int, compared: int, prior: float) -> float:
    """The share of answers that one coder misreads, between 0 and 1.

    Args:
        agreed: answers that two coders read alike.
        compared: answers that both read usably.
        prior: what is held of coders before any answer; it weighs as `PRIOR_ANSWERS` answers.
    """
    expected = (1 - prior) ** 2 + prior**2 / _OTHERS
    agreement = (agreed + PRIOR_ANSWERS * expected) / (compared + PRIOR_ANSWERS)
    # (1 - e)^2 + e^2 / o = a, solved for the smaller e
    inside = 1 - (1 + 1 / _OTHERS) * (1 - agreement)
    return float((1 - sqrt(max(inside, 0.0))) / (1 + 1 / _OTHERS))


def settled_error(misread: float) -> float:
    """The share of settled answers whose polarity is wrong.

    Two of three coders have to agree on what is wrong, by chance or because they share the error.

    Args:
        misread: share of answers that one coder misreads.
    """
    right = 1 - misread
    both_right = right * right + 2 * misread * right * right
    alike = misread * misread / _OTHERS
    third = 2 * misread * right * misread / _OTHERS
    third += misread * misread * (1 - 1 / _OTHERS) * 2 * misread / _OTHERS
    wrong = alike + third
    return float((1 - SHARED) * wrong / (wrong + both_right) + SHARED * misread)
