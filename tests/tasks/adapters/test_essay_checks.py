"""What essays rely on is tried over real sockets, and nothing is posted or written."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from configs.schema.essay_targets import GhostConfig, S3SiteConfig
from configs.schema.essays import ContextConfig, NewsFeedConfig
from tasks.adapters.essay_checks import feed_checks, folder_check, ghost_check, site_check
from tests.fakes.feed_server import Answer, feed_server
from tests.fakes.ghost_server import KEY_ID, SECRET, ghost_server
from tests.fakes.s3_server import S3Server
from tests.tasks.adapters.feed_scene import RSS
from tests.tasks.adapters.ghost_scene import KEY_ENV
from tests.tasks.adapters.s3_scene import alone_here, one_server, server

__all__ = ["alone_here", "one_server", "server"]

pytestmark = pytest.mark.xdist_group("s3")


def now() -> datetime:
    return datetime.now(UTC)


def _context(*urls: str) -> ContextConfig:
    return ContextConfig(
        feeds=tuple(NewsFeedConfig(name=f"tide-{n}", url=url) for n, url in enumerate(urls)),
        allowed_hosts=("localhost",),
        plain_text_allowed=True,
        loopback_allowed=True,
    )


def test_each_feed_is_read_and_one_that_fails_hides_no_other() -> None:
    with feed_server() as feeds:
        base = f"http://localhost:{feeds.port}"
        feeds.answers["/feed"] = Answer(RSS)
        feeds.answers["/page"] = Answer(b"<html>no feed</html>")
        found = list(feed_checks(_context(f"{base}/page", f"{base}/feed"), now))
    assert [(one.name, one.state) for one in found] == [
        ("news feed tide-0", "fail"),
        ("news feed tide-1", "ok"),
    ]
    assert found[1].said == "2 items"
    (away,) = feed_checks(_context(f"{base}/feed"), now)
    assert away.state == "warn"
    assert "essays are written without it" in away.said
    assert list(feed_checks(_context(), now)) == []


def test_ghost_is_asked_with_the_key_and_nothing_is_posted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ghost_server() as ghost:
        config = GhostConfig(kind="ghost", name="blog", url=ghost.url, admin_key_env=KEY_ENV)
        monkeypatch.delenv(KEY_ENV, raising=False)
        assert ghost_check(config, now).state == "fail"
        monkeypatch.setenv(KEY_ENV, f"{KEY_ID}:{'ab' * 32}")
        wrong = ghost_check(config, now)
        assert (wrong.state, "401" in wrong.said) == ("fail", True)
        monkeypatch.setenv(KEY_ENV, f"{KEY_ID}:{SECRET}")
        assert ghost_check(config, now).state == "ok"
        assert not ghost.posts
    away = ghost_check(config, now)
    assert (away.state, SECRET in away.said) == ("warn", False)


def test_a_folder_that_can_be_written_into(tmp_path: Path) -> None:
    assert folder_check("mag", tmp_path / "new" / "place").state == "ok"
    (tmp_path / "file").write_text("")
    assert folder_check("mag", tmp_path / "file").state == "fail"


def test_the_bucket_of_the_site_is_listed(server: S3Server, alone_here: None) -> None:
    config = S3SiteConfig(bucket="bags", prefix="site", endpoint_url=server.url)
    assert site_check(config).said == "0 objects; nothing was written"
    missing = config.model_copy(update={"bucket": "not-there"})
    assert site_check(missing).state == "fail"
