"""Grants as a JSON file that a gateway reads."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.adapters.files import write_atomically
from tasks.kernel.digests import canonical_json
from tasks.kernel.instants import to_text
from tasks.ports.gateway import GrantedAccess


class GrantsFile:
    """Writes `<model-id>.json` in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def apply(
        self,
        model_id: str,
        names: Sequence[str],
        grants: Sequence[GrantedAccess],
        withdrawal: Mapping[str, Any],
    ) -> str:
        """See `ports.gateway.AccessGateway`."""
        path = self._folder / f"{model_id}.json"
        body = {
            "model_id": model_id,
            "grants": [
                {
                    "id": grant.id,
                    "kind": grant.kind,
                    "starts_at": to_text(grant.starts_at),
                    "ends_at": to_text(grant.ends_at),
                    **({"simulated": True} if grant.simulated else {}),
                }
                for grant in grants
            ],
        }
        write_atomically(path, canonical_json(body) + b"\n")
        return str(path)
