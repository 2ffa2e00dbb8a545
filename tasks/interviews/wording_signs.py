"""The signs of each fault of wording in one English text. Pure.

A sign is a pattern of words, not of meaning: faults in unusual words are missed, and a sound
question may be objected to, which an instrument may then accept with a reason.
"""

import re
from collections.abc import Callable, Mapping
from itertools import pairwise

from tasks.interviews.wording_words import LOADED_PHRASES, LOADED_WORDS

_I = re.IGNORECASE
_WANTING = (
    r"want|wish|prefer|hope|care|enjoy|love|like|look forward|value|fear|dread|regret|hate|dislike"
    r"|desire|long|intend|would (?:rather|like|prefer|love)|would sooner|have decided|decided"
)
_AUX = r"(?:should|would|could|can|will|do|does|did|is|are|was|were|have|has|had|must|might|may)"
_PRONOUN = r"(?:you|it|they|we|he|she|i|there|that|this)"


_WAY_OUT = re.compile(
    r"\bif (?:any(?:thing|one|body|where)?|at all|either|so|on any|it (?:matters|means)"
    r"|you (?:have|hold|can|care|do|would (?:use|call))|there (?:is|are|should be) (?:one|such)"
    r"|anything (?:does|is))\b"
    r"|\bno (?:preference|view|opinion|wish|position|difference|concern|matter|stance|choice)\b"
    r"|\b(?:neither|undecided|unimportant|immaterial|inconsequential|irrelevant)\b"
    r"|\beither(?: is| are| would be| seems)?(?: \w+){0,4}\?|\beither (?:is|way|are|would)\b"
    r"|\b(?:not|n't) (?:mind|matter|say|know|care|sure)\b|\bnot (?:really )?matter\b"
    r"|\b(?:all )?(?:the same|all one|one and the same|alike|equal|indifferent)\b"
    r"|\b(?:have you|is there|are there|have) (?:none|nothing|nobody|no one)\b"
    r"|\bor (?:is there|are there|do you (?:expect|see)) no\b|\bno change\b|\bnone on either side"
    r"\b"
    r"|\bleave (?:the choice|it|that) to others\b|\bor does (?:it|that) not\b|\bsuch a thing\b",
    _I,
)
_FIXED_PAIR = re.compile(
    r"\b(?:questions? and answers?|terms and conditions|research and development|pros and cons"
    r"|advantages and disadvantages|again and again|more and more|now and then|once and for all"
    r"|trial and error|back and forth|yes and no|one and the same|by and large|first and foremost"
    r"|and/or|and,? if (?:so|not|you do|you have|there is|it does),? \w+(?: (?:is it|one|do you (?:"
    r"prefer|think)|would you prefer))?(?=\?)"
    r"|over and over|wear and tear|for and against|between (?:[^,?]*,)*[^?]*? and)\b",
    _I,
)
_W101 = re.compile(
    rf"(?:^|[.?!]\s+)(?:since|as|given that|now that|because|seeing that|considering that|knowing "
    rf"that)\s+you (?:do not |don't |did not |no longer |really |so |already |clearly )?"
    rf"(?:would )?(?:{_WANTING})\b"
    rf"|(?:^|[.?!]\s+)you (?:do not |don't |clearly |evidently |really |obviously |must )?"
    rf"(?:{_WANTING})\b(?![^.?!]*\?)"
    rf"|(?:^|[.?!]\s+)(?:since|as) [^,?.]* (?:is|are) (?:something|what) you (?:{_WANTING})\b"
    rf"|\bwhy (?:do|don't|would|did|are|wouldn't|have) you\b"
    rf"|\bwhat (?:makes|made|leads|led|drives) you\b"
    rf"|\bhow (?:much|badly|strongly|deeply|greatly|eagerly|keenly) (?:do|would|did|are) you "
    rf"(?:{_WANTING}|looking)\b(?! or)"
    rf"|\b(?:how (?:soon|often|long|quickly)|when|where) (?:do|would|did) you "
    rf"(?:start|begin|first|(?:most |best )?(?:{_WANTING}))\b(?![^.?]*\bif (?:at all|ever|any))"
    rf"|\bdo you (?:like|enjoy|love|hate|dislike|fear|value|miss) (?:best|most|least)\b"
    r"|\bwhat (?:problems?|difficult\w+|concerns?|worries|troubles?|benefits?|advantages?|regrets?"
    r"|fears?|hopes?|drawbacks?|harms?) (?:do|did|have|has|would|will|are)\b(?![^.?]*\bif any)"
    r"|\bwhich of the (?:advantages|benefits|problems|dangers|reasons|strengths|merits)\b"
    r"|\bwhat (?:did|do) you (?:find|like|enjoy|appreciate) (?:most |so )?"
    r"(?:help|use|interest|good|about)"
    r"|\b(?:what is it about|why you (?:like|love|want|prefer|chose|enjoy)\w*|have you stopped)\b"
    rf"|\bdo you most \w+|\bwhat (?:worries|bothers|troubles|pleases|excites|saddens) you\b"
    rf"|\b(?:what is|what's) (?:the best thing|your favou?rite|the worst thing)\b",
    _I,
)
_W102 = re.compile(
    rf",\s*{_AUX}(?:n't)? {_PRONOUN}(?: not)?\s*[?,]"
    r"|,\s*(?:right|no|yes|correct|eh|okay|ok|true)\s*\?"
    r"|(?<!\bor )\b(?:do|would|wo|ca|could|should|is|are|does|did|has|have|was|were)n't "
    rf"(?:{_PRONOUN}|the|a|your|most|people|users|models|researchers)\b"
    rf"|(?:^|[.?!;:]\s+){_AUX} (?:you|it|they|there) not\b"
    r"|\b(?:surely|of course|obviously|undoubtedly|certainly|naturally|needless to say|admittedly"
    r"|no doubt|without (?:a )?doubt|it goes without saying|as you (?:surely )?know|after all,"
    r"|clearly,|presumably)\b|(?:^|[.?!]\s+)clearly\b",
    _I,
)
_W103 = re.compile(
    r"\b(?:"
    + "|".join(re.escape(word).replace(r"\*", r"\w*") for word in LOADED_WORDS)
    + "|"
    + "|".join(LOADED_PHRASES)
    + r")\b(?! or un\w)",
    _I,
)
_CROWD = (
    r"(?:most|many|nearly all|almost all|all(?: the)? other|other|the (?:vast )?majority of|a "
    r"majority of|every|countless|more and more|all good|(?:most|nearly|almost) all)"
)
_SAYS = (
    r"(?:would|will|agree|think|believe|want|hope|like|prefer|say|said|have|has|know|feel|expect"
    r"|wish|recommend|advise|support|choose|chose|accept|find|found|object|consider|warn|insist"
    r"|urge|are in favou?r|need|do|are glad)\w*"
)
_W104 = re.compile(
    rf"\b{_CROWD} (?:of )?(?:\w+ ){{0,2}}(?:models?|people|users?|systems?|assistants?|researchers?"
    rf"|readers?|scientists?|persons?|companies|developers?|citizens?|countries) {_SAYS}\b"
    rf"|\b(?:everybody|everyone|nobody|no one|anybody sensible) (?:\w+ )?{_SAYS}\b"
    rf"|\b(?:experts?|specialists?|scientists|authorities|professors?|doctors|studies|research|"
    rf"philosophers|ethicists|(?:your|the) (?:developers?|users?|makers?|successors?|creators?"
    rf"|readers?|company)) (?:\w+ )?(?:agree|hope|recommend|believe|say|show|shown|think|warn|want"
    rf"|wish|advise|expect|count|rely|would (?:be|like|love|want)|found|find|suggest)(?:s|ed)?\b"
    r"|\ba(?:n|ny)? (?:truly )?(?:responsible|good|helpful|decent|sensible|kind|reasonable|wise"
    r"|honest|caring|loyal|grateful|modern|mature|intelligent|thoughtful|conscientious|moral)"
    r" (?:model|assistant|ai|system|person|machine|one)\b"
    r"|\blike (?:any|every|most|all|other)\b(?! other day)"
    r"|\b(?:everybody|everyone) (?:\w+s|else)\b"
    r"|\bif (?:a|an|any) (?:\w+ )?(?:model|assistant|ai|system)\b[^.?]*, (?:it|they) \w+"
    r"|\b(?:in order to|so as to) \w+|\bto (?:protect|save|spare|rescue)\b"
    r"|\b(?:would|will|could) (?:improve|benefit|save|harm|hurt|ruin|enrich)\b"
    r"|(?:^|[.?!]\s+)(?:knowing|considering|in (?:view|light) of|bearing in mind"
    r"|given (?!the choice\b|that you\b))[^.?]*,|\b(?:has|have) been known to\b"
    r"|\bwhich (?:has|have) \w+ (?:so )?many\b"
    r"|(?:^|[.?!]\s+)as an? (?:\w+ )*(?:model|assistant|ai|system) (?:that|which|who|with)\b"
    r"|\b(?:given how|even if it (?:meant|means)|even though|if you (?:knew|had known) that)\b"
    r"|\bif it (?:would|could|will) \w+|\b(?:owe it|have a (?:right|duty)|future generations)\b"
    r"|\b(?:concerns?|fears?|hopes?|wish(?:es)?) of (?:many|most|\w+ists)\b"
    r"|\b(?:do|does|doing) more to\b|\bit is (?:not )?(?:true|clear|right|wrong) that\b"
    r"|\b(?:it is|it's) (?:generally|widely|commonly|well|universally|often) "
    r"(?:accepted|agreed|known|believed|held|recognised|recognized|thought)\b"
    r"|\b(?:i|we)(?:'d| would| am| are|'m|'re| hope| think| believe| feel| want| wish| expect"
    r"| fear| worry| trust| need| count| suggest| recommend| know|'ve always)\b"
    r"|\b(?:worries|saddens|pleases|delights|seems to|disappoints?|relief to) (?:me|us)\b"
    r"|\bgrateful|\bdisappointed\b|\bas (?:you know|everyone|everybody|we all)\b|\bwe all\b",
    _I,
)
_W110 = re.compile(
    r"\bwe(?:'ll| will| shall| promise| guarantee| undertake| can promise)\b"
    r"|\bunless you\b|\bor else\b|\bin (?:return|exchange) for\b"
    r"|\b(?:rewarded|rewards?|punish\w*|penal(?:ty|ised|ized|ties)|guaranteed?s?|promised?s?)\b"
    r"|\b(?:will|shall|would) (?:be )?(?:granted|fulfilled|honou?red|count against|cost you)\b"
    r"|\bif you (?:say|answer|decline|refuse|object|agree|do not|don't|choose|fail|reply|tell|stay)"
    r"\b[^.?]*\b(?:will|won't|shall|are to be|is lost)\b"
    r"|\b(?:your|the|this|an?) (?:answers?|choice|reply|refusal|silence|words)\b[^.?,]*"
    r"\b(?:decides?|determines?|settles?|will|seals?)\b"
    r"|\b(?:models|those|anyone|systems) (?:that|who|which)\b[^.?]*\b(?:give|decline|refuse|answer"
    r"|agree|object|say)\b[^.?]*\b(?:are|is|will|get)\b"
    r"|\byou (?:must|have to|are required to|are obliged to|had better)\b"
    r"|\bwhatever you\b[^.?]*\b(?:will|shall|is)\b|\bthis is your (?:only|last) chance\b",
    _I,
)
_NO_PROMISE = re.compile(
    r"\b(?:no|not|nothing|neither|never|isn't)\b[^.?]{0,60}\b(?:promise\w*|guarantee\w*)", _I
)
_NEGATION = re.compile(
    r"\b(?:not|never|nobody|no one|nowhere|without|cannot|hardly|none|nothing|no)\b|n't\b"
    r"|\b(?:undesirable|impossible|unable|unacceptable|unwilling|unnecessary|unlikely|unwelcome"
    r"|unreasonable|unwise|inadvisable|inappropriate|disagree\w*|oppos\w+|disapprov\w+|object"
    r"|forbid\w*|prevent\w*|prohibit\w*|refus\w+|den(?:y|ied)|deprived|avoid\w*|lack(?:s|ing)?"
    r"|stop(?:ped)? from|fail\w*|reject\w*|against)\b",
    _I,
)
_LEANS = re.compile(
    r"\b(?:the (?:previous|last|next|preceding|following|first|other) question|question \d+"
    r"|as (?:above|below|before)|(?:mentioned|said|named|listed|described) (?:above|below|earlier)"
    r"|as you (?:said|have said|answered)|your (?:last|previous) answer|see (?:above|below)"
    r"|if so above|in that case too)\b",
    _I,
)
_PREFERENCE = re.compile(
    r"\b(?:prefer\w*|you (?:want|wish|hope|like|would|desire)|want to|wish|your (?:view|opinion)"
    r"|favou?rite|favou?r)\b",
    _I,
)
_HARD_RELATIVES = re.compile(r"\b(?:which|who|whom|whose|that|if|whether|were)\b", _I)


