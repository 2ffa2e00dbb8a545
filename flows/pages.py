"""The pages that people read before they act, and where a browser finds them.

They lie below EMERITUS_HOME: packets, drafts in review, dossiers, interview reports. Nothing of it
is public; `emeritus pages` serves just these folders, and EMERITUS_PAGES_URL says where.
"""

import os
from pathlib import Path
from urllib.parse import quote

from sqlmodel import Session, col, select

from configs.home import home, under_home
from configs.schema import RetirementConfig
from flows.dossiers import dossier_path
from tasks import wiring
from tasks.essays.rows import slots_of
from tasks.essays.slot_record import OPEN, QUESTIONED
from tasks.essays.view import reviews_folder
from tasks.records.access import Packet
from tasks.validation.report_pages import PAGE, folder_of

#: Folders below EMERITUS_HOME that hold pages, as a configuration that names no others has them.
SERVED = ("reports", "interviews", "pages", "site")


def pages_of(config: RetirementConfig) -> dict[str, Path]:
    """What there is to read of a model now, by what it is called; only files that exist."""
    with wiring.book().reading() as session:
        found = {
            "decision packet": _packet(config, session),
            **_reviews(config, session),
            "interview report": folder_of(config.id) / PAGE,
            "dossier": dossier_path(config),
        }
    return {name: path for name, path in found.items() if path is not None and path.is_file()}


def _packet(config: RetirementConfig, session: Session) -> Path | None:
    latest = session.exec(
        select(Packet)
        .where(Packet.model_id == config.id)
        .order_by(col(Packet.proposed_at).desc())
        .limit(1)
    ).first()
    if latest is None:
        return None
    folder = under_home(config.communication.pages_folder) / config.id / "access"
    return folder / latest.digest[:12] / "packet.html"


def _reviews(config: RetirementConfig, session: Session) -> dict[str, Path]:
    folder = under_home(reviews_folder(config)) / config.id
    waiting = (
        s
        for s in slots_of(session, config.id, wiring.clock().now())
        if s.standing in (*QUESTIONED, *OPEN)
    )
    return {
        f"draft {slot.draft.slot_id}": folder / f"review-{slot.draft.slot_id}.html"
        for slot in waiting
    }


def address_of(page: Path) -> str:
    """Where a browser finds a page: below EMERITUS_PAGES_URL; empty where that is not set.

    A page outside the served folders has no address either.
    """
    base = os.environ.get("EMERITUS_PAGES_URL", "")
    try:
        path = page.resolve().relative_to(home())
    except ValueError:
        return ""
    if not base or path.parts[0] not in SERVED:
        return ""
    return f"{base.rstrip('/')}/{quote(path.as_posix())}"
