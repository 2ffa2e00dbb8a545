"""Whether every secret that a configuration points to can be read, and none stands in its file."""

from collections.abc import Iterator
from pathlib import Path

from configs.redaction import redact
from configs.schema.secret import told as pointed_at
from tasks.adapters.secrets import read_secret
from tasks.kernel.errors import ConfigError
from tasks.ports.checks import Check


def secret_checks(references: set[str], file: Path) -> Iterator[Check]:
    """Read each secret once, and show none.

    Args:
        references: see `configs.schema.secret`.
        file: the YAML.
    """
    for reference in sorted(references):
        place = pointed_at(reference)
        unset = ConfigError(f"{place} holds nothing; set it where passes run")
        try:
            read_secret(reference, unset)
        except ConfigError as error:
            yield Check(f"secret {reference}", "fail", str(error))
        else:
            yield Check(f"secret {reference}", "ok", "can be read; it is not shown")
    lines = file.read_text(encoding="utf-8").splitlines()
    found = [number for number, line in enumerate(lines, 1) if redact(line) != line]
    if found:
        shown = ", ".join(map(str, found))
        said = (
            f"{file}: what looks like a secret stands in line {shown}: change it where it is "
            "used, since whoever reads the file has it, and point to it with `..._env` instead"
        )
        yield Check("secrets in the file", "fail", said)
    else:
        yield Check("secrets in the file", "ok", "none was found")
