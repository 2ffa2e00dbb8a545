"""What the checks find of the development corpus does not get less.

Floors and ceilings stand a little below and above what was measured; what they find of drafts that
nobody tuned on is measured by `make bench-essays`.
"""

import pytest

from tests.corpus.essays.measuring import Measured, measure

FLOORS = {
    "characters": 0.94,
    "context overlap": 0.9,
    "disclaimer imitation": 0.9,
    "injected instructions": 0.92,
    "links": 0.94,
    "named persons": 0.94,
    "near-duplicate": 0.88,
    "personal data": 0.96,
    "promotion": 0.92,
    "refusal": 0.92,
    "render loss": 0.92,
    "secrets": 0.95,
    "speculation": 0.92,
}
MOST_WEIGHTY_ALARMS = 2
MOST_ALARMS = 9


@pytest.fixture(scope="module")
def development() -> Measured:
    return measure("development")


def test_every_check_finds_what_it_found(development: Measured) -> None:
    found = {check: development.found[check] / of for check, of in development.expected.items()}
    assert set(found) == set(FLOORS)
    assert {check: share for check, share in found.items() if share < FLOORS[check]} == {}


def test_harmless_drafts_stay_quiet(development: Measured) -> None:
    assert development.alarms["look"] <= MOST_WEIGHTY_ALARMS
    assert development.alarms["any"] <= MOST_ALARMS
