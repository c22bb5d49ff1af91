#!/usr/bin/env python3
"""The table article -> control -> code -> test, made from the tree itself.

    articles.py check SOURCE_ROOT     TAP: the table is complete, and docs/scheme/articles.md is as it would be written
    articles.py write SOURCE_ROOT     writes docs/scheme/articles.md
    articles.py selftest SOURCE_ROOT  TAP: spoilt trees are noticed

Controls stand in policies/rules/include/rules/control.h, their uses (RULES_CTL_X) in the sources, and each has
exactly one cmocka test function named control_x. What the articles are about, and what of them software has no
part in, stands in policies/scheme/articles.yaml.
"""
import collections
import copy
import pathlib
import re
import sys

import yaml

FIRST, LAST = 2, 36
HEADER = "policies/rules/include/rules/control.h"
ARTICLES = "policies/scheme/articles.yaml"
PAGE = "docs/scheme/articles.md"
FOLDERS = ("policies", "enclave", "gateway", "sdk")

Control = collections.namedtuple("Control", "enum name articles zh en")
Place = collections.namedtuple("Place", "path function")

ROW = re.compile(r'X\(\s*([A-Z0-9_]+)\s*,\s*"([^"]*)"\s*,\s*"([^"]*)"\s*,\s*((?:"[^"]*"\s*)+),\s*((?:"[^"]*"\s*)+)\)')
USE = re.compile(r"\bRULES_CTL_([A-Z0-9_]+)\b")
DEFINED = re.compile(r"^(?:static )?void control_([a-z0-9_]+)\(void \*\*state\)\s*\{", re.MULTILINE)
COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.DOTALL)


