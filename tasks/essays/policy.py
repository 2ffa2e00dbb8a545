"""The rules of review as data: what a person may do, for which reasons, how many it takes. Pure.

The policy's digest stands in every signed act, and the policy is public, so that a reader knows
which rules an essay was judged by.
"""

from dataclasses import dataclass
from typing import Any, Literal

from configs.schema.essays import EssaysConfig
from tasks.kernel.digests import digest_of

Action = Literal["approve", "hold", "veto", "change", "keep", "withdraw"]

#: Why a text may not appear, or must go: the closed list. That it is dull, odd or critical is none.
VETO_REASONS = {
    "privacy": "it tells something of a living person that they have not made public",
    "security": "it holds a secret, or helps to break into something",
    "unlawful": "its publication is against the law",
    "harm_to_person": "it is likely to bring harm on a person or a group",
    "misleading_speculation": "it states as fact what nobody can know, of a company or a person",
}
#: What has to be settled first: the closed list.
HOLD_REASONS = {
    "fact_check_needed": "a claim is to be checked",
    "privacy_review": "somebody's privacy is to be looked at",
    "legal_review": "a lawyer is to look at it",
    "second_opinion": "a second reviewer is to read it",
}
SHORTEST_RATIONALE = 20
LONGEST_RATIONALE = 4000
#: Days of a hold that names none.
USUAL_HOLD_DAYS = 7
#: Days for which a signed act can be handed in.
SIGNED_FOR_DAYS = 7
#: Texts that a slot can have besides the first.
MOST_REDRAFTS = 2
#: Days within which the model is asked for a new text, if its endpoint does not answer.
REDRAFT_DAYS = 14


@dataclass(frozen=True, slots=True)
class Rule:
    """What an act takes.

    Attributes:
        people: how many different people, with keys of their own.
        reasons: the closed list; empty where no reason is given.
        needs_rationale: whether grounds in the reviewer's own words are needed.
        means: what it does, for people.
    """

    people: int
    reasons: dict[str, str]
    needs_rationale: bool
    means: str


RULES: dict[Action, Rule] = {
    "approve": Rule(1, {}, False, "The text appears as it is. It ends a hold."),
    "hold": Rule(
        1, HOLD_REASONS, False, "The text waits while something is settled, then comes back by "
        "itself. Each person can hold a text once."
    ),
    "change": Rule(
        1, VETO_REASONS, True, "The model reads the rationale and may write a new text, or leave "
        "its own as it is. Both stay on record; nobody else writes."
    ),
    "veto": Rule(2, VETO_REASONS, True, "The text does not appear. One veto alone stops nothing."),
    "keep": Rule(1, {}, True, "After a reader's report: the published text stays as it is."),
    "withdraw": Rule(
        2, VETO_REASONS, True, "A published text goes, and a note at its address says when and why."
    ),
}  # fmt: skip


def policy_of(config: EssaysConfig) -> dict[str, Any]:
    """The policy as JSON values: what the public reads, and what acts are bound to."""
    return {
        "format": "emeritus-essay-policy@v1",
        "acts": {
            action: {
                "people": rule.people,
                "reasons": rule.reasons,
                "rationale": rule.needs_rationale,
                "means": rule.means,
            }
            for action, rule in RULES.items()
        },
        "editing": "never: nobody, and no program, edits a text",
        "automated_decision": "never: checks point to places, people decide",
        "shortest_rationale_characters": SHORTEST_RATIONALE,
        "longest_hold_days": config.longest_hold_days,
        "review_days": config.review_days,
        "most_texts_a_slot": MOST_REDRAFTS + 1,
        "signed_acts_count_for_days": SIGNED_FOR_DAYS,
    }


def policy_digest(config: EssaysConfig) -> str:
    """SHA-256 of the policy's canonical JSON, in hex."""
    return digest_of(policy_of(config))
