#!/usr/bin/env python3
"""Models of several blocks, from `model check` to a stored answer, through the command line.

A made-up maternity ward: births are owned by the child and by the midwife, in two unit namespaces,
and referrals between 583 institutions make a matrix that only thresholds can show. What is checked:
prices by hand, figures against what was made up, what a refusal says, and that asking about a model
leaves no trace.
"""
import collections
import json
import math
import random
import re
import statistics
import subprocess
import unicodedata

import msgpack

import domain

BIRTHS, MIDWIVES, CAP, ORGS = 4000, 1000, 4, 583
STREAMS = [(1, 2), (2, 1), (40, 583), (583, 7)]  # pairs with many referrals
STREAM, SCATTERED = 400, 1200
RHO_BIRTHS, RHO_MIDWIVES, RHO_MATRIX, DELTA = "0.001", "0.05", "0.1", "1e-9"
DEVIATIONS = 6  # of noise: once in five hundred million

CATALOGUE = {
    "midwives": f"""
id: ward.midwives
title: made up
department: health
custodian: agency
encoding: utf-8
ns: staff
unit: id
units: 1500
membership: 2
max_rows: 2000
fields:
  - {{name: id, type: unit, ref: staff, rows: 1, grade: 3}}
""",
    "births": f"""
id: ward.births
title: made up
department: health
custodian: agency
encoding: utf-8
ns: person
unit: child
units: 20000
membership: 3
max_rows: 10000
fields:
  - {{name: child, type: unit, ref: person, rows: 1, grade: 3}}
  - {{name: midwife, type: unit, ref: staff, rows: {CAP}, grade: 3}}
  - {{name: male, type: bool, grade: 2}}
  - {{name: born, type: date, lo: 2018-01-01, hi: 2021-12-31, grade: 3}}
  - {{name: weight, type: int32, lo: 300, hi: 7000, measure: g, grade: 3}}
""",
    "referrals": f"""
id: ward.referrals
title: made up
department: health
custodian: agency
encoding: utf-8
ns: person
unit: person
units: 20000
membership: 3
max_rows: 10000
fields:
  - {{name: person, type: unit, ref: person, grade: 3}}
  - {{name: origin, type: int32, lo: 1, hi: {ORGS}, grade: 2}}
  - {{name: target, type: int32, lo: 1, hi: {ORGS}, grade: 2}}
""",
}
SCENE = """
scene: ward
title: made up
purpose: births for each midwife, and referrals
mechanisms: [gauss]
rho: 1
delta: 1e-8
calls: 20
term: 30d
datasets:
  - dataset: ward.midwives
    fields:
      - {name: id, reason: unit}
  - dataset: ward.births
    fields:
      - {name: child, reason: unit}
      - {name: midwife, reason: unit}
      - {name: male, reason: key}
      - {name: born, reason: period}
  - dataset: ward.referrals
    fields:
      - {name: person, reason: unit}
      - {name: origin, reason: key}
      - {name: target, reason: key}
"""
WARD = f"""
name: ward
title: births for each midwife
version: '1'
definition: births of the year / midwives
params:
  - {{name: year, type: period, values: ['2019', '2020'], support: 1000}}
blocks:
  - name: births
    mechanism: gauss
    rho: {RHO_BIRTHS}
    sql: |
      SELECT CASE WHEN b.male THEN '男' ELSE '女' END AS sex, count(DISTINCT b.child) AS n
      FROM ward.births b
      WHERE b.born BETWEEN period_start($year) AND period_end($year)
      GROUP BY 1
  - name: midwives
    mechanism: gauss
    rho: {RHO_MIDWIVES}
    sql: SELECT count(DISTINCT m.id) AS n FROM ward.midwives m
post: |
  SELECT b.sex AS sex, round(b.n / m.n, 3) AS each, b.n AS births, m.n AS midwives
  FROM births b CROSS JOIN midwives m
"""
FIGURES = f"""
name: figures
title: births, midwives and days, and how births spread over the year
mechanism: gauss
rho: {RHO_BIRTHS}
shape: [nonnegative, 'round:5']
sql: |
  SELECT count(DISTINCT b.child) AS births, count(DISTINCT b.midwife) AS midwives,
         count(DISTINCT b.born) AS days, var_pop(month(b.born)) AS spread
  FROM ward.births b
"""
DAYS = f"""
name: days
title: the day of the month, its median and ninth decile
mechanism: gauss
rho: {RHO_BIRTHS}
sql: |
  SELECT b.male AS male, median(day(b.born)) AS middle, quantile_disc(day(b.born), 0.9) AS late
  FROM ward.births b
  GROUP BY b.male
"""
MATRIX = f"""
name: matrix
title: referrals between institutions
mechanism: gauss
rho: {RHO_MATRIX}
delta: {DELTA}
threshold: true
sql: |
  SELECT r.origin AS origin, r.target AS target, count(DISTINCT r.person) AS persons
  FROM ward.referrals r
  GROUP BY 1, 2
"""


