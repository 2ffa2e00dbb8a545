"""Secrets by reference: an environment variable, a file of ours, a Secret block in Prefect.

The only place that turns a reference into a value. Each value is remembered for redaction before
anybody else has it.
"""

import os
from pathlib import Path

from configs.home import under_home
from configs.redaction import redact, remember
from configs.schema.secret import BLOCK, FILE
from tasks.adapters.key_files import read_key_file
from tasks.kernel.errors import EmeritusError


def read_secret(reference: str, unset: EmeritusError) -> str:
    """The value that a reference points to, without white space at its ends.

    Args:
        reference: see `configs.schema.secret`; empty for none.
        unset: raised where nothing is there; whatever else is refused is of its class.

    Raises:
        EmeritusError: `unset`, or one of its class: the file is none of ours, or others can read
            it; Prefect does not answer, or has no such block.
    """
    if reference.startswith(FILE):
        value = _of_file(reference.removeprefix(FILE), type(unset))
    elif reference.startswith(BLOCK):
        value = _of_block(reference.removeprefix(BLOCK), type(unset))
    else:
        value = os.environ.get(reference, "") if reference else ""
    remember(value)
    if not value.strip():
        raise unset
    return value.strip()


def resolved(references: set[str]) -> dict[str, str]:
    """Reference -> value of all that can be read here; what can't be is left out."""
    found = {}
    for reference in references:
        try:
            found[reference] = read_secret(reference, EmeritusError(reference))
        except EmeritusError:
            continue
    return found


def _of_file(name: str, refused: type[EmeritusError]) -> str:
    path = under_home(Path(name))
    data = read_key_file(
        path, what="secret", setting=f"`{FILE}...`", refused=refused, owned_by_us=True
    )
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise refused(f"{path}: the secret is no UTF-8 text; write it into the file anew") from None


def _of_block(name: str, refused: type[EmeritusError]) -> str:
    """Read it with a client of its own: blocks' own loading asks whether a loop runs."""
    from prefect.client.orchestration import get_client  # seconds to import
    from prefect.exceptions import ObjectNotFound
    from prefect.settings import get_current_settings

    if not get_current_settings().api.url:
        raise refused(
            f"{BLOCK}{name}: no Prefect server is configured, so no block can be read; set "
            "PREFECT_API_URL, or name the secret in another way"
        )
    try:
        with get_client(sync_client=True) as client:
            document = client.read_block_document_by_name(name, "secret")
    except ObjectNotFound:
        raise refused(
            f"{BLOCK}{name}: Prefect has no such Secret block; make it in the UI under Blocks"
        ) from None
    except Exception as error:  # whatever httpx or Prefect makes of a server that is away
        raise refused(f"{BLOCK}{name}: Prefect gives no answer: {redact(str(error))}") from None
    value = document.data.get("value")
    if not isinstance(value, str):
        raise refused(f"{BLOCK}{name}: the block holds no text; make it anew with a text")
    return value
