"""In which settings a configuration departs from the design that was registered."""

import json

from sqlmodel import Session

from configs.load import load_instrument
from configs.schema import RetirementConfig
from tasks.interviews.design import design_body, differs
from tasks.kernel.errors import ConfigError
from tasks.records.latest import latest_design


def departures(config: RetirementConfig, session: Session) -> tuple[str, ...]:
    """Names of settings, as `design.differs` gives them; none while no design is registered.

    Raises:
        ConfigError: the instrument can't be used.
    """
    row = latest_design(session, config.id)
    if row is None:
        return ()
    instrument, codebook = load_instrument(config.interviews.instrument_folder)
    try:
        wanted = design_body(config, instrument, codebook)
    except ValueError as error:
        raise ConfigError(f"{config.id}: interviews: {error}") from None
    return differs(wanted, json.loads(row.body))
