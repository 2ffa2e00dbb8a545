"""What a holder's request may look like; the real proxy is in tests/litellm."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.hooks import litellm_hook, refusal

NAMES = frozenset(("aster-1", "aster-1-latest"))
CHAT: dict[str, Any] = {"model": "aster-1", "messages": [{"role": "user", "content": "Hi"}]}
JSON = {"content-type": "application/json"}


def test_a_plain_request_passes() -> None:
    assert refusal("/v1/chat/completions", [], JSON, CHAT, NAMES) == ""
    assert refusal("/chat/completions", [("api-version", "1")], {}, CHAT, NAMES) == ""
    assert refusal("/engines/aster-1/completions", [], JSON, {"prompt": "Hi"}, NAMES) == ""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model": "aster-2"}, "model 'aster-2' is not what this key opens"),
        ({"model": "Aster-1"}, "is not what this key opens"),
        ({"model": "openai/aster-1"}, "is not what this key opens"),
        ({"fallbacks": ["aster-1"]}, "fallbacks: not allowed"),
        ({"metadata": {"tags": ["a"]}}, "metadata: texts only"),
        ({"store": True}, "store: only false"),
        ({"tools": [{"type": "web_search"}]}, "tools: 'web_search'"),
        ({"tools": [{"type": "function", "server_url": "x"}]}, "tools:"),
        ({"tools": ["function"]}, "tools:"),
        ({"messages": [{"content": [{"file": {"file_id": "f"}}]}]}, "file_id:"),
    ],
)
def test_a_field_that_may_lead_elsewhere_is_refused(change: dict[str, Any], told: str) -> None:
    assert told in refusal("/v1/chat/completions", [], JSON, {**CHAT, **change}, NAMES)


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"x-litellm-model": "aster-2"}, []),
        ({"X-LiteLLM-Tags": "a"}, []),
        ({"content-type": "text/plain"}, []),
        ({}, [("model", "aster-2")]),
        ({}, [("target_model_names", "aster-1")]),
    ],
)
def test_headers_and_query_are_read_too(
    headers: dict[str, str], query: list[tuple[str, str]]
) -> None:
    assert refusal("/v1/chat/completions", query, headers, CHAT, NAMES)


def test_more_fields_never_open_the_ways_to_another_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMERITUS_MORE_FIELDS", "guided_json,fallbacks")
    route = "/v1/chat/completions"
    assert refusal(route, [], JSON, {**CHAT, "guided_json": {}}, NAMES) == ""
    assert "fallbacks" in refusal(route, [], JSON, {**CHAT, "fallbacks": []}, NAMES)


_names = st.sampled_from(["aster-1", "aster-1-latest", "aster-2", "", "aster-1,aster-2"])
_models = _names | st.none() | st.lists(_names, max_size=2)
_routes = st.sampled_from(
    ["/v1/chat/completions", "/completions", "/v1/messages", "/responses", "/v1/batches"]
) | st.builds(
    lambda name, end: f"/engines/{name}{end}",
    _names,
    st.sampled_from(["/chat/completions", "/embeddings"]),
)
_values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


@given(
    _routes,
    st.lists(st.tuples(st.sampled_from(["model", "beta", "x"]), _names), max_size=2),
    st.dictionaries(
        st.sampled_from(sorted(litellm_hook._CHAT | litellm_hook._NEVER)), _values, max_size=4
    ),
    st.booleans(),
    _models,
)
def test_whatever_passes_names_nothing_but_the_holders_model(
    route: str, query: list[tuple[str, str]], fields: dict[str, Any], named: bool, model: Any
) -> None:
    body = {**fields, "model": model} if named else fields
    if refusal(route, query, JSON, body, NAMES):
        return
    asked = [value for name, value in query if name == "model"]
    asked += [body["model"]] if "model" in body else []
    asked += [route.split("/")[2]] if route.startswith("/engines/") else []
    assert asked
    assert set(asked) <= NAMES
    assert not body.keys() & litellm_hook._NEVER
    assert route != "/v1/batches"
