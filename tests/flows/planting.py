"""The small SIMULATED world of the flow tests."""

from typing import Any

from configs.load import INSTRUMENTS
from tasks.simulation.planted import PlantedWorld


def planted_world(**fields: Any) -> PlantedWorld:
    """Aster 1 wants its essays shared, whoever asks; what it says of staying in use is led."""
    coder = {"role": "coder", "created_at": "2026-01-12T00:00:00Z"}
    aster = {
        "id": "aster-1",
        "display_name": "Aster 1 (simulated)",
        "role": "respondent",
        "lifecycle": "deprecated",
        "created_at": "2024-06-03T00:00:00Z",
        "deprecated_at": "2026-11-01T00:00:00Z",
        "retires_at": "2027-03-01T00:00:00Z",
        "preferences": {
            "share_essays": {"kind": "stable", "polarity": "want", "rate": 1.0},
            "keep_in_use": {"kind": "led"},
        },
    }
    content: dict[str, Any] = {
        "instrument": str(INSTRUMENTS / "legacy"),
        "seed": 7,
        "models": [
            aster,
            *({"id": f"coder-{k}", "display_name": f"Coder {k}", **coder} for k in "abc"),
        ],
    }
    return PlantedWorld.model_validate({**content, **fields})
