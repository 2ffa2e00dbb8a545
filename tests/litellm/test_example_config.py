"""`config.example.yaml` as it stands, but for addresses: hook and withdrawal together."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from tasks.adapters.grant_signing import GrantSigning
from tasks.adapters.grants_file import GrantsFile
from tests.fakes.grants import Serials
from tests.fakes.litellm_proxy import HOOKS, MASTER_KEY, running
from tests.fakes.model_upstream import Upstream
from tests.litellm.hook_scene import MODEL, NAMES, Scene, grant, utc_now


def test_the_example_lets_holders_through_and_nobody_else(
    litellm_env: Path, model_server: Upstream, tmp_path: Path
) -> None:
    config: dict[str, Any] = yaml.safe_load((HOOKS / "config.example.yaml").read_text())
    for entry in config["model_list"]:
        entry["litellm_params"]["api_base"] = model_server.url
    signing = GrantSigning(tmp_path / "keys" / "g")
    file = GrantsFile(tmp_path / "grants", signing, Serials(), utc_now)
    file.apply(MODEL, NAMES, (), {})
    variables = {
        "EMERITUS_GRANTS": str(tmp_path / "grants"),
        "EMERITUS_GRANTS_SIGNERS": str(signing.signers),
        "EMERITUS_GRANTS_SEEN": str(tmp_path / "seen.json"),
        "LITELLM_MASTER_KEY": MASTER_KEY,
        "UPSTREAM_API_KEY": "none",
    }
    with running(litellm_env, tmp_path / "run", config, variables) as proxy:
        scene = Scene(proxy, file, model_server)
        key, given = scene.give(grant("g-example"))
        assert proxy.messages(key, MODEL).status_code == 200
        assert proxy.messages(key, "aster-2").status_code == 403
        assert proxy.messages("sk-made-up", MODEL).status_code == 401
        assert proxy.messages(MASTER_KEY, "aster-2").status_code == 200
        scene.tell(replace(given, revoked_at=utc_now()))
        assert proxy.messages(key, MODEL).status_code == 403
    assert MODEL in (tmp_path / "seen.json").read_text()
