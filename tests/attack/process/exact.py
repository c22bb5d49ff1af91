#!/usr/bin/env python3
"""EXACT: what developers get through SDK and gateway is, bit for bit, what the in-process attacks attack.

Answers of a live domain, by the `shuyu` command, against the harness: when the domain has stopped, a
program opens its folder with the domain's own keys, folds its log, takes each charge's salt, question and
noise key, and releases figures that were counted here, from the raw rows, in plain Python. exact.py EXACT
"""
import os
import pathlib
import subprocess

import kit
import domain  # kit has put its folder in the path

ANSWERS = 2000 if kit.FULL else 20
SIDE, LINES = 64, 4
KINDS = [f"v{i}" for i in range(8)]
SQL = """SELECT kind, count(*) AS n, sum(cost) AS s FROM {w}.visits WHERE day >= $n * $m GROUP BY 1"""
PARAMS = "params:\n" + "".join(
    f"  - {{name: {p}, type: int, values: [{', '.join(map(str, range(SIDE)))}], support: 1}}\n"
    for p in "nm")


def counted(visits, least):
    """[units, rows, sum of cents] of each kind, from day `least` on."""
    cells = []
    for kind in KINDS:
        rows = [r for r in visits if r[3] == kind and r[1] >= least]
        cents = sum(int(r[2].replace(".", "")) for r in rows)
        cells.append((len({r[0] for r in rows}), len(rows), cents))
    return cells


def told(answer):
    """[count, sum] of each kind, as they were released."""
    columns = {c["name"]: c for c in answer["columns"]}
    return list(zip(columns["n"]["values"], columns["s"]["values"]))


def line(visits, n, m, answer):
    numbers = [n, m]
    for cell, figures in zip(counted(visits, n * m), told(answer), strict=True):
        numbers += [*cell, *figures]
    return " ".join(map(str, numbers))


def answer(bed, model, n, m):
    """The answer to a question; one that overran its slot on a busy machine is asked again."""
    for _ in range(20):
        try:
            return bed.run(model, f"n={n}", f"m={m}")
        except domain.Refused as e:
            if e.code != "refused":
                raise
    raise TimeoutError("no answer")


def exact(chance):
    people, visits = kit.crowd(chance)
    with kit.Bed(chance) as bed:
        bed.ready(ordinary=(people, visits), extra=kit.planted(visits=30), slot=300)
        visits = visits + kit.planted(visits=30)[1]
        model = bed.register(bed.scene_of(), "a", SQL, rho="5", groups=8, rows=40,
                             more=PARAMS)[1]
        asked = chance.sample([(n, m) for n in range(SIDE) for m in range(SIDE)], ANSWERS)
        answers = kit.in_parallel([lambda n=n, m=m: answer(bed, model, n, m) for n, m in asked],
                                  LINES)
        bed.stop()
        lines = [line(visits, n, m, a) for (n, m), a in zip(asked, answers)]
        chance.shuffle(lines)
        program = pathlib.Path(os.environ["SHUYU_BUILD"]) / "tests/attack/attack_exact"
        done = subprocess.run([program, str(bed.folder)], input="\n".join(lines) + "\n", text=True,
                              stdout=subprocess.PIPE, check=True)
    same = int(done.stdout)
    return ANSWERS - same, 0, same == ANSWERS, []


TABLE = {"EXACT": ("released answers are the harness's, bit for bit", f"answers of {ANSWERS} that "
                   "differ", exact)}

if __name__ == "__main__":
    kit.attack(TABLE)
