"""The word that stands wherever a person sees something made from a simulation."""

SIMULATED = "SIMULATED"


def labelled(text: str, simulated: bool) -> str:
    """`text`, with the label in front when what it tells of came from a simulation."""
    return f"[{SIMULATED}] {text}" if simulated else text
