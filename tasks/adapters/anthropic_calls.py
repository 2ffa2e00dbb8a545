"""One call through an SDK client: tried with patience, its faults told in a person's words.

vLLM, llama.cpp and Ollama serve the format in part and with odd error bodies, so faults are told
by HTTP status alone.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import anthropic

from configs.schema.endpoint import EndpointConfig
from tasks.adapters.anthropic_clients import Client, open_client
from tasks.adapters.anthropic_message import first_words
from tasks.adapters.patience import Passing, Patience, asked_wait, is_passing
from tasks.kernel.errors import EndpointBusy, EndpointFault

#: Statuses by which an endpoint says that it has no such call.
NO_SUCH_CALL: Final = (400, 404, 405, 501)
SIMULATED_HEADER: Final = "emeritus-simulated"

_REQUEST_IDS: Final = (
    "request-id", "x-amzn-requestid", "apim-request-id", "x-ms-request-id", "x-request-id",
)  # fmt: skip
_HINTS: Final = {401: "check the key", 403: "check the key's rights", 404: "check the model's name"}
_TURNED_AWAY: Final = (429, 503, 529)
_CLOUD_PACKAGES: Final = ("botocore", "boto3", "google")

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Received:
    """A response with a good status.

    Attributes:
        text: the body, credentials struck out.
        request_id: whatever the endpoint calls its request; empty where it gives no id.
        simulated: True when the endpoint says that it is a simulation.
    """

    text: str
    request_id: str
    simulated: bool


class Calls:
    """An open client and the patience with its endpoint."""

    def __init__(self, config: EndpointConfig, now: Callable[[], datetime]) -> None:
        """Open the client. Raises as `open_client` does."""
        self.client: Client = open_client(config)
        self.now = now
        self._where = f"{config.base_url} ({config.model})"
        self._patience = Patience(
            self._where,
            attempts=config.attempts,
            longest_wait=config.longest_wait_seconds,
            now=now,
        )

    async def receive(
        self, call: Callable[[], Awaitable[Any]], *, repeatable: bool = True
    ) -> Received:
        """Make a call and read its response.

        Args:
            call: one try, through the SDK's `with_raw_response`.
            repeatable: False for a call that may have come through though no answer did, and must
                not then be made twice.

        Raises:
            EndpointBusy: no answer now, after all tries.
            EndpointFault: the endpoint refuses the call as it stands; `status` says how.
        """

        async def attempt() -> Received:
            try:
                response = await call()
                text = await response.text()
            except anthropic.APIError as error:
                told = self._told(error)  # its request and body may hold the key
                if isinstance(told, Passing) and not repeatable and not _undone(error):
                    raise EndpointBusy(f"{self._where}: {told}; a later pass goes on") from None
                raise told from None
            except Exception as error:
                raise self._of_credentials(error) from None
            headers = response.headers
            found = (headers.get(name) for name in _REQUEST_IDS)
            request_id = next((one for one in found if one), "")
            return Received(self.without_secrets(text), request_id, SIMULATED_HEADER in headers)

        return await self._patience.through(attempt)

    async def close(self) -> None:
        """Close connections."""
        await self.client.close()

    def without_secrets(self, text: str) -> str:
        """An endpoint, or a proxy before it, may echo what it was sent."""
        for secret in self.client.secrets():
            text = text.replace(secret, "[key]")
        return text

    def _told(self, error: anthropic.APIError) -> Passing | EndpointFault:
        if isinstance(error, anthropic.APITimeoutError):
            return Passing("no answer within endpoint.timeout_seconds")
        if isinstance(error, anthropic.APIConnectionError):
            return Passing("no connection; is the server up, and the URL right?")
        if not isinstance(error, anthropic.APIStatusError):
            return EndpointFault(f"{self._where}: {first_words(self.without_secrets(str(error)))}")
        status, headers = error.status_code, error.response.headers
        busy = f"busy or failing (HTTP {status})"
        if is_passing(status, headers):
            return Passing(busy, asked_wait(headers, self.now()))
        if is_passing(status, {}):  # it asks for no other try now
            return EndpointBusy(f"{self._where}: {busy}; a later pass goes on", status=status)
        said = first_words(self.without_secrets(error.message))
        hint = _HINTS.get(status, "check the configuration")
        if 300 <= status < 400:
            hint = "it redirects, which is not followed: name the right base_url"
        return EndpointFault(f"{self._where}: HTTP {status}: {said}; {hint}", status=status)

    def _of_credentials(self, error: Exception) -> Exception:
        """A cloud's credentials are fetched in the middle of a call; other errors are our own."""
        package = type(error).__module__.partition(".")[0]
        clients = isinstance(error, (anthropic.AnthropicError, RuntimeError))
        if package not in _CLOUD_PACKAGES and not clients:
            return error
        said = first_words(self.without_secrets(str(error)))
        return EndpointFault(f"{self._where}: no credentials for the cloud ({said}); set them up")


def _undone(error: anthropic.APIError) -> bool:
    """Whether an error says that the call had no effect."""
    return isinstance(error, anthropic.APIStatusError) and error.status_code in _TURNED_AWAY
