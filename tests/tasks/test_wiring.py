"""What a configuration opens."""

from pathlib import Path

import pytest

from configs.schema.essay_targets import GhostConfig, ManualConfig, S3SiteConfig
from tasks import wiring
from tasks.adapters.ghost import Ghost
from tasks.adapters.manual_packet import ManualPacket
from tests.fakes.configs import retirement


def test_a_site_is_copied_where_a_bucket_is_named() -> None:
    essays = retirement().essays
    assert wiring.site_copy(essays) is None
    bucket = S3SiteConfig(bucket="essays", prefix="site")
    copied = essays.model_copy(update={"site_s3": bucket, "site_url": "https://e.example"})
    copy = wiring.site_copy(copied)
    assert copy is not None
    assert copy.location("feed.xml") == "https://e.example/feed.xml"


def test_targets_are_opened_by_their_kind(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOST_KEY", f"{'6' * 24}:{'ab' * 32}")
    ghost = GhostConfig(
        kind="ghost", name="blog", url="https://blog.example", admin_key_env="GHOST_KEY"
    )
    assert isinstance(wiring.essay_target(ghost), Ghost)
    assert isinstance(wiring.essay_target(ManualConfig(kind="manual", name="hand")), ManualPacket)


def test_review_pages_lie_under_home(home: Path) -> None:
    place = wiring.review_pages(Path("reports/aster-1"))
    assert place.location("review.html") == str(home / "reports" / "aster-1" / "review.html")
