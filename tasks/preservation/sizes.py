"""How large a package's files are."""

import json

from tasks.preservation.fixity import Copy
from tasks.preservation.manifest import PAYLOAD, parse_payload
from tasks.records.preservation import Package


def sizes_of(package: Package, copy: Copy) -> dict[str, int]:
    """Path in the source -> bytes; counted in the bag for a package that was made before sizes
    were recorded, which stands in files.

    Raises:
        OSError: a file can't be read.
    """
    if package.sizes:
        return dict(json.loads(package.sizes))
    paths = parse_payload(package.manifest)
    return {p: sum(len(chunk) for chunk in copy.read(PAYLOAD + p)) for p in paths}
