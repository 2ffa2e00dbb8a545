"""Endpoints in the Anthropic Messages format, through the official SDK.

vLLM, llama.cpp and Ollama serve the format in part and with odd error bodies, so faults are told
by HTTP status alone, and a body that is not a message is an outcome of its own.
"""

import json
import os

import anthropic
from anthropic.types import MessageParam
from pydantic import ValidationError

from configs.schema.endpoint import EndpointConfig
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.kernel.instants import to_utc
from tasks.ports.respondent import Answer, Lifecycle, Outcome, Question

SIMULATED_HEADER = "emeritus-simulated"
_SHORTEST_SECRET = 16
_OUTCOMES: dict[str, Outcome] = {"max_tokens": "truncated", "refusal": "refused"}


class AnthropicRespondent:
    """A model at one endpoint."""

    def __init__(self, config: EndpointConfig) -> None:
        key = os.environ.get(config.api_key_env)
        if not key:
            raise EndpointFault(
                f"{config.base_url}: no key: set the environment variable {config.api_key_env} "
                "(for a server without keys, to any text)"
            )
        self._config, self._key = config, key
        self._client = anthropic.AsyncAnthropic(
            api_key=key,
            base_url=config.base_url,
            timeout=config.timeout_seconds,
            max_retries=config.attempts - 1,
        )

    async def ask(self, question: Question) -> Answer:
        """See `ports.respondent.Respondent`."""
        turns = [_turn(index, text) for index, text in enumerate(question.turns)]
        try:
            response = await self._client.messages.with_raw_response.create(
                model=self._config.model,
                max_tokens=question.max_output_tokens,
                messages=turns,
                system=question.system or anthropic.omit,
            )
        except anthropic.APIError as error:
            raise self._fault(error) from None  # its request and body may hold the key
        headers = response.headers
        return _answer(
            self._without_key(await response.text()),
            request_id=headers.get("request-id", ""),
            simulated=SIMULATED_HEADER in headers,
        )

    async def lifecycle(self) -> Lifecycle:
        """See `ports.respondent.Respondent`."""
        name, simulated = self._config.model, False
        try:
            response = await self._client.models.with_raw_response.retrieve(name)
            simulated = SIMULATED_HEADER in response.headers
            info = await response.parse()
            lifecycle, retires_at = info.lifecycle, info.retires_at
        except anthropic.NotFoundError:
            return Lifecycle("unknown", None, name, False, "the endpoint does not list the model")
        except anthropic.APIStatusError as error:
            if error.status_code in (405, 501):
                return Lifecycle("unknown", None, name, False, "the endpoint lists no models")
            raise self._fault(error) from None
        except anthropic.APIError as error:
            raise self._fault(error) from None
        except (AttributeError, ValidationError, ValueError):
            return Lifecycle("unknown", None, name, simulated, "the endpoint gives no lifecycle")
        if lifecycle not in ("active", "deprecated", "retired"):
            return Lifecycle("unknown", None, name, simulated, "the endpoint gives no lifecycle")
        return Lifecycle(lifecycle, to_utc(retires_at) if retires_at else None, name, simulated)

    async def aclose(self) -> None:
        """See `ports.respondent.Respondent`."""
        await self._client.close()

    def _without_key(self, text: str) -> str:
        """An endpoint, or a proxy before it, may echo what it was sent.

        A short key is no secret but a placeholder for servers without keys, such as `x`, and
        stands in ordinary words: there, nothing of an answer may be touched.
        """
        if len(self._key) < _SHORTEST_SECRET:
            return text
        return text.replace(self._key, "[key]")

    def _fault(self, error: anthropic.APIError) -> EndpointFault:
        where = f"{self._config.base_url} ({self._config.model})"
        if isinstance(error, anthropic.APIConnectionError):
            return EndpointBusy(f"{where}: no connection; is the server up, and the URL right?")
        status = getattr(error, "status_code", 0)
        if status == 429 or status >= 500:
            return EndpointBusy(f"{where}: busy or failing (HTTP {status}); a later pass goes on")
        hint = {401: "check the key", 403: "check the key's rights", 404: "check the model's name"}
        return EndpointFault(
            f"{where}: HTTP {status}: {_first_words(self._without_key(error.message))}; "
            f"{hint.get(status, 'check the configuration')}"
        )


def _turn(index: int, text: str) -> MessageParam:
    if index % 2:
        return {"role": "assistant", "content": text}
    return {"role": "user", "content": text}


def _answer(raw: str, *, request_id: str, simulated: bool) -> Answer:
    """Read a response body; whatever is not a message is `failed`, never an empty answer."""
    try:
        body = json.loads(raw)
        blocks = body["content"]
        text = "".join(block["text"] for block in blocks if block["type"] == "text")
        stop = str(body.get("stop_reason") or "")
        usage = body.get("usage") or {}
        tokens = int(usage.get("input_tokens") or 0), int(usage.get("output_tokens") or 0)
    except (ValueError, TypeError, KeyError, AttributeError):
        problem = f"HTTP 200, but not a message: {_first_words(raw)}"
        return Answer(
            "failed", raw=raw, request_id=request_id, simulated=simulated, problem=problem
        )
    outcome = _OUTCOMES.get(stop, "answered" if text.strip() else "empty")
    served = str(body.get("model") or "")
    return Answer(outcome, text, request_id, served, stop, *tokens, raw, simulated)


def _first_words(text: str) -> str:
    words = " ".join(text.split())
    return words[:120] + ("…" if len(words) > 120 else "")
