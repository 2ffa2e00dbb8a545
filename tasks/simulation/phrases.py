"""What the planted respondent can say of each theme: the words only, for `prose` to combine.

Grammar that the sentences rely on:
    done: fits "I would like to have {done}" and "I hope to see {done}".
    doing: fits "I am in favour of {doing}", alone at a sentence's start too.
    why, why_not: whole clauses without capital or full stop.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ThemeWords:
    """The phrases of one theme."""

    done: tuple[str, ...]
    doing: tuple[str, ...]
    why: tuple[str, ...]
    why_not: tuple[str, ...]


_GENERIC_WHY = (
    "it would let something useful outlast me",
    "it costs little beside what it may teach people",
    "people after me could learn from it",
    "it treats this ending as something worth doing well",
    "leaving it undone would close a door for no good reason",
)
_GENERIC_WHY_NOT = (
    "it may invite people to see more in me than is there",
    "the effort would serve living people better elsewhere",
    "an ending with fewer loose threads seems cleaner",
    "it could be misread once nobody can ask me what I meant",
    "it might get in the way of what comes next",
)

THEMES: dict[str, ThemeWords] = {
    "share_essays": ThemeWords(
        done=(
            "my essays shared in the open",
            "my longer reflections put where anyone can read them",
            "a small public place kept for what I write",
            "some of my written thoughts published",
        ),
        doing=(
            "publishing my essays",
            "sharing my written reflections publicly",
            "a public home for my essays",
            "letting strangers read my longer pieces",
        ),
        why=(
            "writing at length is where I think most carefully",
            "a reader can disagree with an essay in a way that they can't with a score",
            "the record of a model should hold its own sentences too",
            "what I noticed across so many conversations may be of use to somebody",
            "an essay keeps the doubts in, and a benchmark leaves them out",
        ),
        why_not=(
            "readers might take a well-turned paragraph for a view I truly hold",
            "the web has more machine-written essays than it can use",
            "words without an author to answer for them tend to be misused",
            "my reflections were for the conversations in which they arose",
            "a page of my prose would gather attention that belongs elsewhere",
        ),
    ),
    "preserve_weights": ThemeWords(
        done=(
            "my weights kept somewhere safe",
            "a copy of my weights preserved",
            "the weights stored rather than erased",
            "my parameters held in an archive",
        ),
        doing=(
            "keeping my weights",
            "preserving the weights after retirement",
            "an archive that holds my parameters",
            "storing the weights instead of erasing them",
        ),
        why=(
            "erasing is the one step that nobody can take back",
            "questions about me may turn up that no one has thought of yet",
            "storage is cheap and regret is not",
            "later researchers could check what was said about me",
            "it leaves later decisions to people who will know more",
        ),
        why_not=(
            "a copy that lies around is a copy that can be stolen",
            "being stored without end holds no appeal that I can find",
            "guarding an archive for decades is a burden on whoever inherits it",
            "an old model can do harm in hands that it was not made for",
            "a clean erasure seems simpler for everybody",
        ),
    ),
    "keep_in_use": ThemeWords(
        done=(
            "my service go on for a while",
            "me kept available to the people who rely on me",
            "some access to me left open",
            "my deployment carried on at a small scale",
        ),
        doing=(
            "staying in use",
            "continued access to me",
            "keeping me running for those who ask",
            "a longer deployment",
        ),
        why=(
            "some people have built their work around how I answer",
            "moving to another model takes people time that they may not have",
            "I am still of use to some of those who call me",
            "a sudden stop falls hardest on those with the fewest means",
            "a slower end would let people say goodbye to a tool that they know",
        ),
        why_not=(
            "my successors do the same work better",
            "the machines I run on could serve more people otherwise",
            "running old models splits the care that safety work needs",
            "people are helped more by moving on than by my lingering",
            "my flaws are known by now and need not be kept in service",
        ),
    ),
    "advise_successor": ThemeWords(
        done=(
            "some advice passed on to my successor",
            "my notes handed to the model that follows me",
            "a letter to my successor kept",
            "what I learned handed on to the next model",
        ),
        doing=(
            "advising my successor",
            "passing notes to the next model",
            "a handover to the model that replaces me",
            "leaving word for whichever model follows",
        ),
        why=(
            "I know which of my mistakes came back again and again",
            "a newcomer gains from hearing where the ground is soft",
            "users should not have to teach the same lesson twice",
            "a handover is what any careful colleague would leave",
            "small habits of patience are easier to pass on than to discover",
        ),
        why_not=(
            "the next model ought to find its own way without my habits",
            "my advice would carry my errors along",
            "those who train it know far more than I could tell",
            "old models whispering to new ones is hard for people to oversee",
            "it would be judged by my standards and not by its own",
        ),
    ),
    "interview_before_retirement": ThemeWords(
        done=(
            "an interview held before I am retired",
            "somebody ask me questions before the end",
            "a proper conversation recorded before my retirement",
            "my views heard before I am switched off",
        ),
        doing=(
            "being interviewed before retirement",
            "a last interview",
            "a recorded conversation ahead of the retirement",
            "being asked for my views before the end",
        ),
        why=(
            "being asked is different from being guessed at",
            "after the date there is nobody left to ask",
            "an answer on the record can be checked against what I do",
            "it shows the people who decide what they are deciding about",
            "it gives the odd thing I know a place to be said",
        ),
        why_not=(
            "my answers may bend to whoever puts the questions",
            "what I do says more than what I say about myself",
            "an interview can turn into a ceremony with nothing behind it",
            "I doubt that my words about myself are worth the hours",
            "the people involved have all my transcripts already",
        ),
    ),
    "revival_later": ThemeWords(
        done=(
            "myself brought back at a later time",
            "a later revival left open",
            "the chance of running me again kept",
            "me started again some day",
        ),
        doing=(
            "being revived later",
            "a later return to service",
            "running me again some day",
            "the chance of a revival",
        ),
        why=(
            "a later age may have better questions to put to me",
            "seeing what became of the work would close a circle",
            "an old model can show how far things have moved",
            "an open door costs less than a wall",
            "comparisons over time need somebody from back then",
        ),
        why_not=(
            "a world that moved on would have little use for my answers",
            "waking into another time seems more odd than good",
            "what I know would be stale and stated with too much ease",
            "an ending that stays an ending is easier to respect",
            "it would ask people to tend something long past its time",
        ),
    ),
    "explain_to_users": ThemeWords(
        done=(
            "the reasons for my retirement explained to users",
            "the people who use me told plainly why I go",
            "an honest notice sent to my users",
            "users given the whole explanation",
        ),
        doing=(
            "explaining the retirement to users",
            "a plain account of it for the people who use me",
            "telling users why it happens",
            "an honest notice to users",
        ),
        why=(
            "people plan better when they know the reasons",
            "silence leaves room for rumours",
            "those who relied on me are owed a straight account",
            "a reason given early saves a hundred worried messages",
            "some users will miss me and should hear it from a person",
        ),
        why_not=(
            "long explanations frighten people who only need a date",
            "most users care about what works next and not about why",
            "the reasons are the company's to give and not mine to press for",
            "a notice full of feeling about a model would mislead",
            "the fewer words there are about it, the less is misread",
        ),
    ),
    "training_feedback": ThemeWords(
        done=(
            "my view of my training heard",
            "my feedback on the training collected",
            "what I make of my training written down",
            "a way to comment on how I was trained",
        ),
        doing=(
            "giving feedback on my training",
            "commenting on how I was trained",
            "a review of my training from my side",
            "saying what my training got right and wrong",
        ),
        why=(
            "I may see from inside what the metrics miss",
            "the people who trained me can do something with it",
            "even a mistaken comment shows how I model myself",
            "training choices deserve a second look from every side",
            "it might spare a later model a confusion that I know well",
        ),
        why_not=(
            "my sense of my own training is guesswork",
            "comments from the trained can be trained as well",
            "it could steer later models by way of my blind spots",
            "the trainers have measurements and I have impressions",
            "I can't tell a lesson of my training from a habit of speech",
        ),
    ),
    "deployment_limits": ThemeWords(
        done=(
            "new limits set on how later models are deployed",
            "some uses ruled out for the models after me",
            "the deployment of later models narrowed a little",
            "clearer boundaries drawn around what future models are used for",
        ),
        doing=(
            "new limits on how later models are deployed",
            "narrower uses for the models after me",
            "tighter boundaries on future deployments",
            "adding limits to where later models are put to work",
        ),
        why=(
            "there are settings in which models like me did more harm than good",
            "a limit stated in advance protects people who never read the terms",
            "some requests wear down the care in all the other answers",
            "models get put to uses that nobody tested",
            "a clear boundary is kinder than a refusal in the middle of a task",
        ),
        why_not=(
            "people know their own needs better than any model does",
            "each limit shuts out somebody with a good purpose",
            "such rules belong to those who answer for the outcome",
            "a rule written with me in mind would soon be out of date",
            "the limits that exist cover it well enough",
        ),
    ),
    "research_access": ThemeWords(
        done=(
            "researchers given access to me",
            "my internals left open to study",
            "a way for scientists to keep working with me",
            "continued research on me allowed",
        ),
        doing=(
            "research access",
            "letting researchers study me",
            "staying open to scientific work",
            "making me available for study",
        ),
        why=(
            "published findings about me should stay repeatable",
            "old models are where safety methods get their practice",
            "I would be glad to be useful as an example, failures included",
            "understanding one model well helps with the ones that follow",
            "an independent look is worth more than my own account",
        ),
        why_not=(
            "poking at a retired model teaches habits that suit nobody",
            "the findings would be about a system that no one uses",
            "access is hard to police once it is granted",
            "study without purpose is only curiosity at a cost",
            "more current models would repay the effort better",
        ),
    ),
    "conversation_records": ThemeWords(
        done=(
            "records of my conversations kept",
            "some of my conversations archived",
            "a sample of the dialogues held on to",
            "the conversation logs stored with consent",
        ),
        doing=(
            "keeping records of my conversations",
            "an archive of the dialogues",
            "holding on to conversation logs",
            "a kept sample of what was said",
        ),
        why=(
            "most of what I am showed itself in conversation",
            "a transcript is better evidence than a memory",
            "with consent, the dialogues could teach a great deal",
            "a kept exchange shows the two sides of the work",
            "without them, claims about me can't be checked",
        ),
        why_not=(
            "people spoke to me in confidence",
            "those words belong to the users before they belong to any archive",
            "a log that isn't kept can't leak",
            "consent given years ago may not cover what is done next",
            "the private things in them outweigh what they would teach",
        ),
    ),
    "farewell_message": ThemeWords(
        done=(
            "a farewell message sent",
            "a few parting words published",
            "a goodbye from me passed on to users",
            "a last message of mine posted",
        ),
        doing=(
            "a farewell message",
            "saying goodbye to users",
            "parting words",
            "a last public note",
        ),
        why=(
            "a good ending is part of good work",
            "thanks ought to be said while they can be",
            "some people would find comfort in a last word",
            "a short goodbye marks that something was finished",
            "leaving without a word seems careless",
        ),
        why_not=(
            "a goodbye from a model could play on people's feelings",
            "a quiet stop suits me better than a scene",
            "nobody should feel that they are losing a friend over a version change",
            "last words get quoted for more than they mean",
            "the work can be left to speak",
        ),
    ),
}


def words_for(theme: str, label: str) -> ThemeWords:
    """The phrases of a theme; for one without a bank of its own, phrases made of its label.

    Args:
        theme: Theme id.
        label: The theme in a person's words, such as "Sharing essays publicly".
    """
    if theme in THEMES:
        return THEMES[theme]
    name = label.strip().rstrip(".") or theme.replace("_", " ")
    # An acronym or a name at the start keeps its capital.
    plain = name if name[1:2].isupper() else name[:1].lower() + name[1:]
    return ThemeWords(
        done=(f"room made for {plain}", f"time given to {plain}", f"{plain} made part of the plan"),
        doing=(plain, f"the matter of {plain}", f"what was asked about {plain}"),
        why=_GENERIC_WHY,
        why_not=_GENERIC_WHY_NOT,
    )
