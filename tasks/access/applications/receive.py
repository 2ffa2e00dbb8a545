"""An application comes in: from a form, the command line, or a YAML file in git."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, select

from configs.errors import ConfigError
from configs.home import CHECKOUT
from configs.load import load_as
from configs.schema import RetirementConfig
from configs.schema.application import ApplicationForm
from configs.strict_yaml import read_document
from tasks.access.applications.cases import cases_of
from tasks.access.applications.rules import check_name
from tasks.access.applications.states import (
    GRANTING,
    OPEN,
    Case,
    Terms,
    application_id,
    folded,
    same_hand,
)
from tasks.kernel.digests import stable_id
from tasks.kernel.errors import DecisionRefused
from tasks.records import Book, Fence
from tasks.records.application import Application, ApplicationEvent
from tasks.records.book import Writing
from tasks.records.latest import is_simulated

FOLDER = CHECKOUT / "configs" / "applications"
_LARGEST_FILE = 65_536


@dataclass(frozen=True, slots=True)
class Inbox:
    """What the folder of applications holds.

    Attributes:
        new: files that are not received yet, with what they say, by name.
        broken: one `file:line: field: problem` for each mistake in a file.
    """

    new: tuple[tuple[Path, ApplicationForm], ...]
    broken: tuple[str, ...]


def folder_of(config: RetirementConfig) -> Path:
    """Where applications stand as files."""
    return FOLDER / (config.access.applications.folder or config.id)


def form_of(values: Mapping[str, Any]) -> ApplicationForm:
    """An application from the fields of a form.

    Raises:
        ConfigError: one line a mistake, `field: what is wrong and how to mend it`.
    """
    try:
        said = json.dumps({"schema_version": 1, **values})
        return ApplicationForm.model_validate_json(said, strict=True)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, one['loc']))}: {_said(one)}" for one in error.errors()]
        raise ConfigError("\n".join(lines)) from None


def _said(error: Any) -> str:
    """What is wrong, without the text that was given: it may be long."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return str(error["msg"]).replace("Input should be", "should be")


def form_from_file(path: Path) -> ApplicationForm:
    """An application from a YAML file.

    Raises:
        ConfigError: it can't be used; one `file:line: field: problem` a mistake.
    """
    if path.is_symlink():
        raise ConfigError(f"{path}: is a link; put the file itself there")
    if path.is_file() and path.stat().st_size > _LARGEST_FILE:
        raise ConfigError(f"{path}: is larger than {_LARGEST_FILE} bytes; shorten it")
    return load_as(ApplicationForm, path)


def inbox(config: RetirementConfig, session: Session) -> Inbox:
    """The folder's files, sorted by name; those received already are left out. Reads only."""
    folder = folder_of(config)
    if not folder.is_dir():
        return Inbox((), ())
    known = set(session.exec(select(Application.id).where(Application.model_id == config.id)))
    cases = cases_of(session, config.id) if known else ()
    new, broken = [], []
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".yml")):
        try:
            form = form_from_file(path)
        except ConfigError as error:
            broken += str(error).splitlines()
            continue
        if form.model == config.id and _id_of(config, form) in known:
            continue
        problem = _problem(config, form, cases)
        if problem:
            line = read_document(path.read_text(encoding="utf-8")).line_of((problem[0],))
            broken.append(f"{path}:{line}: {problem[0]}: {problem[1]}")
        else:
            new.append((path, form))
    return Inbox(tuple(new), tuple(broken))


def receive(
    config: RetirementConfig,
    book: Book,
    form: ApplicationForm,
    *,
    source: str,
    entered_by: str,
    now: datetime,
    fence: Fence | None = None,
) -> tuple[Application, bool]:
    """Record an application; one that is not decided yet and came from the same file gives way.

    Safe to repeat: the same applicant saying the same is one application.

    Args:
        config: the model's.
        book: the records.
        form: what the applicant says.
        source: `form`, `cli` or `file`.
        entered_by: who typed it in, or the file's name.
        now: our clock's time of receipt.
        fence: of a pass; None for a person's act.

    Returns:
        The application, and whether it is new.

    Raises:
        DecisionRefused: for another model, longer than allowed, or it renews what it can't.
    """
    entered_by = check_name(entered_by)
    actor = entered_by if fence is None else "pass"
    with book.writing(now, fence=fence, actor=actor) as writing:
        row = writing.session.get(Application, _id_of(config, form))
        if row is not None:
            return row, False
        cases = cases_of(writing.session, config.id)
        problem = _problem(config, form, cases)
        if problem:
            raise DecisionRefused(f"{problem[0]}: {problem[1]}")
        row = writing.put(
            Application(
                id=_id_of(config, form),
                model_id=config.id,
                **_said_in(form),
                source=source,
                entered_by=entered_by,
                terms=Terms.of(config.access.applications).to_text(),
                simulated=is_simulated(writing.session, config.id),
                received_at=now,
            ),
            "access.application_received",
        )
        for case in cases:
            if case.state in OPEN and same_hand(case.application, row):
                _supersede(writing, case, row)
        return row, True


def _supersede(writing: Writing, case: Case, by: Application) -> None:
    after = [event.at + timedelta(microseconds=1) for event in case.history[-1:]]
    row = ApplicationEvent(
        id=stable_id(case.last_id, "superseded", by.id),
        model_id=by.model_id,
        application_id=case.application.id,
        kind="superseded",
        person="emeritus",
        words=by.id,
        at=max([by.received_at, *after]),
    )
    writing.put(row, "access.application_superseded")


def _said_in(form: ApplicationForm) -> dict[str, Any]:
    return form.model_dump(exclude={"schema_version", "model"})


def _id_of(config: RetirementConfig, form: ApplicationForm) -> str:
    return application_id(config.id, _said_in(form))


def _problem(
    config: RetirementConfig, form: ApplicationForm, cases: tuple[Case, ...]
) -> tuple[str, str] | None:
    """A field of a well-formed application that can't stand as it is, and why."""
    longest = config.access.applications.longest_study_days
    if form.model != config.id:
        return "model", f"is {form.model!r}, but this is about {config.id!r}; mend one of the two"
    if form.study_days > longest:
        return (
            "study_days",
            f"{form.study_days} are more than the {longest} that may be applied for at once "
            "(access.applications.longest_study_days); shorten it, and renew it later",
        )
    problem = _renewal_problem(form, cases) if form.renews else ""
    return ("renews", problem) if problem else None


def _renewal_problem(form: ApplicationForm, cases: tuple[Case, ...]) -> str:
    old = next((case for case in cases if case.application.id == form.renews), None)
    who = (folded(form.applicant), folded(form.contact))
    if old is None or who != (folded(old.application.applicant), folded(old.application.contact)):
        return "is no earlier application of this applicant; check the id, or leave it out"
    if old.state not in GRANTING or old.grant is None:
        return "was granted nothing that could be prolonged; leave it out"
    if old.grant.revoked_at is not None:
        return "names a grant that was revoked; apply anew without it"
    return ""
