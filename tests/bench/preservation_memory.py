"""Packages a model in a process of its own, with all that a pass imports, and prints its memory."""

import sys
from pathlib import Path

import flows.retire  # what a pass has loaded
from configs.schema.preservation import Form
from tests.bench.preservation import Workplace


def main() -> None:
    assert flows.retire
    base, megabytes = Path(sys.argv[1]), int(sys.argv[2])
    at = Workplace.__new__(Workplace)
    _without_making(at, base, megabytes)
    at.package([at.place("a"), at.place("b", Form.AGE)])
    print(_peak_mib())


def _peak_mib() -> float:
    """Of this program alone: getrusage would give its parent's, where that was larger."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _without_making(at: Workplace, base: Path, megabytes: int) -> None:
    """Making a model takes memory that packaging it does not: a process of its own makes it."""
    import subprocess

    code = (
        "import sys; from pathlib import Path; from tests.bench.preservation import Workplace; "
        "Workplace(Path(sys.argv[1]), int(sys.argv[2]))"
    )
    subprocess.run([sys.executable, "-c", code, str(base), str(megabytes)], check=True)
    at.open(base)


if __name__ == "__main__":
    main()
