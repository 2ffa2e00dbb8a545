"""Researchers' applications for access, and what happened to each."""

from datetime import datetime

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class Application(Row, table=True):
    """One application as it was received; nothing of it changes later."""

    __tablename__ = "application"

    id: str = Field(primary_key=True)  # of model, applicant and what they say
    model_id: str = Field(index=True)
    applicant: str
    contact: str
    affiliation: str
    affiliation_public: bool
    purpose: str = text_field()
    data_handling: str = text_field()
    study_days: int
    renews: str = ""  # id of the application whose grant it would prolong
    source: str  # form | cli | file
    entered_by: str  # who typed it in, or the file's name
    terms: str = text_field()  # canonical JSON: the criteria and promises that stood when it came
    simulated: bool = False
    received_at: datetime = instant_field()


class ApplicationEvent(Row, table=True):
    """One thing that happened to an application.

    Rows are only added, but for a `told` row, which is an intent until it has its receipt.
    """

    __tablename__ = "application_event"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    application_id: str = Field(index=True)
    kind: str  # a step of `tasks.access.applications.states`, or `told`
    person: str  # who acted, or typed it in for the applicant; `emeritus` for a pass
    fingerprint: str = ""  # of the key that signed a decision
    signature: str = text_field(default="")
    packet_digest: str = ""  # the access decision under which it was accepted
    reasons: str = ""  # ids of published criteria; of `told`, what it was about
    words: str = text_field(default="")
    receipt: str = text_field(default="")  # of a message that was delivered
    at: datetime = instant_field()
