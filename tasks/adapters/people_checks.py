"""Whether the people whom a decision needs can sign, for `emeritus doctor`."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from configs.schema.access import AccessConfig
from tasks.adapters.allowed_signers import check_allowed_signers, who_may_sign
from tasks.adapters.ssh_signatures import is_revoked, revoked_list
from tasks.kernel.errors import ConfigError
from tasks.ports.checks import Check

_SOON = timedelta(days=30)


def people_checks(
    access: AccessConfig, folder: Path, now: datetime, namespace: str
) -> Iterator[Check]:
    """What stands in the lists of people. Reads only.

    Args:
        access: names the lists, the proposer, and how many must sign.
        folder: of the lists.
        now: keys are judged at it.
        namespace: what their signatures are for.
    """
    try:
        entries = check_allowed_signers(folder / access.allowed_signers)
        revoked = revoked_list(folder, access.revoked_signers)
    except ConfigError as error:
        yield Check("people", "fail", str(error))
        return
    proposer = access.proposer.casefold()
    entries = tuple(e for e in entries if not is_revoked(revoked, e.kind, e.key))
    able = [name for name in who_may_sign(entries, now, namespace) if name.casefold() != proposer]
    if len(able) < access.approvals_needed:
        yield Check(
            "people",
            "fail",
            f"{len(able)} of the {access.approvals_needed} people that an access decision needs "
            f"can sign ({', '.join(able) or 'nobody'}; the proposer {access.proposer!r} doesn't "
            f"count); list more in {access.allowed_signers}",
        )
        return
    listed = {name.casefold() for entry in entries for name in entry.names}
    if proposer not in listed:
        yield Check(
            "people",
            "warn",
            f"the proposer {access.proposer!r} is not listed in {access.allowed_signers}, so that "
            "their key under another name would count; list them under that very name",
        )
    yield Check("people", "ok", f"{', '.join(able)} can sign; {access.approvals_needed} must")
    leaving = sorted(set(able) - set(who_may_sign(entries, now + _SOON, namespace)))
    if leaving:
        yield Check(
            "people", "warn", f"within 30 days no key of {', '.join(leaving)} counts; renew them"
        )
