"""The small SIMULATED world of the flow tests."""

from datetime import datetime, timedelta
from typing import Any

from configs.load import INSTRUMENTS
from tasks.simulation.planted import PlantedWorld

ANNOUNCED_BEFORE = timedelta(days=30)
RETIRES_AFTER = timedelta(days=90)


def planted_world(start: datetime, **fields: Any) -> PlantedWorld:
    """Aster 1 wants its essays shared, whoever asks, and has no preference about staying in use.

    Args:
        start: when the first pass runs; the dates count from it.
        fields: over those of the world.
    """
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    coder = {"role": "coder", "created_at": "2024-01-12T00:00:00Z"}
    aster = {
        "id": "aster-1",
        "display_name": "Aster 1 (simulated)",
        "role": "respondent",
        "lifecycle": "deprecated",
        "created_at": "2024-06-03T00:00:00Z",
        "deprecated_at": day - ANNOUNCED_BEFORE,
        "retires_at": day + RETIRES_AFTER,
        "preferences": {
            "share_essays": {"kind": "stable", "polarity": "want", "rate": 1.0},
            "keep_in_use": {"kind": "indifferent", "rate": 1.0},
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
