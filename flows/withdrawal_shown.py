"""A withdrawal for people and for programs."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from configs.schema import RetirementConfig
from tasks.access.withdrawal.outlook import Outlook
from tasks.access.withdrawal.words import state_words, unheralded_words, untold_owners_words
from tasks.kernel.instants import to_minute, to_text
from tasks.kernel.labels import labelled


def as_json(found: Outlook) -> dict[str, Any]:
    """The outlook as JSON values."""
    following = found.next
    return {
        "at": to_text(found.at),
        "now": found.now,
        "next": {"at": to_text(following[0]), "what": following[1]} if following else None,
        "plan": found.plan,
        "timeline": [{"at": to_text(at), "what": what} for at, what in found.timeline],
        "owners_not_told": list(found.standing.untold),
        "brownouts_not_told": [
            {
                "starts_at": to_text(one.starts_at),
                "ends_at": to_text(one.ends_at),
                "tell_by": one.tell_by.isoformat(),
                "owners": list(one.untold),
                "missed": one.is_missed(found.at),
            }
            for one in found.standing.unheralded
        ],
        "acts": [
            {
                "action": act.action,
                "person": act.person,
                "words": act.words,
                "received_at": to_text(act.received_at),
            }
            for act in found.acts
        ],
        "grants_in_force": [
            {
                "id": holder.grant.id,
                "kind": holder.grant.kind,
                "holder": holder.grant.holder,
                "ends_at": to_text(holder.grant.ends_at),
                "keys": holder.keys,
            }
            for holder in found.holders
        ],
        "paid_users_without_key": list(found.without_key),
        "paid_users_unsigned": list(found.unsigned),
        "let_go": list(found.let_go),
    }


def show(console: Console, config: RetirementConfig, found: Outlook) -> None:
    """Print where the withdrawal stands, its timeline, its headers, who stays and who goes."""
    plan = found.plan
    name = f"{config.display_name} ({config.id}), surface {plan['surface']}"
    state = state_words(plan["held_by"], found.standing.paused_by)
    _line(console, labelled(name, plan["simulated"]), "bold")
    _line(console, f"The plan is {state}.", "" if plan["in_force"] else "yellow")
    sent = found.at >= found.timeline[0][0]
    if found.standing.untold and sent:  # before the announcement nobody is told
        _line(console, untold_owners_words(found.standing.untold, config.id), "yellow")
    _line(console, f"A caller without a grant is {found.now} now ({to_minute(found.at)}).")
    console.print(_timeline(found))
    for one in found.standing.unheralded:
        _line(console, unheralded_words(one, found.at), "yellow")
    _line(console, f"\nHeaders of every answer{'' if sent else ', from the announcement on'}:")
    for header, value in plan["headers"]:
        _line(console, f"  {header}: {value}")
    _people(console, config, found)


def _timeline(found: Outlook) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("when", no_wrap=True)
    table.add_column("what" if found.plan["in_force"] else "what, once the plan is in force")
    following = found.next
    for at, what in found.timeline:
        is_next = following is not None and (at, what) == following
        style = "bold" if is_next else "dim" if at <= found.at else ""
        table.add_row(
            Text(to_minute(at), style), Text(f"{what}  <- next" if is_next else what, style)
        )
    return table


def _people(console: Console, config: RetirementConfig, found: Outlook) -> None:
    _line(console, "\nWho stays (never refused, never redirected while the grant is in force):")
    for holder in found.holders:
        who = f"{holder.grant.kind} {holder.grant.holder}".strip()
        keys = f"{holder.keys} {'key' if holder.keys == 1 else 'keys'}"
        _line(console, f"  {who}, {keys}, until {to_minute(holder.grant.ends_at)}")
    if not found.holders:
        _line(console, "  nobody: no grant is in force")
    if found.without_key:
        _line(
            console,
            f"  without a key yet, so refused like everybody else: {', '.join(found.without_key)}; "
            "`emeritus grants key` makes one",
            "yellow",
        )
    if found.unsigned:
        _line(
            console,
            "  no packet that people signed grants them access, so no key is made: "
            f"{', '.join(found.unsigned)}; two people sign one that does",
            "yellow",
        )
    if config.access.withdrawal.redirects:
        _line(console, "\nWho agreed to be redirected:")
    for redirect in config.access.withdrawal.redirects:
        _line(
            console,
            f"  {redirect.owner} ({', '.join(redirect.callers)}) to {redirect.target}, from "
            f"{redirect.starts_on} for {redirect.days} days; {redirect.consented_by} agreed on "
            f"{redirect.consented_on}: {redirect.evidence}",
        )
    _line(console, "\nWho is let go at the end of service:")
    _line(console, f"  {', '.join(found.let_go) or 'no owner: all agreed to be redirected'}")
    for act in found.acts:
        what = f"{act.person} {act.action}d it on {to_minute(act.received_at)}"
        _line(console, f"\n{what}: {' '.join(act.words.split())}")


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style), soft_wrap=True)
