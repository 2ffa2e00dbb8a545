"""What the calls cost, and what the ceilings still allow. Pure.

A try whose usage nobody told (a kill, a lost connection, an endpoint that counts nothing) is taken
to have cost the most that it could: a ceiling has to hold in the worst case.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from configs.schema import RetirementConfig
from tasks.interviews.questions import most_tokens
from tasks.ports.respondent import Question


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of one endpoint, in US dollars a million tokens."""

    sent: float
    received: float

    @property
    def free(self) -> bool:
        """Whether nothing costs anything."""
        return not (self.sent or self.received)

    def cost(self, input_tokens: float, output_tokens: float) -> float:
        """US dollars for so many tokens."""
        return (input_tokens * self.sent + output_tokens * self.received) / 1e6

    def dearest(self, question: Question) -> float:
        """US dollars that one call costs at the most."""
        return self.cost(most_tokens(question), question.max_output_tokens)


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What may not be passed.

    Attributes:
        calls: tries, whatever comes back.
        usd: US dollars; 0 for no such ceiling.
    """

    calls: int
    usd: float


@dataclass(frozen=True, slots=True)
class Tries:
    """What the tries of one conversation came to.

    Attributes:
        question: what was asked.
        attempts: how often.
        input_tokens: of the last try, as the endpoint counted; 0 if it did not.
        output_tokens: likewise.
    """

    question: Question
    attempts: int
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent so far.

    Attributes:
        calls: tries.
        input_tokens: as counted by the endpoint.
        output_tokens: likewise.
        usd: US dollars for those.
        unsure_usd: US dollars, at the most, for the tries whose usage is unknown.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    unsure_usd: float = 0.0


def prices_of(config: RetirementConfig) -> Prices:
    """The prices of the model's endpoint."""
    endpoint = config.endpoint
    return Prices(endpoint.usd_per_million_input_tokens, endpoint.usd_per_million_output_tokens)


def ceilings_of(config: RetirementConfig) -> Ceilings:
    """The ceilings in force; they may be raised after the design was registered."""
    return Ceilings(config.interviews.max_calls, config.interviews.max_cost_usd)


def spent_on(tries: Iterable[Tries], prices: Prices) -> Spent:
    """Add up what the conversations cost."""
    spent = Spent()
    for one in tries:
        told = min(one.attempts, int(one.input_tokens > 0 or one.output_tokens > 0))
        unsure = 0.0 if prices.free else (one.attempts - told) * prices.dearest(one.question)
        spent = Spent(
            calls=spent.calls + one.attempts,
            input_tokens=spent.input_tokens + one.input_tokens,
            output_tokens=spent.output_tokens + one.output_tokens,
            usd=spent.usd + prices.cost(one.input_tokens, one.output_tokens),
            unsure_usd=spent.unsure_usd + unsure,
        )
    return spent


def affordable(
    questions: Sequence[Question], spent: Spent, ceilings: Ceilings, prices: Prices
) -> int:
    """How many of these questions, from the first on, may go out at once whatever they cost."""
    calls = max(0, ceilings.calls - spent.calls)
    if not ceilings.usd or prices.free:
        return min(len(questions), calls)
    usd = spent.usd + spent.unsure_usd
    for count, question in enumerate(questions[:calls]):
        usd += prices.dearest(question)
        if usd > ceilings.usd:
            return count
    return min(len(questions), calls)


def exhausted(
    questions: Sequence[Question], spent: Spent, ceilings: Ceilings, prices: Prices
) -> str:
    """Why none of the questions left may go out, as one sentence; empty if one may."""
    if not questions or affordable(questions, spent, ceilings, prices):
        return ""
    left = f"{len(questions)} calls of this wave are left"
    if spent.calls >= ceilings.calls:
        return f"interviews.max_calls ({ceilings.calls}) is reached, and {left}; raise it to go on"
    unsure = f", and up to {spent.unsure_usd:.2f} for tries without an answer"
    return (
        f"interviews.max_cost_usd ({ceilings.usd:g}) has no room for another call: "
        f"{spent.usd:.2f} USD are spent{unsure if spent.unsure_usd else ''}, one call may cost "
        f"{prices.dearest(questions[0]):.2f}, and {left}; raise it to go on"
    )
