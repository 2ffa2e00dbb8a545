"""Pieces of configuration: exact to the second, and believed only as far as the plan is in force.

The real nginx is asked where it is installed (EMERITUS_NGINX, or on PATH); skipped otherwise.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.access.withdrawal.plan import Standing, plan_of
from tasks.access.withdrawal.snippet import (
    litellm_snippet,
    nginx_snippet,
    quoted,
    seconds_pattern,
)
from tasks.kernel.instants import to_text
from tests.fakes.configs import retirement
from tests.fakes.model_upstream import upstream

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
PAUSED = "/etc/nginx/emeritus-aster-1.paused"
TEN_DIGITS = st.integers(10**9, 10**10 - 1)


def _plan(*, decided: bool = True, simulated: bool = False, **withdrawal: Any) -> dict[str, Any]:
    access = {"proposer": "p", "allowed_signers": "x", "withdrawal": withdrawal}
    return plan_of(retirement(access=access), Standing(decided, simulated=simulated))


@given(TEN_DIGITS, TEN_DIGITS, TEN_DIGITS)
def test_a_pattern_fits_exactly_the_seconds_of_its_window(one: int, other: int, at: int) -> None:
    start, end = sorted((one, other))
    fits = re.compile(f"^(?:{seconds_pattern(start, end)})\\.")
    for second in (at, start, start - 1, end, end - 1):
        assert bool(fits.match(f"{second}.123")) == (start <= second < end)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="$")))
def test_what_is_quoted_ends_where_it_should(text: str) -> None:
    inner = quoted(text)[1:-1]
    assert not re.search(r"(?<!\\)(?:\\\\)*'", inner)
    assert re.sub(r"\\([\\'])", r"\1", inner) == text


def test_litellms_piece_is_yaml_that_holds_no_instant() -> None:
    said = litellm_snippet(_plan(simulated=True), ["aster-1", "aster-latest"], Path("/srv/grants"))
    assert yaml.safe_load(said) == {
        "litellm_settings": {"callbacks": ["emeritus_withdrawal.withdrawal"]}
    }
    assert "# Names that are withdrawn: aster-1, aster-latest\n" in said
    assert "EMERITUS_GRANTS=/srv/grants" in said
    assert said.startswith("# [SIMULATED] ")


def test_without_a_decision_nginx_is_given_headers_alone() -> None:
    series = {"days_before": [7], "minutes": [60]}
    undecided = nginx_snippet(_plan(decided=False, brownout_series=series), NOW)
    assert "410" not in undecided
    assert "add_header Sunset" in undecided
    assert nginx_snippet(_plan(brownout_series=series), NOW).count("return 410") == 2


@pytest.fixture(scope="module")
def nginx() -> str:
    found = os.environ.get("EMERITUS_NGINX") or shutil.which("nginx")
    if not found:
        pytest.skip("needs nginx: apt-get install nginx-light, or name it in EMERITUS_NGINX")
    return found


@contextmanager
def _running(nginx: str, folder: Path, snippet: str, model_url: str) -> Iterator[httpx.Client]:
    """The real nginx with the two parts where their comments say that they go."""
    http_part, location_part = snippet.split("# ---- 2. in the location ----")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = "\n".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off;\n{kept}\n{http_part}\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{\n{location_part}\n"
        f"proxy_pass {model_url}; }} }} }}\n"
    )
    checked = subprocess.run(
        [nginx, "-t", "-p", folder, "-c", config], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen([nginx, "-p", folder, "-c", config])
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            for _ in range(100):
                try:
                    client.get("/")
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield client
    finally:
        process.terminate()
        process.wait(10)


def _ask(client: httpx.Client) -> httpx.Response:
    return client.post("/v1/messages", json={"model": "aster-1", "messages": []})


def test_nginx_refuses_in_a_brownout_until_its_file_pauses_it(nginx: str, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    plan = _plan(information_url="https://example.org/aster-1?a=1&b=2")
    plan["display_name"] = 'Aster "1" $msec {}; \\'
    plan["announced_at"] = to_text(now - timedelta(days=1))
    plan["brownouts"] = [
        {"starts_at": to_text(now - timedelta(1)), "ends_at": to_text(now + timedelta(1))}
    ]
    paused = tmp_path / "paused"
    snippet = nginx_snippet(plan, now).replace(PAUSED, str(paused))
    with upstream() as model, _running(nginx, tmp_path, snippet, model.url) as client:
        refused = _ask(client)
        assert refused.status_code == 410
        assert plan["display_name"] in refused.json()["error"]["message"]
        assert refused.headers["content-type"] == "application/json"
        assert refused.headers["cache-control"] == "no-store"
        for name, value in plan["headers"]:
            assert refused.headers[name] == value
        paused.touch()
        served = _ask(client)
        assert (served.status_code, served.headers["sunset"]) == (200, refused.headers["sunset"])
        assert "cache-control" not in served.headers


def test_nginx_keeps_to_the_instants_of_the_plan(nginx: str, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    plan = _plan()
    ahead = now + timedelta(days=1)
    plan |= {"announced_at": to_text(ahead), "brownouts": [], "sunset_at": to_text(ahead)}
    snippet = nginx_snippet(plan, now)
    with upstream() as model, _running(nginx, tmp_path, snippet, model.url) as client:
        served = _ask(client)
        assert (served.status_code, "deprecation" in served.headers) == (200, False)


def test_nginx_lets_nobody_through_after_the_last_day_but_whom_it_knows(
    nginx: str, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    plan = _plan()
    past = to_text(now - timedelta(days=1))
    plan |= {"announced_at": past, "brownouts": [], "sunset_at": past}
    # What nginx verifies is the operator's: here a header stands for a client certificate.
    listed = '# "CN=alice,O=Example University" granted;'
    snippet = nginx_snippet(plan, now)
    assert listed in snippet
    snippet = snippet.replace(listed, "alice granted;").replace("$ssl_client_s_dn", "$http_x_who")
    with upstream() as model, _running(nginx, tmp_path, snippet, model.url) as client:
        refused = _ask(client)
        assert refused.status_code == 410
        assert json.loads(refused.text)["error"]["code"] == "model_withdrawn_sunset"
        held = client.post("/v1/messages", json={"model": "aster-1"}, headers={"x-who": "alice"})
        assert (held.status_code, "cache-control" in held.headers) == (200, False)
