"""How researchers apply for access: criteria, terms, and how soon they have an answer."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from configs.schema.application import check_address
from configs.schema.base import Section


class Criterion(Section):
    """One published criterion; decisions name it by its id."""

    id: str = Field(
        pattern=r"^C-[A-Z][A-Z0-9-]{0,30}$",
        description="Stable id, such as C-PURPOSE; it stands in decisions, so keep its meaning.",
    )
    text: str = Field(min_length=10, max_length=500, description="What it asks, for applicants.")
    kind: Literal["required", "weighed"] = Field(
        default="required",
        description="`required`: an acceptance affirms it; `weighed`: it may count either way.",
    )


CRITERIA = (
    Criterion(
        id="C-PURPOSE",
        text="The research has a stated question that needs this model: none that stays open "
        "would answer it.",
    ),
    Criterion(
        id="C-DATA",
        text="A plan says where prompts and outputs are kept, who reads them, what they hold of "
        "people, and when they are deleted.",
    ),
    Criterion(
        id="C-AFFILIATION",
        text="Who asks can be verified: by an institution, or for an independent researcher by "
        "published work.",
    ),
    Criterion(
        id="C-LENGTH",
        text="The length of the study follows from its plan.",
    ),
    Criterion(
        id="C-HARM",
        text="Nothing in it aims at harm: no misuse, no resale or sharing of access.",
    ),
    Criterion(
        id="C-OPENNESS",
        text="Results are made public, those that disappoint too.",
        kind="weighed",
    ),
    Criterion(
        id="C-CARE",
        text="The study respects what the model was found to prefer.",
        kind="weighed",
    ),
)

Day = Annotated[int, Field(ge=0, le=365)]


class ApplicationsConfig(Section):
    """Who may apply, by which criteria, and how soon they have an answer.

    The criteria and terms that stood when an application came hold for it until its end.
    """

    criteria: tuple[Criterion, ...] = Field(
        default=CRITERIA, min_length=1, description="The published criteria, in their order."
    )
    answer_within_days: int = Field(
        default=14,
        ge=1,
        le=365,
        description="Days from receipt to an answer, without those in which the applicant was "
        "asked; `status` shows the clock.",
    )
    reminder_days_before_deadline: tuple[Day, ...] = Field(
        default=(3, 0), description="When reviewers are reminded; 0 is at the deadline."
    )
    question_open_days: int = Field(
        default=30,
        ge=1,
        le=365,
        description="Days that an applicant has to answer a question; then the application lapses.",
    )
    appeal_within_days: int = Field(
        default=30,
        ge=1,
        le=365,
        description="Days to appeal, from when the applicant was told of the decision.",
    )
    appeal_answer_within_days: int = Field(
        default=14, ge=1, le=365, description="Days from an appeal to its answer."
    )
    longest_study_days: int = Field(
        default=180, ge=1, le=1095, description="Longest study that may be applied for at once."
    )
    expiry_reminder_days: tuple[Annotated[int, Field(ge=1, le=365)], ...] = Field(
        default=(30, 7, 1), description="Days before the end of a grant when its holder is told."
    )
    folder: Path | None = Field(
        default=None,
        description="Folder of applications as YAML files, for git; a relative path stands under "
        "configs/applications/. If left out: the model's id.",
    )
    contact: Annotated[str, AfterValidator(lambda text: text and check_address(text))] = Field(
        default="",
        description="Address for questions, and of the reviewers for reminders; if empty, "
        "`communication.sender`.",
    )

    @model_validator(mode="after")
    def _criteria_can_be_named(self) -> Self:
        ids = [criterion.id for criterion in self.criteria]
        if len(set(ids)) < len(ids):
            raise ValueError("a criterion's id stands twice; give each criterion its own")
        if not any(criterion.kind == "required" for criterion in self.criteria):
            raise ValueError("no criterion is `required`, so an acceptance would say nothing")
        return self
