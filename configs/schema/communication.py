"""Notices, help page, statement, calendar and lifecycle feed."""

from pathlib import Path

from pydantic import Field

from configs.schema.base import Section
from configs.schema.channels import ChannelsConfig


class CommunicationConfig(Section):
    """Who is told what, when, and how."""

    notice_days_before: tuple[int, ...] = Field(
        default=(180, 90, 60, 30, 7, 1, 0, -30),
        min_length=1,
        description="Days before the first surface's last day; negative ones come after it.",
    )
    channels: ChannelsConfig = Field(
        default=ChannelsConfig(), description="How owners are told: files, SMTP, webhooks."
    )
    outbox_folder: Path = Field(
        default=Path("outbox"),
        description="Folder for notices as .eml files, where no SMTP server is named; relative to "
        "EMERITUS_HOME.",
    )
    pages_folder: Path = Field(
        default=Path("pages"),
        description="Folder for help page, statement, calendar and feed; relative to "
        "EMERITUS_HOME.",
    )
    pages_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s@?#]+)?$",
        description="Address under which a web server shows pages_folder; notices, calendar and "
        "feed then point there. Empty while nothing serves it.",
    )
    sender: str = Field(
        default="retirements@localhost",
        pattern=r"^[^\s@]+@[^\s@]+$",
        description="Sender of the notices.",
    )
    publisher: str = Field(
        default="",
        max_length=200,
        description="Who publishes the lifecycle feed; the sender's domain if empty.",
    )
