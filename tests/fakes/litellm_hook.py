"""The callback that runs in LiteLLM's environment, loaded here where LiteLLM is not installed.

Stands in for the two names that it imports from LiteLLM; tests/litellm runs it in the real proxy.
"""

import importlib.util
import sys
from types import ModuleType
from typing import Any
from unittest import mock

from tests.fakes.litellm_proxy import HOOKS


class ProxyException(Exception):
    """As far as the callback looks at LiteLLM's own."""

    def __init__(
        self, message: str, type: str, param: str | None, code: int, headers: dict[str, str]
    ) -> None:
        super().__init__(message)
        self.message, self.type, self.param = message, type, param
        self.code, self.headers = str(code), headers


def load_withdrawal() -> Any:
    """`deployments/litellm/emeritus_withdrawal.py`, beside the real `emeritus_grants.py`."""
    logger = ModuleType("litellm.integrations.custom_logger")
    logger.CustomLogger = object  # type: ignore[attr-defined]
    types = ModuleType("litellm.proxy._types")
    types.ProxyException = ProxyException  # type: ignore[attr-defined]
    types.UserAPIKeyAuth = object  # type: ignore[attr-defined]
    stubs = {
        "litellm": ModuleType("litellm"),
        "litellm.integrations": ModuleType("litellm.integrations"),
        "litellm.integrations.custom_logger": logger,
        "litellm.proxy": ModuleType("litellm.proxy"),
        "litellm.proxy._types": types,
    }
    with mock.patch.dict(sys.modules, stubs):
        sys.modules["emeritus_grants"] = _module("emeritus_grants")
        return _module("emeritus_withdrawal")


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HOOKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with mock.patch.dict(sys.modules, {name: module}):  # dataclasses look their module up
        spec.loader.exec_module(module)
    return module
