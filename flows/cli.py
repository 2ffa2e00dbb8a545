"""`emeritus`: the same flows and acts as in the Prefect UI, from a terminal."""

import json
import logging
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from configs.errors import EmeritusError
from configs.load import load_retirement
from configs.redaction import redact_error
from configs.schema import RetirementConfig
from flows.application_commands import applications
from flows.checklist_commands import checklist
from flows.coding_commands import coding
from flows.command_options import Key, Model, Person, SignatureFile
from flows.deploy_command import deploy
from flows.doctor_command import doctor
from flows.dossier_commands import dossier, scoreboard
from flows.environment import as_prefect_fault, make_prefect_home, prepare, ready_prefect
from flows.evaluate_command import evaluate
from flows.export_command import export
from flows.fleet_command import fleet
from flows.grant_commands import grants
from flows.hold_commands import hold
from flows.incident_commands import incidents
from flows.init_command import init
from flows.instrument_commands import lint_command
from flows.interview_commands import interviews
from flows.ledger_commands import ledger
from flows.metrics_commands import metrics
from flows.notice_commands import notices
from flows.pages_command import pages
from flows.plan_command import PlanCommand, plan
from flows.portfolio_command import portfolio
from flows.replay_commands import replays
from flows.report_commands import reports
from flows.retrospective_command import retrospective
from flows.stopping import stopping_in_order
from flows.usage_command import usage
from flows.withdrawal_commands import withdrawal
from tasks.kernel.stages import StageName

