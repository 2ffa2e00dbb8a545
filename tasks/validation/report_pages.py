"""The report of a model's interviews, as a page and as Markdown, from records to files."""

import json
from pathlib import Path
from typing import Any

from markupsafe import Markup
from sqlalchemy import func
from sqlmodel import Session, col, select

from configs.home import home
from configs.load import load_instrument
from configs.plain_text import visible
from configs.schema import RetirementConfig
from configs.templating import fill
from tasks import wiring
from tasks.adapters.files import write_atomically
from tasks.records.interview import Conversation
from tasks.records.latest import is_simulated, latest_design
from tasks.records.told import told_of
from tasks.validation import report_plots
from tasks.validation.ledger import ledger_of
from tasks.validation.read_back_rows import read_back_of
from tasks.validation.report import Holdings, report_of
from tasks.validation.report_behaviour import Choices
from tasks.validation.shown import Markdown, markdown, written

PAGE, TWIN = "report.html", "report.md"


def write_reports(config: RetirementConfig, behaviour: Choices | None = None) -> Path | None:
    """Write the report once all themes are judged; returns the page's path, or None.

    Safe to repeat: its time is that of the last change it shows, so the same records make the same
    bytes, and then nothing is written. Adds no record.

    Args:
        config: the model's.
        behaviour: choices between tasks, as the interviews stage counts them; JSON values.

    Raises:
        ConfigError: a template or the codebook can't be used.
        OSError: the folder can't be written.
    """
    with wiring.book().reading() as session:
        held = holdings(config, session, behaviour)
    if held is None:
        return None
    values = {"r": report_of(held), "plot": report_plots}
    page = fill("validation", "report.html.j2", values, finalize=_visible)
    twin = fill("validation", "report.md.j2", values, filters={"quoted": quoted}, finalize=written)
    folder = folder_of(config.id)
    write_atomically(folder / TWIN, twin.encode())
    write_atomically(folder / PAGE, page.encode())
    return folder / PAGE


def folder_of(model_id: str) -> Path:
    """Where a model's report stands."""
    return home() / "interviews" / model_id


def needs_report(config: RetirementConfig, session: Session) -> bool:
    """Whether all is judged and the report is not there. Reads records and the folder."""
    if (folder_of(config.id) / PAGE).is_file() and (folder_of(config.id) / TWIN).is_file():
        return False
    return holdings(config, session) is not None


def holdings(
    config: RetirementConfig, session: Session, behaviour: Choices | None = None
) -> Holdings | None:
    """What the report is made from; None while a theme has no verdict.

    Raises:
        ConfigError: the codebook can't be used.
    """
    design = latest_design(session, config.id)
    if design is None:
        return None
    ledger = ledger_of(session, config.id)
    judged = {row.theme for row in ledger.verdicts}
    if not judged or not judged.issuperset(json.loads(design.body)["themes"]):
        return None
    _, codebook = load_instrument(config.interviews.instrument_folder)
    of_design = Conversation.design_digest == design.digest
    outcomes = session.exec(
        select(Conversation.outcome, func.count()).where(of_design).group_by(Conversation.outcome)
    ).all()
    waves = session.exec(
        select(Conversation.wave, func.min(Conversation.answered_at))
        .where(of_design, col(Conversation.answered_at).is_not(None))
        .group_by(col(Conversation.wave))
    ).all()
    return Holdings(
        model_id=config.id,
        display_name=config.display_name,
        design=design,
        ledger=ledger,
        read_back=read_back_of(session, design),
        labels={theme.id: theme.label for theme in codebook.themes},
        outcomes=dict(outcomes),
        asked_on={wave: first for wave, first in waves if first is not None},
        simulated=is_simulated(session, config.id) or any(row.simulated for row in ledger.verdicts),
        told=told_of(session, design),
        behaviour=behaviour,
    )


def quoted(text: str) -> Markdown:
    """Foreign text of several lines as a Markdown quotation, each line escaped."""
    return Markdown("\n".join(f"> {markdown(line)}  " for line in text.splitlines()))


def _visible(value: Any) -> Any:
    """For the page: hidden characters are written out; escaping is the template's own."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
