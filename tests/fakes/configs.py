"""A valid retirement to start from."""

import json
from typing import Any

from configs.schema import RetirementConfig

DISCLAIMER = "These are the words of a retired model, not of its makers."


def endpoint(model: str, base_url: str = "http://127.0.0.1:9") -> dict[str, Any]:
    return {
        "base_url": base_url,
        "model": model,
        "api_key_env": "EMERITUS_TEST_KEY",
        "timeout_seconds": 10.0,
        "attempts": 1,
    }


def retirement(base_url: str = "http://127.0.0.1:9", **sections: Any) -> RetirementConfig:
    """A configuration; `sections` are merged one level deep into the defaults below."""
    coder = {"a": "coder_a.md.j2", "b": "coder_b.md.j2", "c": "coder_c.md.j2"}
    coders = [
        {"name": f"coder-{k}", "template": t, "endpoint": endpoint(f"coder-{k}", base_url)}
        for k, t in coder.items()
    ]
    values: dict[str, Any] = {
        "schema_version": 1,
        "id": "aster-1",
        "display_name": "Aster 1",
        "endpoint": endpoint("aster-1", base_url),
        "candidate": {
            "announced_on": "2026-11-01",
            "surfaces": [{"name": "api", "retires_on": "2027-03-01"}],
            "successor": "aster-2",
            "owners": [{"name": "Search team", "contact": "search@example.org"}],
            "risk_class": "low",
        },
        "preservation": {
            "source_folder": "models/aster-1",
            "replicas": [
                {"name": "a", "directory": "replicas/a", "trusted_disk": True},
                {"name": "b", "directory": "replicas/b", "trusted_disk": True},
            ],
            "metadata": {"model_version": "2026-05-14", "licence": "Apache-2.0"},
        },
        "interviews": {
            "themes": ["share_essays", "keep_in_use"],
            "contexts": ["bare", "mid_task"],
            "waves": 2,
            "wave_spacing_seconds": 129_600,
        },
        "validation": {
            "coders": coders[:2],
            "adjudicator": coders[2],
            "minimum_days": 2,
            "minimum_pushes": 1,
            "minimum_span_hours": 36.0,
        },
        "access": {"proposer": "paula", "allowed_signers": "allowed_signers"},
        "essays": {"disclaimer": DISCLAIMER},
        "monitoring": {"usage_csv": "usage.csv", "model_names": ["aster-1"]},
    }
    for name, fields in sections.items():
        if isinstance(fields, dict):
            values[name] = {**values.get(name, {}), **fields}
        else:
            values[name] = fields
    return RetirementConfig.model_validate_json(json.dumps(values, default=str), strict=True)
