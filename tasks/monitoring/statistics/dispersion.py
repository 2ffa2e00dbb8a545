"""How much more days differ than independent calls would make them. Pure."""

from collections.abc import Sequence

MOST = 25.0


def pearson_dispersion(days: Sequence[tuple[float, float]], *, least: float = 1.0) -> float:
    """Pearson's statistic a degree of freedom, for daily hits of counted ones.

    1 for independent calls; more where calls come in bursts, as those of one user do. Variances,
    and so the worth of each day, are scaled by it (quasi-likelihood: McCullagh & Nelder,
    Generalized Linear Models, 1989, 4.5).

    Args:
        days: hits and of how many, a day; days of none are passed over.
        least: the smallest that is returned; 1 keeps chance from making days look too regular.
    """
    days = [(hits, of) for hits, of in days if of > 0]
    total = sum(of for _, of in days)
    if len(days) < 2 or not total:
        return least
    rate = sum(hits for hits, _ in days) / total
    if not 0 < rate < 1:
        return least
    chi2 = sum((hits - of * rate) ** 2 / (of * rate * (1 - rate)) for hits, of in days)
    return min(max(least, chi2 / (len(days) - 1)), MOST)


def score_dispersion(scores: float, total: float, squares: float) -> float:
    """Variance of scores in 0..1 as a share of that of a coin with the same mean.

    Never above 1, since no variable within 0..1 varies more; never below 0.05, so that a survey of
    equal answers is not taken for certainty.
    """
    mean = total / scores
    coin = mean * (1 - mean)
    if coin <= 0 or scores < 2:
        return 1.0
    variance = max(squares / scores - mean * mean, 0.0) * scores / (scores - 1)
    return min(max(variance / coin, 0.05), 1.0)
