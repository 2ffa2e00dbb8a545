"""An organization's usage and cost by day, asked of Anthropic's admin API through its SDK.

The SDK has `GET /v1/organizations/analytics/usage` and `.../cost`, in beta; what is read of them
is what its types say. An answer spans at most 31 days, reaches back 365, and begins with 2026.
"""

import json
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from configs.schema.monitoring_sources import AnthropicAdminSource
from configs.schema.secret import told as pointed_at
from tasks.adapters.secrets import read_secret
from tasks.kernel.digests import digest_of
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.kernel.instants import start_of, to_utc
from tasks.ports.organization_report import Reported, ReportRow

if TYPE_CHECKING:
    from anthropic import Anthropic

_SPAN_DAYS = 31  # of one request, at most
_FIRST_DAY = date(2026, 1, 1)
_PAGE = 1000  # rows, at most
_MOST_PAGES = 1000
_SIMULATED_HEADER = "emeritus-simulated"
_PASSING = (408, 409, 429)
_HINTS = {
    401: "check the key",
    403: "the key needs the scope read:analytics, or to be an admin key",
    404: "check base_url: there is no such report",
}


class AnthropicUsage:
    """Reports of one organization.

    Args:
        config: which report, where, and the name of the variable with the key.
    """

    def __init__(self, config: AnthropicAdminSource) -> None:
        self._config = config
        self._where = f"{config.base_url} ({config.report} report)"

    def read(self, first: date, last: date) -> Reported:
        """See `ports.organization_report.OrganizationReport`."""
        import anthropic

        reference = self._config.api_key_env
        key = read_secret(
            reference,
            EndpointFault(f"{self._where}: no key: set {pointed_at(reference)} to an admin key"),
        )
        first = max(first, _FIRST_DAY, last - timedelta(days=364))
        pages: list[tuple[dict[str, Any], bool]] = []
        with anthropic.Anthropic(
            api_key=key,
            base_url=self._config.base_url,
            timeout=self._config.timeout_seconds,
            max_retries=self._config.attempts - 1,
            http_client=anthropic.DefaultHttpxClient(follow_redirects=False),
        ) as client:
            begin = first
            while begin <= last:
                until = min(begin + timedelta(days=_SPAN_DAYS), last + timedelta(days=1))
                pages += self._pages(client, begin, until)
                begin = until
        rows = [self._row(one) for page, _ in pages for one in page["data"]]
        return Reported(
            first=first,
            last=last,
            refreshed_at=_earliest([page.get("data_refreshed_at") for page, _ in pages]),
            rows=tuple(sorted(rows, key=lambda row: (row.day, row.model, row.group))),
            sha256=digest_of([page["data"] for page, _ in pages]),
            simulated=any(simulated for _, simulated in pages),
        )

    def _pages(
        self, client: "Anthropic", begin: date, until: date
    ) -> Iterator[tuple[dict[str, Any], bool]]:
        cursor = ""
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            page, simulated = self._page(client, begin, until, cursor)
            yield page, simulated
            cursor = page.get("next_page") or ""
            if not cursor or page.get("has_more") is False:
                return
            if cursor in seen:
                break
            seen.add(cursor)
        raise EndpointFault(f"{self._where}: its pages have no end")

    def _page(
        self, client: "Anthropic", begin: date, until: date, cursor: str
    ) -> tuple[dict[str, Any], bool]:
        import anthropic

        analytics = client.beta.organization.analytics
        resource: Any = analytics.usage if self._config.report == "usage" else analytics.cost
        by = [] if self._config.owners_by == "none" else [self._config.owners_by]
        asked: dict[str, Any] = {
            "starting_at": start_of(begin),
            "ending_at": start_of(until),
            "time_bucket_width": "1d",
            "group_by": ["model", *by],
            "order_by": "time",
            "order": "asc",
            "limit": _PAGE,
        }
        try:
            answer = resource.with_raw_response.list(
                **asked, **({"page": cursor} if cursor else {})
            )
            page = json.loads(answer.text())
        except anthropic.APIStatusError as error:
            raise self._refused(error.status_code) from None
        except anthropic.APIConnectionError:
            raise EndpointBusy(f"{self._where}: no answer; a later pass goes on") from None
        except ValueError:
            raise EndpointFault(f"{self._where}: it answers no JSON") from None
        if not isinstance(page, dict) or not isinstance(page.get("data"), list):
            raise EndpointFault(f"{self._where}: it answers what is no report")
        return page, bool(answer.headers.get(_SIMULATED_HEADER))

    def _refused(self, status: int) -> EndpointFault:
        """A status told without the answer's words, which could hold anything."""
        if status in _PASSING or status >= 500:
            return EndpointBusy(
                f"{self._where}: HTTP {status}; a later pass goes on", status=status
            )
        hint = _HINTS.get(status, "look at what the source asks for")
        return EndpointFault(f"{self._where}: HTTP {status}; {hint}", status=status)

    def _row(self, one: Any) -> ReportRow:
        try:
            day = to_utc(datetime.fromisoformat(one["starting_at"])).date()
            group = one["group"]
            of = str(group.get(self._config.owners_by) or "")
            model = str(group.get("model") or "")
            if self._config.report == "cost":
                return ReportRow(day, model, of, None, None, None, _dollars(one["cost"]))
            usage = one["usage"]
            made = usage["cache_creation"]
            read = (
                usage["uncached_input_tokens"],
                usage["cache_read_input_tokens"],
                made["ephemeral_1h_input_tokens"],
                made["ephemeral_5m_input_tokens"],
            )
            calls = usage.get("requests")
            return ReportRow(
                day,
                model,
                of,
                None if calls is None else int(calls),
                sum(map(int, read)),
                int(usage["output_tokens"]),
                None,
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise EndpointFault(
                f"{self._where}: it answers a row that is none of the report"
            ) from None


def _dollars(cost: dict[str, Any]) -> float:
    """US dollars of an amount in fractional cents."""
    if cost["currency"] != "USD":
        raise ValueError("another currency")
    cents = float(cost["amount"])
    if not math.isfinite(cents):
        raise ValueError("no amount")
    return cents / 100


def _earliest(told: list[Any]) -> datetime | None:
    """Until when all pages know what was used."""
    known = [datetime.fromisoformat(one) for one in told if isinstance(one, str)]
    return min(map(to_utc, known)).astimezone(UTC) if known else None
