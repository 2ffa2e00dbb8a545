"""How a stage of many parts stands. Pure."""

from collections.abc import Sequence

from tasks.kernel.stages import Assessment, StageState

_ORDER = (StageState.DUE, StageState.BLOCKED, StageState.WAITING)


def together(parts: Sequence[Assessment]) -> Assessment:
    """One assessment of several: what is due comes first, then what a person has to mend.

    What is told of the others is left out while something is due, and stands behind otherwise.

    Args:
        parts: at least one, in the order in which they are told.
    """
    state = next((s for s in _ORDER if any(p.state is s for p in parts)), StageState.DONE)
    first = [part for part in parts if part.state is state]
    if state is StageState.DUE:
        return first[0]
    untils = [part.until for part in parts if part.until is not None]
    return Assessment(
        state,
        "; ".join(part.reason for part in first),
        min(untils, default=None),
        next((part.command for part in first if part.command), ""),
    )
