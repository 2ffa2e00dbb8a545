"""Tests against the real LiteLLM proxy; skipped unless EMERITUS_LITELLM_ENV names its environment.

`make test-litellm` makes that environment with `tools/litellm-env` and sets the variable.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.adapters.grant_signing import GrantSigning
from tasks.adapters.grants_file import GrantsFile
from tests.fakes.grants import Serials
from tests.fakes.litellm_proxy import running
from tests.fakes.model_upstream import Upstream, upstream
from tests.litellm.hook_scene import MODEL, NAMES, Scene, config_of, utc_now


@pytest.fixture(scope="session")
def litellm_env() -> Path:
    """The folder that `tools/litellm-env` made."""
    named = os.environ.get("EMERITUS_LITELLM_ENV", "")
    if not named:
        pytest.skip("needs the real LiteLLM proxy: run `make test-litellm`")
    environment = Path(named).resolve()
    if not (environment / "bin" / "litellm").exists():
        pytest.fail(f"{environment}: holds no LiteLLM; run tools/litellm-env first")
    return environment


@pytest.fixture(scope="module")
def model_server() -> Iterator[Upstream]:
    """The endpoint behind the proxy: answers at once, and keeps what it was asked."""
    with upstream() as server:
        yield server


@pytest.fixture(scope="module")
def scene(
    litellm_env: Path, model_server: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("proxy")
    signing = GrantSigning(folder / "keys" / "grants_ed25519")
    file = GrantsFile(folder / "grants", signing, Serials(), utc_now)
    file.apply(MODEL, NAMES, (), {})
    variables = {
        "EMERITUS_GRANTS": str(folder / "grants"),
        "EMERITUS_GRANTS_SIGNERS": str(signing.signers),
    }
    with running(litellm_env, folder / "run", config_of(model_server), variables) as proxy:
        yield Scene(proxy, file, model_server)
