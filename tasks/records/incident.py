"""Incidents: what monitoring found that a person must look at, who was told, how it was closed."""

from datetime import datetime

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class Incident(Row, table=True):
    """Something that crossed its bound; open until a person closes it.

    The id follows from what was found and when it began, so that the same finding is one incident
    however often it is looked at.
    """

    __tablename__ = "incident"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    kind: str  # alarm | same_model | source | drift
    subject: str  # the signal, the run or the source
    severity: str  # low | high
    summary: str = text_field()  # one sentence
    evidence: str = text_field()  # canonical JSON
    simulated: bool
    raised_at: datetime = instant_field()
    closed_at: datetime | None = instant_field(default=None)


class IncidentTelling(Row, table=True):
    """One message about an incident to one address; intent first, receipt after."""

    __tablename__ = "incident_telling"

    incident_id: str = Field(primary_key=True)
    contact: str = Field(primary_key=True)  # an address; `webhook:<name>` for a webhook
    model_id: str = Field(index=True)
    channel: str  # email | webhook | file
    intended_at: datetime = instant_field()
    tries: int = 0
    tried_at: datetime | None = instant_field(default=None)
    again_at: datetime | None = instant_field(default=None)  # not to be tried before
    sent_at: datetime | None = instant_field(default=None)
    outcome: str = ""  # trying | sent | later | doubtful | refused; empty for an intent alone
    said: str = text_field(default="")  # why the last try gave no receipt
    receipt: str = text_field(default="")


class IncidentAct(Row, table=True):
    """A person's signed act that closes an incident."""

    __tablename__ = "incident_act"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    incident_id: str = Field(index=True)
    action: str  # close
    reason: str  # from the closed list
    person: str
    fingerprint: str
    words: str = text_field()
    statement: str = text_field()  # what was signed
    signature: str = text_field()
    received_at: datetime = instant_field()
