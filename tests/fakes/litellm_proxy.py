"""The real LiteLLM proxy as a process, from an environment of its own (`tools/litellm-env`)."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

CHECKOUT = Path(__file__).parents[2]
HOOKS = CHECKOUT / "deployments" / "litellm"
MASTER_KEY = "sk-master-of-a-test"
_READY_WITHIN_SECONDS = 90


@dataclass(frozen=True)
class Proxy:
    """A running proxy.

    Attributes:
        url: its root.
        log: file that holds what it printed.
        http: a client of that root; send a key as `authorization: Bearer ...`.
    """

    url: str
    log: Path
    http: httpx.Client

    def chat(self, key: str, model: str, **more: Any) -> httpx.Response:
        """One `/v1/chat/completions` with a key."""
        body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], **more}
        return self.http.post("/v1/chat/completions", json=body, headers=bearer(key))

    def messages(self, key: str, model: str, **more: Any) -> httpx.Response:
        """One `/v1/messages` with a key, as Anthropic's clients send it."""
        body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
        return self.http.post("/v1/messages", json={**body, **more}, headers={"x-api-key": key})


def bearer(key: str) -> dict[str, str]:
    """The header that carries a key."""
    return {"authorization": f"Bearer {key}"}


def model_list(upstream_url: str, *names: str, provider: str = "openai") -> list[dict[str, Any]]:
    """Entries of `model_list` that lead to `tests.fakes.model_upstream`.

    Args:
        upstream_url: its root.
        names: names under which the proxy serves a model; the upstream is asked for the same name.
        provider: `openai`, or `anthropic`.
    """
    base = f"{upstream_url}/v1" if provider == "openai" else upstream_url
    return [
        {
            "model_name": name,
            "litellm_params": {
                "model": f"{provider}/{name}",
                "api_base": base,
                "api_key": "none",
                "max_retries": 0,
            },
        }
        for name in names
    ]


@contextmanager
def running(
    environment: Path, folder: Path, config: Mapping[str, Any], variables: Mapping[str, str]
) -> Iterator[Proxy]:
    """The proxy with a configuration, while the block runs.

    Args:
        environment: folder that `tools/litellm-env` made.
        folder: gets `config.yaml`, `proxy.log`, and links to the hooks of `deployments/litellm`,
            since LiteLLM looks for a hook beside its configuration.
        config: `model_list`, `general_settings`, `litellm_settings`.
        variables: added to its environment, such as EMERITUS_GRANTS.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(dict(config)), encoding="utf-8")
    for hook in HOOKS.glob("*.py"):
        link = folder / hook.name
        if not link.exists():
            link.symlink_to(hook)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url, log = f"http://127.0.0.1:{port}", folder / "proxy.log"
    command = [str(environment / "bin" / "litellm"), "--config", str(folder / "config.yaml")]
    command += ["--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
    # Nothing of the caller's own environment reaches it: no provider's key, no proxy's settings.
    clean = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    path = f"{environment / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    env = {**clean, "PATH": path, "PYTHONPATH": str(folder), "LITELLM_LOG": "ERROR"}
    env |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "*", **variables}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=env, cwd=folder)
    try:
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
            _wait(process, http, log)
            yield Proxy(url, log, http)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", http: httpx.Client, log: Path) -> None:
    end = time.monotonic() + _READY_WITHIN_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            if http.get("/health/liveliness").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"the proxy did not start: {log.read_text(errors='replace')[-3000:]}")
