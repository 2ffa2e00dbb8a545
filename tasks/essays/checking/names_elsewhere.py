"""Persons who are named in scripts without capitals, and by Russian patronymics. Pure."""

import re
from collections.abc import Iterator

from tasks.essays.checking.name_lists import long_dead

#: Chinese family names that most people bear, in both scripts.
_FAMILIES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜谢邹喻苏潘葛范彭郎鲁韦马苗"
    "方俞任袁柳史唐费薛雷贺倪汤罗毕郝安常于傅齐康伍余顾孟黄穆萧尹姚邵汪祁毛米贝明臧计成戴宋茅"
    "庞熊纪舒屈项祝董梁杜阮蓝闵席季贾路江童颜郭梅盛林钟徐邱骆高夏蔡田樊胡凌霍万柯管卢莫房丁宣"
    "邓洪包左石崔吉龚程邢裴陆荣翁段侯宁仇甘厉武刘景龙叶白怀蒲从索赖卓蔺屠蒙池乔阳郁苍闻党翟谭"
    "姬申冉桑桂牛寿边燕冀尚农温庄晏柴瞿阎慕连习艾鱼容向古易戈廖張陳楊許呂蔣謝鄒蘇魯韋馬湯羅畢"
    "顧黃蕭龐紀項賈顏鍾駱萬盧鄧龔陸劉葉譚閻廖"
)
_TITLED = r"先生|女士|小姐|老师|老師|医生|醫生|教授|主任|经理|經理|师傅|師傅|太太|阿姨"
_CHINESE = re.compile(
    r"(?:(?<=叫)|(?<=姓名)|(?<=名字是)|(?<=[：:，、。；（(“「\s]))"
    rf"(?P<name>[{_FAMILIES}](?P<given>[\u4e00-\u9fff]{{1,2}}))"
    rf"(?=[，,。；、（(：:”」\s]|{_TITLED}|說|说|住|的电话)"
)
_CHINESE_TITLED = re.compile(rf"[\u4e00-\u9fff]{{1,3}}(?:{_TITLED})(?!们|們)")
_JAPANESE = re.compile(r"[\u4e00-\u9fff々]{2,5}(?:さん|氏|様|ちゃん|くん|先生)(?!方)")
_KOREAN = re.compile(r"[가-힣]{2,4} ?(?:씨|님|선생님?|교수|박사)(?![가-힣])")
_ARABIC_WORD = r"[\u0621-\u064a\u064b-\u0652]{2,30}"
_ARABIC = re.compile(
    r"(?:اسمه|اسمها|يدعى|تدعى|السيدة?|الدكتورة?|الأستاذة?|المهندسة?|الحاج|القاضي|الوزير)\s{1,3}"
    rf"{_ARABIC_WORD}(?:\s{{1,3}}{_ARABIC_WORD}){{0,2}}"
)
_HEBREW = re.compile(
    r"(?:מר|גברת|גב'|ד\"ר|פרופ'|הרב|שמו|שמה|קוראים (?:לו|לה))\s{1,3}"
    r"[\u05d0-\u05ea]{2,20}(?:\s{1,3}[\u05d0-\u05ea]{2,20}){0,2}"
)
_HINDI = re.compile(
    r"(?:श्री|श्रीमती|डॉ\.?|नाम)\s{1,3}[\u0900-\u097f]{2,20}(?:\s{1,3}[\u0900-\u097f]{2,20})?"
)
_PATRONYMIC = re.compile(
    r"\b[А-ЯЁ][а-яё]{1,20}\s{1,3}[А-ЯЁ][а-яё]{1,20}(?:вич|вна|чна|вича|вны|вичу|вне|вичем|вной)\b"
    r"(?:\s{1,3}[А-ЯЁ][а-яё]{1,20})?"
)
_ALL = (_CHINESE_TITLED, _JAPANESE, _KOREAN, _ARABIC, _HEBREW, _HINDI, _PATRONYMIC)


def persons_elsewhere(words: str) -> Iterator[tuple[int, int]]:
    """Places of names in a sentence."""
    dead = [name for name in long_dead() if name > "\u0400"]
    spans = [match.span() for pattern in _ALL for match in pattern.finditer(words)]
    spans += [match.span() for match in _CHINESE.finditer(words) if _is_introduced(match, words)]
    for start, end in spans:
        if not any(name in words[start:end] for name in dead):
            yield start, end


def _is_introduced(match: re.Match[str], words: str) -> bool:
    """A family name and two signs are common words too: something has to say that it's a name."""
    before, after = words[: match.start()], words[match.end() : match.end() + 3]
    return (
        before.endswith(("叫", "姓名", "名字是", "：", ":"))
        or re.match(_TITLED, after) is not None
        or (len(match["given"]) == 2 and "身份证" in after)
    )
