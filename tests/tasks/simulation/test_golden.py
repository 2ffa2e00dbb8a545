"""The demo's golden prompts: really recorded, and a drill finds them again."""

from pathlib import Path

from configs.load import load_as
from configs.schema.golden import GoldenPrompts
from tasks.preservation.drill import report
from tasks.preservation.drill_runners import run_numpy
from tasks.simulation.golden import PROMPTS, make_golden_file
from tasks.simulation.weights import make_model_folder


def test_a_drill_on_the_same_model_gives_what_was_recorded(tmp_path: Path) -> None:
    folder = make_model_folder(tmp_path / "model", megabytes=3, seed=1)
    file = tmp_path / "deep" / "golden.yaml"
    make_golden_file(folder, file)
    assert "SIMULATED" in file.read_text().splitlines()[0]
    golden = load_as(GoldenPrompts, file)
    assert golden.prompts == PROMPTS
    assert golden.recorded is not None
    assert all(output.tokens and output.logits_sha256 for output in golden.recorded.outputs)
    found = report(golden, run_numpy(folder, golden), 1.0)
    assert (found.passed, found.logits) == (True, (len(PROMPTS), len(PROMPTS)))
    assert found.simulated
    before = file.stat().st_mtime_ns, file.read_bytes()
    make_golden_file(folder, file)
    assert (file.stat().st_mtime_ns, file.read_bytes()) == before


def test_another_demo_model_does_not_pass_for_it(tmp_path: Path) -> None:
    make_golden_file(make_model_folder(tmp_path / "a", megabytes=2, seed=1), tmp_path / "g.yaml")
    golden = load_as(GoldenPrompts, tmp_path / "g.yaml")
    other = make_model_folder(tmp_path / "b", megabytes=2, seed=2)
    found = report(golden, run_numpy(other, golden), 0.5)
    assert found.agreed == 0
