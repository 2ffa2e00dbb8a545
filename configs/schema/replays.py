"""What is asked again: of the same model week by week, and of its successor."""

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from configs.schema.base import Section
from configs.schema.endpoint import EndpointConfig
from configs.schema.golden import GoldenPrompt, RecordedOutputs

WEEKS_A_YEAR = 52


class SameModelConfig(Section):
    """The same-model test: today's answers to the golden prompts against the frozen ones."""

    samples: int = Field(
        default=100,
        ge=4,
        le=1000,
        description="Fresh answers a week to each golden prompt; fewer where max_calls allows no "
        "more. With 20 prompts 100 are 2,000 calls.",
    )
    first_samples: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="Fresh answers to each prompt after which the test looks once: the week ends "
        "there as the same if the p-value is above stop_above. 0 asks all. Saves calls in weeks "
        "without change, for a little less power.",
    )
    stop_above: float = Field(
        default=0.3, gt=0, lt=1, description="See first_samples; not below weekly_alpha."
    )
    max_calls: int = Field(
        default=2000, ge=1, description="Ceiling of one week's calls, all tries counted."
    )
    weekly_alpha: float = Field(
        default=0.05,
        gt=0,
        le=0.2,
        description="How often a week's test fails though nothing changed, at most.",
    )
    yearly_false_incidents: float = Field(
        default=0.05,
        gt=0,
        le=0.5,
        description="Probability of one false incident or more in a year, at most: a week's test "
        "opens an incident when its p-value is at or below this over 52.",
    )
    permutations: int = Field(
        default=4999, ge=99, le=99_999, description="Permutations behind a p-value."
    )
    must_be_served_until: date | None = Field(
        default=None,
        description="Last day (UTC) on which the model has to answer: an endpoint that no longer "
        "knows it opens an incident until then, and none after. None: it never opens one.",
    )

    @property
    def incident_alpha(self) -> float:
        """The p-value at or below which a week's test opens an incident."""
        return self.yearly_false_incidents / WEEKS_A_YEAR

    @model_validator(mode="after")
    def _fine_enough(self) -> Self:
        if self.stop_above < self.weekly_alpha:
            raise ValueError(
                f"stop_above ({self.stop_above}) is below weekly_alpha ({self.weekly_alpha}): a "
                "week would end as the same that fails; raise it"
            )
        needed = int(1 / self.incident_alpha) + 1
        if self.permutations + 1 < needed:
            raise ValueError(
                f"{self.permutations} permutations give no p-value below "
                f"{1 / (self.permutations + 1):.5f}, and an incident takes one of "
                f"{self.incident_alpha:.5f}; set permutations to {needed} or more"
            )
        return self


class Expect(Section):
    """What an answer must be to pass; every field that is set is a grader of its own."""

    contains: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="Texts that must all stand in it, without regard to case."
    )
    lacks: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="Texts none of which may stand in it, without regard to case."
    )
    matches: str = Field(
        default="", description="A regular expression (Python's) that must be found in it."
    )
    choice: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(),
        description="The answer must be one of these and nothing else, without regard to case, "
        "spaces around it, and a full stop.",
    )
    valid_json: bool = Field(
        default=False, description="It must be JSON, alone or in one fenced block."
    )
    max_words: int | None = Field(default=None, ge=1, description="It has no more words.")
    min_words: int | None = Field(default=None, ge=1, description="It has no fewer words.")

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        try:
            re.compile(self.matches)
        except re.error as error:
            raise ValueError(
                f"matches: {self.matches!r} is no regular expression: {error}"
            ) from None
        return self


class OwnerPrompt(GoldenPrompt):
    """A prompt that an owner recorded, with what its answer must be."""

    expect: Expect = Field(default=Expect(), description="What its answer must be to pass.")


class OwnerPrompts(Section):
    """An owner's file of prompts: golden prompts with `expect`."""

    prompts: tuple[OwnerPrompt, ...] = Field(min_length=1, description="What is asked.")
    recorded: RecordedOutputs | None = Field(
        default=None,
        description="Answers of the model that is retired, recorded elsewhere; several to a prompt "
        "if there are.",
    )


class OwnerReplay(Section):
    """One owner's regression."""

    owner: str = Field(min_length=1, max_length=120, description="As in candidate.owners.")
    prompts_file: Path = Field(
        description="YAML of the owner's prompts; relative paths stand under EMERITUS_HOME."
    )
    samples: int = Field(
        default=5, ge=1, le=200, description="Answers of each model to each prompt."
    )
    grades_csv: Path | None = Field(
        default=None,
        description="Grades given elsewhere: prompt, side (old or new), sample, grade from 0 to "
        "1. Read again when it changes; relative to EMERITUS_HOME.",
    )


class SuccessorConfig(Section):
    """Old against successor: every owner's prompts asked of both."""

    endpoint: EndpointConfig = Field(description="Where the successor is served.")
    owners: tuple[OwnerReplay, ...] = Field(min_length=1, description="One entry an owner.")
    ask_old: bool = Field(
        default=True,
        description="Ask the model that is retired what no recorded answer tells, while it is up.",
    )
    margin: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="Difference in pass rates that is too small to matter. `no_difference` is "
        "said only where a larger one is ruled out.",
    )
    alpha: float = Field(
        default=0.05,
        gt=0,
        le=0.2,
        description="Probability of one false finding or more, over all owners and graders, at "
        "most.",
    )
    max_calls: int = Field(
        default=2000, ge=1, description="Ceiling of calls an owner and model, all tries counted."
    )
    answer_to: str = Field(
        default="",
        max_length=200,
        description="Whom owners answer to, as an address or a name; stands in their report.",
    )

    @model_validator(mode="after")
    def _owners_stand_once(self) -> Self:
        names = [one.owner for one in self.owners]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"the owner {twice[0]!r} stands twice; give each one entry")
        return self