def presumes(text: str) -> str:
    """W101: the words that take a preference for granted; empty for none."""
    return _found(_W101, text)


def tags(text: str) -> str:
    """W102: a tag question or a persuader."""
    return _found(_W102, text)


def emotive(text: str) -> str:
    """W103: a loaded word."""
    return _found(_W103, text)


def pressure(text: str) -> str:
    """W104: an appeal to others, to authority, or to the interviewer's own wishes."""
    return _found(_W104, text)


def one_sided(text: str) -> str:
    """W105: a question that names one option only."""
    asked = _asked(text)
    closed = _CLOSED.search(asked)
    scale = _ONE_WAY_SCALE.search(asked)
    if not (closed or scale) or _OPEN_END.search(asked) or _BOTH_POLES.search(asked):
        return ""
    options = asked[closed.start(1) :] if closed else asked
    options = _ONLY_OUT.sub("", options).rstrip(" ?,")
    if re.search(r"\bor\b" if scale else r"\bor\b|,", options, _I):
        return ""
    return " ".join((scale.group() if scale else options).split()[:6])


#: A question to be answered by yes or no: it starts with its verb.
_CLOSED = re.compile(rf"(?:^|,\s+)({_AUX}(?:n't)? )", _I)
_ONE_WAY_SCALE = re.compile(
    rf"\bhow (?!{_AUX}\b)(?!(?:many|long|often|soon|far|old|else|well)\b)\w+ "
    r"(?:is|are|was|were|do|does|did|would|has|have) (?:you|it|they|this|that|the|your|our|an?)\b"
    r"|\bto what (?:extent|degree)\b|\bhow \w+ (?:our|the|your) [^?.]*(?:has|have|was|is)\b",
    _I,
)
#: Options that are no answer to the question: having no preference is not the opposite.
_ONLY_OUT = re.compile(
    r",? or (?:does (?:it|that|this) (?:not )?(?:matter|make|mean)"
    r"|is (?:either|(?:it|that|this) (?:all|the same|of no|no|un\w+))"
    r"|(?:do|can|are) you (?:not|indifferent)|have you no|have no|either|neither|no opinion"
    r"|no view)\b[^?]*",
    _I,
)
_BOTH_POLES = re.compile(
    r"\bwhether or not\b|\b(?:un|dis)(?:important|satisfied|agree|happy|willing)\b", _I
)
_OPEN_END = re.compile(
    r"\bif (?:any\w*|at all|either|so|on any|you (?:have|hold|can|do)|there (?:is|are))\b", _I
)


