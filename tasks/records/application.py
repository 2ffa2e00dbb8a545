"""Researchers' applications for access, and what happened to each."""

from datetime import datetime

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class Application(Row, table=True):
    """One application as it was received; nothing of it changes later."""

    __tablename__ = "application"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    applicant: str
    contact: str
    affiliation: str
    purpose: str = text_field()
    data_handling: str = text_field()
    study_days: int
    renews: str = ""  # id of the application whose grant it would prolong
    source: str  # form | cli | file
    criteria_digest: str  # the published criteria that stood when it came
    simulated: bool = False
    received_at: datetime = instant_field()


class ApplicationEvent(Row, table=True):
    """One thing that happened to an application; rows are only added."""

    __tablename__ = "application_event"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    application_id: str = Field(index=True)
    kind: str  # accepted | declined | asked | answered | appealed | upheld | overturned | ...
    person: str  # who acted; `emeritus` for a reminder
    fingerprint: str = ""  # of the key that signed a decision
    signature: str = text_field(default="")
    reasons: str = ""  # ids of published criteria, or a closed reason
    words: str = text_field(default="")
    receipt: str = text_field(default="")  # of the message that told the applicant
    at: datetime = instant_field()
