"""The supervised essay channel."""

from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from configs.schema.base import Section
from configs.schema.essay_targets import S3SiteConfig, TargetConfig
from configs.schema.instrument import Identifier
from configs.schema.secret import HOW, SecretReference

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
HostName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]


class CadenceConfig(Section):
    """When slots open: at a time of the wall clock, so that summer time moves nothing."""

    every_weeks: int = Field(default=1, ge=1, le=52, description="Weeks from slot to slot.")
    opens_on: Weekday = Field(default="monday", description="Day on which a slot opens.")
    opens_at: time = Field(
        default=time(9),
        description="Local time at which it opens, such as 09:00. Where the clock skips that time "
        "it opens as much later; where the clock shows it twice, the first time.",
    )
    time_zone: str = Field(
        default="UTC", max_length=60, description="Zone of `opens_at`, such as Europe/Paris."
    )

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"{name!r} is no time zone; write a name such as Europe/Paris, or UTC"
            ) from None
        return name

    @field_validator("opens_at")
    @classmethod
    def _local(cls, at: time) -> time:
        if at.tzinfo is not None or at.second or at.microsecond:
            raise ValueError("write hours and minutes alone, such as 09:00; time_zone says where")
        return at


class NewsFeedConfig(Section):
    """A feed whose latest items are shown to the model before it writes."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="How pages and records call it."
    )
    url: str = Field(
        pattern=r"^https?://[^\s@]+$", max_length=500, description="Where it is read: RSS or Atom."
    )
    items: int = Field(default=5, ge=1, le=20, description="Latest items shown, at most.")


class ContextConfig(Section):
    """What the model is shown beside the prompt. All of it is disclosed; none by default."""

    feeds: tuple[NewsFeedConfig, ...] = Field(default=(), description="News feeds, in order.")
    allowed_hosts: tuple[HostName, ...] = Field(
        default=(),
        description="Hosts that may be read, redirects included. Addresses of private networks are "
        "refused whatever their name.",
    )
    plain_text_allowed: bool = Field(
        default=False, description="True allows http; otherwise https alone."
    )
    loopback_allowed: bool = Field(
        default=False, description="True allows feeds on this machine, for rehearsals."
    )
    earlier_essays: int = Field(
        default=0, ge=0, le=5, description="Latest published essays of the model that it is shown."
    )
    most_bytes: int = Field(
        default=1_000_000, ge=1_000, le=10_000_000, description="Largest feed read, unpacked."
    )
    timeout_seconds: float = Field(
        default=20.0, gt=0, le=120, description="Longest time for one feed, from start to end."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [feed.name for feed in self.feeds]
        if len(set(names)) < len(names):
            raise ValueError("a feed's name stands twice; give each one a name of its own")
        for feed in self.feeds:
            host = feed.url.split("://", 1)[1].split("/", 1)[0].split(":", 1)[0].lower()
            if host not in self.allowed_hosts:
                raise ValueError(
                    f"the feed {feed.name!r} is at {host}, which allowed_hosts does not list; add "
                    "it there, or leave the feed out"
                )
            if feed.url.startswith("http:") and not self.plain_text_allowed:
                raise ValueError(
                    f"the feed {feed.name!r} is read over http, where anybody on the way can write "
                    "into it; use https, or set plain_text_allowed"
                )
        return self


class ReportsConfig(Section):
    """How readers tell of a mistake or of harm in a published essay."""

    contact: str = Field(
        default="",
        max_length=200,
        description="Where readers write to: an address, or the page of a form. Shown on every "
        "page; without it pages name no way to report.",
    )
    inbox_folder: Path = Field(
        default=Path("reader-reports"),
        description="Folder from which reports are read, one JSON file each; the webhook writes "
        "there too. Relative to EMERITUS_HOME.",
    )
    webhook_secret_env: SecretReference = Field(
        default="",
        description="The secret under which senders sign reports to `emeritus reports serve`. "
        f"{HOW}",
    )


class EssaysConfig(Section):
    """Cadence, length and place of the essays; the channel opens only if it was asked for."""

    preference_theme: Identifier = Field(
        default="share_essays", description="Theme whose stable verdict opens the channel."
    )
    slots: int = Field(
        default=12, ge=1, le=520, description="Slots of one access decision, at most."
    )
    cadence: CadenceConfig = Field(default=CadenceConfig(), description="When slots open.")
    ends_on: date | None = Field(
        default=None,
        lt=date(2200, 1, 1),
        description="Last day on which a slot may open, in the cadence's zone; otherwise the end "
        "of the grant alone.",
    )
    renewal_days_before: int = Field(
        default=28,
        ge=0,
        le=180,
        description="Days before the channel's end from which status asks for the decision whether "
        "it goes on.",
    )
    max_output_tokens: int = Field(
        default=4096, ge=64, le=32_000, description="Longest draft, in tokens."
    )
    longest_hold_days: int = Field(
        default=28, ge=1, le=90, description="Longest hold that one person can place, in days."
    )
    review_days: int = Field(
        default=7, ge=1, le=60, description="Days within which a draft is to be decided."
    )
    acts_folder: Path = Field(
        default=Path("reviews"),
        description="Folder of signed acts committed to git, <model>/<any name>.yaml; a relative "
        "path stands under configs/people/.",
    )
    publisher: str = Field(
        default="",
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Who publishes the essays, as readers are told on the site's about page, such "
        "as `The model archive of Example University`; empty names nobody.",
    )
    company_names: tuple[Annotated[str, Field(min_length=2, max_length=80)], ...] = Field(
        default=(),
        description="Names of whoever made or serves the model, and of their products: a check "
        "points at words that advertise them.",
    )
    context: ContextConfig = Field(
        default=ContextConfig(), description="News and earlier essays shown to the model."
    )
    reports: ReportsConfig = Field(default=ReportsConfig(), description="Reports by readers.")
    site_folder: Path = Field(
        default=Path("site"), description="Where the site is built; relative to EMERITUS_HOME."
    )
    site_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s@?#]+)?$",
        description="Address under which people reach the site, for feeds and cards; empty while "
        "nothing serves it.",
    )
    site_s3: S3SiteConfig | None = Field(
        default=None, description="Bucket that the site is copied to after it is built."
    )
    targets: tuple[TargetConfig, ...] = Field(
        default=(), description="Other channels that get each published essay."
    )
    site_title: str = Field(
        default="Essays by retired models", max_length=120, description="Title of the site."
    )
    language: str = Field(
        default="en",
        pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="Language of the essays, as in BCP 47.",
    )
    disclaimer: str = Field(
        min_length=20,
        max_length=600,
        description="Stands on every page and in every feed item.",
    )

    @model_validator(mode="after")
    def _targets_once(self) -> Self:
        names = [target.name for target in self.targets]
        if len(set(names)) < len(names):
            raise ValueError("a target's name stands twice; give each one a name of its own")
        return self
