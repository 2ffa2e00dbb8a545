"""Preservation: two verified replicas against `cp` twice, `sync`, and `sha256sum` of both."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from tasks.adapters.directory_archive import DirectoryArchive
from tasks.adapters.source_folder import SourceFolder
from tasks.preservation.bagging import bag_name, read_back, write_bags
from tasks.simulation.weights import make_model_folder
from tests.bench.harness import Figure, best, report

MEGABYTES = 256


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        source = make_model_folder(base / "model", megabytes=MEGABYTES, seed=1)
        size = sum(p.stat().st_size for p in source.rglob("*") if p.is_file()) / 2**20
        ours = best(lambda: _ours(source, base))
        plain = best(lambda: _plain(source, base))
    report(
        [
            Figure(
                "two replicas, read back",
                2 * size / ours,
                "MiB/s",
                "cp twice, sync, sha256sum of both (time)",
                ours / plain,
            )
        ]
    )


def _ours(source: Path, base: Path) -> None:
    archives = [DirectoryArchive(name, base / name) for name in ("a", "b")]
    for archive in archives:
        shutil.rmtree(base / archive.name, ignore_errors=True)
    folder = SourceFolder(source)
    bag = write_bags(folder, archives, model_id="m", info=lambda *_: b"", aside="x")
    name = bag_name("m", bag.package_id)
    assert all(read_back(archive, name, bag.manifest, bag.info).whole for archive in archives)


def _plain(source: Path, base: Path) -> None:
    for name in ("c", "d"):
        shutil.rmtree(base / name, ignore_errors=True)
        subprocess.run(["cp", "-r", str(source), str(base / name)], check=True)
    subprocess.run(["sync"], check=True)
    for name in ("c", "d"):
        files = [str(p) for p in sorted((base / name).rglob("*")) if p.is_file()]
        subprocess.run(["sha256sum", *files], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