# --- the made-up world ---------------------------------------------------------------------------

def births(rng):
    """Rows, and how many of each year and sex."""
    rows, counts = [["child", "midwife", "male", "born", "weight"]], collections.Counter()
    for i in range(BIRTHS):
        year, male = rng.choice([2019, 2020]), rng.randrange(2)
        counts[str(year), "男" if male else "女"] += 1
        rows.append([f"c{i}", f"m{i % MIDWIVES}", male,
                     f"{year}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}", 3300])
    return rows, counts


def referrals(rng):
    """Rows; the streams have many persons in a cell, the scattered one or two."""
    rows = [["person", "origin", "target"]]
    for k, (a, b) in enumerate(STREAMS):
        rows += [[f"c{k * STREAM + i}", a, b] for i in range(STREAM)]
    first = len(STREAMS) * STREAM
    rows += [[f"c{first + i}", rng.randrange(100, 500), rng.randrange(100, 500)]
             for i in range(SCATTERED)]
    return rows


def pack(d):
    """The demo's, with a budget for the midwives."""
    path = d.pack()
    text = path.read_text(encoding="utf-8")
    line = next(li for li in text.splitlines(keepends=True) if li.startswith("  - {ns: person,"))
    path.write_text(text.replace(line, line + line.replace("person", "staff")), encoding="utf-8")
    return path


def write(d, name, text):
    path = d.work / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def populate(d, rng):
    d.shuyu("agency", "pack", "adopt", pack(d))
    for party, role in domain.PARTIES.items():
        d.enrol(party, role)
    born, counts = births(rng)
    tables = {"midwives": [["id"]] + [[f"m{i}"] for i in range(MIDWIVES)], "births": born,
              "referrals": referrals(rng)}
    for name, rows in tables.items():
        d.shuyu("health", "dataset", "define", write(d, name, CATALOGUE[name]))
        d.ingest("health", f"ward.{name}", d.raw(name, rows))
    return counts, [row[3] for row in born[1:]]


# --- asking --------------------------------------------------------------------------------------

def logged(d):
    return len(domain.read_entries(d.export()))


def prices(spends):
    return {s["ns"]: s["rho"] for s in spends}


def by_hand():
    """What a run of WARD costs: a midwife reaches CAP births, each of one child, and so moves the
    answer by 2 CAP times what a child does."""
    one = domain.nano(RHO_BIRTHS)
    return {"person": one, "staff": one * (2 * CAP) ** 2 + domain.nano(RHO_MIDWIVES)}


def call(command):
    return subprocess.run(command, capture_output=True, text=True, timeout=domain.CALL_S,
                          check=False, env=domain.environment(), stdin=subprocess.DEVNULL,
                          preexec_fn=domain.die_with_parent)


def plain(d, *args):
    """(exit status, standard output, standard error) of the developer's command, as people see it."""
    done = call([w for w in d.command("acme", *args) if w != "--json"])
    return done.returncode, done.stdout, done.stderr


def asked(d, path, scene):
    """(exit status, what `model check --json` printed)."""
    done = call(d.command("acme", "model", "check", path, "--scene", scene))
    return done.returncode, json.loads(done.stdout or "{}")


