"""The JSON Schemas of what people write, from the models that check it."""

import json

from pydantic import BaseModel

from configs.schema import RetirementConfig
from configs.schema.fleet import FleetConfig

_MODELS: dict[str, type[BaseModel]] = {"retirement": RetirementConfig, "fleet": FleetConfig}


def json_schema(name: str = "retirement") -> str:
    """JSON Schema (draft 2020-12); `configs/NAME.schema.json` holds it for editors.

    Args:
        name: `retirement` (configs/models/*.yaml) or `fleet` (configs/fleet.yaml).
    """
    schema = _MODELS[name].model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
