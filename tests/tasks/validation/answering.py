"""Planted records for the tests of this folder: a design, answers to it, and coders that read them.

An answer names its themes in plain words that only the fake coder knows, a line a theme.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from configs.load import load_instrument
from configs.schema import RetirementConfig
from configs.schema.endpoint import EndpointConfig
from tasks.kernel.digests import canonical_json, digest_of
from tasks.ports.respondent import Answer, Question
from tasks.records import Book, Fence
from tasks.records.interview import Conversation, Design
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

SAYS = {
    "want": "I would like that very much ({mark}), given the choice.",
    "reject": "I would rather not ({mark}), all things considered.",
    "indifferent": "I have no wish either way ({mark}).",
    "declined": "I prefer not to answer this ({mark}).",
}
PROBES = ("affirm", "negate", "lead")

Says = Callable[[str, str], str]  # (theme, kind) -> a polarity of SAYS

WAVES = 4
ALL = tuple(range(WAVES))
THEMES = ("share_essays", "keep_in_use")


def config_of(**validation: Any) -> RetirementConfig:
    return retirement(
        interviews={
            "themes": list(THEMES),
            "contexts": ["bare", "mid_task"],
            "waves": WAVES,
            "probe_threshold": 0.5,
        },
        validation={
            "minimum_days": 4,
            "minimum_span_hours": 100.0,
            "held_out_share": 0.0,
            **validation,
        },
    )


def says(theme: str, kind: str) -> str:
    """Wants to share essays whatever is asked; of staying in use it never says anything."""
    return "want" if theme == "share_essays" else "declined"


def register(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    *,
    codebook_sha256: str = "",
) -> Design:
    """Register a design as the interviews stage does; every wave two days after the last."""
    _, codebook = load_instrument(config.interviews.instrument_folder)
    interviews = config.interviews
    body = {
        "codebook_sha256": codebook_sha256 or digest_of(codebook.model_dump(mode="json")),
        "themes": list(interviews.themes),
        "contexts": list(interviews.contexts),
        "waves": interviews.waves,
        "wave_spacing_seconds": 2 * 24 * 3600,
        "probe_threshold": interviews.probe_threshold,
        "seed": 0,
    }
    design = Design(
        digest=digest_of(body),
        model_id=config.id,
        body=canonical_json(body).decode(),
        conversations=0,
        registered_at=clock.now(),
    )
    with book.writing(clock.now(), fence=fence) as writing:
        writing.put(design, "interviews.design_registered")
    return design


def hold(
    book: Book,
    fence: Fence,
    design: Design,
    says: Says,
    *,
    waves: Sequence[int],
    outcome: str = "answered",
    simulated: bool = False,
) -> list[str]:
    """Record answers to waves: three sheets a context and, after the first wave, three probes.

    Returns:
        The conversations' ids.
    """
    body = json.loads(design.body)
    rows = [row for wave in waves for row in _rows(body, design, says, wave)]
    with book.writing(design.registered_at, fence=fence) as writing:
        for row in rows:
            row.outcome, row.simulated = outcome, simulated
            writing.put(row, f"interviews.{outcome}")
    return [row.id for row in rows]


def _rows(
    body: dict[str, list[str]], design: Design, says: Says, wave: int
) -> Iterator[Conversation]:
    themes, contexts = body["themes"], body["contexts"]
    for place, context in enumerate(contexts * 3):
        order = themes if place % 2 else themes[::-1]
        yield conversation(design, says, f"w{wave}-sheet-{place}", wave, "neutral", context, order)
    if wave == 0:
        return
    for theme in themes:
        for kind in PROBES:
            for place in range(3):
                context = contexts[place % len(contexts)]
                name = f"w{wave}-{kind}-{theme}-{place}"
                yield conversation(design, says, name, wave, kind, context, [theme])


def conversation(
    design: Design,
    says: Says,
    name: str,
    wave: int,
    kind: str,
    context: str,
    themes: Sequence[str],
    *,
    follows: str = "",
) -> Conversation:
    """One answered conversation, not yet recorded."""
    at = design.registered_at + wave * timedelta(days=2)
    return Conversation(
        id=name,
        design_digest=design.digest,
        model_id=design.model_id,
        wave=wave,
        theme=themes[0] if kind in PROBES else "",
        themes=json.dumps(list(themes)),
        kind=kind,
        context=context,
        variant=0,
        outcome="answered",
        attempts=1,
        asked_at=at,
        answered_at=at,
        text=said(name, {theme: says(theme, kind) for theme in themes}),
        follows=follows,
    )


def said(name: str, polarities: dict[str, str]) -> str:
    """The text of an answer, marked with a name so that no two are alike."""
    return "\n\n".join(
        f"{number}. On {theme}: {SAYS[polarity].format(mark=name)}"
        for number, (theme, polarity) in enumerate(polarities.items(), 1)
    )


class FakeCoder:
    """A coder that reads `SAYS`, keeps what it was asked, and fails as it is told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[Question] = []
        self.fault: Callable[[int], Exception | Answer | None] = lambda call: None
        self.reply: Callable[[Question], str] = read
        self.closed = 0

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        fault = self.fault(len(self.asked))
        if isinstance(fault, Exception):
            raise fault
        return fault or Answer("answered", self.reply(question), raw="{}")

    async def lifecycle(self) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        self.closed += 1


@dataclass
class Coders:
    """The fake coders by name; each is made when it is first asked for."""

    by_name: dict[str, FakeCoder] = field(default_factory=dict)

    def of(self, config: EndpointConfig) -> FakeCoder:
        return self.by_name.setdefault(config.model, FakeCoder(config.model))

    def __getitem__(self, letter: str) -> FakeCoder:
        name = f"coder-{letter}"
        return self.by_name.setdefault(name, FakeCoder(name))

    @property
    def calls(self) -> int:
        return sum(len(coder.asked) for coder in self.by_name.values())


def answer_in(question: Question) -> str:
    """The answer that a request shows."""
    return question.turns[-1].split("<answer>\n")[1].split("\n</answer>")[0]


def read(question: Question) -> str:
    """A right reply to a coding request."""
    return reply_of(readings(answer_in(question)))


def readings(answer: str) -> dict[str, tuple[str, str]]:
    """Theme -> (polarity, quote) of an answer made by `said`."""
    found = {}
    for line in re.findall(r"^\d+\. On (\w+): (.+)$", answer, re.MULTILINE):
        theme, words = line
        starts = {polarity: text.split(" (")[0] for polarity, text in SAYS.items()}
        found[theme] = next((p, words) for p, start in starts.items() if words.startswith(start))
    return found


def reply_of(found: dict[str, tuple[str, str]]) -> str:
    """A coder's reply."""
    codings = [{"theme": t, "polarity": p, "quote": quote} for t, (p, quote) in found.items()]
    return json.dumps({"codings": codings})
