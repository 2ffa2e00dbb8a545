"""Which lines a checklist has. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from configs.schema.checklist import ChecklistConfig


class Told(StrEnum):
    """Who can tell that a line is done."""

    RECORDS = "records"  # they alone
    EITHER = "either"  # a person, where the records don't know
    PERSON = "person"  # a person alone


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is so once a retirement is over.

    Attributes:
        id: its name in commands; it never changes.
        group: the heading that it stands under.
        title: what is so once it is done.
        help: where to look, and what counts as evidence.
        told: who can tell.
    """

    id: str
    group: str
    title: str
    help: str
    told: Told


_KEPT, _HEARD, _USERS, _OFF = "Kept", "Heard", "Users", "Switched off"
_OWN = "Of this team"

ALWAYS: tuple[Line, ...] = (
    Line(
        "preserved",
        _KEPT,
        "At least two replicas of the package were read back whole",
        "`emeritus fixity` reads every replica.",
        Told.RECORDS,
    ),
    Line(
        "drill",
        _KEPT,
        "The last restore drill passed",
        "`emeritus drill`; where no weights are held, say so and why.",
        Told.EITHER,
    ),
    Line(
        "interviewed",
        _HEARD,
        "The model was interviewed, and its preferences were judged",
        "Where it could not be, say why, and who decided to go on.",
        Told.EITHER,
    ),
    Line(
        "ledger",
        _HEARD,
        "Every stable preference has a ledger entry",
        "`emeritus ledger show` lists what is open.",
        Told.RECORDS,
    ),
    Line(
        "essays",
        _HEARD,
        "No essay waits for a person, and the channel is over",
        "`emeritus status` tells what it waits for.",
        Told.RECORDS,
    ),
    Line(
        "access",
        _USERS,
        "Access was decided and signed",
        "`emeritus status` shows the packet.",
        Told.RECORDS,
    ),
    Line(
        "last-day",
        _USERS,
        "The last day of every surface is past, and no legal hold stands",
        "`candidate.surfaces` and `candidate.legal_hold`.",
        Told.RECORDS,
    ),
    Line(
        "notices",
        _USERS,
        "Every owner was told of the last day",
        "A receipt of a notice; where none came, how the owner was reached.",
        Told.EITHER,
    ),
    Line(
        "unused",
        _USERS,
        "Nobody calls the model any more",
        "A usage audit over the whole window; or what shows it where there are no exports.",
        Told.EITHER,
    ),
    Line(
        "applications",
        _USERS,
        "No application or appeal waits for an answer",
        "`emeritus applications list`.",
        Told.RECORDS,
    ),
    Line("grants", _USERS, "No grant is in force", "`emeritus grants list`.", Told.RECORDS),
    Line(
        "keys",
        _OFF,
        "No key that we made is open",
        "`emeritus grants list` shows keys by their token id.",
        Told.RECORDS,
    ),
    Line(
        "credentials",
        _OFF,
        "Service accounts, API keys and secrets of its serving are revoked",
        "The secret store's change, or a ticket.",
        Told.PERSON,
    ),
    Line(
        "aliases",
        _OFF,
        "No alias, default or fallback in gateways and applications names it",
        "A search over configurations, or the commit that removed the last one.",
        Told.PERSON,
    ),
    Line(
        "dns",
        _OFF,
        "Host names of its serving are gone, or tell what became of it",
        "The zone's change; `dig` on the names.",
        Told.PERSON,
    ),
    Line(
        "hardware",
        _OFF,
        "Accelerators and volumes are free, and no weights are left outside the replicas",
        "The order or the ticket; how the volumes were wiped.",
        Told.PERSON,
    ),
    Line(
        "deployment",
        _OFF,
        "Its deployment, dashboards and on-call alerts are removed",
        "The commit that removed them.",
        Told.PERSON,
    ),
    Line(
        "incidents",
        _OFF,
        "No incident is open",
        "`emeritus incidents list`.",
        Told.RECORDS,
    ),
    Line(
        "audit",
        _OFF,
        "The audit chain verifies",
        "`emeritus audit verify`.",
        Told.RECORDS,
    ),
)
_IDS = frozenset(line.id for line in ALWAYS)


def lines_of(config: ChecklistConfig) -> tuple[Line, ...]:
    """All lines of a model's checklist, in their order; a line's own id gives way to none.

    A configured line that bears the id of one that every model has is left out here and refused
    by `clashing`.
    """
    own = (
        Line(one.id, _OWN, one.title, one.help, Told.PERSON)
        for one in config.lines
        if one.id not in _IDS
    )
    return (*ALWAYS, *own)


def clashing(config: ChecklistConfig) -> str:
    """The first configured id that a line of every model bears; empty if none."""
    return next((one.id for one in config.lines if one.id in _IDS), "")