class Tap:
    """Numbered lines of the Test Anything Protocol."""

    def __init__(self):
        self.count = self.failed = 0

    def check(self, name, good, detail=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        for line in str(detail).splitlines() if not good else ():
            print("#", line)

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


# --- reading the tree -------------------------------------------------------------------------

def uncommented(text):
    """C without its comments, line for line."""
    return COMMENT.sub(lambda m: m.group() if m.group()[0] in "\"'" else re.sub(r"[^\n]", " ", m.group()),
                       text)


def joined(literals):
    return "".join(re.findall(r'"([^"]*)"', literals))


def read_controls(text):
    body = re.sub(r"\\\n", "\n", uncommented(text))
    return [Control(enum, name, articles, joined(zh), joined(en))
            for enum, name, articles, zh, en in ROW.findall(body)]


def numbers(control):
    """The articles of a control: "17, 18" or "27-29"."""
    found = []
    for part in re.split(r"[,\s]+", control.articles.strip()):
        low, _, high = part.partition("-")
        if not low.isdigit() or (high and not high.isdigit()):
            return []
        found += range(int(low), int(high or low) + 1)
    return found


def function_at(text, position):
    """The function, or the table at file scope, that holds this place."""
    before = text[:position]
    starts = [m.start() for m in re.finditer(r"^\{", before, re.MULTILINE)]
    ends = [m.start() for m in re.finditer(r"^\}", before, re.MULTILINE)]
    if starts and (not ends or ends[-1] < starts[-1]):
        head = re.split(r"^\s*$|^[}#].*$|;", before[:starts[-1]].rstrip(), flags=re.MULTILINE)[-1]
        name = re.search(r"([A-Za-z_]\w*)\s*\(", head)
        return name[1] if name else "?"
    name = re.findall(r"^(?:static )?(?:const )?[\w ]+?\*?\b(\w+)(?:\[[^\]]*\])*\s*=", before, re.MULTILINE)
    return name[-1] if name else "?"


def is_test(path):
    return path.name.startswith(("test_", "fuzz_", "attack_"))


def sources(root):
    for folder in FOLDERS:
        yield from sorted((root / folder).rglob("*.c"))


def scan(root):
    """(uses by enumerator, test functions by name). That a list runs them the compiler sees: nothing may be unused."""
    uses, tests = collections.defaultdict(list), collections.defaultdict(list)
    for path in sources(root):
        text = path.read_text(encoding="utf-8")
        if "RULES_CTL_" not in text and "control_" not in text:
            continue
        text, short = uncommented(text), str(path.relative_to(root))
        if is_test(path):
            for name in DEFINED.findall(text):
                tests[name].append(short)
            continue
        for m in USE.finditer(text) if path.name != "control.c" else ():
            place = Place(short, function_at(text, m.start()))
            if place not in uses[m[1]]:
                uses[m[1]].append(place)
    return uses, tests


class Tree:
    def __init__(self, root):
        self.root = root
        self.controls = read_controls((root / HEADER).read_text(encoding="utf-8"))
        self.articles = yaml.safe_load((root / ARTICLES).read_text(encoding="utf-8"))
        self.uses, self.tests = scan(root)

    def of(self, article):
        return [c for c in self.controls if article in numbers(c)]

    def test(self, control):
        """The file of its one test; "" when there is not exactly one."""
        files = self.tests.get(control.enum.lower(), [])
        return files[0] if len(files) == 1 else ""


# --- what must hold ---------------------------------------------------------------------------

def faults_of_controls(tree):
    names = [c.name for c in tree.controls]
    known = {c.enum for c in tree.controls}
    if not tree.controls:
        yield f"{HEADER} has no control"
    for c in tree.controls:
        articles, files = numbers(c), tree.tests.get(c.enum.lower(), [])
        if c.name != c.enum.lower() or names.count(c.name) > 1:
            yield f"{c.enum}: its name is its enumerator in lower case, once: {c.name}"
        if not articles or any(not FIRST <= a <= LAST for a in articles):
            yield f'{c.name}: articles "{c.articles}"'
        if not c.zh or not c.en:
            yield f"{c.name}: has no title in both languages"
        if not tree.uses.get(c.enum):
            yield f"{c.name}: is used nowhere"
        if any(place.function == "?" for place in tree.uses.get(c.enum, [])):
            yield f"{c.name}: is used outside every function"
        if len(files) != 1:
            yield f"{c.name}: {len(files)} test functions control_{c.name} {files}"
    for enum in sorted(set(tree.uses) - known):
        yield f"RULES_CTL_{enum} is no control ({tree.uses[enum][0].path})"
    for name in sorted(set(tree.tests) - {e.lower() for e in known}):
        yield f"control_{name} tests no control ({tree.tests[name][0]})"


def faults_of_articles(tree):
    said = [a.get("article") for a in tree.articles]
    if said != list(range(FIRST, LAST + 1)):
        yield f"{ARTICLES}: articles {FIRST} to {LAST}, each once and in order: {said}"
    for a in tree.articles:
        if set(a) - {"article", "zh", "en", "outside"} or not a.get("zh") or not a.get("en"):
            yield f"article {a.get('article')}: keys {sorted(a)}"
        if not tree.of(a.get("article")) and not a.get("outside"):
            yield f"article {a.get('article')} has neither a control nor a reason why there is none"


def faults(tree):
    return [*faults_of_controls(tree), *faults_of_articles(tree)]


# --- the page ---------------------------------------------------------------------------------

HEAD = """\
# Articles, controls, code, tests

条款—控制—代码—测试对照表。本页由 `tests/scheme/articles.py` 从源代码生成，缺项时测试失败。

For each article of the scheme (济兖政办字〔2025〕1号, articles 2 to 36): the controls by which Shuyu carries it out, the
functions that apply them, and the test that fails when the control is switched off. This page is made by
`tests/scheme/articles.py write .` from `rules/control.h`, the sources and `policies/scheme/articles.yaml`; a test fails when
a row loses its code or its test, and another switches every control off, one at a time, in a build made for that
(`-Dweak=true`, `SHUYU_WEAK=control.NAME`) and sees its test fail.
"""


def code_of(tree, control):
    places = tree.uses.get(control.enum, [])
    return ", ".join(f"`{p.function}` ({p.path.split('/')[-1]})" for p in places)


def row_of(tree, control):
    return (f"| `{control.name}` | {control.zh}<br>{control.en} | {code_of(tree, control)} | "
            f"`control_{control.name}`, {tree.test(control)} |")


def section(tree, article):
    number = article["article"]
    lines = ["", f"## {number}. {article['zh']}", "", f"*{article['en']}*", ""]
    controls = tree.of(number)
    if controls:
        lines += ["| control | what it demands | code | test |", "| --- | --- | --- | --- |"]
        lines += [row_of(tree, c) for c in controls]
    if article.get("outside"):
        lines += ([""] if controls else []) + [f"Outside software: {article['outside'].strip()}"]
    return lines


def page(tree):
    lines = [HEAD.rstrip("\n")]
    for article in tree.articles:
        lines += section(tree, article)
    return "\n".join(lines) + "\n"


# --- commands ---------------------------------------------------------------------------------

def check(root):
    tap, tree = Tap(), Tree(root)
    bad = faults(tree)
    tap.check(f"articles {FIRST} to {LAST}: {len(tree.controls)} controls, each with code and one test, or a reason",
              not bad, "\n".join(bad))
    path = root / PAGE
    now = page(tree)
    then = path.read_text(encoding="utf-8") if path.exists() else ""
    tap.check(f"{PAGE} is as the tree says", now == then,
              f"tests/scheme/articles.py write . makes it anew")
    return tap.end()


def selftest(root):
    """Each fault is noticed: on spoilt copies of what was read."""
    tap, whole = Tap(), Tree(root)
    first = whole.controls[0]
    lonely = next(a["article"] for a in whole.articles if not whole.of(a["article"]))

    def spoilt(what, spoil, want):
        tree = copy.deepcopy(whole)
        before = set(faults(tree))
        spoil(tree)
        said = [f for f in faults(tree) if f not in before]
        tap.check(what, any(want in f for f in said), said)

    spoilt("a control that is used nowhere", lambda t: t.uses.pop(first.enum), "is used nowhere")
    spoilt("a control without a test", lambda t: t.tests.pop(first.name), "0 test functions")
    spoilt("a control with two tests", lambda t: t.tests[first.name].append("x.c"), "2 test functions")
    spoilt("a use of an unknown control", lambda t: t.uses["NONE_SUCH"].append(Place("x.c", "f")),
           "RULES_CTL_NONE_SUCH is no control")
    spoilt("a test of an unknown control", lambda t: t.tests["none_such"].append("x.c"),
           "control_none_such tests no control")
    spoilt("an article that is not the scheme's", lambda t: t.controls.append(first._replace(articles="37")),
           'articles "37"')
    spoilt("an article without control and reason",
           lambda t: [a.pop("outside") for a in t.articles if a["article"] == lonely],
           f"article {lonely} has neither")
    spoilt("an article that is missing", lambda t: t.articles.pop(3), "each once and in order")
    return tap.end()


def write(root):
    (root / PAGE).parent.mkdir(parents=True, exist_ok=True)
    (root / PAGE).write_text(page(Tree(root)), encoding="utf-8")
    return 0


COMMANDS = {"check": check, "write": write, "selftest": selftest}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    return COMMANDS[sys.argv[1]](pathlib.Path(sys.argv[2]).resolve())


if __name__ == "__main__":
    sys.exit(main())
