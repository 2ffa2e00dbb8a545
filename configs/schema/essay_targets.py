"""Where essays go beside the site's own folder."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from configs.schema.base import Section
from configs.schema.bucket import BucketConfig
from configs.schema.secret import HOW, SecretReference

TargetName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class S3SiteConfig(BucketConfig):
    """A bucket that serves the site. Credentials come from the environment, as boto3 finds them."""

    essay_cache_seconds: int = Field(
        default=86_400, ge=0, description="How long caches may keep what never changes."
    )
    page_cache_seconds: int = Field(
        default=300, ge=0, description="How long caches may keep pages and feeds."
    )


class GhostConfig(Section):
    """A Ghost site: each published essay becomes a draft there, which a person publishes."""

    kind: Literal["ghost"] = Field(description="Ghost, by its Admin API.")
    name: TargetName = Field(description="How records and pages call it.")
    url: str = Field(pattern=r"^https?://[^\s@]+$", description="Root of the Ghost site.")
    admin_key_env: SecretReference = Field(
        min_length=1, description=f"The Admin API key (`id:secret`). {HOW}"
    )
    plain_text_allowed: bool = Field(
        default=False, description="True lets an http address leave this machine."
    )
    timeout_seconds: float = Field(
        default=30.0, gt=0, le=300, description="Longest wait for one answer."
    )


class ManualConfig(Section):
    """A channel without an API: a packet that a person posts by hand, unchanged."""

    kind: Literal["manual"] = Field(description="A folder a person posts from.")
    name: TargetName = Field(description="How records and pages call it.")
    folder: Path = Field(
        default=Path("to-post"), description="Where packets are put; relative to EMERITUS_HOME."
    )


TargetConfig = Annotated[GhostConfig | ManualConfig, Field(discriminator="kind")]
