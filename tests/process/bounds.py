#!/usr/bin/env python3
"""`shuyu model bounds`: a reviewer's clamps from a published distribution, with the domain's own prices. The
best clamp is what adding up bias and noise by hand gives, and asking is not logged and costs nothing."""
import math
import sys

import domain

MODEL = """
name: followed
title: days of follow-up
mechanism: gauss
groups: 1
rows: 1
rho: 0.05
sql: |
  SELECT sum(futime) AS days, count(*) AS n FROM nafld.persons
"""
SCENE = """
scene: bounds
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
      - {name: futime, reason: test}
"""
# Most are followed for a few years, one in ten thousand for 27.
VALUES = [(0, 0.05), (1000, 0.45), (2000, 0.3), (3000, 0.15), (5000, 0.0499), (10000, 0.0001)]
POPULATION = 17549


def public(d, figure="days"):
    path = d.work / "public.yaml"
    path.write_text(f"figure: {figure}\npopulation: {POPULATION}\nvalues:\n" + "".join(
        f"  - {{value: {v}, share: {s}}}\n" for v, s in VALUES), encoding="utf-8")
    return path


def bias(lo, hi):
    return POPULATION * sum(s * (min(max(v, lo), hi) - v) for v, s in VALUES)


def noise(d, grant, lo, hi):
    path = d.work / "clamped.yaml"
    path.write_text(MODEL.replace("sql:", f"clamps:\n  - {{figure: days, lo: '{lo}', hi: '{hi}'}}\n"
                                  "sql:"), encoding="utf-8")
    said = d.shuyu("operator", "model", "cost", path, "--grant", grant)
    return next(f["half"] for f in said["figures"] if f["name"] == "days") / 1.959963984540054


def check_search(tap, d, grant, model):
    said = d.shuyu("operator", "model", "bounds", model, "--public", public(d), "--grant", grant)
    fine = True
    for t in said["tries"]:
        lo, hi = int(t["lo"]), int(t["hi"])
        want = math.hypot(bias(lo, hi), noise(d, grant, lo, hi))
        fine = fine and abs(t["error"] - want) <= 1e-6 * want and abs(t["bias"] - bias(lo, hi)) < 1e-6
    tap.check("every clamp: bias by the file, noise by the price list", fine, said)
    least = min(t["error"] for t in said["tries"])
    best = [t for t in said["tries"] if t["best"]]
    tap.check("the best has the least error", [t["error"] for t in best] == [least], said)
    widest = next(t for t in said["tries"] if (t["lo"], t["hi"]) == ("0", "10000"))
    tap.check("and is narrower than the catalogue's range", best[0]["hi"] == "5000" and
              least < widest["error"], (best, widest))
    mine = d.shuyu("acme", "model", "bounds", model, "--public", public(d), "--grant", grant)
    tap.check("the developer sees the same", mine == said, mine)
    e = tap.refused("a figure that is no sum", "", d.shuyu, "operator", "model", "bounds", model,
                    "--public", public(d, "n"), "--grant", grant)
    tap.check("is refused by the model's own check", e is not None and e.status == 1, e)
    logged = [x for x in domain.read_entries(d.export()) if b"model.check" in repr(x).encode()]
    tap.check("nothing is logged, and nothing charged", not logged and d.spent() == 0, logged)


def body(tap):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        scene, model = d.work / "bounds.yaml", d.work / "model.yaml"
        scene.write_text(SCENE, encoding="utf-8")
        model.write_text(MODEL, encoding="utf-8")
        check_search(tap, d, d.grant(scene), model)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    domain.run_tests(body)
