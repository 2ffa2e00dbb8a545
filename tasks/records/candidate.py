"""What the endpoint said of the model's own lifecycle."""

from datetime import datetime

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class LifecycleCheck(Row, table=True):
    """One answer of the endpoint about the model's lifecycle."""

    __tablename__ = "lifecycle_check"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    checked_at: datetime = instant_field()
    lifecycle: str  # active, deprecated, retired, or unknown where the endpoint names none
    retires_at: datetime | None = instant_field(default=None)
    endpoint_model: str
    simulated: bool
    note: str = text_field(default="")
