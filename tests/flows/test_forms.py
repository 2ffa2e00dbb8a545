"""What a person meets in Prefect's forms: every field has a name, a sentence, and no switch."""

import importlib
from typing import Any

import pytest
import yaml
from prefect import Flow
from prefect.utilities.callables import parameter_schema

from configs.home import CHECKOUT
from flows.form_links import form_of

DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load(
    (CHECKOUT / "deployments" / "prefect.yaml").read_text(encoding="utf-8")
)["deployments"]
BY_NAME = {one["name"]: one for one in DEPLOYMENTS}


def _flow(deployment: dict[str, Any]) -> Flow[..., Any]:
    path, name = deployment["entrypoint"].split(":")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    flow = getattr(module, name)
    assert isinstance(flow, Flow)
    return flow


@pytest.mark.parametrize("name", BY_NAME)
def test_a_form_speaks_to_people(name: str) -> None:
    flow = _flow(BY_NAME[name])
    schema = parameter_schema(flow.fn).model_dump()
    for field, shown in schema["properties"].items():
        assert shown["title"] != field, f"{field}: no title; see flows.form_fields"
        assert shown["title"][0].isupper(), field
        assert shown.get("description", "").endswith("."), f"{field}: no sentence"
        assert "anyOf" not in shown, f"{field}: a union is shown as a switch"
    required = [f for f in schema["properties"] if f in schema["required"]]
    assert list(schema["properties"])[: len(required)] == required, "what is optional comes last"
    assert flow.flow_run_name, "a run without a name of its own gets an animal's"


@pytest.mark.parametrize("name", [n for n, one in BY_NAME.items() if "act" in one["tags"]])
def test_a_signed_act_can_be_run_without_a_signature_first(name: str) -> None:
    properties = parameter_schema(_flow(BY_NAME[name]).fn).model_dump()["properties"]
    if "signature" in properties:
        assert properties["signature"]["default"] == ""
        assert list(properties)[-1] == "signature", "what is pasted comes last"


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda one: str(one["name"]))
def test_a_deployment_says_what_it_is_for(deployment: dict[str, Any]) -> None:
    assert deployment["description"].endswith(".")
    assert set(deployment["tags"]) <= {"pass", "stage", "act", "upkeep"}
    assert len(deployment["tags"]) == 1
    assert deployment["work_pool"]["name"] == "emeritus"
    known = parameter_schema(_flow(deployment).fn).model_dump()["properties"]
    assert set(deployment.get("parameters", {})) <= set(known)
    for schedule in deployment.get("schedules", ()):
        assert schedule["timezone"]
        assert schedule["slug"], "without it, deploying again switches the schedule as it was"
        assert "active" not in schedule, "it would undo what a person switched in the UI"
        required = set(parameter_schema(_flow(deployment).fn).model_dump()["required"])
        assert required <= set(deployment.get("parameters", {})), "a schedule types nothing"


def test_every_flow_is_deployed_once() -> None:
    assert len(BY_NAME) == len(DEPLOYMENTS)
    deployed = {(_flow(one).fn.__module__, _flow(one).fn.__name__) for one in DEPLOYMENTS}
    assert len(deployed) == len(DEPLOYMENTS)
    known = set()
    for file in (CHECKOUT / "flows").glob("*.py"):
        if "@flow(" in file.read_text(encoding="utf-8"):
            module = importlib.import_module(f"flows.{file.stem}")
            flows = [one for one in vars(module).values() if isinstance(one, Flow)]
            known |= {(one.fn.__module__, one.fn.__name__) for one in flows}
    assert known == deployed


@pytest.mark.parametrize(
    ("command", "deployment", "filled"),
    [
        ("emeritus approve aster-1 --as NAME --key PATH", "approve-access", {"model": "aster-1"}),
        (
            "emeritus review aster-1 approve --slot aster-1-essay-002 --as NAME --key PATH",
            "review-essay",
            {"model": "aster-1", "action": "approve", "slot": "aster-1-essay-002"},
        ),
        (
            "emeritus incidents show aster-1 e5a35d027cc4",
            "close-incident",
            {"model": "aster-1", "incident": "e5a35d027cc4"},
        ),
        (
            "emeritus checklist close aster-1 --as NAME --key FILE",
            "close-retirement",
            {"model": "aster-1"},
        ),
    ],
)
def test_a_command_has_a_form_that_is_filled_in(
    command: str, deployment: str, filled: dict[str, str]
) -> None:
    form = form_of(command)
    assert form is not None
    assert dict(form.parameters) == filled
    flow_name, name = form.deployment.split("/")
    assert name == deployment
    assert _flow(BY_NAME[name]).name == flow_name
    assert set(filled) <= set(parameter_schema(_flow(BY_NAME[name]).fn).model_dump()["properties"])


def test_what_only_the_terminal_does_has_none() -> None:
    assert form_of("emeritus notices plan aster-1") is None
