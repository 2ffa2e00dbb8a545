"""Takes readers' reports by HTTP and puts each into the inbox as a file; it decides nothing.

A sender (the backend of a form, a help desk) signs each request as Standard Webhooks 1.0.0 asks
(https://www.standardwebhooks.com); the same message id is the same file, so a repeat makes no
second one. The records are not touched here: the next pass reads the inbox.
"""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from configs.schema.secret import told as pointed_at
from tasks.adapters.files import write_atomically
from tasks.adapters.secrets import read_secret
from tasks.kernel.errors import ConfigError, DecisionRefused

LONGEST_BODY_BYTES = 65_536
#: Files that may lie in the inbox; more are refused until a pass has read some.
MOST_FILES = 1_000

_log = logging.getLogger("emeritus")


def signing_secret(reference: str) -> Webhook:
    """The verifier of a secret, which is not kept anywhere else.

    Args:
        reference: see `configs.schema.secret`.

    Raises:
        ConfigError: none is set, or it is no signing secret.
    """
    where = "essays.reports.webhook_secret_env"
    named = f"{pointed_at(reference)} is not set" if reference else "it names no secret"
    unset = ConfigError(f"{where}: {named}; set one to `whsec_` and base64 of 24 to 64 bytes")
    secret = read_secret(reference, unset)
    try:
        found = Webhook(secret)
        if len(found._whsecret) < 24:
            raise ValueError("short")
    except (ValueError, RuntimeError):
        raise ConfigError(
            f"{where}: {pointed_at(reference)} holds no signing secret; write `whsec_` and base64 "
            "of 24 to 64 bytes, as from `echo whsec_$(openssl rand -base64 32)`"
        ) from None
    return found


def receiver(inbox: Path, secret: Webhook, check: Callable[[bytes], object]) -> Starlette:
    """The application: `POST /reports`.

    Args:
        inbox: folder in which reports are put.
        secret: verifies senders.
        check: raises `DecisionRefused` for a body that is no report.
    """

    async def take(request: Request) -> Response:
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return _said(413, f"the report is larger than {LONGEST_BODY_BYTES} bytes")
        headers = dict(request.headers)
        try:
            secret.verify(body, headers, json_parse=False)
            check(body)
        except (WebhookVerificationError, ValueError):
            return _said(401, "the signature does not fit; sign as Standard Webhooks asks")
        except DecisionRefused as error:
            return _said(422, str(error))
        return _keep(inbox, headers["webhook-id"], body)

    return Starlette(routes=[Route("/reports", take, methods=["POST"])])


def _keep(inbox: Path, message_id: str, body: bytes) -> Response:
    """Put a report into the inbox, under its message's id."""
    if inbox.is_dir() and sum(1 for _ in inbox.glob("*.json")) >= MOST_FILES:
        return _said(503, "the inbox is full; try again later", {"retry-after": "3600"})
    name = hashlib.sha256(message_id.encode()).hexdigest()[:24]
    try:
        inbox.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(inbox / f"webhook-{name}.json", body, mode=0o600)
    except OSError as error:
        _log.error("a reader's report can't be written: %s", error.strerror)
        return _said(503, "the report can't be kept; try again later", {"retry-after": "300"})
    return JSONResponse({"received": name}, status_code=202)


async def _body(request: Request) -> bytes | None:
    """The request's bytes, or None as soon as they are too many."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LONGEST_BODY_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _said(status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": words}, status_code=status, headers=headers)
