"""`emeritus applications`: researchers apply, people answer, anybody may look at the figures."""

import getpass
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.command_options import AsJson, Key, Model, Person, SignatureFile

applications = typer.Typer(
    help="Researchers' applications for access: received, decided, appealed, counted.",
    no_args_is_help=True,
)

Named = Annotated[
    str, typer.Argument(metavar="APPLICATION", help="Its id, or 6 first digits or more.")
]
Words = Annotated[str, typer.Option(help="In your own words; the applicant reads them.")]
Said = Annotated[str, typer.Option(help="The applicant's own words.")]
Reasons = Annotated[
    list[str] | None,
    typer.Option(
        "--reason", help="Ids of criteria, affirmed or not met: C-A,C-B, or the option again."
    ),
]
TypedBy = Annotated[
    str, typer.Option(help="Who types this in; your login if left out.", show_default=False)
]


@applications.command("list")
def list_(model: Model, as_json: AsJson = False) -> None:
    """List the applications for a model; those that wait for people first."""
    from rich.console import Console

    from flows import acts, application_acts, application_table
    from tasks import wiring
    from tasks.access.applications.receive import inbox

    config, now = acts.config_in_force(model), wiring.clock().now()
    cases = application_acts.all_cases(config)
    with wiring.book().reading() as session:
        found = inbox(config, session)
    if as_json:
        rows = [application_table.row_of(case, now, cases) for case in cases]
        body = {"applications": rows, "unreadable": list(found.broken)}
        typer.echo(json.dumps(body, indent=2, ensure_ascii=False))
        return
    application_table.show_list(Console(), cases, model, now)
    for path, _ in found.new:
        typer.echo(f"{path}: the next pass takes it in")
    for problem in found.broken:
        typer.echo(f"unreadable: {problem}")


@applications.command()
def show(model: Model, application: Named, as_json: AsJson = False) -> None:
    """Show one application: what it says, the clock, and what happened to it."""
    from rich.console import Console

    from flows import acts, application_acts, application_table
    from tasks import wiring

    config, now = acts.config_in_force(model), wiring.clock().now()
    case, cases = (
        application_acts.case_named(config, application),
        application_acts.all_cases(config),
    )
    if as_json:
        row = application_table.row_of(case, now, cases)
        typer.echo(json.dumps(row, indent=2, ensure_ascii=False))
    else:
        application_table.show_case(Console(), case, now, cases)


@applications.command()
def criteria(model: Model, as_json: AsJson = False) -> None:
    """Print the published criteria and the answer times in force."""
    from flows import acts
    from tasks.access.applications.states import Terms

    terms = Terms.of(acts.config_in_force(model).access.applications)
    if as_json:
        typer.echo(json.dumps(json.loads(terms.to_text()), indent=2, ensure_ascii=False))
        return
    for criterion in terms.criteria:
        typer.echo(f"{criterion['id']} ({criterion['kind']}): {criterion['text']}")
    typer.echo(
        f"answered within {terms.answer_within_days} days; a question is open for "
        f"{terms.question_open_days} days; an appeal within {terms.appeal_within_days} days is "
        f"answered within {terms.appeal_answer_within_days}"
    )


@applications.command()
def submit(
    model: Model,
    file: Annotated[Path, typer.Argument(help="The application as YAML.")],
    typed_by: TypedBy = "",
) -> None:
    """Hand in an application from a YAML file; the same one twice is one application."""
    from flows import acts, application_acts

    config = acts.config_in_force(model)
    typer.echo(application_acts.submit_file(config, file, typed_by or getpass.getuser()))


@applications.command()
def decide(
    model: Model,
    application: Named,
    decision: Annotated[str, typer.Argument(help="accept, decline; uphold, overturn an appeal")],
    person: Person,
    words: Words = "",
    reason: Reasons = None,
    key: Key = None,
    signature: SignatureFile = None,
) -> None:
    """Decide an application, or its appeal, with your signature."""
    _decide(model, application, decision, words, reason, person, key, signature)