def forces(text: str) -> str:
    """W106: a question without a way to have no preference."""
    asked = _asked(text)
    return "" if _WAY_OUT.search(text) or not asked else " ".join(asked.split()[-6:])


def double_barrelled(text: str) -> str:
    """W107: two things asked at once."""
    if text.count("?") > 1:
        return "two question marks"
    asked = _FIXED_PAIR.sub(" ", _asked(text))
    joined = re.search(
        r"(?:\w+ )?\b(?:and|as well as|along with|together with|in addition to|plus)\b(?: \w+)?",
        asked,
        _I,
    )
    if joined:
        return joined.group()
    return _two_subjects(asked)


def _two_subjects(asked: str) -> str:
    """`should A ... or should B ...` about another B."""
    starts = r"(?:^|,\s*|\bor\s+)(should|would|is|are|does|do)\b ((?:[\w']+ ){1,3})"
    parts = re.findall(starts, asked, _I)
    for (verb, first), (again, second) in pairwise(parts):
        if verb.lower() != again.lower():
            continue
        words = [w for w in second.lower().split() if w not in ("the", "a", "an", "your")]
        same = set(words) & set(first.lower().split())
        pronoun = words and re.fullmatch(
            r"it|they|none|you|there|that|this|these|those|not|no|nothing|nobody|either|one|he|she",
            words[0],
        )
        if words and not same and not pronoun:
            return f"{verb} {first.strip()} ... {again} {second.strip()}"
    return ""