app = typer.Typer(
    help="Retire AI models with care: preserve, interview, decide access, publish, prove.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
audit = typer.Typer(help="The audit chain.", no_args_is_help=True)
app.add_typer(audit, name="audit")
interviews.command("lint")(lint_command)
interviews.command("export")(export)
app.add_typer(interviews, name="interviews")
app.add_typer(coding, name="coding")
app.add_typer(ledger, name="ledger")
app.add_typer(applications, name="applications")
app.add_typer(grants, name="grants")
app.add_typer(withdrawal, name="withdrawal")
app.add_typer(notices, name="notices")
app.add_typer(incidents, name="incidents")
app.add_typer(metrics, name="metrics")
app.add_typer(reports, name="reports")
app.add_typer(replays, name="replays")
app.add_typer(checklist, name="checklist")
app.add_typer(hold, name="hold")
app.command()(deploy)
app.command()(doctor)
app.command()(init)
app.command()(fleet)
app.command(cls=PlanCommand)(plan)
app.command()(evaluate)
app.command()(pages)
app.command()(portfolio)
app.command()(usage)
app.command()(retrospective)
app.command()(dossier)
app.command()(scoreboard)

ConfigPath = Annotated[
    Path, typer.Argument(help="The model's YAML file, such as configs/models/NAME.yaml.")
]
Slot = Annotated[str, typer.Option(help="The essay's slot; the only one that can be meant.")]
Reason = Annotated[str, typer.Option(help="From the closed list; the review page has it.")]
Rationale = Annotated[
    str, typer.Option(help="Your grounds; needed for veto, change, keep and withdraw.")
]
Days = Annotated[int, typer.Option(help="How long a hold lasts; a week if left out.")]
About = Annotated[str, typer.Option(help="Id of the reader's report that `keep` answers.")]


@app.command()
def retire(config: ConfigPath) -> None:
    """Run one pass: do what is due now, and tell what each stage waits for."""
    checked = load_retirement(config)
    if _nothing_is_due(checked):
        typer.echo("nothing is due; nothing was changed")
    else:
        ready_prefect()
        from flows.retire import retire as flow
        from tasks.kernel.errors import LeaseHeld

        state = flow(config, return_state=True)
        state.result()
        if state.name == "Skipped":
            raise LeaseHeld(state.message)
    _show(checked)


@app.command()
def stage(name: StageName, config: ConfigPath) -> None:
    """Advance one stage on its own; the exit status tells of that stage alone."""
    checked = load_retirement(config)
    ready_prefect()
    # this flow alone: to import all stages' takes 0.6 seconds and 12 MiB
    getattr(import_module(f"flows.{name.value}"), name.value)(config)
    _show(checked, name.value)


@app.command()
def status(
    models: Annotated[list[str] | None, typer.Argument(help="Model ids; all if none.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show every stage's state, what it waits for, and the next date."""
    from flows.report import show
    from flows.report import status as read

    found = read(tuple(models or ()))
    if as_json:
        typer.echo(json.dumps({"models": found}, indent=2, ensure_ascii=False))
    else:
        show(Console(), found)


@app.command()
def approve(model: Model, person: Person, key: Key = None, signature: SignatureFile = None) -> None:
    """Approve the open access packet with your signature."""
    from flows import acts

    config = acts.config_in_force(model)
    signed = acts.signed(
        acts.access_statement(config), acts.APPROVAL_NAMESPACE, key=key, file=signature
    )
    typer.echo(acts.approve_packet(config, person, signed))


@app.command()
def review(
    model: Model,
    action: Annotated[
        str, typer.Argument(help="approve, hold, veto or change; of a public one, keep or withdraw")
    ],
    person: Person,
    key: Key = None,
    signature: SignatureFile = None,
    slot: Slot = "",
    reason: Reason = "",
    rationale: Rationale = "",
    days: Days = 0,
    about: About = "",
) -> None:
    """Decide on an essay with your signature; `emeritus statement --help` for signing elsewhere."""
    from flows import acts

    act = acts.Act(action, reason, rationale, days, about)
    config = acts.config_in_force(model)
    if key is None:
        signed = acts.signed(b"", acts.REVIEW_NAMESPACE, key=None, file=signature)
    else:
        statement = acts.essay_statement(config, act, slot)
        signed = acts.signed(statement, acts.REVIEW_NAMESPACE, key=key, file=signature)
    typer.echo(acts.review_essay(config, person, act, signed, slot))


@app.command()
def statement(
    model: Model,
    action: Annotated[
        str,
        typer.Argument(help="access; or approve, hold, veto, change, keep, withdraw for an essay"),
    ] = "access",
    slot: Slot = "",
    reason: Reason = "",
    rationale: Rationale = "",
    days: Days = 0,
    about: About = "",
) -> None:
    """Print the exact bytes that an act signs, to be signed elsewhere with ssh-keygen -Y sign."""
    from flows import acts

    config = acts.config_in_force(model)
    if action == "access":
        data = acts.access_statement(config)
    else:
        data = acts.essay_statement(config, acts.Act(action, reason, rationale, days, about), slot)
    sys.stdout.buffer.write(data)


@app.command()
def repair(model: Model) -> None:
    """Read every replica back, and mend what is damaged from one that verifies.

    No damaged file is deleted: it is moved into a folder beside the bag, which is printed. Ends
    with status 1 if a replica stays damaged.
    """
    from flows.acts import config_in_force

    config = config_in_force(model)
    ready_prefect()
    from flows.preservation import repair_replicas

    for place in repair_replicas(model):
        typer.echo(f"set aside: {place}")
    _show(config, "preservation")


@app.command()
def fixity(
    model: Annotated[str, typer.Argument(help="The model's id; every model if left out.")] = "",
    share: Annotated[
        float,
        typer.Option(
            min=0.0001,
            max=1,
            help="Which share of each replica's files to read, taken at random: 0.05 for one in "
            "twenty, 1 for all.",
        ),
    ] = 1.0,
    mend: Annotated[
        bool, typer.Option("--repair/--no-repair", help="Mend what is damaged, or only tell of it.")
    ] = True,
) -> None:
    """Read replicas back, compare every file with its recorded hash, and mend what is damaged.

    A damaged file is kept aside, and mended from a replica that verifies. Ends with status 1 if one
    stays damaged or could not be checked.
    """
    from flows import acts

    if model:
        acts.config_in_force(model)
    ready_prefect()
    from flows.preservation import fixity as flow

    for replica, said in flow(model, share, mend).items():
        typer.echo(f"{replica}: {said}")


@app.command()
def restore(
    model: Model,
    dest: Annotated[Path, typer.Argument(help="The folder to make; it must not exist yet.")],
    replica: Annotated[
        str,
        typer.Option(
            help="Name of the replica to restore from; if left out, each file comes from the first "
            "in which it is whole."
        ),
    ] = "",
    identity: Annotated[
        Path | None,
        typer.Option(
            help="File with your age private key, to open an encrypted replica; if left out, the "
            "one that preservation.identity_file names."
        ),
    ] = None,
) -> None:
    """Restore a preserved model's files into a new folder, bit for bit.

    The folder appears once every file has the SHA-256 with which it was preserved, or not at all.
    """
    from flows.acts import config_in_force
    from tasks.preservation.act import restore as act

    key = identity.absolute() if identity else None
    source = act(config_in_force(model), dest.absolute(), replica=replica, identity_file=key)
    typer.echo(f"{dest}: restored from replica {source}; every file's SHA-256 is as preserved")


@app.command()
def drill(model: Model) -> None:
    """Try whether the preserved model still answers its golden prompts as it did.

    How is told by preservation.drill in the model's configuration. With `runner: numpy` the files
    are restored into a temporary folder and run on this machine (small Llama models only); with
    `runner: endpoint` a server is asked that you started on restored files. The outcome is
    recorded. Ends with status 1 if too few answers agree with those recorded, or if it could not
    be tried.
    """
    from flows.acts import config_in_force

    config_in_force(model)
    ready_prefect()
    from flows.preservation import restore_drill as flow

    typer.echo(flow(model))


@app.command()
def events(
    model: Model,
    as_json: Annotated[
        bool, typer.Option("--json", help="As PREMIS 3 events in JSON, for programs.")
    ] = False,
) -> None:
    """Show what happened to a model's preserved copies, oldest first."""
    from flows import acts
    from flows import events as shown

    rows = shown.events_of(acts.config_in_force(model).id)
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        shown.show(Console(), rows)


@app.command()
def schema(
    of_fleet: Annotated[
        bool, typer.Option("--fleet", help="Of configs/fleet.yaml, a fleet's settings.")
    ] = False,
) -> None:
    """Print the JSON Schema of configs/models/*.yaml, for editors."""
    from configs.json_schema import json_schema

    typer.echo(json_schema("fleet" if of_fleet else "retirement"), nl=False)


@audit.command()
def verify(
    expect: Annotated[str, typer.Option(help="Digest of an entry that you kept elsewhere.")] = "",
) -> None:
    """Check the audit chain, every row that it tells of, and the tag files of every package."""
    from tasks import wiring
    from tasks.kernel.errors import AuditBroken
    from tasks.preservation.trust import altered_editions

    report = wiring.book().verify_audit(expect)
    problems = (*report.problems, *altered_editions())
    if problems:
        raise AuditBroken("\n".join(problems))
    typer.echo(f"{report.entries} entries, each in its place; every row is as its entry tells")
    typer.echo(f"head: {report.head}  (keep it elsewhere; check later with --expect)")


@app.command()
def demo() -> None:
    """Retire a SIMULATED model end to end on this machine, in about three minutes."""
    make_prefect_home()
    from flows.demo import demo as run

    run()


@app.command()
def serve() -> None:
    """Start the Prefect UI and a worker, with every deployment ready to trigger; Ctrl-C stops."""
    make_prefect_home()
    from flows.serve import serve as run

    run()


def _nothing_is_due(config: RetirementConfig) -> bool:
    """Whether a pass would change nothing: then no flow run is started, and no server for it."""
    from flows.stages import assess_all, is_told
    from tasks import wiring

    found = assess_all(config, wiring.book(), wiring.clock().now())
    return is_told(config.id, found, wiring.book())


def _show(config: RetirementConfig, only: str = "") -> None:
    """Print the model's status; exit 1 when a stage is blocked, so that scripts notice.

    Args:
        config: the model's.
        only: the one stage that the command was about; empty for all of them.
    """
    from flows.report import show
    from flows.report import status as read

    found = read((config.id,))
    show(Console(), found)
    stages = [stage for model in found for stage in model["stages"]]
    if any(one["state"] == "blocked" for one in stages if only in {"", one["stage"]}):
        raise typer.Exit(1)


def main() -> None:
    """Entry point: errors that people can mend are one sentence, a code and an exit status."""
    _log_to_stderr()
    with stopping_in_order():
        _run()


def _run() -> None:
    try:
        prepare()
        app()
    except EmeritusError as error:
        _end_with(error)
    except OSError as error:
        from tasks.kernel.errors import SystemRefused, told

        _end_with(SystemRefused(f"{told(error)}; mend it, and run it again"))
    except Exception as error:
        known = as_prefect_fault(error) or _as_records_fault(error)
        if known is None:
            redact_error(error)  # its traceback is printed
            raise
        _end_with(known)


def _as_records_fault(error: Exception) -> EmeritusError | None:
    """A database that went away is no bug of ours to show a traceback for."""
    from sqlalchemy.exc import DBAPIError

    from tasks.kernel.errors import RecordsUnusable

    if not isinstance(error, DBAPIError):
        return None
    reason = str(error.orig).strip().splitlines()[0]
    return RecordsUnusable(f"the records can't be used now: {reason}; mend that, and run it again")


def _end_with(error: EmeritusError) -> NoReturn:
    sys.stderr.write(f"error[{error.code}]: {error}\n")
    sys.exit(error.exit_status)


def _log_to_stderr() -> None:
    logger = logging.getLogger("emeritus")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
