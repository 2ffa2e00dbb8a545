"""LiteLLM's management API over HTTP: bounded waits, retries while it is busy, plain faults."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from configs.schema.secret import told as pointed_at
from tasks.adapters.secrets import read_secret
from tasks.kernel.errors import ConfigError

_NEVER_REACHED = (httpx.ConnectError, httpx.ConnectTimeout)
_BUSY = {408, 429, 500, 502, 503, 504}
_LONGEST_PAUSE_SECONDS = 5.0
_PAGE = 100  # LiteLLM's largest
_MOST_PAGES = 1000


class LiteLLMRefused(OSError):
    """LiteLLM answered with a fault that another try won't mend.

    Attributes:
        status: HTTP status.
    """

    def __init__(self, said: str, status: int) -> None:
        super().__init__(said)
        self.status = status


class LiteLLMApi:
    """Speaks to one proxy as its administrator.

    Args:
        url: the proxy's root.
        master_key_env: where the key is, read at every call.
        timeout_seconds: for one answer.
        attempts: tries while the proxy is busy or away.
        pause: waits between tries.
    """

    def __init__(
        self,
        url: str,
        master_key_env: str,
        *,
        timeout_seconds: float = 10.0,
        attempts: int = 3,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._key_env, self._attempts, self._pause = master_key_env, attempts, pause
        self._timeout = timeout_seconds

    def get(self, path: str, query: Mapping[str, Any]) -> dict[str, Any]:
        """One answer of a reading route. Safe to repeat.

        Raises:
            ConnectionError: busy or away, after all tries.
            OSError: refused, or no JSON object.
        """
        return self._call("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, Any], *, once: bool = False) -> dict[str, Any]:
        """One answer of a writing route.

        Args:
            path: the route.
            body: JSON values.
            once: not again unless LiteLLM can't have acted: it was never reached, or said 429.

        Raises:
            ConnectionError: busy or away, after all tries; it may have acted.
            OSError: refused, or no JSON object.
        """
        return self._call("POST", path, body=body, once=once)

    def pages(self, path: str, field: str, query: Mapping[str, Any]) -> Iterator[Any]:
        """All entries of a paged route. Raises as `get` does."""
        for page in range(1, _MOST_PAGES + 1):
            found = self.get(path, {**query, "page": page, "size": _PAGE})
            entries = found.get(field)
            if not isinstance(entries, list):
                raise OSError(f"{self.url}{path}: the answer has no list of {field}")
            yield from entries
            if page >= int(found.get("total_pages") or 0):
                return
        raise OSError(f"{self.url}{path}: more than {_MOST_PAGES * _PAGE} {field}")

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        once: bool = False,
    ) -> dict[str, Any]:
        said = ""
        with httpx.Client(timeout=self._timeout, trust_env=False) as client:
            for attempt in range(self._attempts):
                try:
                    answer = client.request(
                        method,
                        f"{self.url}{path}",
                        params=query,
                        json=body,
                        headers=self._headers(),
                    )
                except httpx.HTTPError as error:
                    said, wait = f"{type(error).__name__}: {error}", 0.0
                    again = not once or isinstance(error, _NEVER_REACHED)
                else:
                    if answer.status_code not in _BUSY:
                        return self._read(path, answer)
                    said, wait = f"HTTP {answer.status_code}", _retry_after(answer)
                    again = not once or answer.status_code == httpx.codes.TOO_MANY_REQUESTS
                if not again:
                    break
                if attempt + 1 < self._attempts:
                    self._pause(min(_LONGEST_PAUSE_SECONDS, max(wait, 0.5 * 2**attempt)))
        raise ConnectionError(f"{self.url}{path}: LiteLLM gives no answer ({said})")

    def _headers(self) -> dict[str, str]:
        try:
            key = read_secret(
                self._key_env,
                ConfigError(
                    f"{pointed_at(self._key_env)} is not set; access.gateway.master_key_env points "
                    "to LiteLLM's master key"
                ),
            )
        except ConfigError as error:
            raise OSError(str(error)) from None
        return {"Authorization": f"Bearer {key}"}

    def _read(self, path: str, answer: httpx.Response) -> dict[str, Any]:
        try:
            found = answer.json()
        except ValueError:
            found = None
        if answer.is_success and isinstance(found, dict):
            return found
        if answer.is_success and found is None and not answer.content.strip(b"null \n"):
            return {}
        raise LiteLLMRefused(
            f"{self.url}{path}: HTTP {answer.status_code}: {_reason(found)}", answer.status_code
        )


def _retry_after(answer: httpx.Response) -> float:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() else 0.0


def _reason(found: Any) -> str:
    """What LiteLLM says; never a whole body, which may hold a key."""
    error = found.get("error", found.get("detail")) if isinstance(found, dict) else None
    if isinstance(error, dict):
        error = error.get("message", error.get("error"))
    return " ".join(str(error or "no reason that can be read").split())[:300]