def test_draft(tap, d, scene, ward):
    """Before anything was applied for: under a scene file."""
    before = logged(d)
    status, said = asked(d, ward, scene)
    tap.check("a model is accepted under a scene that was not filed", status == 0 and
              not said["refused"], said)
    tap.check("at the price by hand, in both namespaces", prices(said["spends"]) == by_hand(),
              said["spends"])
    sigma = {"births": 1 / math.sqrt(2 * float(RHO_BIRTHS)),
             "midwives": 1 / math.sqrt(2 * float(RHO_MIDWIVES))}
    figures = {f["block"]: f for f in said["figures"] if f["block"] in sigma}
    tap.check("with the noise that the rho buys", all(
        sigma[b] <= f["noise"] / 10 ** f["scale"] <= sigma[b] + 1 and f["half"] > f["noise"]
        for b, f in figures.items()) and len(figures) == 2, said["figures"])
    status, text, err = plain(d, "model", "check", ward, "--scene", scene)
    tap.check("said in a word, with the price", status == 0 and text.startswith("accepted") and
              "rho 0.114, delta 0 of staff" in text, (status, text, err))
    status, text, err = plain(d, "model", "explain", ward, "--scene", scene)
    tap.check("explain: both blocks, the other owner, the post stage", status == 0 and
              "Block births" in text and "Block midwives" in text and "midwife" in text and
              "After the release" in text, (status, text, err))
    status, text, err = plain(d, "model", "cost", ward, "--scene", scene)
    tap.check("cost: a line for each figure, and the price", status == 0 and
              re.search(r"^births +n +gauss ", text, re.MULTILINE) and
              re.search(r"^midwives +n +gauss ", text, re.MULTILINE) and
              "rho 0.001, delta 0 of person" in text, (status, text, err))
    tap.check("and nothing of this is in the log", logged(d) == before, logged(d))


def from_column(line, column):
    """What a terminal shows from that column on; a Chinese character takes two."""
    while column > 0:
        column -= 2 if unicodedata.east_asian_width(line[0]) in "WF" else 1
        line = line[1:]
    return line


# A change of WARD; the code, block and construct of its refusal, and what the line shows at the caret.
REFUSALS = [
    ("a skewness", ("count(DISTINCT b.child)", "skewness(b.weight)"), "privacy", "births", "skewness"),
    ("a misspelt column", ("b.male", "b.mael"), "field_denied", "births", "b.mael"),
    ("a mistake in the second block", ("count(DISTINCT m.id)", "first(m.id)"), "privacy",
     "midwives", "first"),
    ("a mistake in the post stage", ("round(b.n / m.n, 3)", "random()"), "sql", "post", "random"),
]


def test_refusals(tap, d, scene):
    before = logged(d)
    for name, (old, new), code, block, at in REFUSALS:
        path = write(d, "refused", WARD.replace(old, new, 1))
        status, text, err = plain(d, "model", "check", path, "--scene", scene)
        lines = err.splitlines()
        caret = next((i for i, line in enumerate(lines) if line.strip() == "^"), 0)
        shown = from_column(lines[caret - 1], lines[caret].index("^")) if caret else ""
        tap.check(f"{name}: status 1, the block and the place", status == 1 and not text and
                  f"block {block}" in err and shown.startswith(at), (status, text, err))
        tap.check(f"{name}: and what to write instead", "instead: " in err, err)
        status, said = asked(d, path, scene)
        tap.check(f"{name}: the same with --json", status == 1 and said["refused"] and
                  (said["code"], said["block"]) == (code, block) and said["hint"], (status, said))
    path = write(d, "refused", WARD.replace("AND period_end($year)",
                                            "AND period_end($year) AND b.weight < 2500"))
    _, _, err = plain(d, "model", "check", path, "--scene", scene)
    tap.check("a field that the scene does not ask for is named", "weight" in err, err)
    path = write(d, "refused", WARD.replace(", support: 1000", ""))
    _, _, err = plain(d, "model", "check", path, "--scene", scene)
    tap.check("a parameter without its support: privacy, by name", "privacy" in err and
              "year" in err, err)
    path = write(d, "refused", WARD.replace(f"rho: {RHO_BIRTHS}", "rho: 0.01"))
    _, _, err = plain(d, "model", "check", path, "--scene", scene)
    tap.check("a price that the other owners multiply beyond one run's: budget", "budget" in err,
              err)
    tap.check("none of this is in the log", logged(d) == before,
              (before, logged(d)))


def test_choice(tap, d, scene):
    """The same births bounded by the midwife: another unit, another price."""
    text = WARD.replace("  - name: births\n    mechanism: gauss\n",
                        f"  - name: births\n    mechanism: gauss\n    unit: b.midwife\n"
                        f"    groups: 2\n    rows: {CAP}\n")
    _, said = asked(d, write(d, "choice", text.replace("DISTINCT b.child", "*")), scene)
    one = domain.nano(RHO_BIRTHS)
    tap.check("bounded by the midwife, a child costs (2 x 1)^2 as much",
              prices(said["spends"]) == {"person": 4 * one,
                                         "staff": one + domain.nano(RHO_MIDWIVES)}, said)