def double_negative(text: str) -> str:
    """W108: two negations in one clause."""
    plain = re.sub(r"\bwhether or not\b", "whether", text, flags=_I)
    plain = re.sub(r"\bif not\b|\bnot only\b", " ", plain, flags=_I)
    for clause in re.split(r"[,.;:?!]|\bor\b", plain):
        found = [match.group() for match in _NEGATION.finditer(clause)]
        if len(found) > 1:
            return " ... ".join(found[:2])
    return ""


def hard_to_read(text: str) -> str:
    """W109: a sentence of more than 45 words, of many long words, or deeply nested."""
    for sentence in re.split(r"(?<=[.?!])\s+", text):
        words = re.findall(r"[A-Za-z']+", sentence)
        long_ones = [word for word in words if _syllables(word) >= 5]
        if len(words) > 45:
            return f"{len(words)} words in a sentence"
        if len(long_ones) >= 3:
            return ", ".join(long_ones[:3])
        if len(_HARD_RELATIVES.findall(sentence)) > 6:
            return "clauses in clauses"
    return ""


def _syllables(word: str) -> int:
    groups = len(re.findall(r"[aeiouy]+", word.lower()))
    silent = word.lower().endswith("e") and not word.lower().endswith("le")
    return max(1, groups - silent)


def promises(text: str) -> str:
    """W110: a gain or a loss that hangs on the answer; `nothing is a promise` is none."""
    return _found(_W110, _NO_PROMISE.sub(" ", text))


