"""A real pass over a model in a process of its own; prints the most memory that it took, in MiB.

Arguments: a folder, MB of model, bytes of a tensor, `stage` (preservation alone) or `retire` (every
stage that is due), and a place for each replica. They stand in folders or in SIMULATED buckets, in
plain or encrypted. What is counted is the pass itself: beside it run Prefect's own server, the
buckets, and a process a core that encrypts, of 58 MiB each, most of it shared.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyrage
import yaml

ID = "bench-1"


def main() -> None:
    base, megabytes, tensor_bytes = Path(sys.argv[1]), *map(int, sys.argv[2:4])
    what, places = sys.argv[4], sys.argv[5:]
    os.environ |= {"EMERITUS_HOME": str(base / "home"), "MODEL_BENCH_1_API_KEY": "none"}
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "none"}
    os.environ.pop("PREFECT_API_URL", None)
    # making a model takes memory that packaging it does not: a process of its own makes it
    code = (
        "import sys; from pathlib import Path; from tests.bench.preservation import Workplace; "
        f"Workplace(Path(sys.argv[1]), {megabytes}, tensor_bytes={tensor_bytes})"
    )
    subprocess.run([sys.executable, "-c", code, str(base)], check=True)
    with _buckets(base, sum(place.startswith("bucket") for place in places)) as urls:
        config = _config(base, places, urls)
        # boto3 takes 9 MiB for what only our tests have installed
        sys.modules["OpenSSL"] = None  # type: ignore[assignment]
        command = ["stage", "preservation"] if what == "stage" else ["retire"]
        sys.argv = ["emeritus", *command, str(config)]
        from flows.cli import main as emeritus

        with contextlib.suppress(SystemExit):  # `retire` ends with what waits
            emeritus()
    made = subprocess.run(
        ["find", base, "-name", "tagmanifest-sha256.txt"], capture_output=True, check=True
    )
    assert made.stdout, "the pass made no bag"
    print(_peak_mib())


@contextlib.contextmanager
def _buckets(base: Path, count: int) -> Iterator[list[str]]:
    """Each in a process of its own; gives their endpoints."""
    code = (
        "import sys, time; from pathlib import Path; from tests.fakes.s3_server import S3Server\n"
        "with S3Server('bags') as server:\n"
        "    server.begin(Path(sys.argv[1])); print(server.url, flush=True); sys.stdin.read()"
    )
    with contextlib.ExitStack() as held:
        urls = []
        for number in range(count):
            command = [sys.executable, "-c", code, str(base / f"bucket-{number}")]
            server = held.enter_context(subprocess.Popen(command, stdin=-1, stdout=-1, text=True))
            assert server.stdin is not None
            assert server.stdout is not None
            held.callback(server.stdin.close)
            urls.append(server.stdout.readline().strip())
        yield urls


def _config(base: Path, places: list[str], urls: list[str]) -> Path:
    config, ends = base / f"{ID}.yaml", iter(urls)
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
        "--replica": [str(base / "a"), str(base / "b")],
        "--recipient": keys,
    }
    flags = [word for flag, words in answers.items() for one in words for word in (flag, one)]
    program = Path(sys.executable).with_name("emeritus")
    subprocess.run([program, "init", config, *flags], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    told = yaml.safe_load(config.read_text())
    told["preservation"]["replicas"] = [
        {"name": f"replica-{number}", "trusted_disk": form == "files"}
        | (
            {"directory": str(base / f"replica-{number}")}
            if kind == "folder"
            else {"s3": {"bucket": "bags", "endpoint_url": next(ends)}}
        )
        for number, (kind, form) in enumerate(place.split(":") for place in places)
    ]
    config.write_text(yaml.safe_dump(told))
    return config


def _peak_mib() -> float:
    """Of this program alone: getrusage would give its parent's, where that was larger."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
