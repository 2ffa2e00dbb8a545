"""Reports of readers: the form, the command and the webhook end in these functions."""

from typing import Any

from configs.home import under_home
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.essays.reader_reports import ReportForm, form_of, report_essay
from tasks.essays.rows import slots_of
from tasks.kernel.digests import canonical_json
from tasks.kernel.instants import to_text


def submit_report(config: RetirementConfig, form: dict[str, str], source: str) -> str:
    """Record a reader's report; returns a sentence for the person.

    Raises:
        DecisionRefused: it is no report, or no such essay is public.
    """
    checked: ReportForm = form_of(canonical_json(form))
    row = report_essay(config, wiring.book(), checked, source=source, now=wiring.clock().now())
    return (
        f"report {row.id} on {row.slot_id} ({row.kind}) is recorded; a person now keeps the essay "
        f"(`emeritus review {config.id} keep --about {row.id} …`) or two withdraw it"
    )


def reports_now(config: RetirementConfig) -> list[dict[str, Any]]:
    """Every report, the oldest first, and whether a person answered it. Reads only."""
    with wiring.book().reading() as session:
        slots = slots_of(session, config.id, wiring.clock().now())
    return [
        {
            "id": report.id,
            "slot": report.slot_id,
            "kind": report.kind,
            "words": report.words,
            "contact": report.contact,
            "source": report.source,
            "received_at": to_text(report.received_at),
            "open": report in slot.open_reports,
            "stands": str(slot.standing),
        }
        for slot in slots
        for report in slot.reports
    ]


def serve_reports(config: RetirementConfig, host: str, port: int) -> None:
    """Take reports by HTTP until stopped; each becomes a file in the inbox.

    Raises:
        ConfigError: no signing secret is set.
    """
    import uvicorn

    from tasks.adapters.report_receiver import receiver, signing_secret

    reports = config.essays.reports
    secret = signing_secret(reports.webhook_secret_env)
    inbox = under_home(reports.inbox_folder)
    uvicorn.run(
        receiver(inbox, secret, form_of),
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=10,
    )
