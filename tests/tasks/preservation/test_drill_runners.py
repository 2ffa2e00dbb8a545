"""Drills that really run: a folder through numpy, a server through HTTP."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from configs.schema.endpoint import EndpointConfig
from configs.schema.golden import GoldenPrompt, GoldenPrompts, RecordedOutput, RecordedOutputs
from tasks.kernel.errors import DrillFailed, EndpointBusy, EndpointFault
from tasks.preservation.drill import report
from tasks.preservation.drill_runners import run_endpoint, run_numpy
from tests.tasks.preservation.llama_scene import (
    TINY,
    random_weights,
    write_model,
    write_safetensors,
)

PROMPTS = (
    GoldenPrompt(id="rain", text="Rain?", max_tokens=9),
    GoldenPrompt(id="sum", text="1 + 1", system="Be brief.", max_tokens=5),
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def golden(model: Path) -> GoldenPrompts:
    return recording(model)


def recording(model: Path, *, most: int = 99) -> GoldenPrompts:
    ran = run_numpy(model, GoldenPrompts(prompts=PROMPTS))
    outputs = tuple(
        RecordedOutput(prompt=o.prompt, tokens=o.tokens[:most], logits_sha256=o.logits_sha256)
        for o in ran.outputs
    )
    recorded = RecordedOutputs(stack=dict(ran.stack), outputs=outputs)
    return GoldenPrompts(prompts=PROMPTS, recorded=recorded)


def test_a_copy_of_the_model_gives_what_was_recorded(
    model: Path, golden: GoldenPrompts, tmp_path: Path
) -> None:
    copy = shutil.copytree(model, tmp_path / "restored")
    ran = run_numpy(copy, golden)
    assert [len(output.tokens) for output in ran.outputs] == [9, 5]
    found = report(golden, ran, 1.0)
    assert (found.passed, found.logits, found.stack_changes) == (True, (2, 2), ())
    assert not found.simulated


def test_another_model_in_its_place_fails(model: Path, golden: GoldenPrompts) -> None:
    write_safetensors(model / "model.safetensors", random_weights(TINY, seed=2))
    assert not report(golden, run_numpy(model, golden), 0.5).passed


def test_a_weight_that_changed_a_little_shows_in_the_logits(
    model: Path, golden: GoldenPrompts
) -> None:
    weights = random_weights(TINY)
    weights["model.layers.1.mlp.down_proj.weight"][3, 4] += 1e-3
    write_safetensors(model / "model.safetensors", weights)
    found = report(golden, run_numpy(model, golden), 1.0)
    assert found.logits[0] == 0


def test_as_many_tokens_are_made_as_were_recorded(model: Path) -> None:
    short = recording(model, most=3)
    ran = run_numpy(model, short)
    assert [len(output.tokens) for output in ran.outputs] == [3, 3]
    assert report(short, ran, 1.0).passed


def test_the_system_prompt_is_part_of_what_the_model_reads(model: Path) -> None:
    def tokens(system: str) -> tuple[int, ...]:
        prompt = GoldenPrompt(id="a", text="Rain?", system=system, max_tokens=9)
        return run_numpy(model, GoldenPrompts(prompts=(prompt,))).outputs[0].tokens

    assert tokens("Be brief.") != tokens("")


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DrillFailed, match="no such file"):
        run_numpy(tmp_path, GoldenPrompts(prompts=PROMPTS))


class _Server(ThreadingHTTPServer):
    texts: dict[str, str]
    status: int
    headers: dict[str, str]
    seen: list[dict[str, object]]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.seen.append(body)
        text = self.server.texts.get(body["messages"][0]["content"], "")
        answer = {
            **{"id": "msg_1", "type": "message", "role": "assistant", "model": "aster-1-0514"},
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn" if text else "refusal",
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
        data = json.dumps(answer).encode()
        self.send_response(self.server.status)
        for name, value in {**self.server.headers, "content-length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(
    texts: dict[str, str], status: int = 200, **headers: str
) -> Iterator[tuple[EndpointConfig, list[dict[str, object]]]]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.texts, server.status, server.headers, server.seen = texts, status, headers, []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield (
            EndpointConfig(
                base_url=url, model="aster-1", api_key_env="EMERITUS_TEST_KEY", attempts=1
            ),
            server.seen,
        )
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.usefixtures("home")
def test_an_endpoint_is_asked_each_prompt_once_and_compared() -> None:
    answers = {"rain": ("It rains.", "Wet."), "sum": ("2", "2")}
    with serving({"Rain?": "Wet.", "1 + 1": "3"}) as (endpoint, seen):
        ran = run_endpoint(endpoint, GoldenPrompts(prompts=PROMPTS), answers)
    asked = {str(body["messages"][0]["content"]): body for body in seen}  # type: ignore[index]
    assert len(seen) == 2
    assert asked["1 + 1"]["system"] == "Be brief."
    assert asked["Rain?"]["max_tokens"] == 9
    assert ran.stack["served_model"] == "aster-1-0514"
    found = report(GoldenPrompts(prompts=PROMPTS), ran, 0.5)
    assert [one.agrees for one in found.results] == [True, False]
    assert (found.passed, found.simulated) == (True, False)


@pytest.mark.usefixtures("home")
def test_a_refusal_is_no_output_and_a_simulation_says_so() -> None:
    with serving({"Rain?": "Wet."}, **{"emeritus-simulated": "1"}) as (endpoint, _):
        ran = run_endpoint(endpoint, GoldenPrompts(prompts=PROMPTS), {})
    assert [output.problem for output in ran.outputs] == ["", "the answer is refused"]
    assert ran.simulated


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("status", "error"), [(503, EndpointBusy), (404, EndpointFault)])
def test_an_endpoint_that_does_not_answer_is_no_failed_drill(
    status: int, error: type[Exception]
) -> None:
    with (
        serving({}, status) as (endpoint, _),
        pytest.raises(error, match="HTTP"),
    ):
        run_endpoint(endpoint, GoldenPrompts(prompts=PROMPTS), {})
