"""How a form answers: what was recorded, what is to be signed, or why it was refused.

A form's mistake must not cost what was typed: the flow ends as `Refused`, with the reason, and its
run keeps the parameters, so that it can be run again with one field mended.
"""

import base64
import json
from collections.abc import Callable

from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks.kernel.errors import EmeritusError, SystemRefused, told

_KEY = "decision"


def answered(record: Callable[[], str], *, where: str = "records") -> State[str]:
    """Do an act, and end as `Recorded` with its sentence or as `Refused` with the reason.

    Args:
        record: does the act; returns a sentence for the person.
        where: what an error of the system is told of.
    """
    try:
        said = record()
    except EmeritusError as error:
        return refused(error)
    except OSError as error:
        return refused(SystemRefused(told(error, where)))
    create_markdown_artifact(key=_KEY, markdown=said, description="What was recorded")
    return Completed(name="Recorded", message=said, data=said)


def answered_signed(
    signature: str, namespace: str, statement: Callable[[], bytes], record: Callable[[], str]
) -> State[str]:
    """Record a signed act; without a signature, answer with the words to sign, and record nothing.

    Args:
        signature: as pasted; blank at first.
        namespace: what `ssh-keygen -Y sign` is told with `-n`.
        statement: makes the exact bytes to sign.
        record: does the act with the signature; returns a sentence for the person.
    """
    if signature.strip():
        return answered(record)
    try:
        words = statement()
    except EmeritusError as error:
        return refused(error)
    return _to_be_signed(words, namespace)


def refused(error: EmeritusError) -> State[str]:
    """End as `Refused`; the artifact and the state tell why."""
    said = f"{error} [{error.code}]"
    create_markdown_artifact(
        key=_KEY,
        markdown=(
            f"**Refused; nothing was recorded.** {said}\n\n"
            "This run keeps what was typed: choose *Copy to new run* in its menu, and mend the one "
            "field."
        ),
        description="Nothing was recorded",
    )
    return Completed(name="Refused", message=said, data=said)


def _to_be_signed(statement: bytes, namespace: str) -> State[str]:
    """The words that a person signs, for their own machine.

    They travel as base64, since a page's own marks, or a copied line's end, would change them.
    """
    words = statement.decode()
    encoded = base64.b64encode(statement).decode()
    indented = json.dumps(json.loads(words), indent=2, ensure_ascii=False).replace("\n", "\n    ")
    create_markdown_artifact(
        key=_KEY,
        markdown=(
            "**Nothing is recorded yet.** Sign these words on your own machine, then choose *Copy "
            "to new run* in this run's menu, and paste the signature into its field:\n\n"
            f"    echo {encoded} | base64 -d > act\n"
            f"    ssh-keygen -Y sign -f PATH-OF-YOUR-KEY -n {namespace} act && cat act.sig\n\n"
            f"What they say:\n\n    {indented}\n"
        ),
        description="What you are to sign",
    )
    return Completed(name="To be signed", message=words, data=words)
