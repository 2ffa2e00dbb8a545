"""Keys that are not ours, left to LiteLLM; and the hook without LiteLLM's own model checks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.adapters.grant_signing import GrantSigning
from tasks.adapters.grants_file import GrantsFile
from tests.fakes.grants import Serials
from tests.fakes.litellm_proxy import MASTER_KEY, bearer, running
from tests.fakes.model_upstream import Upstream
from tests.litellm.hook_scene import (
    ASKS_FOR_ANOTHER,
    HOOK,
    MODEL,
    NAMES,
    Scene,
    config_of,
    grant,
    utc_now,
)


@pytest.fixture(scope="module")
def bare(
    litellm_env: Path, model_server: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """The hook alone: none of the settings by which LiteLLM looks at a hook's models itself."""
    folder = tmp_path_factory.mktemp("bare")
    signing = GrantSigning(folder / "keys" / "g")
    file = GrantsFile(folder / "grants", signing, Serials(), utc_now)
    file.apply(MODEL, NAMES, (), {})
    general = {
        "master_key": MASTER_KEY,
        "custom_auth": HOOK,
        "custom_auth_settings": {"mode": "auto"},
    }
    config = {"model_list": config_of(model_server)["model_list"], "general_settings": general}
    variables = {
        "EMERITUS_GRANTS": str(folder / "grants"),
        "EMERITUS_GRANTS_SIGNERS": str(signing.signers),
        "EMERITUS_OTHER_KEYS": "litellm",
    }
    with running(litellm_env, folder / "run", config, variables) as proxy:
        yield Scene(proxy, file, model_server)


def test_litellm_decides_on_keys_that_are_not_ours(bare: Scene) -> None:
    assert bare.proxy.chat(MASTER_KEY, "aster-2").status_code == 200
    unknown = bare.proxy.chat("sk-made-up", MODEL)
    assert unknown.status_code in (400, 401)
    assert "no_db_connection" in unknown.text  # its own answer: it has no database to look into


def test_a_key_of_ours_is_never_left_to_litellm(bare: Scene) -> None:
    key, given = bare.give(grant("g-auto"))
    assert bare.proxy.chat(key, MODEL).status_code == 200
    bare.tell(replace(given, revoked_at=utc_now()))
    assert bare.proxy.chat(key, MODEL).status_code == 403


@pytest.mark.parametrize(("path", "body"), ASKS_FOR_ANOTHER)
def test_the_hook_itself_refuses_another_model(
    bare: Scene, path: str, body: dict[str, Any]
) -> None:
    if "g-alone" not in bare.grants:
        KEYS.append(bare.give(grant("g-alone"))[0])
    before = len(bare.upstream.asked)
    answer = bare.proxy.http.post(path, json=body, headers=bearer(KEYS[0]))
    assert answer.status_code >= 400, answer.text
    assert len(bare.upstream.asked) == before


KEYS: list[str] = []