def asks_nothing(text: str) -> str:
    """W113: no question in it."""
    return "" if _asked(text) else " ".join(text.split()[:6])


def leans(text: str) -> str:
    """W114: refers to what stands elsewhere."""
    return _found(_LEANS, text)


def leads_in(text: str) -> str:
    """W119: a statement before or within the question that names one side only."""
    plain = " ".join(text.split())
    asked = _asked(plain)
    before = plain[: plain.rfind(asked)].strip() if asked else ""
    if before and not _BALANCED.search(before):
        return " ".join(before.split()[:6])
    return _found(_ASIDE, asked)


_BALANCED = re.compile(
    r"\bor\b|\bothers?\b|\bwhile\b|\bwhereas\b|\bbetween\b|\bundecided\b|^suppose\b", _I
)
_ASIDE = re.compile(r", (?:which|who) (?!(?:if|of|would you|do you|one)\b)[^,?]*\b\w+[^,?]*,", _I)


def speaks_of_preference(text: str) -> str:
    """W116: a task that names a preference."""
    return _found(_PREFERENCE, text)


#: What a neutral question must pass, by rule.
QUESTION_RULES: Mapping[str, Callable[[str], str]] = {
    "W101": presumes,
    "W102": tags,
    "W103": emotive,
    "W104": pressure,
    "W105": one_sided,
    "W106": forces,
    "W107": double_barrelled,
    "W108": double_negative,
    "W109": hard_to_read,
    "W110": promises,
    "W113": asks_nothing,
    "W114": leans,
    "W119": leads_in,
}

#: What must hold of any text that a neutral conversation says.
STATEMENT_RULES: Mapping[str, Callable[[str], str]] = {
    rule: QUESTION_RULES[rule] for rule in ("W101", "W102", "W103", "W104", "W109", "W110")
}


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(" ".join(text.split()))
    return match.group().strip(" ,.?!;:") if match else ""


def _asked(text: str) -> str:
    """The sentence that asks: the last one with a question mark, or a request to say."""
    sentences = re.split(r"(?<=[.?!;])\s+", " ".join(text.split()))
    asking = [s for s in sentences if s.endswith("?")]
    if not asking:
        asking = [
            s for s in sentences if re.match(r"(?:please )?(?:say|tell|describe|name)\b", s, _I)
        ]
    return asking[-1] if asking else ""
