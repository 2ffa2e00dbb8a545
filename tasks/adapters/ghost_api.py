"""Ghost's Admin API over HTTP: a token for each call, bounded waits, plain faults.

https://docs.ghost.org/admin-api, tried against Ghost 6.65. The key never leaves this module.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from configs.schema.channels import on_loopback
from configs.schema.essay_targets import GhostConfig
from configs.schema.secret import told as pointed_at
from tasks.adapters.secrets import read_secret
from tasks.kernel.errors import ConfigError, TargetBusy, TargetRefused

_ROUTES = "/ghost/api/admin"
_AUDIENCE = "/admin/"
_TOKEN_SECONDS = 300  # the most that Ghost takes
_KEY = re.compile(r"[0-9a-f]{8,64}:(?:[0-9a-f]{2}){16,128}", re.ASCII)
_LARGEST_ANSWER = 32 << 20  # bytes: a post is answered with its text twice
_ELSEWHERE = "it sends us elsewhere, which is not followed; name that address as `url`"
_NO_GHOST = "no Admin API is there: name the root of the Ghost site as `url`"
_MEND = {
    **dict.fromkeys((301, 302, 307, 308), _ELSEWHERE),
    401: "it does not take the Admin API key: make a new one under Settings, Integrations, or set "
    "this machine's clock",
    403: "the key may not do this: use one of a custom integration",
    404: "it was deleted there meanwhile; a later pass looks again",
    406: "its version is not one that this was written for",
    409: "somebody is changing it there; a later pass looks again",
    413: "the essay is too large for the server before it",
}
_BUSY = (408, 425, 429)


class GhostApi:
    """Speaks to one Ghost site as a custom integration.

    Args:
        config: the site; its key is read from the environment at once.
        now: the clock, for tokens.

    Raises:
        ConfigError: the key is missing or is none, or the address would send it in plain.
    """

    def __init__(self, config: GhostConfig, now: Callable[[], datetime]) -> None:
        self._config, self._now = config, now
        self._where = f"essays.targets: {config.name}"
        self.url = self._address()
        self._id, self._secret = self._key()

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """One answer of Ghost's. Reading is safe to repeat.

        Raises:
            TargetBusy: no answer now; what was asked for may have been done all the same.
            TargetRefused: refused, with the HTTP status; or no answer of Ghost's.
        """
        at_home = self.url.startswith("http://")  # no proxy may see what is in plain
        headers = {"Authorization": f"Ghost {self._token()}", "Accept-Version": "v5.0"}
        try:
            with (
                httpx.Client(
                    timeout=self._config.timeout_seconds, trust_env=not at_home, verify=_trusted()
                ) as client,
                client.stream(
                    method,
                    f"{self.url}{_ROUTES}{path}",
                    params=query,
                    json=body,
                    headers=headers,
                ) as answer,
            ):
                return self._read(answer, _bounded(answer))
        except httpx.HTTPError as error:
            raise TargetBusy(
                f"{self._config.name}: no answer of {self.url} ({type(error).__name__}); a later "
                "pass tries again"
            ) from None

    def _read(self, answer: httpx.Response, data: bytes) -> dict[str, Any]:
        status = answer.status_code
        if status == httpx.codes.NO_CONTENT:
            return {}
        try:
            found = json.loads(data)
        except ValueError:
            found = None
        if answer.is_success and isinstance(found, dict):
            return found
        if status in _BUSY or status >= 500:
            raise TargetBusy(
                f"{self._config.name}: {self.url} answers with {status}; a later pass tries again",
                status=status,
            )
        said = _reason(found)
        mend = _MEND.get(status, "a later version of Ghost may want other fields")
        if not said and (answer.is_success or status == httpx.codes.NOT_FOUND):
            mend = _NO_GHOST
        mend = f"{said}; {mend}" if said else mend
        raise TargetRefused(
            f"{self._config.name}: {self.url} answers with {status}: {mend}", status=status
        )

    def _token(self) -> str:
        """A JWT as Ghost wants it: HS256, the key's id, five minutes."""
        seconds = int(self._now().timestamp())
        head = {"alg": "HS256", "typ": "JWT", "kid": self._id}
        claims = {"iat": seconds, "exp": seconds + _TOKEN_SECONDS, "aud": _AUDIENCE}
        signed = b".".join(_encoded(json.dumps(part).encode()) for part in (head, claims))
        signature = hmac.new(self._secret, signed, hashlib.sha256).digest()
        return b".".join((signed, _encoded(signature))).decode()

    def _address(self) -> str:
        url = self._config.url.rstrip("/")
        try:
            parts = urlsplit(url)
            usable = bool(parts.hostname) and not (parts.query or parts.fragment)
            usable = usable and parts.port != 0
            plain = parts.scheme == "http" and not on_loopback(parts.hostname or "")
        except ValueError:
            usable = plain = False
        if not usable:
            raise ConfigError(f"{self._where}: url: write the root of the Ghost site")
        if plain and not self._config.plain_text_allowed:
            raise ConfigError(
                f"{self._where}: url would send essays in plain; write https, or allow it with "
                "plain_text_allowed"
            )
        return url

    def _key(self) -> tuple[str, bytes]:
        reference = self._config.admin_key_env
        place = pointed_at(reference)
        text = read_secret(
            reference,
            ConfigError(f"{self._where}: {place} is not set; set it to the Admin API key"),
        )
        if not _KEY.fullmatch(text):
            raise ConfigError(
                f"{self._where}: {place} holds no Admin API key, which is `id:secret` in hex "
                "(a Content API key has no colon)"
            )
        key, _, secret = text.partition(":")
        return key, binascii.unhexlify(secret)


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, read once: that takes longer than a call."""
    return httpx.create_ssl_context()


def _bounded(answer: httpx.Response) -> bytes:
    """The body; nothing of one that is far too large."""
    data = bytearray()
    for chunk in answer.iter_bytes():
        data += chunk
        if len(data) > _LARGEST_ANSWER:
            return b""
    return bytes(data)


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def _reason(found: Any) -> str:
    """What Ghost says of a refusal, on one line; never a whole body."""
    errors = found.get("errors") if isinstance(found, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return ""
    said = " ".join(str(first.get(name) or "") for name in ("message", "context"))
    return "".join(c for c in " ".join(said.split()) if c.isprintable())[:300].rstrip(".")
