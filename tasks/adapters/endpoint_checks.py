"""What a model's endpoint really has, asked: one short call, its lifecycle, and what it lacks."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime

from configs.schema.endpoint import EndpointConfig
from tasks.adapters.anthropic_api import AnthropicRespondent
from tasks.adapters.anthropic_batches import AnthropicBatches
from tasks.kernel.errors import EndpointFault
from tasks.kernel.instants import to_minute
from tasks.ports.batches import NoBatches
from tasks.ports.checks import Check, State
from tasks.ports.respondent import Lifecycle, Question

_PROBE = Question(("ping",), 1)  # the whole of it: a word out, a token back
_PATIENCE_SECONDS = 15.0  # a model of one's own may have to wake up


def preflight(
    config: EndpointConfig,
    now: Callable[[], datetime],
    *,
    free: bool = False,
    retires_on: date | None = None,
) -> tuple[Check, ...]:
    """Try an endpoint: one answer of one token is paid for, and nothing is recorded.

    Args:
        config: the endpoint.
        now: the clock.
        free: whether to ask nothing that costs; then it stays open whether the model answers.
        retires_on: the model's first last day, where the endpoint's own is to be compared with it.
    """
    return asyncio.run(_try(_impatient(config), now, free, retires_on))


def _impatient(config: EndpointConfig) -> EndpointConfig:
    """A person waits for the answer."""
    seconds = min(config.timeout_seconds, _PATIENCE_SECONDS)
    asked = {"attempts": 1, "longest_wait_seconds": 0.0, "timeout_seconds": seconds}
    return config.model_copy(update=asked)


async def _try(
    config: EndpointConfig, now: Callable[[], datetime], free: bool, retires_on: date | None
) -> tuple[Check, ...]:
    where = f"{config.model} at {config.base_url}"
    try:
        respondent = AnthropicRespondent(config, now)
    except EndpointFault as fault:
        return (Check(f"endpoint {where}", "fail", str(fault)),)
    try:
        found = [] if free else [await _reached(respondent, config, where)]
        if any(check.state == "fail" for check in found):
            return tuple(found)
        found.append(await _lifecycle(respondent, where, retires_on))
        found.append(await _counts(respondent, where))
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


async def _lifecycle(respondent: AnthropicRespondent, where: str, retires_on: date | None) -> Check:
    name = f"lifecycle {where}"
    try:
        found = await respondent.lifecycle()
    except EndpointFault as fault:
        return Check(name, "warn", str(fault))
    said = _of_life(found)
    if retires_on and found.retires_at and found.retires_at.date() < retires_on:
        mend = f"before {retires_on}, which is configured: move retires_on, or settle it with them"
        return Check(name, "warn", f"{said}, {mend}")
    return Check(name, "ok", said)


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
        return Check(
            name, state, f"not offered ({none}): questions are asked one by one, at the full price"
        )
    except EndpointFault as fault:
        return Check(name, "warn", str(fault))
    finally:
        await batches.aclose()
    used = "used: a wave goes out at once, at half the price"
    unused = "not used: `endpoint.batches: when_offered` would ask at half the price"
    return Check(name, "ok", f"offered, {used if wanted else unused}")
