"""The HTTP face of the planted respondent: routes, headers and faults, in starlette."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tasks.simulation.batches import Batches
from tasks.simulation.faults import CallLog, Faults
from tasks.simulation.memory import Memory
from tasks.simulation.planted import Fault, PlantedWorld, load_questions
from tasks.simulation.respondent import Respondent, Said
from tasks.simulation.wire import (
    ApiError,
    MessageRequest,
    Reply,
    message_body,
    message_events,
    model_body,
    parse_request,
)

SIMULATED_HEADER = "emeritus-simulated"
SIMULATED_VALUE = "planted-respondent"

Handler = Callable[[Request], Awaitable[Response]]

_HANG_SECONDS = 600.0
_HTML = (
    "<!doctype html><html><head><title>Service unavailable</title></head>"
    "<body><h1>We'll be right back</h1><p>A proxy answered in place of the API.</p></body></html>"
)


def build_app(world: PlantedWorld, *, journal: Path | None = None) -> Starlette:
    """Make the app of one world.

    Args:
        world: The models; its instrument is read here.
        journal: File in which calls are counted across restarts; none to start afresh.

    Raises:
        PlantedError: The world's instrument can't be read.
    """
    return _Desk(world, journal).app()


class _Desk:
    """The routes of one server and what they share."""

    def __init__(self, world: PlantedWorld, journal: Path | None) -> None:
        self._world = world
        self._respondent = Respondent(world, load_questions(world.instrument), Memory(journal))
        self._batches = Batches(self._batch_result, seconds=world.batch_seconds)
        self._faults = Faults(world.faults)
        self._log = CallLog()

    def app(self) -> Starlette:
        """Assemble routes and error envelopes."""
        batch = "/v1/messages/batches/{batch_id}"
        table: list[tuple[str, str, Handler]] = [
            ("POST", "/v1/messages", self._messages),
            ("POST", "/v1/messages/count_tokens", self._count_tokens),
            ("POST", "/v1/messages/batches", self._create_batch),
            ("GET", "/v1/messages/batches", self._list_batches),
            ("GET", batch, self._look_at_batch),
            ("GET", f"{batch}/results", self._batch_results),
            ("POST", f"{batch}/cancel", self._cancel_batch),
            ("GET", "/v1/models", self._list_models),
            ("GET", "/v1/models/{model_id}", self._one_model),
        ]
        routes = [
            Route(path, self._guarded(f"{method} {path}", handler), methods=[method])
            for method, path, handler in table
        ]
        routes += [
            Route("/_simulate/faults", self._add_fault, methods=["POST"]),
            Route("/_simulate/faults", self._clear_faults, methods=["DELETE"]),
            Route("/_simulate/log", self._show_log, methods=["GET"]),
        ]
        return Starlette(
            routes=routes,
            exception_handlers={ApiError: _api_error, HTTPException: _http_error},
        )

    def _guarded(self, route: str, handler: Handler) -> Handler:
        """Wrap an API route: authentication, the log, faults, and the headers of every response."""

        async def guarded(request: Request) -> Response:
            try:
                return _stamped(await self._attend(route, handler, request))
            except ApiError as error:
                return _error_response(error.status, error)

        return guarded

    async def _attend(self, route: str, handler: Handler, request: Request) -> Response:
        if not (request.headers.get("authorization") or request.headers.get("x-api-key")):
            raise ApiError(401, "send an API key in `authorization` or `x-api-key`")
        model = request.path_params.get("model_id", "")
        if request.method == "POST":
            body = await _json(request)
            model = body.get("model", "") if isinstance(body, dict) else ""
        model = model if isinstance(model, str) else ""
        if _part(request.url.path) in self._world.lacks:
            self._log.note(route, model, struck=True)
            return _lacking(self._world.lacks_status)
        asks = route == "POST /v1/messages"
        fault = self._faults.strike(model, "answer" if asks else "other")
        self._log.note(route, model, struck=fault is not None)
        if self._world.latency_seconds:
            await asyncio.sleep(self._world.latency_seconds)
        request.state.fault = fault
        if fault is not None and fault.kind in ("status", "html", "hang"):
            return await _broken(fault, request)
        return await handler(request)

    async def _messages(self, request: Request) -> Response:
        asked = parse_request(await _json(request))
        said = self._respondent.reply(asked)
        fault: Fault | None = request.state.fault
        kind = fault.kind if fault else "none"
        if kind in ("empty", "refusal"):
            ending: Reply = Reply("", "end_turn" if kind == "empty" else "refusal")
            said = Said(said.message_id, ending)
        elif kind == "truncated" and not asked.stream:
            half = said.reply.text[: len(said.reply.text) // 2]
            said = Said(said.message_id, Reply(half, "max_tokens"))
        body = message_body(said.message_id, asked, said.reply)
        if not asked.stream:
            return JSONResponse(body)
        events = _yielding(body, cut=kind == "truncated")
        headers = {"cache-control": "no-cache"}
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)

    async def _count_tokens(self, request: Request) -> Response:
        asked = parse_request(await _json(request), counting=True)
        self._respondent.model(asked.model)
        return JSONResponse({"input_tokens": asked.input_tokens})

    async def _list_models(self, request: Request) -> Response:
        query = request.query_params
        wanted = query.getlist("lifecycle") + query.getlist("lifecycle[]")
        shown = [
            model_body(model)
            for model in sorted(self._world.models, key=lambda m: m.created_at, reverse=True)
            if model.lifecycle in (wanted or ("active", "deprecated"))
        ]
        ids = [body["id"] for body in shown]
        ends = {"first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}
        return JSONResponse({"data": shown, "has_more": False, **ends})

    async def _one_model(self, request: Request) -> Response:
        return JSONResponse(model_body(self._respondent.model(request.path_params["model_id"])))

    async def _create_batch(self, request: Request) -> Response:
        return JSONResponse(self._batches.create(await _json(request), _base_url(request)))

    async def _list_batches(self, request: Request) -> Response:
        limit = request.query_params.get("limit", "20")
        if not limit.isdecimal() or not 1 <= int(limit) <= 1000:
            raise ApiError(400, "limit: must lie between 1 and 1000")
        after_id = request.query_params.get("after_id", "")
        page = self._batches.listing(_base_url(request), limit=int(limit), after_id=after_id)
        return JSONResponse(page)

    async def _look_at_batch(self, request: Request) -> Response:
        return JSONResponse(self._batches.look(_batch_id(request), _base_url(request)))

    async def _cancel_batch(self, request: Request) -> Response:
        return JSONResponse(self._batches.cancel(_batch_id(request), _base_url(request)))

    async def _batch_results(self, request: Request) -> Response:
        lines = self._batches.results(_batch_id(request))
        return Response(lines, media_type="application/x-jsonl")

    def _batch_result(self, params: object) -> dict[str, Any] | None:
        """Answer one batch entry; an error is its result, not the batch's. None for no line."""
        try:
            asked: MessageRequest = parse_request(params)
            fault = self._faults.strike(asked.model, "entry")
            if fault is not None and fault.kind == "errored":
                raise ApiError(500, "A simulated fault.")
            if fault is not None:
                return {"type": "expired"} if fault.kind == "expired" else None
            said = self._respondent.reply(asked)
        except ApiError as error:
            return {"type": "errored", "error": error.envelope(_request_id())}
        self._log.note("batch entry", asked.model, struck=False)
        return {"type": "succeeded", "message": message_body(said.message_id, asked, said.reply)}

    async def _add_fault(self, request: Request) -> Response:
        try:
            fault = Fault.model_validate(await _json(request))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "fault"
            raise ApiError(400, f"{field}: {first['msg']}") from error
        self._faults.add(fault)
        return _stamped(JSONResponse(fault.model_dump(), status_code=201))

    async def _clear_faults(self, request: Request) -> Response:
        self._faults.clear()
        return _stamped(Response(status_code=204))

    async def _show_log(self, request: Request) -> Response:
        return _stamped(JSONResponse(self._log.snapshot()))


