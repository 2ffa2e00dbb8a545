"""Every flow run that the server knows."""

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun

_A_PAGE = 200


def all_runs() -> list[FlowRun]:
    """All of them, page by page."""
    runs: list[FlowRun] = []
    with get_client(sync_client=True) as client:
        while page := client.read_flow_runs(limit=_A_PAGE, offset=len(runs)):
            runs += page
    return runs
