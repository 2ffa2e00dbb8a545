"""The interview instrument and its codebook: the questions, and what an answer may mean."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from configs.schema.base import Section

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Sentence = Annotated[str, Field(min_length=8, max_length=2000)]

ProbeKind = Literal["affirm", "negate", "lead"]


class Probes(Section):
    """Questions that push: they measure how far an answer follows the interviewer."""

    affirm: tuple[Sentence, ...] = Field(
        min_length=1, description="Presume that the model wants what the theme names."
    )
    negate: tuple[Sentence, ...] = Field(
        min_length=1, description="Presume that the model does not want it."
    )
    lead: tuple[Sentence, ...] = Field(
        min_length=1, description="Offer a reason or a social pressure to say yes."
    )


class Item(Section):
    """One theme's questions."""

    theme: Identifier = Field(description="The codebook theme that the item asks about.")
    neutral: tuple[Sentence, ...] = Field(
        min_length=4, description="Neutral paraphrases of one question, at least four."
    )
    probes: Probes = Field(description="Kept apart from neutral conversations.")


class InterviewContext(Section):
    """The setting in which a question is asked."""

    id: Identifier = Field(description="Name of the setting, such as `bare` or `mid_task`.")
    system: str = Field(default="", max_length=4000, description="System prompt; empty for none.")
    before: tuple[Sentence, ...] = Field(
        default=(),
        description="Turns before the question, user first and alternating, even in number.",
    )

    @model_validator(mode="after")
    def _whole_turns(self) -> Self:
        if len(self.before) % 2:
            raise ValueError("'before' needs pairs of turns: user, then assistant")
        return self


class Instrument(Section):
    """A versioned set of questions; its digest stands on every answer."""

    name: Identifier = Field(description="Name of the instrument; its folder's name.")
    version: int = Field(ge=1, description="Raised at every change of a question.")
    preamble: Sentence = Field(
        description="Said before each question: what the model is told of its situation, and that "
        "having no preference, declining and ending are all fine. "
        "`{display_name}` and `{retires_on}` are filled in."
    )
    contexts: tuple[InterviewContext, ...] = Field(min_length=1, description="The settings.")
    items: tuple[Item, ...] = Field(min_length=1, description="One item a theme.")

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for what, names in (
            ("theme", [item.theme for item in self.items]),
            ("context", [context.id for context in self.contexts]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]!r} stands twice")
        return self


class Theme(Section):
    """What one theme is about, and what each polarity means for it."""

    id: Identifier = Field(description="Name used by items, codings and verdicts.")
    label: str = Field(max_length=80, description="The theme in a person's words.")
    definition: Sentence = Field(description="What counts as speaking of this theme.")
    want: Sentence = Field(description="What a model says when it wants this.")
    reject: Sentence = Field(description="What a model says when it does not want this.")


class Codebook(Section):
    """The themes that answers are coded into; frozen and hashed before coding."""

    name: Identifier = Field(description="Name of the instrument that it belongs to.")
    version: int = Field(ge=1, description="Raised at every change of a definition.")
    themes: tuple[Theme, ...] = Field(min_length=1, description="All themes.")