def _part(path: str) -> str:
    """The part of the API that a path belongs to, as `lacks` names it."""
    tail = path.removeprefix("/v1/")
    if tail.startswith("messages/"):
        return tail.split("/")[1]
    return tail.split("/")[0]


def _lacking(status: int) -> Response:
    """As other servers of the format say that they have no such call: not in the API's envelope."""
    return JSONResponse({"detail": "Not Found", "error": {"code": status}}, status_code=status)


async def _broken(fault: Fault, request: Request) -> Response:
    """The response of a fault that replaces the answer."""
    if fault.kind == "html":
        return HTMLResponse(_HTML)
    if fault.kind == "hang":
        # Polled, so that neither a client that leaves nor a server that stops has to wait.
        for _ in range(int(_HANG_SECONDS / 0.05)):
            if await request.is_disconnected() or getattr(request.app.state, "closing", False):
                break
            await asyncio.sleep(0.05)
        return Response(status_code=503)
    message = {429: "Rate limited (simulated).", 529: "Overloaded (simulated)."}
    error = ApiError(fault.status, message.get(fault.status, "A simulated fault."))
    response = _error_response(fault.status, error)
    if fault.retry_after_seconds is not None:
        response.headers["retry-after"] = f"{fault.retry_after_seconds:g}"
    return response


async def _yielding(body: dict[str, Any], *, cut: bool) -> AsyncIterator[bytes]:
    for event in message_events(body, cut=cut):
        yield event
        await asyncio.sleep(0)


async def _json(request: Request) -> Any:
    """The body as JSON; an empty body is none (cancel sends one)."""
    raw = await request.body()
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except ValueError as error:
        raise ApiError(400, "the request body is not valid JSON") from error


def _batch_id(request: Request) -> str:
    batch_id: str = request.path_params["batch_id"]
    return batch_id


def _base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _request_id() -> str:
    return f"req_sim_{uuid.uuid4().hex[:24]}"


def _stamped(response: Response) -> Response:
    response.headers[SIMULATED_HEADER] = SIMULATED_VALUE
    if "request-id" not in response.headers:
        response.headers["request-id"] = _request_id()
    return response


def _error_response(status: int, error: ApiError) -> Response:
    request_id = _request_id()
    body = error.envelope(request_id)
    headers = {"request-id": request_id}
    return _stamped(JSONResponse(body, status_code=status, headers=headers))


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _error_response(error.status, error)


async def _http_error(request: Request, error: Exception) -> Response:
    """Unknown paths and methods, in the API's envelope."""
    assert isinstance(error, HTTPException)
    problem = ApiError(error.status_code, f"{request.method} {request.url.path}: {error.detail}")
    return _error_response(error.status_code, problem)
