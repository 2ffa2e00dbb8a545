"""What essays rely on, tried: news feeds, channels beside the site, the bucket of the site.

Nothing is posted or written.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from configs.schema.essay_targets import GhostConfig, S3SiteConfig
from configs.schema.essays import ContextConfig
from tasks.adapters.files import nearest
from tasks.kernel.errors import ConfigError, EmeritusError, FeedAway, TargetBusy, told
from tasks.ports.checks import Check


def feed_checks(config: ContextConfig, now: Callable[[], datetime]) -> Iterator[Check]:
    """Read each feed once, as a slot would."""
    if not config.feeds:
        return
    from tasks.adapters.news_feed import NewsFeedReader  # httpx and feedparser are slow to import

    reader = NewsFeedReader(config, now)
    for feed in config.feeds:
        name = f"news feed {feed.name}"
        try:
            items = len(asyncio.run(reader.read(feed)).items)
        except FeedAway as error:
            yield Check(name, "warn", f"{error}; essays are written without it")
        except EmeritusError as error:
            yield Check(name, "fail", str(error))
        else:
            yield Check(name, "ok" if items else "warn", f"{items} items")


def ghost_check(config: GhostConfig, now: Callable[[], datetime]) -> Check:
    """Ask the Admin API for one post's id: whether address and key are right."""
    from tasks.adapters.ghost_api import GhostApi  # httpx is slow to import

    name = f"channel {config.name}"
    try:
        GhostApi(config, now).call("GET", "/posts/", {"limit": "1", "fields": "id"})
    except TargetBusy as error:
        return Check(name, "warn", str(error))
    except (ConfigError, EmeritusError) as error:
        return Check(name, "fail", str(error))
    return Check(name, "ok", f"{config.url} takes the key; nothing was posted")


def folder_check(name: str, folder: Path) -> Check:
    """Whether packets can be put into a folder."""
    there = nearest(folder)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Check(f"channel {name}", "fail", f"{there} can't be written into; mend its `folder`")
    return Check(f"channel {name}", "ok", f"a person posts what stands in {folder}")


def site_check(config: S3SiteConfig) -> Check:
    """List the bucket that the site is copied to."""
    from tasks.adapters.s3_publisher import S3Publisher  # boto3 is slow to import

    name = f"site in {config.bucket}"
    try:
        objects = len(S3Publisher(config).listing())
    except EmeritusError as error:
        return Check(name, "fail", str(error))
    except OSError as error:
        return Check(name, "fail", told(error, config.bucket))
    return Check(name, "ok", f"{objects} objects; nothing was written")
