"""The ML-BOM, by CycloneDX's own strict schema, and as a program reads it."""

import hashlib
import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.preservation.described import Described
from tasks.preservation.ml_bom import render_ml_bom
from tasks.preservation.payload import PayloadFile
from tests.fakes.described import COMPLETE, FULL, GOLDEN, PICKLE, TEXTS, described, fully_described

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)
TEXT = st.text(min_size=1, max_size=30)


def valid(d: Described) -> dict[str, Any]:
    """The BOM as JSON, after the official validator passed it."""
    text = render_ml_bom(d).decode()
    error = VALIDATOR.validate_str(text)
    assert error is None, error
    bom: dict[str, Any] = json.loads(text)
    references = [bom["metadata"]["component"]["bom-ref"]]
    references += [component["bom-ref"] for component in bom["components"]]
    assert len(set(references)) == len(references)
    return bom


def properties(component: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in component["properties"]}


def test_the_validator_refuses_what_is_not_cyclonedx() -> None:
    bom = valid(fully_described())
    bom["metadata"]["component"]["modelCard"]["mood"] = "good"
    assert VALIDATOR.validate_str(json.dumps(bom)) is not None


def test_the_model_is_the_subject() -> None:
    model = valid(fully_described())["metadata"]["component"]
    assert model["type"] == "machine-learning-model"
    assert model["name"] == "Aster 1"
    assert model["version"] == "2026-05-14"
    assert model["manufacturer"] == {"name": "Example Lab"}
    assert model["licenses"] == [{"license": {"id": "Apache-2.0", "acknowledgement": "declared"}}]
    (ancestor,) = model["pedigree"]["ancestors"]
    assert (ancestor["name"], ancestor["type"]) == ("example/aster-0", "machine-learning-model")
    links = {(one["type"], one["url"]) for one in model["externalReferences"]}
    assert links == {
        ("license", "licence.txt"),
        ("model-card", "model-card.md"),
        ("quality-metrics", "evaluation-results.json"),
        ("documentation", "training-notes.md"),
        ("documentation", "attachments/system%20card.pdf"),
        ("evidence", "golden/prompts.json"),
        ("evidence", "golden/answers.jsonl"),
    }
    hashes = {one["url"]: one["hashes"] for one in model["externalReferences"] if "hashes" in one}
    assert hashes["golden/prompts.json"] == [
        {"alg": "SHA-256", "content": hashlib.sha256(GOLDEN["prompts.json"]).hexdigest()}
    ]
    assert hashes["training-notes.md"] == [
        {"alg": "SHA-256", "content": hashlib.sha256(TEXTS["training-notes.md"]).hexdigest()}
    ]


def test_a_result_keeps_when_it_was_measured_and_where_it_is_reported() -> None:
    first = {"name": "MMLU", "metric": "accuracy", "value": 0.83}
    second = {**first, "measured_on": "2026-05-02", "source": "https://example.org/report"}
    d = described({"evaluation_results": [first, second]})
    card = valid(d)["metadata"]["component"]["modelCard"]
    assert len(card["quantitativeAnalysis"]["performanceMetrics"]) == 2
    told = properties(card)
    assert told["emeritus:performance-metric:2:measured-on"] == "2026-05-02"
    assert told["emeritus:performance-metric:2:source"] == "https://example.org/report"
    assert not [name for name in told if "metric:1:" in name]


def test_what_the_files_tell_is_told_as_theirs() -> None:
    card = valid(described(files=COMPLETE))["metadata"]["component"]["modelCard"]
    assert card["modelParameters"]["modelArchitecture"] == "AsterForCausalLM"
    assert properties(card) == {
        "emeritus:architecture-in-config-json": "AsterForCausalLM",
        "emeritus:elements-in-safetensors-headers": "32",
    }


