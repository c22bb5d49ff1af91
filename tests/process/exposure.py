#!/usr/bin/env python3
"""Reports of exposure: exact figures of a grant's masked columns, counted again here from the rows that were
ingested; for the reviewers only, logged without a figure, and not a coin of budget."""
import random
import sys

import domain
import raw
import stranger

STEPS = (2, 3, 5, 10, 20, 50)
SCENE = """
scene: exposure
title: made up
purpose: made up
mechanisms: [gauss]
rho: 0.1
calls: 5
term: 30d
datasets:
  - dataset: nafld.persons
    fields:
      - {name: id, reason: test}
      - {name: age, mask: 'band:10', reason: test}
      - {name: male, reason: test}
      - {name: futime, reason: test}
      - {name: weight, mask: drop}
  - dataset: nafld.events
    fields:
      - {name: id, reason: test}
      - {name: event, reason: test}
"""


def figures(rows, quasi, unit, measured):
    """{steps}, fewest of (units', values') numbers in classes: counted plainly."""
    classes = {}
    for row in rows:
        classes.setdefault(quasi(row), set()).add(measured(row))
    least = {}
    for row in rows:
        n = len(classes[quasi(row)])
        least[unit(row)] = min(n, least.get(unit(row), n))
    return {"below": [sum(1 for n in least.values() if n < step) for step in STEPS],
            "fewest": min(len(c) for c in classes.values()), "units": len(least),
            "classes": len(classes)}


def table_of(report, name):
    return next(t for t in report["tables"] if t["dataset"] == name)


def same(got, want):
    return got.get("below", []) == want["below"] and got.get("fewest") == want["fewest"]


def check_report(tap, d, grant, persons, events):
    report = d.shuyu("operator", "scene", "exposure", grant)
    people, visits = table_of(report, "nafld.persons"), table_of(report, "nafld.events")
    by_band = figures(persons, lambda r: (int(r[1]) // 10, r[2]), lambda r: r[0], lambda r: r[0])
    tap.check("k of persons by age band and sex", same(people["k"], by_band) and
              people["classes"] == by_band["classes"] and people["units"] == by_band["units"],
              (people, by_band))
    tap.check("its quasi-identifiers are named", people["quasi"] == ["age", "male"], people)
    futime = figures(persons, lambda r: (int(r[1]) // 10, r[2]), lambda r: r[0], lambda r: r[6])
    tap.check("l of the sensitive field", [f["field"] for f in people["l"]] == ["futime"] and
              same(people["l"][0], futime), (people["l"], futime))
    tap.check("a dropped field is in no figure", "weight" not in str(report), report)
    of_events = figures(events, lambda r: 0, lambda r: r[0], lambda r: r[2])
    tap.check("a table without quasi-identifiers is one class", visits["classes"] == 1 and
              [f["field"] for f in visits["l"]] == ["event"] and same(visits["l"][0], of_events),
              (visits, of_events))
    asked = d.shuyu("agency", "scene", "exposure", grant, "--quasi", "nafld.persons.futime")
    alone = figures(persons, lambda r: r[6], lambda r: r[0], lambda r: r[0])
    tap.check("quasi-identifiers of one's own", same(table_of(asked, "nafld.persons")["k"], alone),
              (asked, alone))


def check_refusals(tap, d, grant):
    for quasi in ("nafld.persons.id", "nafld.persons.weight", "persons.age", "age", "x.y", ""):
        tap.refused(f"no quasi-identifier: {quasi!r}", "field", d.shuyu, "operator", "scene",
                    "exposure", grant, "--quasi", quasi)
    for party in ("acme", "health", "auditor"):
        client = raw.Party(d, party)
        code, reply, _ = client.ask("scene.exposure", stranger.canonical({}), grant=bytes.fromhex(grant))
        tap.check(f"not for {party}", code == "role", reply)
    d.shuyu("agency", "scene", "suspend", grant, "--ground", "incident")
    tap.refused("not while it is suspended", "state", d.shuyu, "operator", "scene", "exposure",
                grant)


def check_log(tap, d, before):
    tap.check("nothing was charged", d.spent() == before, d.spent())
    d.audit()
    entries = domain.read_entries(d.export())
    seen = [e for e in entries if b"scene.exposure" in repr(e).encode()]
    tap.check("each report, and each refusal, is in the log, and replays", len(seen) >= 2 + 6, len(seen))
    tap.check("without a figure", not any(b"fewest" in repr(e).encode() or b"below" in
                                          repr(e).encode() for e in entries))


def body(tap):
    chance = random.Random(domain.seed())
    with domain.Domain() as d:
        d.birth()
        d.start()
        persons, events = domain.synthetic(300, chance)
        d.populate(persons, events)
        path = d.work / "exposure.yaml"
        path.write_text(SCENE, encoding="utf-8")
        grant = d.grant(path)
        before = d.spent()
        check_report(tap, d, grant, persons[1:], events[1:])
        check_refusals(tap, d, grant)
        check_log(tap, d, before)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    domain.run_tests(body)
