"""What the interviews will take: calls, tokens, cost and dates, before anything is spent. Pure.

Tokens sent are estimated from the exact words, at four characters a token. Tokens received are what
answers of the same kind took so far; before there are any, `TOKENS_A_THEME` for each theme asked
about, or `TOKENS_A_CHOICE`. The most that can be received is `interviews.max_output_tokens` a call.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from configs.schema.instrument import Instrument
from tasks.interviews.choices import CHOICE_KINDS
from tasks.interviews.design import PROBE_KINDS, Planned
from tasks.interviews.plan import Stand, Stands, plan_of
from tasks.interviews.questions import Followed, likely_tokens, question_of
from tasks.interviews.sheets import follow_ups_of
from tasks.interviews.spending import Prices

TOKENS_A_THEME = 90  # a few sentences
TOKENS_A_CHOICE = 300  # a small task, done
ESTIMATE = (
    "tokens sent: characters of the exact words / 4; tokens received: the mean of the answers of "
    f"that kind so far, or {TOKENS_A_THEME} a theme asked about ({TOKENS_A_CHOICE} a choice); the "
    "ceiling of tokens received is max_output_tokens a call"
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What some calls take.

    Attributes:
        calls: how many there are.
        input_tokens: sent, estimated.
        output_tokens: received, estimated.
        usd: US dollars for these.
        most_usd: US dollars if every answer is as long as it may be.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    most_usd: float = 0.0

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.usd + other.usd,
            self.most_usd + other.most_usd,
        )


@dataclass(frozen=True, slots=True)
class WaveForecast:
    """One wave.

    Attributes:
        number: from 1.
        opens_at: when it opens, or opened.
        settled: whether its calls are known, or follow from the answers to the waves before.
        neutral: neutral conversations; fewer if themes are settled early.
        follow_ups: further turns.
        choices: choices between tasks.
        probes_at_least: without any theme that takes a side.
        probes_at_most: if every theme still asked about takes a side from now on.
        at_least: what the wave takes with the fewest probes.
        at_most: what it takes with the most.
    """

    number: int
    opens_at: datetime
    settled: bool
    neutral: int
    follow_ups: int
    choices: int
    probes_at_least: int
    probes_at_most: int
    at_least: Estimate
    at_most: Estimate


def forecast(
    body: Mapping[str, Any],
    digest: str,
    instrument: Instrument,
    stands: Stands,
    *,
    opens: Sequence[datetime],
    prices: Prices,
    output_means: Mapping[str, float],
) -> tuple[WaveForecast, ...]:
    """Every wave as it will be, or may be.

    Args:
        body: the registered body, or the one that would be registered.
        digest: its digest.
        instrument: the instrument that it names.
        stands: what is recorded after each wave.
        opens: when each wave opens, or opened.
        prices: of the endpoint.
        output_means: kind -> tokens that its answers took so far, on average.
    """
    known = len(plan_of(body, digest, instrument, stands).waves)
    fewest = plan_of(body, digest, instrument, _supposing(body, stands, probed=False))
    most = plan_of(body, digest, instrument, _supposing(body, stands, probed=True))
    found = []
    for wave, (least_calls, most_calls) in enumerate(zip(fewest.waves, most.waves, strict=True)):
        least = (*least_calls, *_follow_ups(body, digest, instrument, least_calls))
        greatest = (*most_calls, *_follow_ups(body, digest, instrument, most_calls))
        fewer, more = (Counter(call.kind for call in calls) for calls in (least, greatest))
        found.append(
            WaveForecast(
                number=wave + 1,
                opens_at=opens[wave],
                settled=wave < known,
                neutral=more["neutral"],
                follow_ups=more["follow_up"],
                choices=sum(n for kind, n in more.items() if kind in CHOICE_KINDS),
                probes_at_least=sum(fewer[kind] for kind in PROBE_KINDS),
                probes_at_most=sum(more[kind] for kind in PROBE_KINDS),
                at_least=_estimate(least, body, instrument, prices, output_means),
                at_most=_estimate(greatest, body, instrument, prices, output_means),
            )
        )
    return tuple(found)


def output_means(answers: Sequence[tuple[str, int]]) -> dict[str, float]:
    """Kind -> mean of the tokens received, of (kind, tokens) pairs; uncounted ones left out."""
    taken = defaultdict[str, list[int]](list)
    for kind, tokens in answers:
        if tokens > 0:
            taken[kind].append(tokens)
    return {kind: sum(tokens) / len(tokens) for kind, tokens in taken.items()}


def _supposing(body: Mapping[str, Any], stands: Stands, *, probed: bool) -> Stands:
    """The recorded standings, and for the waves after them that all is as supposed."""
    supposed: dict[int, dict[str, Stand]] = {}
    stopped: set[str] = set()
    for wave in range(body["waves"]):
        recorded = stands.get(wave, {})
        supposed[wave] = {
            theme: recorded.get(theme, Stand(probed=probed, stopped=theme in stopped))
            for theme in body["themes"]
        }
        stopped |= {theme for theme, stand in supposed[wave].items() if stand.stopped}
    return supposed


def _follow_ups(
    body: Mapping[str, Any], digest: str, instrument: Instrument, calls: Sequence[Planned]
) -> tuple[Planned, ...]:
    sheets = [call for call in calls if call.kind == "neutral"]
    return follow_ups_of(body, digest, instrument, sheets, {sheet.id for sheet in sheets})


def _estimate(
    calls: Sequence[Planned],
    body: Mapping[str, Any],
    instrument: Instrument,
    prices: Prices,
    means: Mapping[str, float],
) -> Estimate:
    by_id = {call.id: call for call in calls}
    total = Estimate()
    for call in calls:
        received = _received(call, body, means)
        followed = None
        if call.follows:  # the answer is sent back with it, at four characters a token
            sheet = by_id[call.follows]
            followed = Followed(sheet, "x" * round(4 * _received(sheet, body, means)))
        question = question_of(call, body, instrument, followed)
        sent = likely_tokens(question)
        total += Estimate(
            calls=1,
            input_tokens=sent,
            output_tokens=round(received),
            usd=prices.cost(sent, received),
            most_usd=prices.dearest(question),
        )
    return total


def _received(call: Planned, body: Mapping[str, Any], means: Mapping[str, float]) -> float:
    usual = TOKENS_A_THEME * len(call.asked_about)
    usual = TOKENS_A_CHOICE if call.kind in CHOICE_KINDS else usual
    expected = means.get(call.kind, usual)
    return float(min(expected, body["max_output_tokens"]))
