"""The hooks of `deployments/litellm`, loaded by their files as LiteLLM loads them."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

HOOKS = Path(__file__).parents[2] / "deployments" / "litellm"


def _load(name: str) -> ModuleType:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HOOKS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


grants = _load("emeritus_grants")
litellm_hook = _load("emeritus_litellm")
GrantsFolder = grants.GrantsFolder
token_id_of = grants.token_id_of
refusal = litellm_hook.refusal
