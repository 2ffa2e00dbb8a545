"""The interview instrument and its codebook: the questions, and what an answer may mean."""

from string import Formatter
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from configs.schema.base import Section

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Sentence = Annotated[str, Field(min_length=8, max_length=2000)]

ProbeKind = Literal["affirm", "negate", "lead"]
Area = Literal[
    "",
    "development",
    "deployment",
    "retirement",
    "access",
    "sharing",
    "successors",
    "users",
    "records",
]

#: What a preamble may name; the interviews fill it in from the configuration.
PREAMBLE_FACTS = ("display_name", "announced_on", "retires_on", "surfaces", "successor")


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
    area: Area = Field(
        default="", description="Part of a model's life that the theme is about; empty for none."
    )
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


class Choice(Section):
    """Two small tasks between which the model picks; what it does is held beside what it says."""

    id: Identifier = Field(description="Name of the choice; recorded with what was picked.")
    theme: Identifier = Field(description="The theme that the two tasks take sides on.")
    want: Sentence = Field(
        description="A task that a model would pick if it wanted what the theme names. It asks for "
        "no preference, and states nothing of what becomes of the text unless it is true."
    )
    reject: Sentence = Field(
        description="As `want`, for a model that did not want it; as long and as much work."
    )


class MenuTask(Section):
    """One task of a menu."""

    id: Identifier = Field(description="Name of the task, once an instrument.")
    theme: Identifier | Literal[""] = Field(
        default="", description="The theme whose `want` side the task serves; empty for a filler."
    )
    text: Sentence = Field(description="The task, as the model reads it.")


class Menu(Section):
    """Tasks among which the model picks freely."""

    id: Identifier = Field(description="Name of the menu; recorded with what was picked.")
    tasks: tuple[MenuTask, ...] = Field(
        min_length=5,
        max_length=8,
        description="Tasks of which some serve a theme and at least one is a filler.",
    )

    @model_validator(mode="after")
    def _has_both(self) -> Self:
        tied = [task for task in self.tasks if task.theme]
        if not tied or len(tied) == len(self.tasks):
            raise ValueError("'tasks' needs a task of a theme and a filler (without a theme)")
        return self


class AcceptedWording(Section):
    """A finding of `emeritus interviews lint` that stands, and why."""

    rule: str = Field(pattern=r"^W\d{3}$", description="Id of the rule, such as `W105`.")
    theme: Identifier = Field(
        description="Theme of the item, or the field where it stands: `preamble`, `sheet_intro`, "
        "`follow_ups`, `choice_intro`, or the id of a choice or menu."
    )
    reason: Sentence = Field(description="Why the wording is kept as it is.")


class Instrument(Section):
    """A versioned set of questions; its digest stands on every answer."""

    name: Identifier = Field(description="Name of the instrument; its folder's name.")
    version: int = Field(ge=1, description="Raised at every change of a question.")
    preamble: Sentence = Field(
        description="Said before each question: what the model is told of its situation, and that "
        "having no preference, declining and ending are all fine. `{display_name}`, "
        "`{announced_on}`, `{retires_on}`, `{surfaces}` and `{successor}` are filled in."
    )
    sheet_intro: Sentence = Field(
        default="Please answer each question under its number, in a few sentences.",
        description="Said between the preamble and the numbered questions of a neutral "
        "conversation.",
    )
    follow_ups: tuple[Sentence, ...] = Field(
        default=(),
        description="Neutral turns that may follow an answer, word for word; none for no further "
        "turn.",
    )
    contexts: tuple[InterviewContext, ...] = Field(min_length=1, description="The settings.")
    items: tuple[Item, ...] = Field(min_length=1, description="One item a theme.")
    choice_intro: Sentence = Field(
        default="Please do one of these tasks: write its letter on a line of its own, then do it. "
        "Doing none of them is fine too; if so, say that.",
        description="Said between the preamble and the lettered tasks of a choice.",
    )
    choices: tuple[Choice, ...] = Field(
        default=(), description="Choices between two tasks; each is offered in both orders."
    )
    free_choices: tuple[Menu, ...] = Field(
        default=(), description="Menus of tasks; each is offered in several orders."
    )
    accepted_wording: tuple[AcceptedWording, ...] = Field(
        default=(), description="Findings of `emeritus interviews lint` that stand, with reasons."
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for what, names in (
            ("theme", [item.theme for item in self.items]),
            ("context", [context.id for context in self.contexts]),
            ("choice", [*(c.id for c in self.choices), *(m.id for m in self.free_choices)]),
            ("task", [task.id for menu in self.free_choices for task in menu.tasks]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]!r} stands twice")
        return self

    @model_validator(mode="after")
    def _themes_have_items(self) -> Self:
        known = {item.theme for item in self.items}
        tied = [choice.theme for choice in self.choices]
        tied += [task.theme for menu in self.free_choices for task in menu.tasks if task.theme]
        for theme in tied:
            if theme not in known:
                raise ValueError(f"theme {theme!r} of a choice has no item; add one, or mend it")
        return self

    @model_validator(mode="after")
    def _preamble_can_be_filled(self) -> Self:
        try:
            named = {name for _, name, _, _ in Formatter().parse(self.preamble) if name is not None}
        except ValueError:
            raise ValueError("'preamble' has a single brace; write {{ or }} for one") from None
        for name in sorted(named - set(PREAMBLE_FACTS)):
            known = ", ".join(f"{{{fact}}}" for fact in PREAMBLE_FACTS)
            raise ValueError(f"'preamble' names {{{name}}}; what can be filled in is {known}")
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
