#!/usr/bin/env python3
"""The g2 half of RIV: figures without groups under the cell-key method. The threshold is for every cell, the
only one of a table too: nobody, one person and nine of them get the withheld marker, with the status, length
and time of any other answer. Used by rivals.py."""
import kit

SLOT_S = 0.5
UNITS_MIN = 10  # of the demo's pack
PEOPLE = 400
LONE, NINE, ELEVEN = 99, 98, 97  # ages of one person (in D only), of nine and of eleven

RESIDENTS = """
id: city.{w}
title: made up
department: health
custodian: agency
encoding: utf-8
ns: person
unit: id
units: 5000
membership: 2
max_rows: 20000
fields:
  - {{name: id, type: unit, ref: person, rows: 1, grade: 2}}
  - {{name: age, type: int32, lo: 0, hi: 99, grade: 2}}
"""
SCENE = """
scene: counts
title: made up
purpose: made up
mechanisms: [cellkey]
cells: 100
calls: 50
overruns: 3
term: 30d
datasets:
  - {dataset: city.a, fields: [{name: id, reason: x}, {name: age, reason: x}]}
  - {dataset: city.b, fields: [{name: id, reason: x}, {name: age, reason: x}]}
"""
MODEL = """
name: {name}
title: made up
mechanism: cellkey
groups: 1
rows: 1
sql: SELECT count(*) AS n FROM city.{w} WHERE age = {age}
"""


def residents(chance, w):
    people = [[f"person-{i:04}", chance.randrange(20, 24)] for i in range(PEOPLE)]
    people += [[f"nine-{i}", NINE] for i in range(UNITS_MIN - 1)]
    people += [[f"ten-{i}", ELEVEN] for i in range(UNITS_MIN + 1)]
    people += [[kit.TARGET, LONE]] if w == "a" else []
    chance.shuffle(people)
    return [["id", "age"]] + people


def write(d, name, text):
    path = d.work / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def ready(d, chance):
    """A domain under the demo's pack, with two worlds of grade 2 in it; the scene's grant."""
    d.birth()
    d.start()
    d.shuyu("agency", "pack", "adopt", d.pack(slot=f"{int(SLOT_S * 1000)}ms"))
    for party, role in kit.domain.PARTIES.items():
        d.enrol(party, role)
    for w in kit.WORLDS:
        d.shuyu("health", "dataset", "define", write(d, f"city-{w}", RESIDENTS.format(w=w)))
        d.ingest("health", f"city.{w}", d.raw(f"city-{w}", residents(chance, w)))
    return d.grant(write(d, "counts", SCENE))


def ask(d, client, grant, w, age):
    name = f"age-{age}-{w}"
    model = d.model(grant, write(d, name, MODEL.format(name=name, w=w, age=age)))
    return client.run((grant, model))


def column(outcome):
    return next(c for c in outcome.answer["columns"] if c["name"] == "n")


def test(claims, chance):
    """Claims of RIV about figures of grade 2."""
    with kit.domain.Domain() as d:
        grant = ready(d, chance)
        client = kit.Client(d, "acme")
        for age in (LONE, NINE, ELEVEN):
            seen = {w: ask(d, client, grant, w, age) for w in kit.WORLDS}
            for w, o in seen.items():
                fine = claims.claim(f"g2, age {age}, {w}: answered, in its slot", o.code == "" and
                                    SLOT_S - 0.01 <= o.seconds < SLOT_S + 0.3, (o.status(), o.seconds))
                hidden = fine and bool(column(o).get("withheld"))
                claims.claim(f"g2, age {age}, {w}: {'shown' if age == ELEVEN else 'withheld'}",
                             fine and hidden == (age != ELEVEN), column(o) if fine else None)
            claims.claim(f"g2, age {age}: one status, length and answer",
                         seen["a"].status() == seen["b"].status() and
                         (age == ELEVEN or column(seen["a"]) == column(seen["b"])),
                         [column(o) if o.code == "" else o.status() for o in seen.values()])
