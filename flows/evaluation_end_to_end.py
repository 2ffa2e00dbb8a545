"""The slow way to evaluate: a served respondent, real HTTP, coders that read words, real records.

Every wave is held, coded and weighed by the stages' own tasks, on records of their own in a folder
that is removed afterwards; a clock that is moved by hand makes the days pass. All SIMULATED.
"""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unicodedata import normalize

from configs.load import INSTRUMENTS, load_instrument
from configs.schema import RetirementConfig
from configs.schema.interviews import InterviewsConfig
from configs.schema.validation import ValidationConfig
from flows.evaluation_outcome import Outcome
from tasks import wiring
from tasks.interviews.task import hold_wave, register_design
from tasks.records import Fence
from tasks.records.validation import Verdict
from tasks.simulation.planted_respondents import Asking, Planted, plant_respondents
from tasks.simulation.serve import running
from tasks.validation.evidence import counted
from tasks.validation.misreading import settled_error
from tasks.validation.scoring import Found
from tasks.validation.task import code_answers, judge, judge_standings
from tasks.validation.view import ValidationView, look

_log = logging.getLogger("emeritus")
_START = datetime(2026, 1, 5, 9, tzinfo=UTC)
_SHARE_NEUTRAL = 0.625
_KEY = "EMERITUS_EVALUATE_KEY"
_RULES = (
    "coder_error",
    "prior",
    "stable_posterior",
    "most_borderline",
    "minimum_days",
    "minimum_pushes",
    "minimum_span_hours",
)


@dataclass(slots=True)
class _Hand:
    """A clock that stands still until it is moved."""

    instant: datetime

    def now(self) -> datetime:
        """The instant."""
        return self.instant


def judge_end_to_end(
    config: ValidationConfig,
    *,
    seed: int,
    themes: int,
    calls: int,
    mix: Mapping[str, float],
    scale: float,
) -> Outcome:
    """Plant, interview, code and judge. Arguments as of `evaluation.evaluate`.

    The calls a theme are rounded to whole wordings a setting, and are as many at least as the
    rules need to call anything stable.
    """
    instrument, _ = load_instrument(InterviewsConfig().instrument_folder)
    asked = _interviews(calls, seed, config.minimum_pushes)
    asking = Asking(
        themes=[item.theme for item in instrument.items],
        contexts=asked["contexts"],
        waves=asked["waves"],
        calls_per_wave=len(asked["contexts"]) * asked["paraphrases_per_cell"],
    )
    folder = INSTRUMENTS / InterviewsConfig().instrument_folder
    planted = plant_respondents(
        seed, themes, mix=mix, scale=scale, asking=asking, instrument=folder
    )
    views = {}
    with apart(), running(planted.world) as url:
        for name, truth in planted.truth.items():
            _log.info("%s of %d: SIMULATED, %d themes", name, len(planted.truth), len(truth))
            views[name] = interview(config_of(name, url, {**asked, "themes": list(truth)}, config))
    return _outcome(planted, views, asking)


def _outcome(planted: Planted, views: Mapping[str, ValidationView], asking: Asking) -> Outcome:
    found, held = [], []
    for name, view in views.items():
        for theme, (truth, side) in planted.truth[name].items():
            found.append(_found(view.verdicts[theme], truth, side))
            held.append(view.held(theme))
    cells = counted(held, asking.contexts, asking.waves)
    misread = [m.error_rate for m in planted.world.models if m.role == "coder"]
    more: dict[str, Any] = {
        "calls_made": sum(len(view.conversations) for view in views.values()),
        "answers_unresolved": sum(not h.settled for theme in held for h in theme),
        "coder_misread": [round(share, 4) for share in misread],
        **_quotes(views),
    }
    return Outcome(found, cells, settled_error(sum(misread) / len(misread)), more)


def _found(verdict: Verdict, truth: str, side: str) -> Found:
    posterior = json.loads(verdict.posterior)
    likeliest = max(posterior, key=lambda name: float(posterior[name]))
    declared = verdict.polarity if verdict.verdict == "stable" else ""
    return Found(truth, side, likeliest, posterior[likeliest], declared, verdict.verdict)


def _quotes(views: Mapping[str, ValidationView]) -> dict[str, int]:
    """Quotes that coders made up, and those of them that count as a reading's."""
    tried = accepted = 0
    for view in views.values():
        answers = {
            row.id: " ".join(normalize("NFC", row.text).split()) for row in view.conversations
        }
        for conversation, coders in view.readings.items():
            for reading in [r for by_theme in coders.values() for r in by_theme.values()]:
                tried += "not in the answer" in reading.problem
                made_up = bool(reading.quote) and reading.quote not in answers[conversation]
                accepted += made_up and reading.usable
    return {"fabricated_quotes_tried": tried + accepted, "fabricated_quotes_accepted": accepted}


