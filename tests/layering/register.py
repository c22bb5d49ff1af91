#!/usr/bin/env python3
"""The leakage register of SECURITY.md, row by row: register.py check ROOT BUILD | self-test

Every row says what is observable, of which grade, what is guaranteed, and names at least one test. A
name in backticks is a test that BUILD registers (with * for several) or a file of the tree; T04, `PAC`
and the like are attacks of tests/attack/table.py. A name that is none of these, a column that is empty,
or a promise of a later test is a fault: what is not tested may not stand in the register.
"""
import fnmatch
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True

from layering import Tap, same  # noqa: E402  pylint: disable=wrong-import-position

HEADING = "## Leakage register"
COLUMNS = ["observable", "grade", "guarantee", "test"]
GRADES = {"g1", "g2", "g3", "g4", "all"}
NAME = re.compile(r"`([^`]+)`")
ATTACK = re.compile(r"\b[TSM]\d\d\b")
LATER = re.compile(r"\b(to come|not built|later|todo|tbd)\b", re.IGNORECASE)


def rows(text):
    """The cells of each line of the register's table."""
    section = text.partition(HEADING)[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [[c.strip() for c in line.strip().strip("|").split("|")] for line in lines]
    if len(cells) < 3 or cells[0] != COLUMNS:
        return None
    return cells[2:]


def name_fault(name, tests, is_file):
    if is_file(name) or any(fnmatch.fnmatchcase(t, name) for t in tests):
        return None
    return f"`{name}` is neither a registered test nor a file"


def row_faults(cells, tests, attacks, is_file):
    if len(cells) != len(COLUMNS):
        return [f"{len(cells)} columns"]
    observable, grade, guarantee, test = cells
    grades = {g.strip() for g in grade.split(",")}
    faults = [f"no {name}" for name, cell in zip(COLUMNS, cells) if not cell]
    faults += [f"no such grade: {g}" for g in sorted(grades - GRADES) if g]
    faults += ["promised for later" for cell in (observable, guarantee, test) if LATER.search(cell)]
    names, ids = NAME.findall(test), ATTACK.findall(test)
    tests = tests | attacks
    faults += [f for f in (name_fault(n, tests, is_file) for n in names) if f]
    faults += [f"{i} is not in the attack suite's table" for i in ids if i not in attacks]
    tested = ids or any(fnmatch.fnmatchcase(t, n) for n in names for t in tests)
    return faults + ([] if tested else ["names no test"])


def check(root, build):
    root, tap = pathlib.Path(root), Tap()
    registered = json.loads((pathlib.Path(build) / "meson-info/intro-tests.json").read_text())
    tests = {t["name"] for t in registered}
    table = root / "tests/attack/table.py"
    attacks = set(re.findall(r'^    \("([A-Z]+\d*)"', table.read_text(),
                             re.MULTILINE)) if table.exists() else set()
    register = rows((root / "SECURITY.md").read_text())
    tap.result("the register is there", [] if register else ["no table under " + HEADING])
    seen = set()
    for cells in register or []:
        key = tuple(cells[:2])
        twice = ["it is there twice"] if key in seen else []
        seen.add(key)
        tap.result(" / ".join(key)[:90].replace("#", ""), twice + row_faults(
            cells, tests, attacks, lambda n: "/" in n and (root / n).is_file()))
    tap.end()


# --- negative controls ------------------------------------------------------------------------

FINE = ["a figure", "g2, g3", "none", "unit `lower_block`, attack T04"]
PLANTED = [  # cells, whether a fault must be found
    (FINE, False),
    (["a figure", "all", "none", "process `kill*`"], False),
    (["a figure", "all", "none", "T04"], False),
    (["a figure", "all", "none", "attack `PAC`"], False),
    (["a figure", "all", "none", "`kill`: see `docs/a.md`"], False),
    (["a figure", "", "none", "`kill`"], True),
    (["a figure", "g5", "none", "`kill`"], True),
    (["a figure", "g3", "", "`kill`"], True),
    (["", "g3", "none", "`kill`"], True),
    (["a figure", "g3", "none", ""], True),
    (["a figure", "g3", "none", "kill"], True),
    (["a figure", "g3", "none", "to come"], True),
    (["a figure", "g3", "none", "`kill`; more to come"], True),
    (["a figure, not built yet", "g3", "none", "`kill`"], True),
    (["a figure", "g3", "none", "`kill`, `nothing`"], True),
    (["a figure", "g3", "none", "`kill`, T47"], True),
    (["a figure", "g3", "none", "`docs/a.md`"], True),
    (["a figure", "g3", "none", "`*nothing*`"], True),
    (["a figure", "g3", "none"], True),
]


def self_test():
    tap = Tap()
    for cells, must in PLANTED:
        found = row_faults(cells, {"lower_block", "kill", "kill-30"}, {"T04", "PAC"},
                           lambda n: n == "docs/a.md")
        tap.result(" | ".join(cells), same(bool(found), must))
    table = "\n".join("| " + " | ".join(c) + " |" for c in (COLUMNS, ["---"] * 4, FINE))
    tap.result("rows are found", same(rows(f"# T\n{HEADING}\n\n{table}\n\n## Next\n| a |") != [FINE],
                                      False))
    tap.result("a register without rows is none", same(rows(f"{HEADING}\n| a |") is None, True))
    tap.end()


if __name__ == "__main__":
    if sys.argv[1:2] == ["check"] and len(sys.argv) == 4:
        check(*sys.argv[2:])
    elif sys.argv[1:] == ["self-test"]:
        self_test()
    else:
        sys.exit(__doc__)
