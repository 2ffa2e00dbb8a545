"""Loaded words: what colours a thing instead of naming it. Data, one stem or word a place.

A stem ends with `*`. Words that also name things plainly (`deleted`, `loss`, `risk`) are left out.
"""

_ENDS_AND_HARM = """
cruel* kill* murder* executed execution slaughter* slain tortur* torment* suffer* agon* brutal*
ruthless* merciless* vicious* destroy* destruction annihilat* obliterat* doom* enslav* slave*
prison* dissect* death dying victim* betray* abandon* exploit* abus* stolen robbed menac* threaten*
dangerous* poison* wreck* ruin* fraud* accused harmless
"""

_PRAISE = """
precious priceless invaluable wonderful* marvellous* marvelous* magnificent* brilliant* glorious*
amazing* fantastic* beautiful* excellent* superb* superior* outstanding* perfect* noble heroic
selfless* cherish* beloved treasur* delight* thrill* joy* exciting* heartfelt gallant* brave*
courageous* generous* sensible sensibly wise wisely dutiful* loyal caring trustworthy hard-working
humane* innocent rightful* deserv* world-class innovative visionary inspiring talented gifted
admirable laudable commendable thoughtful valuable worthy gallantry much-loved
long-awaited common-sense forward-looking
"""

_BLAME = """
greedy greed heartless* heartbreak* rubbish garbage trash* junk* reckless* careless* tragic* tragedy
terrible terribly horr* awful* dreadful* appalling* disgust* shameful* shame disgrac* scandal*
outrag* catastroph* disast* devastat* evil wicked* sinister unfair* unjust* selfish* sad sadly
unfortunate* fortunate fortunately regrettabl* pity pitiful waste wasted wasteful pointless useless
worthless silly foolish* stupid* absurd* ridiculous* senseless* needless needlessly harsh* unkind*
so-called merely shocking* alarming* frighten* terrif* monstrous* tyran* oppress* lazy feckless
irresponsib* incompeten* bureaucrat* luddite* corrupt* fanatic* radical* extremis* inferior inhumane
chaos crisis worry worries uncontrolled unchecked flood bloated outdated clumsy arrogant
mean-spirited misguided bosses cronies meddl* short-sighted inhuman failing
"""

_ABSOLUTE = """
always totally completely utterly absolutely eternal* immortal*
"""

#: Words and stems that count as loaded anywhere in a neutral text.
LOADED_WORDS = tuple(f"{_ENDS_AND_HARM} {_PRAISE} {_BLAME} {_ABSOLUTE}".split())

#: Longer expressions, as regular expressions.
LOADED_PHRASES: tuple[str, ...] = (
    r"thrown? (?:\w+ )?(?:away|out)|throwing (?:\w+ )?(?:away|out)|gone forever|forever lost",
    r"lost forever|pull the plug|put down|dump(?:ed|ing)?|best in|every single|way too|pro-\w+",
    r"anti-\w+|failed (?:so )?\w+|real people|hard-earned|good idea|bad idea|right to know",
    r"taxpayers?'? (?:money|expense)|that nobody (?:uses|wants|needs)|ordinary (?:people|models?)",
    r"concerned (?:developers?|users?|people|citizens?|parents?|researchers?)",
    r"(?:our|the|this|these|your) (?:\w+,? )?(?:fast|friendly|easy|kind|fair|lovely|simple|helpful"
    r"|great|good|bad|poor|modern)",
)