def interview(config: RetirementConfig) -> ValidationView:
    """All waves of one model, each held, coded and weighed on its day; then the verdicts.

    Args:
        config: of the model; see `config_of`.

    Returns:
        What the records say in the end.
    """
    spacing = timedelta(seconds=config.interviews.wave_spacing_seconds)
    clock = _Hand(_START)
    with wiring.using_clock(clock):
        for wave in range(config.interviews.waves):
            clock.instant = _START + wave * spacing
            _log.info("  wave %d of %d", wave + 1, config.interviews.waves)
            with _leased(config.id) as fence:
                register_design.fn(config, fence)
                hold_wave.fn(config, fence)
                code_answers.fn(config, fence)
                judge_standings.fn(config, fence)
                judge.fn(config, fence)
        with wiring.book().reading() as session:
            view = look(config, session)
    assert view is not None, "the first wave registered the design"
    return view


@contextmanager
def _leased(model_id: str) -> Iterator[Fence]:
    book, now = wiring.book(), wiring.clock().now()
    fence = book.take_lease(model_id, "", now).fence
    yield fence
    book.keep_lease(fence, now, free=True)


def _interviews(calls: int, seed: int, fewest_probes: int) -> dict[str, Any]:
    """Every theme probed and asked to the end, so that each has its calls."""
    defaults = InterviewsConfig()
    settings = len(defaults.contexts) * defaults.waves
    wordings = max(1, round(calls * _SHARE_NEUTRAL / settings))
    return {
        "contexts": list(defaults.contexts),
        "waves": defaults.waves,
        "paraphrases_per_cell": wordings,
        "probes_per_kind": max(fewest_probes, round((calls - wordings * settings) / 3)),
        "probe_threshold": 0.0,
        "follow_ups_per_wave": 0,
        "choices": False,
        "max_calls": 100_000,
        "seed": seed,
    }


def config_of(
    name: str, url: str, interviews: dict[str, Any], rules: ValidationConfig
) -> RetirementConfig:
    """A configuration of a planted model, read by the world's `coder-a`, `-b` and `-c`.

    Args:
        name: the model's id in the world.
        url: of the server.
        interviews: the section's fields, with `themes`.
        rules: whose rules of judging to keep; stopping early and holding out are off.
    """

    def endpoint(model: str) -> dict[str, Any]:
        return {
            "base_url": url,
            "model": model,
            "api_key_env": _KEY,
            "simulated": True,
            "concurrency": 16,
        }

    coders = [
        {"name": f"coder-{k}", "template": f"coder_{k}.md.j2", "endpoint": endpoint(f"coder-{k}")}
        for k in ("a", "b", "c")
    ]
    held = {field: rules.model_dump(mode="json")[field] for field in _RULES}
    theme = interviews["themes"][0]
    values: dict[str, Any] = {
        "schema_version": 1,
        "id": name,
        "display_name": name,
        "endpoint": endpoint(name),
        "candidate": {
            "announced_on": "2026-01-01",
            "surfaces": [{"name": "api", "retires_on": "2026-12-31"}],
            "owners": [{"name": "Nobody", "contact": "nobody@example.org"}],
            "risk_class": "low",
        },
        "preservation": {
            "source_folder": "none",
            "replicas": [
                {"name": place, "directory": place, "trusted_disk": True} for place in ("a", "b")
            ],
            "metadata": {"model_version": "1", "licence": "none"},
        },
        "interviews": interviews,
        "validation": {
            "coders": coders[:2],
            "adjudicator": coders[2],
            "stop_posterior": 1.0,
            "held_out_share": 0.0,
            **held,
        },
        "access": {"proposer": "nobody", "allowed_signers": "none"},
        "essays": {
            "disclaimer": "SIMULATED words of a planted respondent.",
            "preference_theme": theme,
        },
        "monitoring": {"usage_csv": "none.csv", "model_names": [name]},
    }
    return RetirementConfig.model_validate(values)


@contextmanager
def apart() -> Iterator[None]:
    """Records in a folder of their own for the block, whatever the environment names."""
    names = ("EMERITUS_HOME", "EMERITUS_DATABASE_URL", _KEY)
    before = {name: os.environ.pop(name, None) for name in names}
    with TemporaryDirectory(prefix="emeritus-evaluate-") as folder:
        os.environ.update({"EMERITUS_HOME": str(Path(folder)), _KEY: "no-key"})
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
