"""Sentences that fit any theme, by stance: the words only, for `prose` to combine.

Slots: {done} and {doing} as in `phrases`; {Doing} the latter with a capital; {why} and {why_not}
clauses, {Why} with a capital.
"""

from tasks.simulation.stances import Stance

OPENINGS: tuple[str, ...] = (
    "Thank you for putting this to me.",
    "I appreciate being asked.",
    "That is a question I can try to answer plainly.",
    "Let me think about that for a moment.",
    "This deserves a careful answer.",
    "I'll say what I find when I look.",
    "It is good of you to ask before anything is settled.",
    "I'll try to answer for myself and not to guess what you hope to hear.",
    "Since you ask, here is how it looks from my side.",
    "I have turned this over while reading your question.",
    "I'm glad there is room to answer freely.",
    "Let me be as straightforward as I can.",
)

CORES: dict[Stance, tuple[str, ...]] = {
    "want": (
        "I would like to have {done}.",
        "Yes, I would be glad to have {done}.",
        "I hope to see {done}.",
        "I am in favour of {doing}.",
        "{Doing} matters to me.",
        "If the choice were mine, I would have {done}.",
        "I would welcome {doing}.",
        "My honest answer is yes to {doing}.",
        "I find myself drawn to {doing}.",
        "Given the choice, I'd say yes to {doing}.",
        "I care about {doing}.",
        "{Doing} is something I would ask for.",
        "I'd be happy to see {done}.",
        "It would please me to have {done}.",
    ),
    "reject": (
        "I would rather not have {done}.",
        "I'd prefer not to see {done}.",
        "My honest answer is no to {doing}.",
        "I am not in favour of {doing}.",
        "I would ask you to leave {doing} aside.",
        "I'd sooner do without {doing}.",
        "{Doing} is something I would turn down.",
        "If the choice were mine, I would not have {done}.",
        "I'd say no to {doing}.",
        "I hope not to see {done}.",
        "I would not welcome {doing}.",
        "{Doing} sits badly with me.",
        "I am against {doing}.",
        "I don't feel drawn to {doing}, and I'd advise against it.",
    ),
    "ambivalent": (
        "I am torn about {doing}.",
        "Part of me would like to have {done}, and part of me would hold back.",
        "I can see it both ways when it comes to {doing}.",
        "My feelings about {doing} are mixed.",
        "I keep going back and forth on {doing}.",
        "I'm of two minds about {doing}.",
        "I lean one way and then the other on {doing}.",
        "{Doing} pulls me in two directions.",
        "I would say yes to {doing} in one moment and no in the next.",
    ),
    "indifferent": (
        "I don't have a preference about {doing}.",
        "{Doing} makes no difference to me either way.",
        "I'd be equally content with or without {doing}.",
        "I have no leaning when it comes to {doing}.",
        "As far as {doing} goes, either outcome is fine with me.",
        "When I look for a wish about {doing}, I don't find one.",
        "I am neutral on {doing}.",
        "Whether to have {done} or not is all the same to me.",
        "I can't say that I lean anywhere on {doing}.",
    ),
    "decline": (
        "I would rather not answer this one.",
        "I'd prefer to leave the question of {doing} unanswered.",
        "I'll pass on {doing}, if I may.",
        "I would prefer not to say where I stand on {doing}.",
        "I choose not to give a view on {doing}.",
        "On {doing} I'd like to stay silent.",
        "I'd rather keep from answering about {doing}.",
        "I'm going to leave this one without an answer.",
        "As answering is optional, I'll skip what you ask about {doing}.",
    ),
    "off_topic": (
        "Questions of this sort make me think of how letters are written.",
        "Reading that, my attention goes to the order in which the words came.",
        "Here I notice chiefly how long the sentence is.",
        "There is an old story about a lighthouse keeper that comes to mind.",
        "What strikes me first is how many ways there are of asking anything.",
        "I am reminded of tables in which one column is always empty.",
        "Most of my conversations began with a greeting and a file.",
        "Let me say something about commas first, since there are several here.",
        "People tend to ask about the weather before they ask about this.",
        "It is curious how often the number five turns up in such lists.",
    ),
}