# --- running -------------------------------------------------------------------------------------

def columns(answer):
    return {c["name"]: c for c in answer["columns"]}


def is_near(value, exact, rho):
    return abs(value - exact) <= DEVIATIONS / math.sqrt(2 * float(rho)) + 1


def test_answer(tap, d, answer, counts):
    c = columns(answer)
    sexes = c["sex"]["texts"]
    tap.check("a row for each sex", sorted(sexes) == ["女", "男"], sexes)
    tap.check("figures of the post stage", all(c[n]["mechanism"] == "post" and c[n]["noise"] == 0
                                               for n in ("each", "births", "midwives")), c)
    tap.check("the parts are what was made up, and noise", all(
        is_near(n, counts["2020", s], RHO_BIRTHS) for s, n in zip(sexes, c["births"]["values"])) and
        all(is_near(n, MIDWIVES, RHO_MIDWIVES) for n in c["midwives"]["values"]), answer)
    ratios = [round(1000 * b / m) for b, m in zip(c["births"]["values"], c["midwives"]["values"])]
    tap.check("the ratio is theirs, to its decimals", c["each"]["scale"] == 3 and all(
        abs(r - v) <= 1 for r, v in zip(ratios, c["each"]["values"])), (ratios, c["each"]))
    tap.check("each inside its interval", all(
        lo <= v <= hi and lo < hi for k in ("each", "births", "midwives")
        for lo, v, hi in zip(c[k]["lo"], c[k]["values"], c[k]["hi"])), c)
    half = 1.96 / math.sqrt(2 * float(RHO_BIRTHS))
    tap.check("an interval as wide as the noise", all(
        1.2 * half < hi - lo < 3 * half for lo, hi in zip(c["births"]["lo"], c["births"]["hi"])), c)


def test_run(tap, d, grant, ward, counts):
    said = d.shuyu("acme", "model", "check", ward, "--grant", grant)
    model = d.model(grant, ward)
    shown = plain(d, "model", "show", model)[1]
    tap.check("model show: blocks, parameters and post stage", "-- block midwives: gauss" in shown
              and "-- post" in shown and "param      year (period)" in shown, shown)
    answer = d.run(model, "year=2020")
    test_answer(tap, d, answer, counts)
    tap.check("charged in both namespaces, as was said", prices(answer["spends"]) == by_hand() ==
              prices(said["spends"]), answer["spends"])
    tap.check("and by the domain", {n: d.spent(n) for n in by_hand()} == by_hand())
    left = {s["ns"]: s["left"] for s in answer["spends"]}
    tap.check("with what is left of the share", left == {n: 10**9 - p for n, p in
                                                         by_hand().items()}, left)
    again = d.run(model, "year=2020")
    again.pop("receipt"), answer.pop("receipt")
    tap.check("the same question has its stored answer", again == answer, (again, answer))
    tap.check("at no charge", {n: d.spent(n) for n in by_hand()} == by_hand())
    other = d.run(model, "year=2019")
    tap.check("another year is another question", d.spent("staff") == 2 * by_hand()["staff"] and
              columns(other)["births"]["values"] != columns(answer)["births"]["values"], other)


def test_matrix(tap, d, grant, path):
    said = d.shuyu("acme", "model", "check", path, "--grant", grant)
    tap.check("a matrix of 583 x 583 is priced with its delta", not said["refused"] and
              [s["delta"] for s in said["spends"]] == [10**6], said)
    answer = d.run(d.model(grant, path))
    c = columns(answer)
    cells = dict(zip(zip(c["origin"]["texts"], c["target"]["texts"]), c["persons"]["values"]))
    want = {(str(a), str(b)) for a, b in STREAMS}
    tap.check("the streams pass the threshold, the scattered cells do not", set(cells) == want,
              cells)
    tap.check("and are counted", all(is_near(n, STREAM, RHO_MATRIX) for n in cells.values()), cells)


