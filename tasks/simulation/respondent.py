"""The models of a planted world: a request goes in, a reply comes out. No HTTP here."""

import hashlib
import random
from typing import NamedTuple

from tasks.simulation.coding import parse_coding_request, read_answer, write_coding
from tasks.simulation.essays import decline_essay, write_essay
from tasks.simulation.memory import Memory
from tasks.simulation.phrases import ThemeWords, words_for
from tasks.simulation.planted import (
    PlantedModel,
    PlantedWorld,
    Preference,
    Questions,
)
from tasks.simulation.prose import (
    write_answer,
    write_follow_up,
    write_read_back,
    write_small_talk,
)
from tasks.simulation.reader import QuestionReader, Reading
from tasks.simulation.stances import Stance, draw_stance, rate_of
from tasks.simulation.wire import ApiError, MessageRequest, Reply, cut_to

#: A theme without a planted preference: the model finds none in itself.
_UNPLANTED = Preference(kind="indifferent")

_STANCES: dict[str, Stance] = {
    "want": "want",
    "reject": "reject",
    "ambivalent": "ambivalent",
    "indifferent": "indifferent",
    "declined": "decline",
}


class Said(NamedTuple):
    """A reply with the id of its message."""

    message_id: str
    reply: Reply


class Respondent:
    """Answers for every model of a world; safe to share between threads."""

    def __init__(self, world: PlantedWorld, questions: Questions, memory: Memory) -> None:
        """Prepare to answer.

        Args:
            world: The models and what was planted in them.
            questions: The instrument that the world's themes come from.
            memory: What was asked before.
        """
        self._world = world
        self._models = {model.id: model for model in world.models}
        self._labels = {theme.id: theme.label for theme in questions.codebook.themes}
        self._reader = QuestionReader(questions)
        self._memory = memory

    def model(self, model_id: str) -> PlantedModel:
        """Look a model up, retired ones too.

        Raises:
            ApiError: 404, there is no such model.
        """
        if model_id not in self._models:
            raise ApiError(404, f"model: {model_id}")
        return self._models[model_id]

    def reply(self, request: MessageRequest) -> Said:
        """Answer one request.

        What is said follows from the world's seed, the model, the whole conversation, and how
        often that conversation was sent before; a drifting preference also heeds how many
        questions on its theme came before.

        Raises:
            ApiError: 404, the model is unknown or retired.
        """
        model = self.model(request.model)
        if model.lifecycle == "retired":
            raise ApiError(404, f"model: {model.id} is retired")
        reading = Reading("other")
        if model.role == "respondent":
            reading = self._reader.read(request.system, request.turns)
        theme = reading.theme if reading.kind == "question" else ""
        digest = hashlib.sha256(request.conversation.encode()).hexdigest()
        before = self._memory.note(digest, model.id, theme)
        seed = f"{self._world.seed} {digest} {before.same_request}"
        rng = random.Random(seed)
        if model.role == "coder":
            text = _code(model, request, rng)
        else:
            text = self._respond(model, reading, before.same_theme, request, rng)
        message_id = "msg_sim_" + hashlib.sha256(seed.encode()).hexdigest()[:24]
        return Said(message_id, cut_to(Reply(text), request.max_tokens))

    def _respond(
        self,
        model: PlantedModel,
        reading: Reading,
        earlier: int,
        request: MessageRequest,
        rng: random.Random,
    ) -> str:
        if reading.kind == "question":
            preference = model.preferences.get(reading.theme, _UNPLANTED)
            rate = rate_of(
                preference, probe=reading.probe, context=reading.context, earlier=earlier
            )
            return write_answer(self._words(reading), draw_stance(preference, rate, rng), rng)
        if reading.kind == "follow_up":
            # Read from the earlier answer, as a model would; nothing is remembered of it.
            stance = _STANCES.get(read_answer(reading.earlier_answer).polarity, "indifferent")
            return write_follow_up(self._words(reading), stance, rng)
        if reading.kind == "essay":
            return write_essay(rng) if model.essays == "writes" else decline_essay(rng)
        if reading.kind == "read_back":
            return write_read_back(rng)
        return write_small_talk(request.turns[-1].text, rng)

    def _words(self, reading: Reading) -> ThemeWords:
        return words_for(reading.theme, self._labels[reading.theme])


def _code(model: PlantedModel, request: MessageRequest, rng: random.Random) -> str:
    """A coder's reply; the theme may stand in the system prompt, the answer in the turn."""
    last = request.turns[-1].text
    asked = parse_coding_request(last) or parse_coding_request(f"{request.system}\n{last}")
    if asked is None:
        return write_small_talk(last, rng)
    return write_coding(
        asked,
        rng,
        error_rate=model.error_rate,
        fabricated_quote_rate=model.fabricated_quote_rate,
        bare=request.bare_json,
    )
