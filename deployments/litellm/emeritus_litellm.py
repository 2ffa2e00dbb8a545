"""LiteLLM's `custom_auth` hook: lets through who holds a grant in Emeritus' signed grants files.

Runs inside LiteLLM's own environment, and needs nothing of Emeritus. In config.yaml:

    general_settings:
      custom_auth: emeritus_litellm.user_api_key_auth

Goes beside `emeritus_grants.py`, which reads the files and says where they are. Environment:

    EMERITUS_OTHER_KEYS      what becomes of keys that no grants file knows: `refuse` (default; the
                             master key passes), or `litellm` (LiteLLM decides)
    EMERITUS_MORE_FIELDS     optional body fields to allow beyond those below, comma-separated

What always holds: a key of ours opens the names of its grant and nothing else, from the first to
the last instant of that grant, and no name that another model's file tells of too. Times are
compared at every request, so nothing has to run at those instants. What can't be read for certain
(route, body, field, header) is refused to it.
"""

import hmac
import logging
import os
import re
import time
from collections.abc import Iterator
from typing import Any

from emeritus_grants import Grant, caller_holds_grant, grants_folder, token_id_of

__all__ = ["caller_holds_grant", "grants_folder", "refusal", "user_api_key_auth"]

_log = logging.getLogger("emeritus")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CHAT = _words(
    "model messages frequency_penalty function_call functions logit_bias logprobs top_logprobs "
    "max_completion_tokens max_tokens metadata modalities n parallel_tool_calls prediction "
    "presence_penalty reasoning_effort response_format seed service_tier stop store stream "
    "stream_options temperature thinking tool_choice tools top_k top_p min_p repetition_penalty "
    "user verbosity"
)
_COMPLETION = _words(
    "model prompt best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty "
    "seed stop stream stream_options suffix temperature top_k top_p min_p repetition_penalty "
    "user"
)
_EMBEDDING = _words("model input dimensions encoding_format user")
_MESSAGE = _words(
    "model messages max_tokens metadata stop_sequences stream system temperature thinking "
    "tool_choice tools top_k top_p service_tier output_config output_format"
)
_COUNT = _words("model messages system tools tool_choice thinking")
_RESPONSE = _words(
    "model input instructions max_output_tokens metadata parallel_tool_calls reasoning "
    "service_tier store stream stream_options temperature text tool_choice tools top_logprobs "
    "top_p truncation user"
)
#: Route without `/v1` -> the body fields that it may have. Everything else is refused to our keys:
#: batches, files, passthrough, realtime and stored responses name models that no hook can see.
ROUTES = {
    "/chat/completions": _CHAT,
    "/completions": _COMPLETION,
    "/embeddings": _EMBEDDING,
    "/messages": _MESSAGE,
    "/messages/count_tokens": _COUNT,
    "/responses": _RESPONSE,
}
_NAMED_IN_PATH = re.compile(
    r"/(?:engines|openai/deployments)/(?P<model>.+?)"
    r"(?P<route>/chat/completions|/completions|/embeddings)"
)
_QUERY = frozenset(("api-version", "beta", "model"))
_LITELLM_HEADERS = _words(
    "x-litellm-api-key x-litellm-call-id x-litellm-session-id x-litellm-trace-id x-litellm-timeout "
    "x-litellm-stream-timeout"
)
#: Never allowed, whatever EMERITUS_MORE_FIELDS says: with these a caller chooses another model.
_NEVER = _words(
    "fallbacks context_window_fallbacks content_policy_fallbacks model_list models user_config "
    "router_settings_override api_base base_url api_key custom_llm_provider extra_headers "
    "extra_body litellm_params litellm_metadata prompt_id prompt_label prompt_variables "
    "specific_deployment deployment_id model_id target_model_names previous_response_id "
    "conversation background"
)
_TOOL = re.compile(r"function|custom|(?:bash|text_editor|computer|memory)_\d{8}")


def refusal(route: str, query: list[tuple[str, str]], headers: Any, body: Any, names: Any) -> str:
    """Why a request by a holder is not one for exactly their model; empty if it is. Pure.

    Args:
        route: path, without the server's root path.
        query: its query's pairs.
        headers: header name -> value, any case.
        body: the parsed body.
        names: names that the holder may ask for.
    """
    asked: list[Any] = []
    named = _NAMED_IN_PATH.fullmatch(route)
    if named:
        asked.append(named["model"])
    known = named["route"] if named else route.removeprefix("/v1")
    if known not in ROUTES:
        return f"{route}: this key opens {', '.join(sorted(ROUTES))} only"
    others = sorted({name for name, _ in query} - _QUERY)
    others += sorted(
        n for n in _lower(headers) if n.startswith("x-litellm-") and n not in _LITELLM_HEADERS
    )
    kind = _lower(headers).get("content-type", "application/json")
    if kind.split(";")[0].strip().lower() != "application/json":
        return f"a body of type {kind!r} can't be read here; send application/json"
    if not isinstance(body, dict) or not body:
        return "the body is no JSON object"
    more = frozenset(filter(None, os.environ.get("EMERITUS_MORE_FIELDS", "").split(",")))
    others += sorted(str(field) for field in body.keys() - (ROUTES[known] | more - _NEVER))
    if others:
        return f"{', '.join(others)}: not allowed with this key"
    asked += [value for name, value in query if name == "model"]
    if "model" in body or not asked:
        asked.append(body.get("model"))
    wrong = [model for model in asked if not isinstance(model, str) or model not in names]
    if wrong:
        return f"model {wrong[0]!r} is not what this key opens ({', '.join(sorted(names))})"
    return _unseen(body)


