"""Notices to owners, and pages."""

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class Notice(Row, table=True):
    """One message to one owner; intent first, receipt after."""

    __tablename__ = "notice"
    added_later: ClassVar[tuple[str, ...]] = ("channel", "body_sha256")

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    kind: str  # such as T-30
    owner: str
    contact: str
    retires_on: str
    intended_at: datetime = instant_field()
    sent_at: datetime | None = instant_field(default=None)
    receipt: str = text_field(default="")
    channel: str = ""  # email | webhook | file; empty for the outbox of the first version
    body_sha256: str = ""  # of the message as it was delivered


class Page(Row, table=True):
    """A page made from a template; made again when what it tells changes."""

    __tablename__ = "page"

    model_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    location: str
    sha256: str
    basis: str
    made_at: datetime = instant_field()