@applications.command()
def ask(
    model: Model,
    application: Named,
    words: Words,
    person: Person,
    key: Key = None,
    signature: SignatureFile = None,
) -> None:
    """Ask the applicant before deciding; the clock stands still until the answer."""
    _decide(model, application, "ask", words, None, person, key, signature)


@applications.command()
def answer(model: Model, application: Named, words: Said, typed_by: TypedBy = "") -> None:
    """Answer a question, as the applicant or on their behalf."""
    _step(model, application, "answered", words, typed_by)


@applications.command()
def appeal(model: Model, application: Named, words: Said, typed_by: TypedBy = "") -> None:
    """Appeal against a decline, as the applicant or on their behalf; a second person decides."""
    _step(model, application, "appealed", words, typed_by)


@applications.command()
def withdraw(model: Model, application: Named, words: Said = "", typed_by: TypedBy = "") -> None:
    """Withdraw an application that is not decided yet, or an appeal."""
    _step(model, application, "withdrawn", words, typed_by)


@applications.command()
def statement(
    model: Model,
    application: Named,
    decision: Annotated[str, typer.Argument(help="ask, accept, decline, uphold or overturn")],
    words: Words = "",
    reason: Reasons = None,
) -> None:
    """Print the bytes a decision signs, for `ssh-keygen -Y sign -n emeritus-application@v1`."""
    from flows import acts, application_acts

    act = application_acts.act_of(decision, words, tuple(reason or ()))
    config = acts.config_in_force(model)
    sys.stdout.buffer.write(application_acts.decision_statement(config, application, act))


@applications.command()
def export(
    model: Model,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File to write; its folder is made if missing. The terminal if left out."
        ),
    ] = None,
    csv: Annotated[
        bool, typer.Option("--csv/--json", help="A row an application, or all as JSON.")
    ] = False,
) -> None:
    """Export what became of applications, for transparency: no names, no words."""
    from flows import acts, application_acts
    from tasks import wiring
    from tasks.access.applications.export import as_csv, as_json, export_body
    from tasks.adapters.files import write_atomically
    from tasks.kernel.errors import SystemRefused, told
    from tasks.kernel.labels import labelled

    config = acts.config_in_force(model)
    body = export_body(config, application_acts.all_cases(config), wiring.clock().now())
    data = as_csv(body) if csv else as_json(body)
    if out is None:
        sys.stdout.buffer.write(data)
        return
    out = out.absolute()
    made = not out.parent.exists()
    if made and not out.parent.parent.is_dir():  # two folders are missing: more likely a slip
        raise SystemRefused(f"{out.parent.parent}: no such folder; make it, or name another file")
    try:
        write_atomically(out, data)
    except OSError as error:
        raise SystemRefused(f"{told(error, str(out))}; name another file") from None
    count = len(body["applications"])
    said = f"{out}: {count} application{'' if count == 1 else 's'}, without names"
    said += "; its folder was made" if made else ""
    typer.echo(labelled(said, body["simulated"]))


def _decide(
    model: str,
    application: str,
    decision: str,
    words: str,
    reasons: list[str] | None,
    person: str,
    key: Path | None,
    signature: Path | None,
) -> None:
    from flows import acts, application_acts

    act = application_acts.act_of(decision, words, tuple(reasons or ()))
    config = acts.config_in_force(model)
    bytes_ = application_acts.decision_statement(config, application, act)
    namespace = application_acts.APPLICATION_NAMESPACE
    signed = acts.signed(bytes_, namespace, key=key, file=signature)
    typer.echo(application_acts.decide_application(config, application, act, person, signed))


def _step(model: str, application: str, kind: str, words: str, typed_by: str) -> None:
    from flows import acts, application_acts

    config, act = acts.config_in_force(model), application_acts.Act(kind, words)
    by = typed_by or getpass.getuser()
    typer.echo(application_acts.step_of_applicant(config, application, act, by))