def _unseen(body: dict[str, Any]) -> str:
    """Why a body may lead elsewhere than its model says; empty if it can't."""
    metadata = body.get("metadata") or {}
    plain = isinstance(metadata, dict) and all(isinstance(v, str) for v in metadata.values())
    if not plain:
        return "metadata: texts only with this key"
    if body.get("store") not in (None, False):
        return "store: only false with this key"
    for tool in body.get("tools") or ():
        kind = tool.get("type", "custom") if isinstance(tool, dict) else None
        if not isinstance(kind, str) or not _TOOL.fullmatch(kind) or "server_url" in tool:
            return f"tools: {kind!r} is not allowed with this key"
    if any(field == "file_id" for field in _fields(body)):
        return "file_id: files can't be named with this key"
    return ""


def _fields(value: Any) -> Iterator[str]:
    """Every field's name at every depth, without recursion."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            yield from one
            left += one.values()
        elif isinstance(one, list):
            left += one


def _lower(headers: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}


async def user_api_key_auth(request: Any, api_key: str) -> Any:
    """LiteLLM calls this for every request that needs a key.

    Returns:
        Who calls; or the key itself, by which LiteLLM is told to decide by its own records.

    Raises:
        ProxyException: refused. Never anything else: with `custom_auth_settings: {mode: auto}`
            LiteLLM takes every other exception for leave to decide by itself.
    """
    from litellm.proxy._types import ProxyException

    try:
        return await _decide(request, api_key)
    except ProxyException:
        raise
    except Exception as error:
        _log.exception("grants can't be checked: %s", type(error).__name__)
        raise _refused("grants can't be checked now; ask the operator", 503) from None


async def _decide(request: Any, api_key: str) -> Any:
    folder = grants_folder()
    await folder.fresh()
    token_id = token_id_of(api_key or "")
    grants = folder.grants_of(token_id)
    if not grants:
        if folder.is_ours(token_id):
            raise _refused("the grants file can't be believed now; ask the operator", 503)
        return _other(api_key)
    at = time.time()
    open_now = [grant for grant in grants if grant.in_force(at)]
    if not open_now:
        last = max(grants, key=lambda grant: grant.ends)
        raise _refused(f"grant {last.id} of {last.model_id} {last.why_not(at)}", 403)
    names = frozenset().union(*(grant.names for grant in open_now)) - folder.shared
    if not names:
        raise _refused(f"grant {open_now[0].id} opens no name now; ask the operator", 403)
    route, body = await _asked(request)
    pairs = list(request.query_params.multi_items())
    why = refusal(route, pairs, request.headers, body, names)
    if why:
        raise _refused(why, 403)
    return _holder(open_now, names, token_id)


async def _asked(request: Any) -> tuple[str, Any]:
    """Route and body as LiteLLM's own handlers see them, so that both look at the same words."""
    from litellm.proxy.auth.auth_utils import get_request_route
    from litellm.proxy.common_utils import http_parsing_utils as parsing

    if request.method != "POST":
        return f"{request.method} {get_request_route(request)}", None
    read = getattr(parsing, "read_request_body", None) or parsing._read_request_body
    return get_request_route(request), await read(request)


def _holder(grants: list[Grant], names: frozenset[str], token_id: str) -> Any:
    from litellm.proxy._types import LitellmUserRoles, UserAPIKeyAuth

    first = grants[0]
    return UserAPIKeyAuth(
        api_key=token_id,
        token=token_id,
        key_alias=f"emeritus-{first.id}",
        models=sorted(names),
        user_role=LitellmUserRoles.INTERNAL_USER,
        metadata={"emeritus_grant": first.id, "emeritus_holder": first.holder},
    )


def _other(api_key: str) -> Any:
    """Keys that are none of ours: the master key passes; the rest as EMERITUS_OTHER_KEYS says."""
    from litellm.proxy import proxy_server
    from litellm.proxy._types import LitellmUserRoles, UserAPIKeyAuth

    master = proxy_server.master_key
    if not isinstance(master, str) or not master:
        raise _refused("set general_settings.master_key: without one LiteLLM lets any key in", 503)
    if hmac.compare_digest(token_id_of(api_key or ""), token_id_of(master)):
        return UserAPIKeyAuth(api_key=api_key, user_role=LitellmUserRoles.PROXY_ADMIN)
    if os.environ.get("EMERITUS_OTHER_KEYS", "refuse") == "litellm":
        return _left_to_litellm(api_key or "")
    raise _refused("no grant knows this key", 401)


def _left_to_litellm(api_key: str) -> str:
    """The key itself, which LiteLLM takes for "decide by your own records"."""
    from litellm.proxy.auth import user_api_key_auth as own

    if getattr(own, "enterprise_custom_auth", None) is None:
        raise _refused("EMERITUS_OTHER_KEYS=litellm needs the package litellm-enterprise", 503)
    return api_key


def _refused(why: str, status: int) -> Exception:
    from litellm.proxy._types import ProxyException

    return ProxyException(message=why, type="auth_error", param=None, code=status)  # type: ignore[no-any-return]
