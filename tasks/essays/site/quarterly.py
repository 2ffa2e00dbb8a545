"""The quarterly transparency reports, as pages and for programs. Pure but for templates."""

from datetime import datetime

from tasks.essays.pages import fill
from tasks.essays.policy import HOLD_REASONS, VETO_REASONS
from tasks.essays.site.content import Channel, Report, Site
from tasks.essays.site.writer import frame
from tasks.essays.transparency import OUTCOMES, Quarter, quarters_of, report_of
from tasks.kernel.digests import canonical_json

PAGE = "transparency/{}-{}.{}"
FAQ = "faq.html"


def quarterly(
    site: Site, now: datetime
) -> tuple[tuple[Report, ...], tuple[tuple[str, bytes], ...]]:
    """The reports of all quarters that are over: what the site lists, the latest first; and files.

    Args:
        site: whose slots, none left out.
        now: quarters that are over by then get a report.
    """
    listed: list[tuple[Quarter, str, Report]] = []
    made: list[tuple[str, bytes]] = []
    for channel in site.channels:
        for quarter in quarters_of(channel.slots, now):
            page, data = (PAGE.format(channel.model_id, quarter, end) for end in ("html", "json"))
            title = f"{channel.display_name}, {quarter}"
            listed.append((quarter, channel.model_id, Report(page, title)))
            made += [(page, _page(site, channel, quarter, page)), (data, _json(channel, quarter))]
    latest = sorted(listed, key=lambda one: (one[0], one[1]), reverse=True)
    return tuple(report for *_, report in latest), tuple(made)


def faq(site: Site) -> bytes:
    """Questions that readers ask, answered."""
    return fill("faq.html.j2", **frame(site, FAQ), channels=site.channels)


def _page(site: Site, channel: Channel, quarter: Quarter, path: str) -> bytes:
    return fill(
        "transparency_report.html.j2",
        **frame(site, path),
        channel=channel,
        report=report_of(channel.model_id, channel.slots, quarter),
        outcomes=OUTCOMES,
        meanings={**VETO_REASONS, **HOLD_REASONS},
        data=PAGE.format(channel.model_id, quarter, "json").removeprefix("transparency/"),
    )


def _json(channel: Channel, quarter: Quarter) -> bytes:
    report = report_of(channel.model_id, channel.slots, quarter)
    return canonical_json(report.as_json()) + b"\n"
