"""Whether the Prefect server in use is there, and has what runs passes. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from configs.redaction import redact, remember
from tasks.adapters.clock_checks import Seen
from tasks.ports.checks import Check

if TYPE_CHECKING:
    import httpx

_PATIENCE_SECONDS = 5.0
_PAGE = 200
_DEPLOY = "run `emeritus deploy`"
_NAME = "Prefect"


@dataclass(frozen=True, slots=True)
class PrefectServer:
    """How a server is reached.

    Attributes:
        url: root of its API; empty where none is configured.
        headers: what proves who asks; secrets.
        version: of the client here.
    """

    url: str
    headers: Mapping[str, str]
    version: str


def configured_server() -> PrefectServer:
    """The server that flows of this machine would use; imports Prefect, which takes seconds."""
    import base64
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that its home is not there yet is told elsewhere
        import prefect
        from prefect.settings import get_current_settings

        api = get_current_settings().api
    headers = {}
    if api.key is not None:
        remember(api.key.get_secret_value())  # it may stand in a profile, not in the environment
        headers["Authorization"] = f"Bearer {api.key.get_secret_value()}"
    elif api.auth_string is not None:
        remember(api.auth_string.get_secret_value())
        told = base64.b64encode(api.auth_string.get_secret_value().encode()).decode()
        headers["Authorization"] = f"Basic {told}"
    return PrefectServer((api.url or "").rstrip("/"), headers, prefect.__version__)


def prefect_checks(
    server: PrefectServer, pool: str, wanted: Mapping[str, str]
) -> Iterator[Check | Seen]:
    """Ask the server; its clock is told too.

    Args:
        server: see there.
        pool: name of the work pool that should be there.
        wanted: name -> entrypoint of each deployment that should be there.
    """
    import httpx  # slow to import

    if not server.url:
        said = (
            "no server is configured: each command starts one for its own time, and nothing runs "
            "on a schedule; set PREFECT_API_URL, or run `emeritus serve`"
        )
        yield Check(_NAME, "warn", said)
        return
    try:
        with httpx.Client(
            base_url=server.url, headers=dict(server.headers), timeout=_PATIENCE_SECONDS
        ) as client:
            yield from _reached(client, server)
            yield from _pool(client, pool)
            yield from judge_deployments(wanted, _all(client, "/deployments/filter"))
    except _Refused as refused:
        yield Check(_NAME, "fail", f"{server.url} {refused}")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = redact(str(error)) or type(error).__name__
        yield Check(
            _NAME,
            "fail",
            f"{redact(server.url)} gives no answer in {_PATIENCE_SECONDS:.0f} s ({said}); "
            "start the server, or mend PREFECT_API_URL; unset, each command starts one",
        )


def judge_deployments(
    wanted: Mapping[str, str], found: Sequence[Mapping[str, Any]]
) -> Iterator[Check]:
    """Compare what is deployed with what deployments/prefect.yaml asks for. Pure."""
    by_name = {str(one["name"]): one for one in found if one["name"] in wanted}
    missing = sorted(wanted.keys() - by_name)
    other = sorted(
        f"{name} ({by_name[name].get('entrypoint')} for {entrypoint})"
        for name, entrypoint in wanted.items()
        if name in by_name and by_name[name].get("entrypoint") != entrypoint
    )
    if missing:
        said = f"{len(missing)} of {len(wanted)} are not deployed: {_few(missing)}; {_DEPLOY}"
        yield Check("deployments", "warn" if not by_name else "fail", said)
    if other:
        yield Check("deployments", "fail", f"another entrypoint: {_few(other)}; {_DEPLOY}")
    if not missing and not other:
        yield Check("deployments", "ok", f"all {len(wanted)} are there, as the file has them")
    yield from _switched_off(by_name)


def judge_workers(pool: str, workers: Sequence[Mapping[str, Any]]) -> Check:
    """Whether somebody takes the pool's runs. Pure."""
    online = sorted(str(one["name"]) for one in workers if one.get("status") == "ONLINE")
    start = f"`prefect worker start --pool {pool}`"
    if online:
        return Check("worker", "ok", f"{_few(online)} online")
    known = f"; last known: {_few([str(one['name']) for one in workers])}" if workers else ""
    return Check("worker", "fail", f"none is online, so triggered runs wait{known}; start {start}")


class _Refused(Exception):
    """An answer of the server that is no yes."""


def _reached(client: "httpx.Client", server: PrefectServer) -> Iterator[Check | Seen]:
    asked = datetime.now(UTC)
    answer = client.get("/admin/version")
    answered = datetime.now(UTC)
    if answer.status_code in (401, 403):
        raise _Refused(
            f"refuses us ({answer.status_code}); set PREFECT_API_AUTH_STRING or PREFECT_API_KEY"
        )
    version = str(_content(answer))
    if version == server.version:
        yield Check(_NAME, "ok", f"{server.url} answers, {version} as here")
    else:
        said = f"{server.url} is {version}, and here is {server.version}: install one and the same"
        same = version.split(".")[:2] == server.version.split(".")[:2]
        yield Check(_NAME, "warn" if same else "fail", said)
    try:
        at = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return
    yield Seen("the Prefect server", at, asked, answered)


def _pool(client: "httpx.Client", pool: str) -> Iterator[Check]:
    answer = client.get(f"/work_pools/{pool}")
    if answer.status_code == 404:
        yield Check("work pool", "warn", f"there is none called {pool}; {_DEPLOY}")
        return
    found = _content(answer)
    if found.get("is_paused"):
        yield Check("work pool", "warn", f"{pool} is paused: runs wait; `prefect work-pool resume`")
    else:
        limit = found.get("concurrency_limit")
        at_once = f"at most {limit} runs at once" if limit is not None else "no limit of runs"
        yield Check("work pool", "ok", f"{pool}, type {found.get('type')}, {at_once}")
    yield judge_workers(pool, _all(client, f"/work_pools/{pool}/workers/filter"))


def _switched_off(found: Mapping[str, Mapping[str, Any]]) -> Iterator[Check]:
    paused = sorted(name for name, one in found.items() if one.get("paused"))
    scheduled = {name: one["schedules"] for name, one in found.items() if one.get("schedules")}
    on = sorted(name for name, all_ in scheduled.items() if any(s.get("active") for s in all_))
    off = sorted(scheduled.keys() - set(on))
    if paused:
        yield Check("paused", "warn", f"{_few(paused)}: no run starts; resume them in the UI")
    if scheduled and not off:
        yield Check("schedules", "ok", f"on: {_few(on)}")
    elif scheduled:
        said = f"off: {_few(off)}; on: {_few(on) or 'none'}; switch them on in the UI, if wanted"
        yield Check("schedules", "warn", said)
    once = sorted(name for name, one in found.items() if _limit(one) is not None)
    if once:
        yield Check("concurrency", "ok", f"limited: {_few(once)}; the lease keeps one pass a model")


def _limit(deployment: Mapping[str, Any]) -> object:
    whole = deployment.get("global_concurrency_limit")
    return whole.get("limit") if whole else deployment.get("concurrency_limit")


def _all(client: "httpx.Client", path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = _content(client.post(path, json={"limit": _PAGE, "offset": len(found)}))
        found += page
        if len(page) < _PAGE:
            return found


def _content(answer: "httpx.Response") -> Any:
    path = answer.request.url.path
    if answer.status_code != 200:
        raise _Refused(f"answers {answer.status_code} to {path}; is it a Prefect server's API?")
    try:
        return answer.json()
    except ValueError:
        raise _Refused(f"answers no JSON to {path}; PREFECT_API_URL ends with /api") from None


def _few(names: Sequence[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