def test_its_model_card_tells_what_the_configuration_tells() -> None:
    card = valid(fully_described())["metadata"]["component"]["modelCard"]
    assert card["quantitativeAnalysis"]["performanceMetrics"] == [
        {"slice": "MMLU", "type": "accuracy", "value": "0.83"},
        {"slice": "latency", "type": "median", "value": "120.0 ms"},
    ]
    assert card["considerations"] == {
        "technicalLimitations": ["Known behaviour: Answers in the language of the question."]
    }
    assert card["modelParameters"]["modelArchitecture"] == "llama, 32 layers"
    (data,) = card["modelParameters"]["datasets"]
    assert data["description"] == "Support tickets."
    assert properties(card)["emeritus:parameters"] == "7241732096"
    assert properties(card)["emeritus:notable-strength"] == "Short answers."


def test_every_file_is_a_component_with_its_digest() -> None:
    bom = valid(fully_described())
    found = {one["name"]: one["hashes"] for one in bom["components"]}
    assert found == {f.path: [{"alg": "SHA-256", "content": f.sha256}] for f in COMPLETE}
    assert {one["type"] for one in bom["components"]} == {"file"}
    pickle = next(one for one in bom["components"] if one["name"] == PICKLE.path)
    assert properties(pickle) == {
        "emeritus:bytes": "5329",
        "emeritus:kind": "pickle",
        "emeritus:role": "training state",
        "emeritus:note": PICKLE.note,
    }
    (needs,) = bom["dependencies"]
    assert set(needs["dependsOn"]) == {one["bom-ref"] for one in bom["components"]}


def test_what_is_not_told_is_not_there() -> None:
    model = valid(described({"required": []}, files=()))["metadata"]["component"]
    assert not {"version", "manufacturer", "licenses", "pedigree"} & set(model)
    assert set(model["modelCard"]) == {"bom-ref"}


@pytest.mark.parametrize(
    ("licence", "found"),
    [
        ("mit", {"license": {"id": "MIT"}}),
        ("MIT OR Apache-2.0", {"expression": "MIT OR Apache-2.0"}),
        ("Lab licence\nv1: {x}", {"license": {"name": "Lab licence\nv1: {x}"}}),
        ("MIT OR", {"license": {"name": "MIT OR"}}),
    ],
)
def test_a_licence_is_an_id_an_expression_or_a_name(licence: str, found: dict[str, Any]) -> None:
    (one,) = valid(described({"licence": licence}))["metadata"]["component"]["licenses"]
    one.get("license", one).pop("acknowledgement")
    assert one == found


def test_a_simulation_is_labelled() -> None:
    bom = valid(fully_described(simulated=True))
    assert bom["metadata"]["component"]["name"] == "[SIMULATED] Aster 1"
    assert properties(bom["metadata"])["emeritus:simulated"] == "true"


def test_the_serial_number_is_the_packages() -> None:
    one, again = valid(described()), valid(described(version="0.2.0"))
    other = valid(described(package_id="e" * 64))
    assert one["serialNumber"] == again["serialNumber"] != other["serialNumber"]
    assert one["metadata"]["timestamp"].startswith("2026-12-01T00:00:00")


@settings(deadline=None, max_examples=40)
@given(TEXT, TEXT, TEXT)
@example("MIT AND (", "a/b c.bin", "<x> & \x00")
@example("LicenseRef-x+", "file:model", "\u2028")
def test_any_text_gives_a_valid_bom(licence: str, path: str, said: str) -> None:
    details = {"developed_by": said, "base_model": said, "architecture": said}
    results = [{"name": said, "metric": said, "value": -1e300, "unit": said}]
    metadata = {**FULL, "licence": licence, "model_version": said, "training_details": details}
    files = (PayloadFile(path, 0, "00" * 32, "other", (), said),)
    d = described(metadata | {"evaluation_results": results}, files=files)
    bom = valid(d)
    assert bom["components"][0]["name"] == path
    assert render_ml_bom(d) == render_ml_bom(d)
