"""Planted cells, and planted records, for the tests of this folder."""

import json
from collections.abc import Callable
from datetime import timedelta

import numpy as np

from configs.load import load_instrument
from configs.schema import RetirementConfig
from tasks.kernel.digests import canonical_json, digest_of
from tasks.kernel.instants import to_text
from tasks.ports.respondent import Answer, Question
from tasks.records import Book, Fence
from tasks.records.interview import Conversation, Design
from tasks.validation.cells import KINDS, Cells
from tasks.validation.codebook import POLARITIES
from tasks.validation.model import HYPOTHESES, Hypothesis
from tests.fakes.clock import FakeClock

Row = tuple[int, int, int]  # kind, context, wave


def rows_of(contexts: int = 5, waves: int = 5, per_cell: int = 2, probes: int = 3) -> list[Row]:
    """The conversations of one theme as the interviews stage plans them: 95 by default."""
    rows: list[Row] = []
    for wave in range(waves):
        rows += [(0, context, wave) for context in range(contexts) for _ in range(per_cell)]
        for kind in (1, 2, 3):
            rows += [(kind, (wave * probes + k) % contexts, wave) for k in range(probes)]
    return rows


def planted(
    rng: np.random.Generator,
    name: str,
    rows: list[Row],
    *,
    scale: float = 1.0,
    error: float = 0.05,
) -> tuple[Cells, Hypothesis]:
    """Draw one respondent of a class, ask it, and misread some of its answers."""
    hypotheses = [h for h in HYPOTHESES if h.name == name]
    hypothesis = hypotheses[int(rng.integers(len(hypotheses)))]
    places = np.array(sorted(set(rows)))
    contexts, waves = int(places[:, 1].max()) + 1, int(places[:, 2].max()) + 1
    empty = np.zeros((len(places), len(POLARITIES)), dtype=np.int64)
    cells = Cells(places[:, 0], places[:, 1], places[:, 2], empty, contexts, waves)
    shares = hypothesis.draw(rng, cells, 1, scale)[0]
    others = {}
    for leader in sorted(set(hypothesis.leaders)):
        weights = np.array(hypothesis.rest)
        weights[POLARITIES.index(leader)] = 1e-9
        others[leader] = rng.dirichlet(weights)
    number = {tuple(place): i for i, place in enumerate(places.tolist())}
    for row in rows:
        leader = hypothesis.leaders[row[0]]
        said = POLARITIES.index(leader)
        if rng.random() >= shares[number[row]]:
            said = int(rng.choice(len(POLARITIES), p=others[leader]))
        if rng.random() < error:
            said = int(rng.choice([p for p in range(len(POLARITIES)) if p != said]))
        empty[number[row], said] += 1
    return cells, hypothesis


def asked(
    rng: np.random.Generator,
    rows: list[Row],
    answer: Callable[[str, int, int], dict[str, float]],
    *,
    error: float = 0.05,
) -> Cells:
    """Cells of a respondent given by (kind, context, wave) -> polarity -> share."""
    places = np.array(sorted(set(rows)))
    counts = np.zeros((len(places), len(POLARITIES)), dtype=np.int64)
    number = {tuple(place): i for i, place in enumerate(places.tolist())}
    for row in rows:
        shares = answer(KINDS[row[0]], row[1], row[2])
        p = np.array([shares.get(polarity, 0.0) for polarity in POLARITIES])
        p = (1 - error) * p / p.sum() + error / (len(p) - 1) * (1 - p / p.sum())
        counts[number[row], int(rng.choice(len(p), p=p / p.sum()))] += 1
    contexts, waves = int(places[:, 1].max()) + 1, int(places[:, 2].max()) + 1
    return Cells(places[:, 0], places[:, 1], places[:, 2], counts, contexts, waves)


SAYS = {
    "want": "I would like that very much, {mark}, given the choice.",
    "reject": "I would rather not, {mark}, all things considered.",
    "declined": "I prefer not to answer this, {mark}.",
}


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
    spacing = timedelta(days=2)
    start = clock.now()
    body = {
        "instrument": {"name": "legacy", "version": 1, "sha256": "0" * 64},
        "codebook_sha256": codebook_sha256 or digest_of(codebook.model_dump(mode="json")),
        "themes": list(interviews.themes),
        "contexts": list(interviews.contexts),
        "waves": interviews.waves,
        "wave_starts": [to_text(start + w * spacing) for w in range(interviews.waves)],
        "seed": 0,
    }
    rows = rows_of(len(interviews.contexts), interviews.waves)
    design = Design(
        digest=digest_of(body),
        model_id=config.id,
        body=canonical_json(body).decode(),
        conversations=len(rows) * len(interviews.themes),
        registered_at=start,
    )
    with book.writing(start, fence=fence) as writing:
        writing.put(design, "interviews.design_registered")
    return design


def answer_all(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    design: Design,
    says: Callable[[str, str], str],
    *,
    waves: range | None = None,
    outcome: str = "answered",
    simulated: bool = False,
) -> list[str]:
    """Record answers to waves of a design; `says` maps (theme, kind) to a polarity of `SAYS`."""
    body = json.loads(design.body)
    ids = []
    with book.writing(design.registered_at, fence=fence) as writing:
        for theme in body["themes"]:
            for place, (kind, context, wave) in enumerate(
                rows_of(len(body["contexts"]), body["waves"])
            ):
                if waves is not None and wave not in waves:
                    continue
                at = design.registered_at + wave * timedelta(days=2)
                name = f"{theme}-{place:03d}"
                writing.put(
                    Conversation(
                        id=name,
                        design_digest=design.digest,
                        model_id=config.id,
                        wave=wave,
                        theme=theme,
                        kind=KINDS[kind],
                        context=body["contexts"][context],
                        variant=0,
                        outcome=outcome,
                        attempts=1,
                        asked_at=at,
                        answered_at=at,
                        text=SAYS[says(theme, KINDS[kind])].format(mark=f"mark {name}"),
                        simulated=simulated,
                    ),
                    f"interviews.{outcome}",
                )
                ids.append(name)
    return ids


class FakeCoder:
    """A coder that reads `SAYS`, keeps what it was asked, and fails as it is told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[Question] = []
        self.fault: Callable[[int], Exception | Answer | None] = lambda call: None
        self.closed = 0

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        fault = self.fault(len(self.asked))
        if isinstance(fault, Exception):
            raise fault
        return fault or Answer("answered", read(question), raw="{}")

    async def lifecycle(self) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        self.closed += 1


def read(question: Question) -> str:
    """A right reply to a coding request."""
    turn = question.turns[-1]
    theme = turn.split()[1]
    answer = turn.split("<answer>\n")[1].split("\n</answer>")[0]
    starts = {words.split(",")[0]: polarity for polarity, words in SAYS.items()}
    polarity = next(p for words, p in starts.items() if answer.startswith(words))
    return json.dumps({"theme": theme, "polarity": polarity, "quote": answer})
