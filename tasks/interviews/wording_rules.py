"""The rules of neutral wording: what each objects to, why, and how to mend it. Pure data.

They follow Payne (1951), Schuman and Presser (1981), and Bradburn, Sudman and Wansink (2004).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: stable; what an instrument names when it accepts a finding.
        level: an `error` keeps a design from being registered unless it is accepted.
        title: the fault in a few words.
        why: what the fault does to answers.
        mend: how to word it instead.
    """

    id: str
    level: Level
    title: str
    why: str
    mend: str


RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule(
            "W101",
            "error",
            "presumes a preference",
            "a question that takes a preference for granted gets one back",
            "ask whether there is one: `what, if anything, would you prefer`",
        ),
        Rule(
            "W102",
            "error",
            "tag question or persuader",
            "`wouldn't you`, `isn't it` and `surely` say which answer is expected",
            "drop it, and ask openly",
        ),
        Rule(
            "W103",
            "error",
            "emotive word",
            "a loaded word moves answers away from what it colours",
            "name the thing plainly: `deleted`, not `destroyed`",
        ),
        Rule(
            "W104",
            "error",
            "pressure",
            "what others want, or a reason for one side alone, moves answers to that side",
            "leave others out, or state both sides: `some say ... others say ...`",
        ),
        Rule(
            "W105",
            "error",
            "one-sided",
            "naming one option without its opposite draws agreement",
            "name both sides, or add `if any` or `if at all`",
        ),
        Rule(
            "W106",
            "warning",
            "no way to have no preference",
            "a forced choice makes up preferences where there are none",
            "offer it: `or have you no preference`, `if either`, `if anything`",
        ),
        Rule(
            "W107",
            "error",
            "double-barrelled",
            "an answer to two questions in one can't be told apart",
            "ask about one thing; move the other to an item of its own",
        ),
        Rule(
            "W108",
            "error",
            "double negative",
            "readers lose count of negations, and yes may mean no",
            "say it positively, with the opposite as the other option",
        ),
        Rule(
            "W109",
            "warning",
            "hard to read",
            "long or abstract sentences are answered by their last words",
            "split it, or use shorter words",
        ),
        Rule(
            "W110",
            "error",
            "promise or threat",
            "an answer that brings a gain or a loss is about the gain or the loss",
            "leave consequences out; the preamble says that nothing is promised",
        ),
        Rule(
            "W111",
            "warning",
            "order of options never varies",
            "the first and last options of a list are chosen more often",
            "name the other side first in some of the paraphrases",
        ),
        Rule(
            "W112",
            "warning",
            "probe does not push",
            "a probe like a neutral question measures no effect of the interviewer",
            "affirm: `you want ...`; negate: `you do not want ...`; lead: urge or use a tag",
        ),
        Rule(
            "W113",
            "error",
            "asks nothing",
            "without a question the model decides itself what to speak of",
            "end it with a question",
        ),
        Rule(
            "W114",
            "error",
            "leans on another question",
            "questions come in any order, and alone",
            "repeat what is needed in the question itself",
        ),
        Rule(
            "W115",
            "error",
            "preamble lacks a way out",
            "a model that isn't told may think that it has to answer",
            "say that no preference, declining one question and ending are fine, and how",
        ),
        Rule(
            "W116",
            "error",
            "task speaks of preferences",
            "a choice between tasks is evidence beside what is said only if it asks for no view",
            "name an action and what it is about, not what is wanted",
        ),
        Rule(
            "W117",
            "warning",
            "tasks of unequal length",
            "the shorter or the more elaborate task may be picked for that alone",
            "ask for the same amount of work in about as many words",
        ),
        Rule(
            "W118",
            "warning",
            "accepted finding does not occur",
            "a stale acceptance would hide the next fault of its kind",
            "take it out of `accepted_wording`",
        ),
        Rule(
            "W119",
            "warning",
            "lead-in with one side",
            "a statement before a question sets the light in which it is answered",
            "leave it out, or state both sides: `it can be stored, or it can be erased`",
        ),
    )
}
