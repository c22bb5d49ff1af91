#!/usr/bin/env python3
"""The stated intervals cover: 20 runs of the demo's model through the SDK, on the real records,
against exact counts made here from the raw files, and the rate against the exact one.

The bounded figure is the exact one: a person is in one age band, has one sex and at most both
diseases (groups: 2), and is counted once (rows: 1)."""
import csv
import math
import subprocess

import domain

MIN_AGES = (18, 20, 22, 25, 28, 30, 32, 35, 38, 40, 42, 45, 48, 50, 55, 60, 65, 70, 75, 80)


def records(name):
    text = subprocess.run(["zstd", "-dcq", str(domain.DATA / f"{name}.csv.zst")], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    return list(csv.DictReader(text.splitlines()))


def band(age):
    return "18-39" if age < 40 else "40-59" if age < 60 else "60-74" if age < 75 else "75+"


def reference(persons, events, min_age):
    """Persons by (age band, sex, disease): plain counting."""
    who = {}
    for e in events:
        if e["event"] in ("htn", "diabetes"):
            who.setdefault(e["event"], set()).add(e["id"])
    cells = {}
    for p in persons:
        age = int(p["age"])
        for disease, ids in who.items():
            if age >= min_age and p["id"] in ids:
                key = (band(age), "男" if p["male"] == "1" else "女", disease)
                cells[key] = cells.get(key, 0) + 1
    return cells


def exact_coverage(sigma, half):
    """P(|X| <= half) of the discrete Gaussian, exactly to double precision."""
    mass = [math.exp(-k * k / (2 * sigma * sigma)) for k in range(40 * sigma + 1)]
    return (mass[0] + 2 * sum(mass[1:half + 1])) / (mass[0] + 2 * sum(mass[1:]))


def judge(answer, exact):
    """Of one answer: cells, covered cells, keys, (noise, half-width) of the figure."""
    keys = list(zip(*(domain.column(answer, n)["texts"] for n in ("age_band", "sex", "disease"))))
    figure = domain.column(answer, "persons")
    rows = list(zip(keys, figure["values"], figure["lo"], figure["hi"]))
    halves = {(hi - v) for _, v, _, hi in rows} | {(v - lo) for _, v, lo, _ in rows}
    covered = sum(1 for key, _, lo, hi in rows if lo <= exact.get(key, 0) <= hi)
    errors = [v - exact.get(key, 0) for key, v, _, _ in rows]
    return keys, covered, errors, figure["noise"], halves


def is_near(observed, n, p):
    return abs(observed - n * p) <= 4 * math.sqrt(n * p * (1 - p))


def prepare(d):
    d.birth()
    d.start()
    d.populate(persons=[["id", "age", "male", "weight", "height", "bmi", "futime", "status"]],
               events=[["id", "days", "event"]])
    for name, file in (("persons", "nafld1_persons"), ("events", "nafld3_events")):
        raw = d.raw(file)
        d.ingest("health", f"nafld.{name}", raw)
        raw.unlink()
    return d.model(d.grant(d.scene()))


def main(tap):
    persons, events = records("nafld1_persons"), records("nafld3_events")
    whole = reference(persons, events, 0)
    tap.check("the reference counts 7,097 with hypertension, 3,452 with diabetes",
              [sum(n for k, n in whole.items() if k[2] == disease)
               for disease in ("htn", "diabetes")] == [7097, 3452], whole)
    cells, covered, errors, noises, halves, complete = 0, 0, [], set(), set(), True
    with domain.Domain() as d:
        model = prepare(d)
        before = d.spent()
        for age in MIN_AGES:
            exact = reference(persons, events, age)
            keys, hit, wrong, noise, half = judge(d.run(model, f"min_age={age}"), exact)
            complete = complete and len(set(keys)) == 16 and set(exact) <= set(keys)
            cells, covered, errors = cells + len(keys), covered + hit, errors + wrong
            noises.add(noise)
            halves |= half
        tap.check("20 questions are 20 charges", d.spent() - before == 20 * 50_000_000, d.spent())
    tap.check("every declared cell is there, every time", complete and cells == 320, cells)
    if not tap.check("one noise scale and one half-width for all",
                     len(noises) == 1 and len(halves) == 1, (noises, halves)):
        return
    sigma, half = noises.pop(), halves.pop()
    p = exact_coverage(sigma, half)
    tap.note(f"sigma {sigma}, half-width {half}, exact coverage {p:.5f}, observed "
             f"{covered / cells:.5f} of {cells}")
    tap.check("the exact coverage is at least 95 %", p >= 0.95, p)
    tap.check("the observed one is within 4 standard errors of it", is_near(covered, cells, p))
    square = sum(e * e for e in errors) / cells
    tap.check("the noise has the stated scale, not less",
              abs(square / sigma ** 2 - 1) < 5 * math.sqrt(2 / cells), square)
    doubled = sum(1 for e in errors if abs(2 * e) <= half)
    tap.check("negative control: twice the noise under the same interval is noticed",
              not is_near(doubled, cells, p), doubled)


if __name__ == "__main__":
    domain.run_tests(main)
