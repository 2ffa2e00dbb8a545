"""Withdraws a model at a LiteLLM proxy, by the plan in Emeritus' signed grants file.

Goes beside `emeritus_grants.py`, which reads the signed files and says where they are, and into the
proxy's configuration:

    litellm_settings:
      callbacks: [emeritus_withdrawal.withdrawal]

From the announcement on, answers for the model carry `Deprecation`, `Sunset` and `Link`. In a
brownout, and after the end of service, a caller without a grant gets 410 with an explanation; one
whose owner consented is answered by the successor, and told so in `x-emeritus-redirected-to`. The
file is read by time: nothing has to run at the moment at which a brownout begins or ends. An alias
or a fallback that leads to the model is refused as well.

A holder of a grant in force is never refused or redirected here. Where there is no plan, or one
that can't be read, everybody is served: a broken file must not end a service. Under a name that two
files tell of, what either plan refuses is refused, to holders too, and nobody is redirected.
"""

import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from emeritus_grants import caller_holds_grant, grants_folder, without_prefixes
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import ProxyException, UserAPIKeyAuth

FORMAT = "emeritus-withdrawal/1"
REDIRECTED = "x-emeritus-redirected-to"

_log = logging.getLogger("emeritus")
# The model that the request asked for, when another one answers it. A request is one task.
_asked_for: ContextVar[str] = ContextVar("emeritus_asked_for", default="")
_caller: ContextVar[UserAPIKeyAuth | None] = ContextVar("emeritus_caller", default=None)


@dataclass(frozen=True)
class Treatment:
    """What becomes of a call: `serve`, `refuse` or `redirect`; why, until when, to which model."""

    kind: str
    why: str = ""
    until: str = ""
    target: str = ""


SERVED = Treatment("serve")


def treatment(
    plan: Mapping[str, Any], at: datetime, *, granted: bool, callers: Collection[str] = ()
) -> Treatment:
    """The same as `tasks.access.withdrawal.plan.treatment`, of which a test makes sure. Pure."""
    if granted or not plan["in_force"] or at < _instant(plan["announced_at"]):
        return SERVED
    for redirect in plan["redirects"]:
        if _within(redirect, at) and not set(redirect["callers"]).isdisjoint(callers):
            return Treatment("redirect", "consent", redirect["ends_at"], redirect["target"])
    if at >= _instant(plan["sunset_at"]):
        return Treatment("refuse", "sunset")
    for window in plan["brownouts"]:
        if _within(window, at):
            return Treatment("refuse", "brownout", window["ends_at"])
    return SERVED


def explanation(plan: Mapping[str, Any], found: Treatment) -> dict[str, Any]:
    """What a refused caller is told, as the fields of an error object. Pure."""
    name = f"{plan['display_name']} ({plan['model_id']})"
    ends = _minute(plan["sunset_at"])
    if found.why == "brownout":
        said = (
            f"{name} is being retired, and its service here ends on {ends}. This is a planned "
            f"brownout: calls are refused until {_minute(found.until)}, so that whoever still "
            "depends on the model notices in time."
        )
    else:
        said = f"{name} was retired: its service here ended on {ends}."
    if plan["successor"]:
        said += f" Use {plan['successor']} instead."
    if plan["information_url"]:
        said += f" See {plan['information_url']}."
    if plan["contact"]:
        said += f" Ask {plan['contact']}."
    told = {
        "reason": found.why,
        "until": found.until or None,
        "sunset_at": plan["sunset_at"],
        "successor": plan["successor"] or None,
        "information_url": plan["information_url"] or None,
        "contact": plan["contact"] or None,
        "simulated": plan["simulated"],
    }
    return {"message": f"[SIMULATED] {said}" if plan["simulated"] else said, "withdrawal": told}


class ModelWithdrawn(ProxyException):
    """410 in the shape of the API that was called."""

    def __init__(
        self, plan: Mapping[str, Any], found: Treatment, *, anthropic: bool, headers: dict[str, str]
    ) -> None:
        told = explanation(plan, found)
        message = told["message"]
        if anthropic:  # LiteLLM lets a message through that is an error of this format already
            message = json.dumps({"type": "error", "error": {"type": "not_found_error", **told}})
        # A kept 410 would outlast a brownout, and RFC 9110 lets caches keep one unasked.
        headers = {**headers, "Cache-Control": "no-store"}
        super().__init__(message, "invalid_request_error", "model", 410, headers)
        self.status_code = 410  # by which LiteLLM's router knows that trying again is no use
        self.code = "410"  # LiteLLM makes it a 429 where a message holds certain words
        self._told = {
            "message": told["message"],
            "type": "invalid_request_error",
            "param": "model",
            "code": f"model_withdrawn_{found.why}",
            "withdrawal": told["withdrawal"],
        }

    def to_dict(self) -> dict[str, Any]:
        """The `error` object of OpenAI's format."""
        return dict(self._told)


