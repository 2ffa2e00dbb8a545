"""The machine-learning bill of materials in a package: CycloneDX 1.6 (ECMA-424). Pure.

The model is the BOM's subject, its files are the components. cyclonedx-python-lib renders the BOM
but for two things: it knows no model cards yet, and its time grows with the square of the number of
files. Both are put into its JSON; the tests hold the whole against the official strict schema.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType, Pedigree
from cyclonedx.model.contact import OrganizationalEntity
from cyclonedx.model.license import License, LicenseAcknowledgement
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion

from configs.schema.metadata import EvaluationResult
from tasks.kernel.digests import sha256_hex
from tasks.kernel.labels import labelled
from tasks.preservation.described import (
    LICENCE_TEXT,
    Described,
    golden_path,
    told,
    told_of_training,
)
from tasks.preservation.payload import PayloadFile
from tasks.preservation.payload_role import role_of

_MODEL = "model"
_SPACE = "emeritus:"
_DETAILS = ("parameters", "data_cutoff", "trained_on", "finished_on")


def serial_number(d: Described) -> UUID:
    """The BOM's serial number: that of the package in this bag, always the same."""
    return uuid5(NAMESPACE_URL, f"urn:emeritus:{d.bag}:{d.package_id}")


def render_ml_bom(d: Described) -> bytes:
    """The BOM as JSON, valid by CycloneDX's strict schema. UTF-8."""
    model = _model(d)
    tool = Component(
        type=ComponentType.APPLICATION, name="Emeritus", version=d.version, bom_ref="emeritus"
    )
    metadata = BomMetaData(
        component=model,
        tools=ToolRepository(components=[tool]),
        timestamp=datetime(d.made_on.year, d.made_on.month, d.made_on.day, tzinfo=UTC),
        properties=_properties(
            {"bag": d.bag, "package": d.package_id, "simulated": str(d.simulated).lower()}
        ),
    )
    bom = Bom(metadata=metadata, serial_number=serial_number(d))
    rendered = json.loads(
        make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string()
    )
    rendered["metadata"]["component"]["modelCard"] = _model_card(d)
    rendered["components"] = [_file(file) for file in d.files]
    references = [file["bom-ref"] for file in rendered["components"]]
    rendered["dependencies"] = [{"ref": _MODEL, "dependsOn": references}]
    return f"{json.dumps(rendered, indent=2, sort_keys=True, ensure_ascii=False)}\n".encode()


def _model(d: Described) -> Component:
    training = d.metadata.training_details
    maker = training.developed_by.strip()
    base = training.base_model.strip()
    ancestor = Component(type=ComponentType.MACHINE_LEARNING_MODEL, name=base, bom_ref="base-model")
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=labelled(d.config.display_name, d.simulated),
        version=d.metadata.model_version.strip() or None,
        bom_ref=_MODEL,
        manufacturer=OrganizationalEntity(name=maker) if maker else None,
        licenses=_licences(d),
        pedigree=Pedigree(ancestors=[ancestor]) if base else None,
        external_references=_references(d),
        properties=_properties(
            {"model-id": d.config.id, "name-at-endpoint": d.config.endpoint.model}
        ),
    )


def _licences(d: Described) -> list[License]:
    licence = d.metadata.licence.strip()
    if not licence:
        return []
    declared = LicenseAcknowledgement.DECLARED
    return [LicenseFactory().make_from_string(licence, license_acknowledgement=declared)]


def _references(d: Described) -> list[ExternalReference]:
    """Files beside the BOM, by their path from it."""
    kinds = {
        "model-card.md": ExternalReferenceType.MODEL_CARD,
        "evaluation-results.json": ExternalReferenceType.QUALITY_METRICS,
    }
    found = [ExternalReference(type=kind, url=XsUri(path)) for path, kind in kinds.items()]
    if LICENCE_TEXT in d.texts:
        found.append(_reference(ExternalReferenceType.LICENSE, LICENCE_TEXT, d.texts[LICENCE_TEXT]))
    if d.notes:
        kind = ExternalReferenceType.DOCUMENTATION
        found.append(_reference(kind, d.notes, d.texts[d.notes], "training notes"))
    for path in d.attachments:
        kind = ExternalReferenceType.DOCUMENTATION
        found.append(_reference(kind, path, d.texts[path], "added by the model's keepers"))
    for name, data in d.golden.items():
        kind = ExternalReferenceType.EVIDENCE
        found.append(_reference(kind, golden_path(name), data, "golden prompts"))
    return found


def _reference(
    kind: ExternalReferenceType, path: str, data: bytes, comment: str | None = None
) -> ExternalReference:
    digest = HashType(alg=HashAlgorithm.SHA_256, content=sha256_hex(data))
    url = XsUri(quote(path))
    return ExternalReference(type=kind, url=url, hashes=[digest], comment=comment)


def _properties(values: dict[str, str]) -> list[Property]:
    return [Property(name=_SPACE + name, value=value) for name, value in values.items()]


def _file(file: PayloadFile) -> dict[str, Any]:
    """CycloneDX's component object for a file of the model."""
    role = role_of(file.path, file.kind)
    facts = [("bytes", str(file.size)), ("kind", file.kind), ("role", role), ("note", file.note)]
    return {
        "type": "file",
        "bom-ref": f"file:{file.path}",
        "name": file.path,
        "hashes": [{"alg": "SHA-256", "content": file.sha256}],
        "properties": [{"name": _SPACE + name, "value": said} for name, said in facts if said],
    }


def _model_card(d: Described) -> dict[str, Any]:
    """CycloneDX's modelCard object; what is not told is left out."""
    metadata, training = d.metadata, told_of_training(d.metadata.training_details)
    parameters: dict[str, Any] = {}
    if architecture := training.get("architecture") or d.architecture:
        parameters["modelArchitecture"] = architecture
    if "training_data" in training:
        data = {"type": "dataset", "name": "training data"}
        parameters["datasets"] = [data | {"description": training["training_data"]}]
    metrics = [_metric(result) for result in metadata.evaluation_results]
    behaviours = [f"Known behaviour: {one}" for one in told(metadata.known_behaviours)]
    extra = [(name.replace("_", "-"), training[name]) for name in _DETAILS if name in training]
    extra += [("architecture-in-config-json", d.architecture)] if d.architecture else []
    extra += [("elements-in-safetensors-headers", d.elements)] if d.elements else []
    extra += [("notable-strength", one) for one in told(metadata.notable_strengths)]
    extra += [
        one
        for number, result in enumerate(metadata.evaluation_results, start=1)
        for one in _beside_metric(number, result)
    ]
    card = {
        "bom-ref": "model-card",
        "modelParameters": parameters,
        "quantitativeAnalysis": {"performanceMetrics": metrics} if metrics else {},
        "considerations": {"technicalLimitations": behaviours} if behaviours else {},
        "properties": [{"name": _SPACE + name, "value": str(value)} for name, value in extra],
    }
    return {name: value for name, value in card.items() if value}


def _metric(result: EvaluationResult) -> dict[str, str]:
    value = json.dumps(result.value)
    return {
        "type": result.metric,
        "value": f"{value} {result.unit}" if result.unit else value,
        "slice": result.name,
    }


def _beside_metric(number: int, result: EvaluationResult) -> Iterator[tuple[str, str]]:
    """Properties for what a performance metric has no field for; `number` is its place, from 1."""
    for name, said in (("measured-on", result.measured_on), ("source", result.source)):
        if said.strip():
            yield f"performance-metric:{number}:{name}", said
