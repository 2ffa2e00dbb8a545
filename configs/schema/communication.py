"""Notices, help page and statement."""

from pathlib import Path

from pydantic import Field

from configs.schema.base import Section


class CommunicationConfig(Section):
    """Who is told what, when."""

    notice_days_before: tuple[int, ...] = Field(
        default=(180, 90, 60, 30, 7, 1, 0, -30),
        min_length=1,
        description="Days before the first surface's last day; negative ones come after it.",
    )
    outbox_folder: Path = Field(
        default=Path("outbox"),
        description="Folder for notices as .eml files; relative to EMERITUS_HOME.",
    )
    pages_folder: Path = Field(
        default=Path("pages"),
        description="Folder for help page and statement; relative to EMERITUS_HOME.",
    )
    sender: str = Field(
        default="retirements@localhost",
        pattern=r"^[^\s@]+@[^\s@]+$",
        description="Sender of the notices.",
    )