class Withdrawal(CustomLogger):
    """Asked by LiteLLM before a call goes out, and for the headers of its answer."""

    async def async_pre_call_hook(
        self, user_api_key_dict: UserAPIKeyAuth, cache: Any, data: dict[str, Any], call_type: Any
    ) -> dict[str, Any]:
        """Refuse with 410, or hand the call to the model that its owner consented to."""
        _asked_for.set("")
        _caller.set(user_api_key_dict)
        models = _models_of(data)
        await grants_folder().fresh()
        now = datetime.now(UTC)
        for model, body, shared in _told_of(models):
            plan = _plan_of(body)
            if plan is None:
                continue
            callers = () if shared else _callers_of(user_api_key_dict)
            found = treatment(plan, now, granted=False, callers=callers)
            if found.kind == "serve" or _holds(body, user_api_key_dict, now, shared=shared):
                continue
            if found.kind == "redirect":
                _asked_for.set(model)
                data["model"] = _with_another(data["model"], model, found.target)
            else:
                headers = _headers_of(plan, now)
                anthropic = str(call_type) == "anthropic_messages"
                raise ModelWithdrawn(plan, found, anthropic=anthropic, headers=headers)
        return data

    async def async_filter_deployments(
        self,
        model: str,
        healthy_deployments: list[dict[str, Any]],
        messages: Any,
        request_kwargs: dict[str, Any] | None = None,
        parent_otel_span: Any = None,
    ) -> list[dict[str, Any]]:
        """Refuse too where an alias or a fallback, also one in the body, leads to the model."""
        caller = _caller.get()
        if caller is None:  # no call of anybody's, such as a health check
            return healthy_deployments
        now = datetime.now(UTC)
        named = [str(deployment.get("model_name") or "") for deployment in healthy_deployments]
        for _, body, shared in _told_of({model, *named}):
            plan = _plan_of(body)
            if plan is None:
                continue
            found = treatment(plan, now, granted=False)
            if found.kind == "refuse" and not _holds(body, caller, now, shared=shared):
                headers = _headers_of(plan, now)
                raise ModelWithdrawn(plan, found, anthropic=False, headers=headers)
        return healthy_deployments

    async def async_post_call_response_headers_hook(
        self,
        data: dict[str, Any],
        user_api_key_dict: UserAPIKeyAuth,
        response: Any,
        request_headers: dict[str, str] | None = None,
        litellm_call_info: dict[str, Any] | None = None,
    ) -> dict[str, str]:
        """The headers of an answer, of a stream, and of most errors."""
        asked = _asked_for.get()
        found: dict[str, str] = {}
        for _, body, shared in _told_of([asked] if asked else _models_of(data)):
            plan = _plan_of(body)
            if plan is not None and not shared:  # else they would tell of another model's end
                found |= _headers_of(plan, datetime.now(UTC))
        if asked:
            found[REDIRECTED] = str(data.get("model"))
        return found


def _told_of(models: Iterable[str]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Model, body of a file that tells of it, and whether a name of it is another model's too."""
    folder = grants_folder()
    for model in models:
        bodies = folder.telling_of(model)
        shared = len(bodies) > 1 or not folder.shared.isdisjoint(without_prefixes(model))
        yield from ((model, body, shared) for body in bodies)


def _holds(body: Mapping[str, Any], caller: Any, at: datetime, *, shared: bool) -> bool:
    """Whether a caller holds a grant that lets them through; none does under a shared name."""
    return not shared and caller_holds_grant(dict(body), caller, at)


def _models_of(data: Mapping[str, Any]) -> list[str]:
    """The models of a request; LiteLLM takes several, as a list or with commas."""
    model = data.get("model")
    named = model if isinstance(model, list) else str(model or "").split(",")
    return [str(name).strip() for name in named if str(name).strip()]


def _with_another(named: Any, model: str, target: str) -> Any:
    """What `_models_of` read, in its own form, with one model replaced."""
    if isinstance(named, list):
        return [target if name == model else name for name in named]
    return ",".join(target if name.strip() == model else name for name in named.split(","))


def _plan_of(body: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The plan in a grants file, if there is one that this version reads."""
    plan = (body or {}).get("withdrawal") or None
    if plan is None:
        return None
    try:
        if plan["format"] != FORMAT:
            raise ValueError(f"its format is {plan['format']!r}, not {FORMAT!r}")
        treatment(plan, datetime.now(UTC), granted=False)  # every field that a decision needs
        explanation(plan, Treatment("refuse", "sunset"))
        return dict(plan)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        _log.error("a withdrawal plan can't be used, so that everybody is served: %r", error)
        return None


def _headers_of(plan: Mapping[str, Any], at: datetime) -> dict[str, str]:
    if at < _instant(plan["announced_at"]):
        return {}
    return {str(name): str(value) for name, value in plan["headers"]}


def _callers_of(auth: UserAPIKeyAuth) -> list[str]:
    """How the proxy itself knows the caller; nothing that a request could claim."""
    known = {
        "token_id": auth.token or auth.api_key,
        "key_alias": auth.key_alias,
        "team_id": auth.team_id,
        "user_id": auth.user_id,
    }
    return [f"{kind}:{value}" for kind, value in known.items() if value]


def _within(window: Mapping[str, str], at: datetime) -> bool:
    return _instant(window["starts_at"]) <= at < _instant(window["ends_at"])


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _minute(text: str) -> str:
    return f"{_instant(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


withdrawal = Withdrawal()
