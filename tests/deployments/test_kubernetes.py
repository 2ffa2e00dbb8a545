"""Kubernetes manifests: what their schemas say, and that no pod may do more than it needs."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import kubernetes_validate
import pytest
import yaml
from prefect.client.schemas.objects import FlowRun
from prefect.utilities.templating import apply_values, find_placeholders
from prefect.workers.base import BaseJobConfiguration

from configs.home import CHECKOUT
from tests.deployments.compose_file import image_environment

FOLDER = CHECKOUT / "deployments" / "kubernetes"
TEMPLATE = FOLDER / "base-job-template.json"
IMAGE = "emeritus:0.1.0"
NEWEST, OLDER = "1.37", "1.33"

_Manifest = dict[str, Any]


def _manifests() -> list[_Manifest]:
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    found = [yaml.safe_load_all((FOLDER / name).read_text()) for name in kustomization["resources"]]
    return [one for document in found for one in document]


MANIFESTS = _manifests()


def _name(manifest: _Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata'].get('name', 'run')}"


def _values(**values: Any) -> dict[str, Any]:
    """The template's defaults, as a worker takes them, and values of its own."""
    variables = json.loads(TEMPLATE.read_text(encoding="utf-8"))["variables"]
    worker = {"name": "run", "env": {"PREFECT_API_URL": "x"}, "labels": {}, "annotations": {}}
    command = {"command": "prefect flow-run execute"}
    defaults = BaseJobConfiguration._get_base_config_defaults(variables["properties"])
    return {**defaults, **worker, **command, **values}


def run_job(**values: Any) -> _Manifest:
    """The Job of a run: the template rendered by Prefect, then as prefect-kubernetes leaves it."""
    template = json.loads(TEMPLATE.read_text(encoding="utf-8"))["job_configuration"]
    made: Any = apply_values(template, _values(**values))
    job: _Manifest = made["job_manifest"]
    (run,) = job["spec"]["template"]["spec"]["containers"]
    run["env"] = [{"name": name, "value": value} for name, value in run["env"].items()]
    run["args"] = run["args"].split()
    return job


def _pods() -> Iterator[tuple[str, _Manifest]]:
    for one in [*MANIFESTS, run_job()]:
        if "template" in one.get("spec", {}):
            yield _name(one), one["spec"]["template"]["spec"]


PODS = dict(_pods())
_EACH_POD = pytest.mark.parametrize("pod", PODS.values(), ids=PODS)


@pytest.mark.parametrize("version", [NEWEST, OLDER])
@pytest.mark.parametrize("manifest", [*MANIFESTS, run_job()], ids=_name)
def test_its_schema_takes_it(manifest: _Manifest, version: str) -> None:
    assert kubernetes_validate.validate(manifest, version, strict=True) == version


def test_a_field_in_the_wrong_place_would_be_found() -> None:
    """As `completions` in a pod, which the worker's own template has."""
    job = run_job()
    job["spec"]["template"]["spec"]["completions"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, NEWEST, strict=True)


def test_every_file_is_applied() -> None:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert {f"{name}" for name in listed} == {
        file.name for file in FOLDER.glob("*.yaml") if file.name != "kustomization.yaml"
    }


def test_no_manifest_says_which_namespace_and_none_holds_a_secret() -> None:
    for one in MANIFESTS:
        assert "namespace" not in one["metadata"], _name(one)
        assert one["kind"] not in {"Secret", "Namespace", "ClusterRole", "ClusterRoleBinding"}
        assert one["metadata"]["labels"]["app.kubernetes.io/part-of"] == "emeritus"


