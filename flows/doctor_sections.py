"""What `emeritus doctor` tries: subjects, in the order in which a reader needs them."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from configs.errors import EmeritusError
from configs.home import CHECKOUT, database_url, under_home
from configs.load import load_fleet, load_retirement
from configs.schema import RetirementConfig
from configs.schema.endpoint import EndpointConfig
from configs.schema.fleet import FleetConfig, FleetRunner
from flows.fleet_files import FleetFiles, files_at
from flows.fleet_runner import check_runner, scheduler_of
from flows.fleet_source import DIRTY, policy_says
from tasks import wiring
from tasks.access.core import APPROVAL_NAMESPACE
from tasks.adapters.clock_checks import Seen, clock_checks
from tasks.adapters.dask_checks import dask_check
from tasks.adapters.installation_checks import home_checks, installation_checks
from tasks.adapters.prefect_checks import configured_server, prefect_checks
from tasks.adapters.records_checks import records_checks
from tasks.adapters.secret_checks import secret_checks
from tasks.monitoring.evidence.secrets import named_secrets
from tasks.ports.checks import Check
from tasks.preservation.preflight import preflight

Try = Callable[[], Iterable[Check | Seen]]

_DEPLOYMENTS = CHECKOUT / "deployments" / "prefect.yaml"
_POOL = "emeritus"


def of_installation() -> dict[str, Try]:
    """Title -> what is tried, of this machine and of what it uses whatever the models are."""
    return {
        "This machine": installation_checks,
        "Home": home_checks,
        "Records": lambda: records_checks(database_url()),
        "Prefect": _prefect,
        "Clock": lambda: clock_checks(()),  # others' clocks come with their own sections
    }


def of_fleet(path: Path, *, free: bool) -> dict[str, Try]:
    """Title -> what is tried, of a fleet's settings and of each model that they lead to.

    Args:
        path: the settings' YAML.
        free: see `doctor.examine`.
    """
    try:
        settings, files = load_fleet(path), files_at(path)
    except EmeritusError as error:
        return _broken(str(path), str(error))
    tries: dict[str, Try] = {f"{path}: fleet": lambda: _fleet(path, settings, files)}
    for name, (shown, why) in sorted(files.invalid.items()):
        tries |= _broken(f"{name}: {shown}", why)
    for shown, config in files.loaded.values():
        tries |= _of_config(config, Path(shown), free)
    return tries


def of_file(path: Path, *, free: bool) -> dict[str, Try]:
    """Title -> what is tried, of one model's configuration.

    Args:
        path: the YAML.
        free: see `doctor.examine`.
    """
    try:
        config = load_retirement(path)
    except EmeritusError as error:
        return _broken(str(path), str(error))
    return _of_config(config, path, free)


def _of_config(config: RetirementConfig, path: Path, free: bool) -> dict[str, Try]:
    name = config.id
    return {
        f"{name}: configuration": lambda: _configuration(config, path),
        f"{name}: what is kept, and where": lambda: preflight(config),
        f"{name}: people": lambda: wiring.people_checks(config.access, APPROVAL_NAMESPACE),
        **_endpoints(config, free),
        f"{name}: letters": lambda: wiring.channel_checks(config.communication),
        f"{name}: essays": lambda: wiring.essay_checks(config.essays),
        f"{name}: usage": lambda: _usage(config),
        f"{name}: clocks": lambda: clock_checks(_servers(config)),
    }


def _broken(title: str, why: str) -> dict[str, Try]:
    return {title: lambda: [Check("configuration", "fail", why)]}


def _fleet(path: Path, settings: FleetConfig, files: FleetFiles) -> Iterator[Check]:
    count = len(files.loaded)
    if count:
        dirty = ", and changes that no commit holds" if files.commit.endswith(DIRTY) else ""
        at = f", commit {files.commit[:12]}{dirty}" if files.commit else ""
        yield Check("files", "ok", f"{files.name}{at}: {count} can be used")
    else:
        said = f"{files.name}: holds no model's file that can be used; mend configs.folder"
        yield Check("files", "fail", said)
    refused = policy_says(path)
    yield from (Check("policy", "fail", one) for one in refused)
    if not refused:
        asked = [
            word
            for word, holds in (
                ("clean", settings.policy.require_clean),
                ("signed", settings.policy.require_signed),
            )
            if holds
        ]
        said = f"what is there is {' and '.join(asked)}" if asked else "none: any commit is applied"
        yield Check("policy", "ok", said)
    yield _runner(settings.runner)


def _runner(settings: FleetRunner) -> Check:
    """Whether passes could run; a scheduler is asked for its workers."""
    try:
        check_runner(settings)
        if settings.scheduler_env:
            return dask_check(scheduler_of(settings), settings.scheduler_env)
    except EmeritusError as error:
        return Check("runner", "fail", str(error))
    return Check("runner", "ok", f"{settings.kind} on this machine, {settings.at_once} at once")


def _prefect() -> Iterator[Check | Seen]:
    document = yaml.safe_load(_DEPLOYMENTS.read_text(encoding="utf-8"))
    wanted = {one["name"]: one["entrypoint"] for one in document["deployments"]}
    yield from prefect_checks(configured_server(), _POOL, wanted)


def _configuration(config: RetirementConfig, path: Path) -> Iterator[Check]:
    label = " [SIMULATED]" if config.endpoint.simulated else ""
    first = config.candidate.first_retires_on
    yield Check("configuration", "ok", f"{path}: {config.display_name}, until {first}{label}")
    references = set(named_secrets(json.loads(config.model_dump_json())))
    if config.access.gateway.adapter != "litellm_keys":
        references.discard(config.access.gateway.master_key_env)  # a default that nobody reads
    yield from secret_checks(references, path)


def _endpoints(config: RetirementConfig, free: bool) -> dict[str, Try]:
    """A section each, so that one that hangs costs the others nothing."""
    coders = (*config.validation.coders, config.validation.adjudicator)
    last_day = config.candidate.first_retires_on
    return {
        f"{config.id}: endpoint of the model": partial(_endpoint, config.endpoint, free, last_day),
        **{
            f"{config.id}: endpoint of {one.name}": partial(_endpoint, one.endpoint, free, None)
            for one in coders
        },
    }


def _endpoint(endpoint: EndpointConfig, free: bool, last_day: date | None) -> Iterator[Check]:
    where = f" {endpoint.model} at {endpoint.base_url}"
    for check in wiring.endpoint_checks(endpoint, free=free, retires_on=last_day):
        what = check.name.removesuffix(where)
        told = f"{endpoint.base_url}, {endpoint.model}: " if what == "endpoint" else ""
        yield replace(check, name=what, said=f"{told}{check.said}")


def _usage(config: RetirementConfig) -> Iterator[Check]:
    log = under_home(config.monitoring.usage_csv)
    if log.is_file():
        yield Check("usage log", "ok", f"{log} is there, {log.stat().st_size} bytes")
    else:
        said = f"{log} is missing, so monitoring is blocked; export the gateway's calls there"
        yield Check("usage log", "warn", said)


def _servers(config: RetirementConfig) -> Iterator[tuple[str, str]]:
    """Whose clock a configuration relies on, and where it is asked for; each host once."""
    urls = [config.endpoint.base_url]
    for replica in config.preservation.replicas:
        if replica.s3 is not None:
            region = f".{replica.s3.region}" if replica.s3.region else ""
            urls.append(replica.s3.endpoint_url or f"https://s3{region}.amazonaws.com")
    hosts = {urlsplit(url).netloc: url for url in urls}
    yield from hosts.items()
