"""A real pass over a model in a process of its own; prints the most memory that it took, in MiB.

One replica in plain and one encrypted, in folders. What is counted is the pass itself: beside it
run Prefect's own server, and a process a core that encrypts, of 58 MiB each, most of it shared.
"""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pyrage

ID = "bench-1"


def main() -> None:
    base, megabytes, tensor_bytes = Path(sys.argv[1]), *map(int, sys.argv[2:])
    os.environ |= {"EMERITUS_HOME": str(base / "home"), "MODEL_BENCH_1_API_KEY": "none"}
    os.environ.pop("PREFECT_API_URL", None)
    # making a model takes memory that packaging it does not: a process of its own makes it
    code = (
        "import sys; from pathlib import Path; from tests.bench.preservation import Workplace; "
        f"Workplace(Path(sys.argv[1]), {megabytes}, tensor_bytes={tensor_bytes})"
    )
    subprocess.run([sys.executable, "-c", code, str(base)], check=True)
    config = _config(base)
    sys.argv = ["emeritus", "stage", "preservation", str(config)]
    from flows.cli import main as emeritus

    with contextlib.suppress(SystemExit):
        emeritus()
    assert len(list((base / "sealed").glob(f"{ID}-*"))) == 1, "the pass made no bag"
    print(_peak_mib())


def _config(base: Path) -> Path:
    config, plain = base / f"{ID}.yaml", base / "plain"
    keys = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(2)]
    answers = {
        "--id": [ID],
        "--name": ["Bench"],
        "--base-url": ["http://127.0.0.1:9"],
        "--model": ["bench"],
        "--announced-on": ["2026-01-01"],
        "--retires-on": ["2099-01-01"],
        "--owner": ["Ann=ann@example.org"],
        "--source": [str(base / "model")],
        "--replica": [str(plain), str(base / "sealed")],
        "--recipient": keys,
    }
    flags = [word for flag, words in answers.items() for one in words for word in (flag, one)]
    program = Path(sys.executable).with_name("emeritus")
    subprocess.run([program, "init", config, *flags], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    place = f"directory: {plain}\n"
    text = config.read_text()
    assert place in text
    config.write_text(text.replace(place, f"{place}      trusted_disk: true\n"))
    return config


def _peak_mib() -> float:
    """Of this program alone: getrusage would give its parent's, where that was larger."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
