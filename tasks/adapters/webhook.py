"""Events to a webhook, signed as Standard Webhooks 1.0.0 asks (https://www.standardwebhooks.com).

`urllib` and not a livelier client: those log each address, and a webhook's address is a secret.
No redirect is followed, so the address that was configured is the only one that is ever asked;
it may be a private one, since an operator's own chat system often is.
"""

import base64
import binascii
import hashlib
import hmac
import time
from datetime import datetime, timedelta
from email.message import Message as Headers
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from configs.redaction import redact
from configs.schema.channels import WebhookConfig, on_loopback
from configs.schema.secret import told as pointed_at
from tasks.adapters.secrets import read_secret
from tasks.kernel.errors import ConfigError
from tasks.ports.notifier import Event, RefusedForGood, TryLater

_LATER = (408, 425, 429)
_LONGEST_PAUSE = timedelta(days=1)
_FEWEST_SECRET_BYTES = 24
_READ_BYTES = 65_536  # of an answer; it is read so that the other side can finish, and not kept
_ANSWER_IDS = ("x-request-id", "request-id", "x-correlation-id")


class Webhook:
    """Posts to one address.

    Args:
        config: the webhook; address and secret are read from the environment at once.

    Raises:
        ConfigError: a variable is missing, or what it holds can't be used.
    """

    def __init__(self, config: WebhookConfig) -> None:
        self._config, self._where = config, f"communication.channels.webhooks: {config.name}"
        self._url, self._secret = self._address(), self._signing_secret()
        self._opener = build_opener(_NoRedirect)

    def post(self, event: Event) -> str:
        """See `ports.notifier.EventHook`."""
        headers = self._headers(event)
        request = Request(self._url, event.body, headers, method="POST")  # noqa: S310
        began = time.monotonic()
        try:
            with self._opener.open(request, timeout=self._config.timeout_seconds) as answer:
                status, headers = answer.status, answer.headers
                answer.read1(_READ_BYTES)
        except HTTPError as error:
            with error:
                raise self._refusal(error.code, error.headers, event.tried_at) from None
        except (URLError, HTTPException, OSError) as error:
            spent = time.monotonic() - began
            reason = getattr(error, "reason", error)
            raise TryLater(
                f"{self._config.name}: no answer after {spent:.0f} s ({type(reason).__name__})"
            ) from None
        if not 200 <= status < 300:
            raise self._refusal(status, headers, event.tried_at)
        return f"{self._config.name}: {status}{_answer_id(headers)}"

    def _headers(self, event: Event) -> dict[str, str]:
        message_id, seconds = f"msg_{event.id}", str(int(event.tried_at.timestamp()))
        headers = {
            "content-type": "application/json",
            "user-agent": "emeritus",
            "webhook-id": message_id,
            "webhook-timestamp": seconds,
        }
        if self._secret:
            signed = b".".join([message_id.encode(), seconds.encode(), event.body])
            digest = hmac.new(self._secret, signed, hashlib.sha256).digest()
            headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
        return headers

    def _refusal(self, status: int, headers: Headers, now: datetime) -> TryLater | RefusedForGood:
        said = f"{self._config.name}: {status}{_answer_id(headers)}"
        if status in _LATER or status >= 500:
            return TryLater(said, _pause(headers.get("retry-after", ""), now))
        if 300 <= status < 400:
            return RefusedForGood(f"{said}, a redirect, which is not followed; name its end")
        return RefusedForGood(said)

    def _address(self) -> str:
        config = self._config
        url = config.url or read_secret(
            config.url_env,
            ConfigError(
                f"{self._where}: {pointed_at(config.url_env)} is not set; set it to the webhook's "
                "address where the pass runs"
            ),
        )
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname)
            usable = usable and "@" not in parts.netloc
            plain = parts.scheme == "http" and not on_loopback(parts.hostname or "")
        except ValueError:
            usable = plain = False
        if not usable or not url.isascii() or not url.isprintable() or " " in url:
            raise ConfigError(f"{self._where}: its address is no http(s) address; mend it")
        if plain and not config.plain_text_allowed:
            raise ConfigError(
                f"{self._where}: its address would send events in plain; write https, or allow it "
                "with plain_text_allowed"
            )
        return url

    def _signing_secret(self) -> bytes:
        reference = self._config.secret_env
        if not reference:
            return b""
        place = pointed_at(reference)
        unset = ConfigError(f"{self._where}: {place} is not set; set it to the signing secret")
        text = read_secret(reference, unset).removeprefix("whsec_")
        if not text:
            raise unset
        try:
            secret = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if len(secret) < _FEWEST_SECRET_BYTES:
            raise ConfigError(
                f"{self._where}: {place} holds no signing secret: `whsec_` and base64 of at "
                f"least {_FEWEST_SECRET_BYTES} random bytes"
            )
        return secret


class _NoRedirect(HTTPRedirectHandler):
    """Leaves a 3xx as the answer."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """No further request."""


def _answer_id(headers: Headers) -> str:
    found = next((headers[name] for name in _ANSWER_IDS if headers.get(name)), "")
    kept = redact("".join(c for c in found if c.isascii() and c.isprintable()))[:80]
    return f" ({kept})" if kept else ""


def _pause(retry_after: str, now: datetime) -> timedelta | None:
    """How long the other side asks to wait, bounded; None where it does not say."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=min(int(text), 86_400)), _LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if until.tzinfo is None:
        return None
    return min(max(until - now, timedelta()), _LONGEST_PAUSE)
