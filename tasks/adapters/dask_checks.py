"""Whether a Dask scheduler answers, for `emeritus doctor`."""

import logging

from tasks.ports.checks import Check

_SECONDS = 5


def dask_check(address: str, variable: str) -> Check:
    """Ask a scheduler how many workers it has.

    Args:
        address: such as `tcp://dask-scheduler:8786`.
        variable: environment variable that names it, to be told.
    """
    from distributed import Client  # slow to import, and in no installation without Dask

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        with Client(address, timeout=_SECONDS, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            workers = len(client.scheduler_info(n_workers=-1)["workers"])
    except (OSError, ValueError) as error:
        said = f"the scheduler in {variable} does not answer ({type(error).__name__}); start it"
        return Check("runner", "fail", f"{said}, or mend its address")
    if not workers:
        return Check("runner", "fail", f"the scheduler in {variable} has no worker; start one")
    return Check("runner", "ok", f"the Dask scheduler in {variable} has {workers} workers")
