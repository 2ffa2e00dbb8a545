"""`emeritus pages`: the pages that people read before they act, for a browser.

Drafts in review and dossiers are not public, so nothing but loopback is served without a password.
"""

import base64
import hmac
import ipaddress
import os

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from configs.errors import EmeritusError
from configs.home import home
from flows.pages import SERVED

AUTH = "EMERITUS_PAGES_AUTH"


class PagesRefused(EmeritusError):
    """The pages would be open to people who may not read them."""

    code = "EM733"


class _Asked:
    """HTTP basic authentication; the password is compared in constant time."""

    def __init__(self, app: ASGIApp, credentials: str) -> None:
        self._app = app
        self._wanted = b"Basic " + base64.b64encode(credentials.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = HTTPConnection(scope).headers.get("authorization", "").encode("latin-1")
            if not hmac.compare_digest(given, self._wanted):
                asked = {"www-authenticate": 'Basic realm="Emeritus", charset="UTF-8"'}
                await PlainTextResponse("Sign in.\n", 401, asked)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def pages_app(credentials: str = "") -> Starlette:
    """The application. It follows no link out of its folders, and lists none.

    Args:
        credentials: `name:password` that every request must give; empty to ask for none.
    """
    routes = []
    for name in SERVED:
        files = StaticFiles(directory=home() / name, html=True, check_dir=False)
        routes.append(Mount(f"/{name}", files, name=name))
    guard = [Middleware(_Asked, credentials=credentials)] if credentials else []
    return Starlette(routes=routes, middleware=guard)


def serve_pages(host: str, port: int) -> None:
    """Serve until stopped.

    Raises:
        PagesRefused: another address than loopback, and no password.
    """
    credentials = os.environ.get(AUTH, "")
    if credentials and ":" not in credentials:
        raise PagesRefused(f"{AUTH}: write name:password")
    if not credentials and not _is_loopback(host):
        raise PagesRefused(
            f"{host}: drafts and dossiers are not public; set {AUTH} to name:password, or serve on "
            "127.0.0.1 behind a proxy that asks who reads"
        )
    uvicorn.run(pages_app(credentials), host=host, port=port, log_level="warning")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
