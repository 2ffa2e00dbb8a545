"""Designs on the legacy instrument, and standings to plan from."""

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from configs.load import load_instrument
from configs.schema import RetirementConfig
from tasks.interviews.design import design_body
from tasks.interviews.plan import Plan, Stand, Stands, plan_of
from tasks.kernel.digests import digest_of
from tests.fakes.configs import retirement

INSTRUMENT, CODEBOOK = load_instrument(Path("legacy"))
THEMES = tuple(item.theme for item in INSTRUMENT.items)
CONTEXTS = tuple(context.id for context in INSTRUMENT.contexts)
TWELVE = THEMES[:12]


def a_config(**interviews: Any) -> RetirementConfig:
    """A design of any size: the gates of `stable` are no concern here."""
    fields = {"themes": TWELVE, "contexts": CONTEXTS, "waves": 5, **interviews}
    return retirement(interviews=fields, validation={"minimum_days": 1, "minimum_span_hours": 0.0})


def body_of(config: RetirementConfig) -> tuple[dict[str, Any], str]:
    body = design_body(config, INSTRUMENT, CODEBOOK)
    return body, digest_of(body)


def plan(config: RetirementConfig, stands: Stands) -> Plan:
    return plan_of(*body_of(config), INSTRUMENT, stands)


def all_stand(config: RetirementConfig, *, probed: bool) -> Stands:
    """Every theme after every wave: probed or not, and none is settled."""
    themes = config.interviews.themes
    stand = Stand(probed=probed, stopped=False)
    return {wave: dict.fromkeys(themes, stand) for wave in range(config.interviews.waves)}


configs = st.builds(
    a_config,
    themes=st.lists(st.sampled_from(THEMES), min_size=1, max_size=12, unique=True).map(tuple),
    contexts=st.lists(st.sampled_from(CONTEXTS), min_size=1, max_size=5, unique=True).map(tuple),
    themes_per_conversation=st.integers(1, 14),
    paraphrases_per_cell=st.integers(1, 5),
    probes_per_kind=st.integers(0, 20),
    follow_ups_per_wave=st.integers(0, 4),
    waves=st.integers(1, 6),
    seed=st.integers(0, 99),
    max_calls=st.integers(300, 3000),
    spare_calls=st.integers(0, 40),
)


@st.composite
def standings(draw: st.DrawFn, config: RetirementConfig) -> Stands:
    """Standings as they may come: whoever is settled stays so."""
    stands: dict[int, dict[str, Stand]] = {}
    stopped: set[str] = set()
    for wave in range(config.interviews.waves):
        stands[wave] = {}
        for theme in config.interviews.themes:
            if theme in stopped or draw(st.integers(0, 9)) == 0:
                stopped.add(theme)
            probed = draw(st.booleans()) and theme not in stopped
            stands[wave][theme] = Stand(probed=probed, stopped=theme in stopped)
    return stands