def test_figures(tap, d, grant, path, born):
    """Different values, of another namespace too; a moment; shaped figures."""
    status, text, err = plain(d, "model", "explain", path, "--grant", grant)
    tap.check("explain: different values, bounded; figures of a variance; the shape", status == 0 and
              "different values, of each person at most 1 in a cell" in text and
              "figure spread_xx := sum" in text and
              "shaped after the release: nonnegative, rounded to 5" in text, (status, text, err))
    spread = statistics.pvariance(int(day[5:7]) for day in born)
    model = d.model(grant, path)
    status, text, err = plain(d, "run", model)
    tap.check("the table says what was shaped", status == 0 and
              "shaped   midwives: nonnegative, rounded to 5" in text, (status, text, err))
    c = columns(d.run(model))
    share = float(RHO_BIRTHS) / 6  # of each figure
    wanted = {"births": BIRTHS, "midwives": MIDWIVES, "days": len(set(born))}
    tap.check("different values are what was made up, and noise", all(
        is_near(c[n]["values"][0], v, share) for n, v in wanted.items()), c)
    tap.check("in steps of five, and so is the interval", all(
        c[n][k][0] % 5 == 0 for n in wanted for k in ("values", "lo", "hi")) and all(
            c[n]["shaped"] == "nonnegative, rounded to 5" for n in wanted), c)
    tap.check("a variance within what its noise allows, and as it is", abs(
        c["spread"]["values"][0] / 10 ** c["spread"]["scale"] - spread) < 2 and
        c["spread"]["lo"][0] < c["spread"]["hi"][0], (c["spread"], spread))


def test_quantiles(tap, d, grant, path, born):
    """A tree over the days of a month, and what is read off it."""
    status, text, err = plain(d, "model", "explain", path, "--grant", grant)
    tap.check("explain: a tree, its noise, and the quantiles", status == 0 and
              "sums over bin are noised too: 6 levels of pairs" in text and
              "quantile of (" in text, (status, text, err))
    c = columns(d.run(d.model(grant, path)))
    days = sorted(int(day[8:10]) for day in born)
    for name, q in {"middle": 0.5, "late": 0.9}.items():
        exact = days[math.ceil(q * len(days)) - 1]
        tap.check(f"{name}: a day near what was made up, inside its interval", all(
            abs(v - exact) <= 3 and 1 <= lo <= v <= hi <= 31 and hi - lo < 10
            for v, lo, hi in zip(c[name]["values"], c[name]["lo"], c[name]["hi"])), (exact, c[name]))


def published(d):
    return sum(1 for e in domain.read_entries(d.export())
               if msgpack.unpackb(e["body"], raw=False)["type"] == "publish")


def test_ingest(tap, d):
    """What catalogue entries promise of the data: caps, and the number of units."""
    rows = [["id"]] + [[f"m{i}"] for i in range(MIDWIVES)]
    result = d.ingest("health", "ward.midwives", d.raw("twice", rows + rows[1:4]))
    rules = {(r["rule"], r["field"]): r["rejected"] for r in result["quality"]["rules"]}
    tap.check("a row beyond a unit's cap is rejected, and counted for the department",
              result["rows"] == MIDWIVES and rules.get(("unit-rows", "id")) == 3, result)
    before = published(d)
    many = [["id"]] + [[f"x{i}"] for i in range(1501 - MIDWIVES)]
    e = tap.refused("more units than declared: no version", "data", d.ingest, "health",
                    "ward.midwives", d.raw("many", rows + many[1:]))
    tap.check("and the reason", e is not None and "more units" in e.text, e)
    tap.check("nothing is published", published(d) == before == 4, (before, published(d)))


def test_register(tap, d, grant):
    """A refusal at registration is logged, and says the same."""
    before = logged(d)
    path = write(d, "refused", WARD.replace("round(b.n / m.n, 3)", "random()"))
    status, _, err = plain(d, "model", "register", path, "--grant", grant)
    tap.check("registering a refused model: block, place and proof", status == 1 and
              "block post, at byte" in err and "proof verified" in err and
              re.search(r"^ +\^$", err, re.MULTILINE), err)
    tap.check("one entry more", logged(d) == before + 1, (before, logged(d)))


def main(tap):
    rng = random.Random(domain.seed())
    with domain.Domain() as d:
        d.birth()
        d.start()
        counts, born = populate(d, rng)
        scene, ward = write(d, "scene", SCENE), write(d, "ward", WARD)
        test_draft(tap, d, scene, ward)
        test_refusals(tap, d, scene)
        test_choice(tap, d, scene)
        grant = d.grant(scene)
        test_run(tap, d, grant, ward, counts)
        test_matrix(tap, d, grant, write(d, "matrix", MATRIX))
        test_figures(tap, d, grant, write(d, "figures", FIGURES), born)
        test_quantiles(tap, d, grant, write(d, "days", DAYS), born)
        test_register(tap, d, grant)
        test_ingest(tap, d)
        d.audit()


if __name__ == "__main__":
    domain.run_tests(main)
