"""How far coders agree. Pure."""

from collections import Counter
from collections.abc import Sequence


def percent_agreement(units: Sequence[Sequence[str | None]]) -> float | None:
    """Share of units that all readers read alike, of those with two readings or more.

    Args:
        units: one sequence of readings a unit; None is a missing reading.

    Returns:
        Between 0 and 1, or None without a unit that two readers read.
    """
    read = [[value for value in unit if value is not None] for unit in units]
    paired = [values for values in read if len(values) >= 2]
    if not paired:
        return None
    return sum(len(set(values)) == 1 for values in paired) / len(paired)


def nominal_alpha(units: Sequence[Sequence[str | None]]) -> float | None:
    """Krippendorff's alpha for nominal data, missing readings allowed.

    K. Krippendorff, Content Analysis, 4th ed. (2019), ch. 12: 1 - observed / expected
    disagreement, from the coincidences of values within units.

    Args:
        units: as in `percent_agreement`.

    Returns:
        At most 1; None where it is not defined: no pairs, or one value throughout.
    """
    margins: Counter[str] = Counter()
    disagreement = 0.0
    for unit in units:
        counts = Counter(value for value in unit if value is not None)
        readings = counts.total()
        if readings < 2:
            continue
        margins.update(counts)
        alike = sum(count * (count - 1) for count in counts.values())
        disagreement += (readings * (readings - 1) - alike) / (readings - 1)
    total = margins.total()
    expected = total * (total - 1) - sum(count * (count - 1) for count in margins.values())
    if expected == 0:
        return None
    return 1.0 - (total - 1) * disagreement / expected
