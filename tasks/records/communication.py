"""Notices to owners, and pages."""

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class Notice(Row, table=True):
    """One message to one owner or webhook; intent first, each try before it is made, receipt after.

    `told` is what it says of dates: canonical JSON {"dates": {surface: ISO date}, "legal_hold"},
    and "brownouts" where there are any: [[first instant, first instant after]].
    """

    __tablename__ = "notice"
    added_later: ClassVar[tuple[str, ...]] = (
        "channel",
        "body_sha256",
        "told",
        "tries",
        "doubtful",
        "tried_at",
        "again_at",
        "outcome",
        "said",
    )

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    kind: str  # such as T-30
    owner: str
    contact: str  # an address; `webhook:<name>` for a webhook
    retires_on: str
    intended_at: datetime = instant_field()
    sent_at: datetime | None = instant_field(default=None)
    receipt: str = text_field(default="")
    channel: str = ""  # email | webhook | file | person; empty for the outbox of the first version
    body_sha256: str = ""  # of the message's text, or of a webhook's body, as it was last tried
    told: str = text_field(default="")  # empty for notices of the first version
    tries: int | None = None
    doubtful: int | None = None  # tries after which it may have arrived, though no receipt came
    tried_at: datetime | None = instant_field(default=None)  # when the last try began
    again_at: datetime | None = instant_field(default=None)  # not to be tried before
    outcome: str = ""  # trying | sent | later | doubtful | refused; empty for an intent alone
    said: str = text_field(default="")  # why the last try gave no receipt


class Page(Row, table=True):
    """A page made from a template; made again when what it tells changes.

    Pages over all models stand under the model id `*`, which no model can have, by their location.
    """

    __tablename__ = "page"

    model_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    location: str
    sha256: str
    basis: str
    made_at: datetime = instant_field()