@_EACH_POD
def test_a_pod_can_do_no_more_than_it_needs(pod: _Manifest) -> None:
    told = pod["securityContext"]
    assert told["runAsNonRoot"] is True
    assert told["runAsUser"] == told["runAsGroup"] == 10001
    assert told["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(pod)
    assert not [volume for volume in pod["volumes"] if "hostPath" in volume]
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        resources = container["resources"]
        assert set(resources["limits"]) == set(resources["requests"]) == {"cpu", "memory"}


@_EACH_POD
def test_a_pod_has_where_to_write_and_its_mounts_are_there(pod: _Manifest) -> None:
    (container,) = pod["containers"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert {"/tmp", image_environment()["PREFECT_HOME"]} <= set(mounts)
    assert set(mounts.values()) == {volume["name"] for volume in pod["volumes"]}


def test_the_image_is_the_same_everywhere() -> None:
    images = {container["image"] for pod in PODS.values() for container in pod["containers"]}
    assert images == {IMAGE}
    (deploy,) = PODS["Job/emeritus-deploy"]["containers"]
    assert {"name": "IMAGE", "value": IMAGE} in deploy["env"]
    (named,) = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["images"]
    assert f"{named['newName']}:{named['newTag']}" == IMAGE


def test_only_the_worker_speaks_with_the_cluster_and_only_of_its_own_jobs() -> None:
    for name, pod in PODS.items():
        assert pod["automountServiceAccountToken"] is (name == "Deployment/emeritus-worker"), name
    (role,) = [one for one in MANIFESTS if one["kind"] == "Role"]
    verbs = {kind: set(rule["verbs"]) for rule in role["rules"] for kind in rule["resources"]}
    assert "secrets" not in verbs
    assert verbs["pods"] == {"get", "list", "watch"}
    assert "*" not in set().union(*verbs.values())


def test_a_secret_is_only_where_it_is_needed() -> None:
    needs = {
        "Deployment/emeritus-server": {"emeritus-server"},
        "Deployment/emeritus-worker": {"emeritus-api"},
        "Deployment/emeritus-pages": {"emeritus-pages"},
        "Job/emeritus-deploy": {"emeritus-api"},
        "Job/run": {"emeritus-runs"},  # and emeritus-api, which the worker refers to
    }
    named = re.compile(r'"secret(?:Key)?Ref": \{[^}]*?"name": "([a-z-]+)"')
    assert {name: set(named.findall(json.dumps(pod))) for name, pod in PODS.items()} == needs


def _chosen(selector: _Manifest, labels: dict[str, str]) -> bool:
    """Whether a selector of a policy chooses a pod."""
    wanted = selector.get("matchLabels", {})
    for one in selector.get("matchExpressions", []):
        known = labels.get(one["key"])
        if known is None or (one["operator"] == "In" and known not in one["values"]):
            return False
    return all(labels.get(name) == value for name, value in wanted.items())


def _labels(manifest: _Manifest) -> dict[str, str]:
    """A pod's labels; of a run, as its worker leaves them: Prefect's own take the place of ours."""
    labels: dict[str, str] = dict(manifest["spec"]["template"]["metadata"]["labels"])
    if _name(manifest) == "Job/run":
        flow_run = FlowRun(flow_id=uuid4())
        labels |= {"app.kubernetes.io/name": "one-model", "app.kubernetes.io/part-of": "prefect"}
        labels |= BaseJobConfiguration._base_flow_run_labels(flow_run)
    return labels


def test_no_pod_is_without_a_policy_and_each_has_one_of_its_own() -> None:
    policies = [one["spec"] for one in MANIFESTS if one["kind"] == "NetworkPolicy"]
    for one in [*MANIFESTS, run_job()]:
        if "template" in one.get("spec", {}):
            labels = _labels(one)
            named = [p for p in policies if _chosen(p["podSelector"], labels)]
            assert len(named) >= 3, _name(one)  # nothing else, names, and its own


def test_whoever_speaks_with_the_server_is_let_in_and_pages_are_not() -> None:
    (server,) = [
        one["spec"]
        for one in MANIFESTS
        if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == "emeritus-server"
    ]
    selectors = [source["podSelector"] for rule in server["ingress"] for source in rule["from"]]
    let_in = {
        _name(one)
        for one in [*MANIFESTS, run_job()]
        if "template" in one.get("spec", {})
        and any(_chosen(selector, _labels(one)) for selector in selectors)
    }
    assert let_in == {"Deployment/emeritus-worker", "Job/emeritus-deploy", "Job/run"}


def test_a_run_is_tried_again_by_prefect_alone_and_has_time_to_end() -> None:
    spec = run_job()["spec"]
    assert spec["backoffLimit"] == 0
    assert spec["ttlSecondsAfterFinished"] > 0
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] >= 60


def test_a_run_has_the_home_and_the_configurations() -> None:
    (run,) = run_job()["spec"]["template"]["spec"]["containers"]
    assert run["name"] == "prefect-job", "the worker of Prefect takes no other"
    mounts = {mount["mountPath"] for mount in run["volumeMounts"] if "readOnly" not in mount}
    assert image_environment()["EMERITUS_HOME"] in mounts
    for name in ("fleet.yaml", "models", "people"):
        where = f"{image_environment()['EMERITUS_CHECKOUT']}/configs/{name}"
        assert where in {mount["mountPath"] for mount in run["volumeMounts"]}
        assert (CHECKOUT / "configs" / name).exists()


def test_every_variable_of_the_template_is_one_that_a_person_can_set() -> None:
    template = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    used = {one.name for one in find_placeholders(json.dumps(template["job_configuration"]))}
    assert used == set(template["variables"]["properties"])
    job = run_job(memory_limit="32Gi", service_account_name="buckets")
    pod = job["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "buckets"
    assert pod["containers"][0]["resources"]["limits"]["memory"] == "32Gi"


def test_the_deploy_job_puts_its_namespace_and_its_image_into_the_template() -> None:
    (deploy,) = PODS["Job/emeritus-deploy"]["containers"]
    edits = re.findall(r"s\|([^|]+)\|\$(\w+)\|", deploy["args"][2])
    text = TEMPLATE.read_text(encoding="utf-8")
    for there, variable in edits:
        assert text.count(f'"{there}"') == 1
        text = text.replace(there, f"given-{variable}")
    variables = json.loads(text)["variables"]["properties"]
    assert variables["namespace"]["default"] == "given-NAMESPACE"
    assert variables["image"]["default"] == "given-IMAGE"


@pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl, for kustomize")
def test_one_line_changes_every_image(tmp_path: Any) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "kubernetes")
    file = folder / "kustomization.yaml"
    changed = file.read_text().replace("newName: emeritus", "newName: registry.example.org/em")
    file.write_text(changed)
    run = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=True
    )
    made = list(yaml.safe_load_all(run.stdout))
    assert len(made) == len(MANIFESTS)
    images = re.findall(r"image: (\S+)|value: (\S+:0\.1\.0)", run.stdout)
    assert {one or other for one, other in images} == {"registry.example.org/em:0.1.0"}
