"""Fake coders in place of endpoints."""

import pytest

from tasks import wiring
from tests.tasks.validation.answering import Coders


@pytest.fixture
def coders(monkeypatch: pytest.MonkeyPatch) -> Coders:
    found = Coders()
    monkeypatch.setattr(wiring, "respondent", found.of)
    return found
