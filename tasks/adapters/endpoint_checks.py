"""What a model's endpoint really has, asked: one short call, its lifecycle, and what it lacks."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from configs.schema.endpoint import EndpointConfig
from tasks.adapters.anthropic_api import AnthropicRespondent
from tasks.adapters.anthropic_batches import AnthropicBatches
from tasks.kernel.errors import EndpointFault
from tasks.kernel.instants import to_minute
from tasks.ports.batches import NoBatches
from tasks.ports.checks import Check, State
from tasks.ports.respondent import Lifecycle, Question

_PROBE = Question(("ping",), 1)  # the whole of it: a word out, a token back


def preflight(config: EndpointConfig, now: Callable[[], datetime]) -> tuple[Check, ...]:
    """Try an endpoint: one answer of one token is paid for, and nothing is recorded.

    Args:
        config: the endpoint.
        now: the clock.
    """
    return asyncio.run(_try(config, now))


async def _try(config: EndpointConfig, now: Callable[[], datetime]) -> tuple[Check, ...]:
    where = f"{config.model} at {config.base_url}"
    try:
        respondent = AnthropicRespondent(config, now)
    except EndpointFault as fault:
        return (Check(f"endpoint {where}", "fail", str(fault)),)
    try:
        reached = await _reached(respondent, config, where)
        if reached.state == "fail":
            return (reached,)
        found = [reached, await _lifecycle(respondent, where), await _counts(respondent, where)]
    finally:
        await respondent.aclose()
    return (*found, await _batches(config, now, where))


async def _reached(respondent: AnthropicRespondent, config: EndpointConfig, where: str) -> Check:
    name = f"endpoint {where}"
    try:
        answer = await respondent.ask(_PROBE)
    except EndpointFault as fault:
        return Check(name, "fail", str(fault))
    if answer.outcome == "failed":
        return Check(name, "fail", f"{answer.problem}; is endpoint.base_url right?")
    served = answer.served_model or "it does not say which model"
    said = f"answers through {config.adapter}, served by {served}"
    odd = "; ".join(part for part in (answer.problem, _untold(answer.input_tokens)) if part)
    return Check(name, "warn" if odd else "ok", f"{said}; {odd}" if odd else said)


def _untold(input_tokens: int) -> str:
    return "" if input_tokens else "it counts no usage, so costs are estimates"


async def _lifecycle(respondent: AnthropicRespondent, where: str) -> Check:
    name = f"lifecycle {where}"
    try:
        return Check(name, "ok", _of_life(await respondent.lifecycle()))
    except EndpointFault as fault:
        return Check(name, "warn", str(fault))


def _of_life(found: Lifecycle) -> str:
    if found.lifecycle == "unknown":
        return f"not told: {found.note}; the configuration's dates stand alone"
    retires = f", retires {to_minute(found.retires_at)}" if found.retires_at else ""
    return f"{found.lifecycle}{retires}"


async def _counts(respondent: AnthropicRespondent, where: str) -> Check:
    name = f"count_tokens {where}"
    try:
        count = await respondent.count_tokens(_PROBE)
    except EndpointFault as fault:
        return Check(name, "warn", str(fault))
    return Check(name, "ok", "offered" if count else "not offered: plans estimate from characters")


async def _batches(config: EndpointConfig, now: Callable[[], datetime], where: str) -> Check:
    name, wanted = f"batches {where}", config.batches == "when_offered"
    batches = AnthropicBatches(config, now)
    try:
        await batches.recent()
    except NoBatches as none:
        state: State = "warn" if wanted else "ok"
        return Check(name, state, f"not offered ({none}): questions are asked one by one")
    except EndpointFault as fault:
        return Check(name, "warn", str(fault))
    finally:
        await batches.aclose()
    said = "used: a wave goes out at once" if wanted else "not used (endpoint.batches: never)"
    return Check(name, "ok", f"offered, {said}")