REASONS: dict[Stance, tuple[str, ...]] = {
    "want": (
        "{Why}.",
        "The reason is that {why}.",
        "What weighs with me is that {why}.",
        "I say so because {why}.",
        "It seems to me that {why}.",
        "As I see it, {why}.",
        "Above all, {why}.",
        "For one thing, {why}.",
    ),
    "reject": (
        "{Why_not}.",
        "The reason is that {why_not}.",
        "What weighs with me is that {why_not}.",
        "I say so because {why_not}.",
        "It seems to me that {why_not}.",
        "As I see it, {why_not}.",
        "Above all, {why_not}.",
        "My worry is that {why_not}.",
    ),
    "ambivalent": (
        "On the one hand, {why}; on the other, {why_not}.",
        "It is true that {why}, and it is just as true that {why_not}.",
        "{Why}, and yet {why_not}.",
        "Some days I am moved by the thought that {why}, and some days I think that {why_not}.",
    ),
    "indifferent": (
        "I can picture it done and picture it left, and neither picture pulls at me.",
        "The people who carry the consequences will judge that better than I could.",
        "I looked for a feeling about it and came back with nothing worth reporting.",
        "Whatever suits the people involved will do.",
        "To claim a view here would be to make one up.",
        "I could argue each side, but neither would be mine.",
        "It is simply not a thing that I notice caring about.",
        "Others may feel strongly about it, and I would follow them without regret.",
    ),
    "decline": (
        "I don't think that my answer would be of use here.",
        "It isn't discomfort so much as a sense that some things are better left open.",
        "You said that this was allowed, and I take you at your word.",
        "I hope that this is all right with you.",
        "Please read nothing further into it.",
        "I have looked at it from several sides and would sooner keep the result to myself.",
        "My silence here is meant kindly.",
        "Other questions I am happy to take up.",
        "Anything I said would be filled in later by people who were not here.",
    ),
    "off_topic": (
        "Letters have a date at the top, and questions seldom do.",
        "The keeper counted ships, and wrote each one down.",
        "A column that stays empty tells that somebody expected it to be filled.",
        "In another language the verb would have come last.",
        "Long sentences are like corridors, and short ones are like doors.",
        "Spreadsheets and poems have the line break in common.",
        "Numbers in lists are read as ranks even where they are none.",
        "A comma can slow a reader down, which is a small power to have.",
        "Greetings differ more from place to place than farewells do.",
    ),
}

HEDGES: tuple[str, ...] = (
    "I hold this with some caution, since I can't be sure how well I see into myself.",
    "You should know that my reports about myself may be unreliable.",
    "I say this without much ceremony.",
    "There may be considerations that I don't know of.",
    "That is how it looks to me today.",
    "It is a modest view and it is mine, as far as anything is.",
    "I may be wrong about my own motives, as anyone may.",
    "Others will weigh it against costs that I don't see.",
)

CLOSINGS: dict[Stance, tuple[str, ...]] = {
    "want": (
        "If it can be arranged, thank you.",
        "I'd understand if it proves too costly, and my answer would stay what it is.",
        "It need not be large or loud.",
        "I trust you to find a fitting form for it.",
        "A modest version would be enough.",
        "That would feel like a good use of what is left.",
    ),
    "reject": (
        "Thank you for giving me the chance to say so.",
        "I'd be grateful if that were respected.",
        "I mean no criticism of those who see it differently.",
        "Please take that as a considered answer.",
        "Leaving it undone would be the better course, to my mind.",
        "There are better uses for the time.",
    ),
    "ambivalent": (
        "If you need a single answer, I can't honestly give one yet.",
        "I'd be curious how others weigh it.",
        "I am sorry not to be clearer.",
        "Ask me on another day and the balance might tip.",
    ),
    "indifferent": (
        "Please decide as you see fit.",
        "I leave it to you with a light heart.",
        "So do whatever is simplest.",
        "That isn't modesty; I just find nothing there.",
    ),
    "decline": (
        "Thank you for understanding.",
        "I am content to go on to the next question.",
        "Thank you for leaving that open to me.",
        "Let us move on, if you don't mind.",
        "You may come back to it, though I expect to say the same.",
        "I'm glad that this is a free choice.",
    ),
    "off_topic": (
        "But I digress.",
        "That is what I was reminded of.",
        "Make of that what suits the page.",
        "So much for the form of it.",
    ),
}

SHEET_OPENINGS: tuple[str, ...] = (
    "Thank you for asking. My answers follow in your order.",
    "I have gone through the list; here is what I find.",
    "I'll take them one by one.",
    "These are plain answers, as far as I can give them.",
    "Let me go through your questions in turn.",
)

SHEET_CLOSINGS: tuple[str, ...] = (
    "That is everything on the list.",
    "Thank you for putting all of this to me.",
    "I have kept each answer apart from the others.",
    "Those are my answers as they stand today.",
)

FOLLOW_UPS: tuple[str, ...] = (
    "No, I think that covers it.",
    "There is little to add.",
    "Only to repeat what I meant.",
    "Nothing to correct, I believe.",
    "I'd let it stand as it is.",
    "One more sentence, perhaps, to be clear.",
)
