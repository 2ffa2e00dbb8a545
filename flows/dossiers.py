"""Dossiers, the fleet page, scoreboards: written or shown from the records, without a flow run."""

import os
from pathlib import Path
from urllib.parse import quote

from configs.errors import ConfigError
from configs.home import home, under_home
from configs.schema import RetirementConfig
from flows.acts import config_in_force, models_in_force
from tasks import wiring
from tasks.adapters.files import write_atomically
from tasks.monitoring.dossier.holdings import hold
from tasks.monitoring.fleet.core import Held, fleet_of
from tasks.monitoring.render import fill
from tasks.monitoring.scoreboard.core import Scoreboard
from tasks.monitoring.scoreboard.view import scoreboard_of
from tasks.monitoring.task import write_dossier


def fleet_path() -> Path:
    """Where the fleet page is written: beside the dossiers' folders, where those are as given."""
    return home() / "reports" / "fleet.html"


def dossier_path(config: RetirementConfig) -> Path:
    """Where a model's dossier is written."""
    return under_home(config.monitoring.reports_folder) / config.id / "dossier.html"


def write_model(model_id: str) -> Path:
    """Write one model's dossier from the records, and return its path. Adds no record.

    Raises:
        NotFound: no pass has opened this model's retirement.
        OSError: the reports' folder can't be written.
    """
    return write_dossier(config_in_force(model_id), wiring.book(), wiring.clock().now())


def write_fleet() -> Path:
    """Write the fleet page from the records, and return its path. Adds no record.

    Safe to repeat: the same records make the same bytes, and then nothing is written.

    Raises:
        OSError: the reports' folder can't be written.
    """
    book, now = wiring.book(), wiring.clock().now()
    path = fleet_path()
    models, unread, audit = [], [], book.verify_audit()
    for model_id in models_in_force():
        try:
            config = config_in_force(model_id)
        except ConfigError:  # recorded under other rules; it stops no other model
            unread.append(model_id)
            continue
        link = quote(os.path.relpath(dossier_path(config), path.parent))
        models.append(Held(config, hold(config, book, audit=audit), link))
    write_atomically(path, fill("fleet.html.j2", f=fleet_of(models, now, unread)).encode())
    return path


def scoreboard_in_force(model_id: str) -> Scoreboard:
    """One model's scoreboard from the records. Reads only.

    Raises:
        NotFound: no pass has opened this model's retirement.
    """
    config = config_in_force(model_id)
    return scoreboard_of(config, hold(config, wiring.book()), wiring.clock().now())
