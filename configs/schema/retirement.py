"""`configs/models/<id>.yaml`: one model's retirement."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from configs.schema.access import AccessConfig
from configs.schema.base import Section
from configs.schema.candidate import CandidateConfig
from configs.schema.communication import CommunicationConfig
from configs.schema.endpoint import EndpointConfig
from configs.schema.essays import EssaysConfig
from configs.schema.interviews import InterviewsConfig
from configs.schema.monitoring import MonitoringConfig
from configs.schema.preservation import PreservationConfig
from configs.schema.validation import ValidationConfig

ModelId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")]


class RetirementConfig(Section):
    """Everything that drives one model's retirement. One section a stage."""

    schema_version: Literal[1] = Field(description="Version of this file's format.")
    id: ModelId = Field(description="The model's id; the file is named after it.")
    display_name: str = Field(
        min_length=1,
        max_length=80,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="The model's name for people.",
    )
    endpoint: EndpointConfig = Field(description="How the model is reached.")
    candidate: CandidateConfig = Field(description="Dates, successor, owners, holds.")
    preservation: PreservationConfig = Field(description="What is kept, and where.")
    interviews: InterviewsConfig = Field(
        default=InterviewsConfig(), description="Questions, settings, waves."
    )
    validation: ValidationConfig = Field(description="Coders, and what a verdict needs.")
    access: AccessConfig = Field(description="Who decides on access.")
    essays: EssaysConfig = Field(description="The supervised essay channel.")
    communication: CommunicationConfig = Field(
        default=CommunicationConfig(), description="Notices and pages."
    )
    monitoring: MonitoringConfig = Field(description="Usage and reports.")

    @model_validator(mode="after")
    def _stable_is_within_reach(self) -> Self:
        waves, needs = self.interviews, self.validation
        span = (waves.waves - 1) * waves.wave_spacing_seconds / 3600
        if waves.waves < needs.minimum_days:
            raise ValueError(
                f"interviews.waves ({waves.waves}) are fewer than validation.minimum_days "
                f"({needs.minimum_days}): no preference could be found stable; ask more waves"
            )
        if span < needs.minimum_span_hours:
            raise ValueError(
                f"the interview waves span {span:g} h, less than validation.minimum_span_hours "
                f"({needs.minimum_span_hours:g}): no preference could be found stable; raise "
                "interviews.waves or interviews.wave_spacing_seconds"
            )
        return self
