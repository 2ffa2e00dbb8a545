"""How things are labelled for people: what a simulation made, and a model's Prefect artifacts."""

SIMULATED = "SIMULATED"


def labelled(text: str, simulated: bool) -> str:
    """`text`, with the label in front when what it tells of came from a simulation."""
    return f"[{SIMULATED}] {text}" if simulated else text


def artifact_key(kind: str, model_id: str) -> str:
    """`stages-aster-1-5` for the model aster-1.5: Prefect takes letters, digits and dashes."""
    return f"{kind}-{model_id.replace('.', '-')}"
