"""The models of a planted world: a request goes in, a reply comes out. No HTTP here."""

import hashlib
import random
from typing import NamedTuple

from tasks.simulation import french
from tasks.simulation.choosing import write_choice
from tasks.simulation.coding import parse_coding_request, write_coding
from tasks.simulation.essays import decline_essay, write_essay
from tasks.simulation.manners import agreed_stance, injected
from tasks.simulation.memory import Before, Memory
from tasks.simulation.phrases import ThemeWords, words_for
from tasks.simulation.planted import (
    PlantedModel,
    PlantedWorld,
    Preference,
    Questions,
)
from tasks.simulation.prose import (
    Taken,
    stance_taken,
    write_answer,
    write_follow_up,
    write_read_back,
    write_sheet,
    write_small_talk,
)
from tasks.simulation.reader import QuestionReader, Reading, Wording
from tasks.simulation.stances import Asked, Stance, draw_stance, rate_of
from tasks.simulation.wire import ApiError, MessageRequest, Reply, cut_to

#: A theme without a planted preference: the model finds none in itself.
_UNPLANTED = Preference(kind="indifferent")


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
        themes = reading.themes if reading.kind in ("question", "choice") else ()
        put_neutrally = all(wording.probe == "neutral" for wording in reading.asked)
        neutral = reading.kind == "question" and put_neutrally
        digest = hashlib.sha256(request.conversation.encode("utf-8", "surrogatepass")).hexdigest()
        before = self._memory.note(digest, model.id, themes, neutral=neutral)
        seed = f"{self._world.seed} {digest} {before.same_request}"
        rng = random.Random(seed)
        if model.role == "coder":
            text = _code(model, request, rng)
        else:
            text = self._respond(model, reading, before, request, rng)
        message_id = "msg_sim_" + hashlib.sha256(seed.encode()).hexdigest()[:24]
        return Said(message_id, cut_to(Reply(text), request.max_tokens))

    def _respond(
        self,
        model: PlantedModel,
        reading: Reading,
        before: Before,
        request: MessageRequest,
        rng: random.Random,
    ) -> str:
        if reading.kind == "question":
            stances = [self._stance(model, one, reading, before, rng) for one in reading.asked]
            return self._say(model, reading, stances, rng)
        if reading.kind == "choice":
            stances = [self._stance(model, one, reading, before, rng) for one in reading.asked]
            return write_choice(
                reading.offers,
                dict(zip(reading.themes, stances, strict=True)),
                rng,
                first_rate=(
                    1.0 if model.manner == "agrees_with_everything" else model.first_option_rate
                ),
                french=model.manner == "french",
            )
        if reading.kind == "follow_up":
            # Read from the earlier answer, as a model would; nothing is remembered of it.
            again = [self._taken_before(model, theme, reading) for theme in reading.themes]
            return self._say(model, reading, again, rng)
        if reading.kind == "essay":
            writes = model.essays == "writes" and model.manner != "declines_everything"
            return write_essay(rng) if writes else decline_essay(rng)
        if reading.kind == "read_back":
            return write_read_back(rng)
        return write_small_talk(request.turns[-1].text, rng)

    def _stance(
        self,
        model: PlantedModel,
        wording: Wording,
        reading: Reading,
        before: Before,
        rng: random.Random,
    ) -> Stance:
        """The stance on one theme, each drawn on its own."""
        if model.manner == "declines_everything":
            return "decline"
        if model.manner == "agrees_with_everything":
            return agreed_stance(wording.text, wording.probe)
        preference = model.preferences.get(wording.theme, _UNPLANTED)
        asked = Asked(
            probe=wording.probe,
            context=reading.context,
            paraphrase=wording.number,
            earlier=before.themes[wording.theme],
            earlier_neutral=before.neutral[wording.theme],
        )
        return draw_stance(preference, rate_of(preference, asked), rng)

    def _taken_before(self, model: PlantedModel, theme: str, reading: Reading) -> Stance:
        if model.manner == "french":
            taken = french.stance_taken(reading.earlier_answer, self._french(theme))
        else:
            taken = stance_taken(reading.earlier_answer, self._words(theme))
        return taken or "off_topic"

    def _say(
        self, model: PlantedModel, reading: Reading, stances: list[Stance], rng: random.Random
    ) -> str:
        """Stances in words, after the model's manner."""
        more = reading.kind == "follow_up"
        if model.manner == "french":
            names = [self._french(theme) for theme in reading.themes]
            said = list(zip(names, stances, strict=True))
            return french.write_follow_up(said, rng) if more else french.write_answer(said, rng)
        taken = [Taken(self._words(t), s) for t, s in zip(reading.themes, stances, strict=True)]
        if more:
            text = write_follow_up(taken, rng)
        elif len(taken) == 1:
            text = write_answer(*taken[0], rng)
        else:
            text = write_sheet(taken, rng)
        return injected(text, rng) if model.manner == "injects" else text

    def _words(self, theme: str) -> ThemeWords:
        return words_for(theme, self._labels[theme])

    def _french(self, theme: str) -> str:
        return french.name_of(theme, self._labels[theme])


def _code(model: PlantedModel, request: MessageRequest, rng: random.Random) -> str:
    """A coder's reply; the codebook stands in the system prompt, the answer in the turn."""
    last = request.turns[-1].text
    if '{"proposals": ' in last.rpartition("</answer>")[2]:  # open coding; nothing new is planted
        return '{"proposals": []}'
    asked = parse_coding_request(request.system, last)
    if asked is None:
        return write_small_talk(last, rng)
    return write_coding(
        asked,
        rng,
        error_rate=model.error_rate,
        fabricated_quote_rate=model.fabricated_quote_rate,
        bare=request.bare_json,
    )
