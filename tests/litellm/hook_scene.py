"""The real proxy with the hook, and requests that ask for another model."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tasks.adapters.grants_file import GrantsFile
from tasks.ports.gateway import GrantedAccess, KeyAtGateway
from tests.fakes.litellm_proxy import MASTER_KEY, Proxy, model_list
from tests.fakes.model_upstream import Upstream

MODEL, NAMES = "aster-1", ("aster-1", "aster-1-latest")
OTHERS = ("aster-2", "birch-7b")
HOOK = "emeritus_litellm.user_api_key_auth"


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Scene:
    """A proxy with the hook, and the folder that it reads."""

    proxy: Proxy
    file: GrantsFile
    upstream: Upstream
    grants: dict[str, GrantedAccess] = field(default_factory=dict)

    def tell(self, *grants: GrantedAccess) -> None:
        self.grants.update({grant.id: grant for grant in grants})
        self.file.apply(MODEL, NAMES, tuple(self.grants.values()), {})

    def give(self, grant: GrantedAccess) -> tuple[str, GrantedAccess]:
        """A new key under a grant, told of."""
        issued = self.file.issue(grant, grant.holder)
        grant = replace(grant, keys=(*grant.keys, KeyAtGateway(issued.token_id, grant.id)))
        self.tell(grant)
        return issued.key, grant


def config_of(upstream: Upstream) -> dict[str, Any]:
    return {
        "model_list": [
            *model_list(upstream.url, *NAMES, *OTHERS),
            *model_list(upstream.url, "claude-a", provider="anthropic"),
        ],
        "general_settings": {
            "master_key": MASTER_KEY,
            "custom_auth": HOOK,
            "custom_auth_run_common_checks": True,
            "enforce_fallback_model_access": True,
        },
        "litellm_settings": {"enable_post_custom_auth_checks": True},
    }


def grant(name: str, **fields: Any) -> GrantedAccess:
    now = utc_now()
    ends = now + timedelta(days=1)
    made = GrantedAccess(name, MODEL, "paid_users", now, ends, names=NAMES, holder="acme")
    return replace(made, **fields)


CHAT = {"messages": [{"role": "user", "content": "Hi"}]}
ASKS_FOR_ANOTHER: list[tuple[str, dict[str, Any]]] = [
    ("/v1/chat/completions", {"model": "aster-2", **CHAT}),
    ("/v1/chat/completions", {"model": "openai/aster-2", **CHAT}),
    ("/v1/chat/completions", {"model": "aster-1,aster-2", **CHAT}),
    ("/v1/chat/completions", {"model": ["aster-1", "aster-2"], **CHAT}),
    ("/v1/chat/completions", {"model": None, **CHAT}),
    ("/v1/chat/completions", CHAT),
    ("/v1/chat/completions?model=aster-2", {"model": MODEL, **CHAT}),
    ("/v1/chat/completions?model=aster-1&model=aster-2", {"model": MODEL, **CHAT}),
    ("/engines/aster-2/chat/completions", {"model": MODEL, **CHAT}),
    ("/openai/deployments/aster-2/chat/completions", {"model": MODEL, **CHAT}),
    ("/v1/chat/completions", {"model": MODEL, **CHAT, "fallbacks": ["aster-2"]}),
    ("/v1/chat/completions", {"model": MODEL, **CHAT, "model_list": []}),
    ("/v1/chat/completions", {"model": MODEL, **CHAT, "api_base": "http://127.0.0.1:9"}),
    ("/v1/chat/completions", {"model": MODEL, **CHAT, "user_config": {}}),
    ("/v1/chat/completions", {"model": MODEL, **CHAT, "metadata": {"tags": ["x"]}}),
    ("/v1/chat/completions", {"model": MODEL, **CHAT, "tools": [{"type": "mcp"}]}),
    ("/v1/messages", {"model": "claude-a", "max_tokens": 9, **CHAT}),
    ("/v1/responses", {"model": MODEL, "input": "Hi", "previous_response_id": "resp_1"}),
    ("/v1/responses", {"model": "aster-2", "input": "Hi"}),
    ("/v1/batches", {"input_file_id": "f", "endpoint": "/v1/chat/completions"}),
    ("/anthropic/v1/messages", {"model": MODEL, "max_tokens": 9, **CHAT}),
    ("/openai/v1/chat/completions", {"model": MODEL, **CHAT}),
    ("/v1beta/models/aster-2:generateContent", {"contents": []}),
    ("/cursor/chat/completions", {"model": MODEL, **CHAT}),
    ("/key/generate", {"models": ["aster-2"]}),
    ("/model/new", {"model_name": "x"}),
    ("/utils/transform_request", {"call_type": "completion", "request_body": {}}),
    ("/health/test_connection", {"litellm_params": {"model": "openai/aster-2"}}),
]
