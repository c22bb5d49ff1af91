#!/usr/bin/env python3
"""Cell keys through a whole domain: two developers ask about residents of grade 2. What the same people's
figure is, what cells cost, what the guard against differencing refuses to whom, and how the security
department sees it and stops a grant."""
import json
import random

import domain

PEOPLE = 3000
TOWNS = "abcdef"

RESIDENTS = """\
id: city.residents
title: residents
department: health
custodian: agency
encoding: utf-8
ns: person
unit: id
units: 5000
membership: 2
max_rows: 20000
fields:
  - {name: id, type: unit, ref: person, rows: 1, grade: 2}
  - {name: age, type: int32, lo: 0, hi: 99, grain: 5, grade: 2}
  - {name: town, type: enum, values: [a, b, c, d, e, f], grade: 2}
"""

SCENE = """\
scene: SCENE
title: planning
purpose: planning of towns
mechanisms: [cellkey]
cells: 100
calls: 50
overruns: 3
term: 30d
datasets:
  - dataset: city.residents
    fields:
      - {name: id, reason: to count residents}
      - {name: age, reason: by age}
      - {name: town, reason: by town}
"""

MODEL = """\
name: NAME
title: residents below and above an age
mechanism: cellkey
groups: 1
rows: 1
params:
  - {name: min, type: int, values: [18, 20, 23, 40], support: 1000}
sql: SELECT age >= $min AS grown, count(*) AS n FROM city.residents GROUP BY grown
"""


def people():
    rng = random.Random(domain.seed())
    return [(f"P{i}", rng.randrange(100), rng.choice(TOWNS)) for i in range(PEOPLE)]


def file_of(d, name, text, **words):
    for word, value in words.items():
        text = text.replace(word, value)
    path = d.work / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def prepare(d, rows):
    d.birth()
    d.start()
    d.shuyu("agency", "pack", "adopt", d.pack())
    for party, role in {**domain.PARTIES, "rival": "developer", "watch": "security"}.items():
        d.enrol(party, role)
    d.shuyu("health", "dataset", "define", file_of(d, "residents", RESIDENTS))
    d.ingest("health", "city.residents", d.raw("residents", [("id", "age", "town"), *rows]))


def developer(d, party):
    grant = d.grant(file_of(d, f"scene-{party}", SCENE, SCENE=f"by-{party}"), developer=party)
    return grant, d.model(grant, file_of(d, f"model-{party}", MODEL, NAME=f"of-{party}"), developer=party)


def counts(answer):
    columns = {c["name"]: c for c in answer["columns"]}
    return dict(zip(columns["grown"]["texts"], columns["n"]["values"]))


def true_counts(rows, edge):
    grown = sum(1 for _, age, _ in rows if age >= edge)
    return {"true": grown, "false": len(rows) - grown}


def account(d):
    rows = {r["namespace"]: r for r in d.shuyu("agency", "budget")}
    return {k: int(rows["person"][k]) for k in ("cap_cells", "spent_cells", "held_cells")}


def test_answers(tap, d, rows, models):
    before = account(d)
    tap.check("two grants hold their cells", before["held_cells"] == 200, before)
    first = d.run(models["acme"], "min=18")
    truth = true_counts(rows, 18)
    tap.check("each count is within the table's largest noise",
              all(abs(counts(first)[t] - truth[t]) <= 12 for t in truth), (counts(first), truth))
    tap.check("charged two cells, and no rho",
              [(s["ns"], s.get("cells"), s.get("rho", 0), s.get("cells_left")) for s in first["spends"]] ==
              [("person", 2, 0, 98)], first["spends"])
    after = account(d)
    tap.check("from held to spent", (after["spent_cells"], after["held_cells"]) == (2, 198), after)
    other = d.run(models["rival"], "min=18", party="rival")
    tap.check("the same people, another developer: the same figures", counts(first) == counts(other),
              (counts(first), counts(other)))
    d.run(models["acme"], "min=18")
    tap.check("a stored answer costs no cells", account(d)["spent_cells"] == 4, account(d))


def test_guard(tap, d, rows, models):
    spent = account(d)
    e = tap.refused("18 and 20: differencing", "differencing", d.run, models["acme"], "min=20")
    tap.check("names one's own entry", e is not None and "your own release of entry" in e.text, e)
    tap.check("logged", e is not None and e.logged, e)
    e = tap.refused("for the other developer too", "differencing", d.run, models["rival"], "min=20",
                    party="rival")
    tap.check("free", account(d) == spent, (spent, account(d)))
    seen = {edge: counts(d.run(models["acme"], f"min={edge}")) for edge in (18, 23, 40)}
    tap.check("not all counts are exact",
              any(seen[edge] != true_counts(rows, edge) for edge in seen), seen)
    e = tap.refused("close to what only somebody else asked", "differencing", d.run, models["rival"],
                    "min=20", party="rival")
    tap.check("the grain apart is fine", account(d)["spent_cells"] == spent["spent_cells"] + 4, account(d))


def test_risk(tap, d, grants, models):
    report = d.shuyu("watch", "risk", "report")
    spaces = {s["ns"]: s for s in report["spaces"]}
    tap.check("the report has the account", spaces["person"]["spent_cells"] == 8, report)
    tap.check("questions that overlap, by pair",
              {(p["a"], p["b"]): p["n"] for p in report["pairs"]} ==
              {("rival", "acme"): 1, ("acme", "rival"): 2}, report["pairs"])
    tap.check("fields asked about", {(f["field"], f["n"]) for f in report["fields"]} ==
              {("age", 4)}, report["fields"])
    tap.check("refusals by party", {r["party"]: r["n"] for r in report["refusals"]} ==
              {"acme": 1, "rival": 2}, report["refusals"])
    tap.refused("a developer sees none of it: role", "role", d.shuyu, "acme", "risk", "report")
    out = d.work / "stopped.json"
    d.shuyu("watch", "risk", "stop", grants["rival"], "--text", "linkage", "--report", out)
    said = json.loads(out.read_text(encoding="utf-8"))
    tap.check("one command stops and reports",
              (said["stopped"], said["text"], said["risk"]) ==
              (grants["rival"], "linkage", report), said)
    row = next(r for r in d.shuyu("agency", "incident", "list") if r["entry"] == said["incident"])
    tap.check("by one act, the report of an incident that the agency sees", row["by"] == "watch" and
              row["report"]["kind"] == "linkage" and row["stopped"] == row["reported"], row)
    tap.refused("the grant is stopped", "suspended", d.run, models["rival"], "min=40", party="rival")
    tap.check("the other one runs on", counts(d.run(models["acme"], "min=40")))


def main(tap):
    rows = people()
    with domain.Domain() as d:
        prepare(d, rows)
        parts = {party: developer(d, party) for party in ("acme", "rival")}
        grants = {party: grant for party, (grant, _) in parts.items()}
        models = {party: model for party, (_, model) in parts.items()}
        test_answers(tap, d, rows, models)
        test_guard(tap, d, rows, models)
        test_risk(tap, d, grants, models)
        d.restart()
        tap.check("a restart keeps the account", account(d)["spent_cells"] == 8, account(d))
        lines = d.audit()
        tap.check("an auditor's replay agrees", "replayed" in lines[1], lines)


if __name__ == "__main__":
    domain.run_tests(main)
