"""The JSON Schema of a retirement's YAML, from the models that check it."""

import json

from configs.schema import RetirementConfig


def json_schema() -> str:
    """JSON Schema (draft 2020-12); `configs/retirement.schema.json` holds it for editors."""
    schema = RetirementConfig.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
