#!/usr/bin/env python3
"""How exact Shuyu's figures are, through the real command line, gateway, warden and worker on the NAFLD tables, beside
the best published mechanisms at equal privacy. utility.py [TABLE.md [WORD...]]

Every figure is asked DRAWS times, each time under a parameter value that selects everybody, so that each answer has
noise of its own. Relative errors are against the exact figure of the raw table; bounding bias is what clamps
and caps alone change of it. With a file name the table is written there, too;
with words, only figures whose title has one of them are asked.
"""
import collections
import csv
import dataclasses
import functools
import io
import os
import pathlib
import random
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("SHUYU_BUILD", os.environ.get("SHUYU_BUILD_ROOT", ""))
sys.path[:0] = [str(HERE.parent / "attack/process"), str(HERE.parent / "process")]

import kit  # noqa: E402  pylint: disable=wrong-import-position
import published as pub  # noqa: E402  pylint: disable=wrong-import-position

domain = kit.domain
DRAWS, THREADS = 100, 4
EPSILON, DELTA = 0.8, 1e-6
RHO = pub.rho_of(EPSILON, DELTA)
PACKS = domain.PACKS
PACK_CHANGES = {"slot": "2500ms", "rho_run_max": "100"}
SCENE = """
scene: utility
title: exactness
purpose: exactness of figures
mechanisms: [gauss]
rho: 900
delta: 1e-9
calls: 100000
overruns: 1000
term: 30d
datasets:
  - dataset: nafld.persons
    fields:
      - {name: id, reason: test}
      - {name: age, reason: test}
      - {name: male, reason: test}
      - {name: weight, reason: test}
      - {name: height, reason: test}
      - {name: futime, reason: test}
  - dataset: nafld.events
    fields:
      - {name: id, reason: test}
      - {name: event, reason: test}
  - dataset: nafld.measurements
    fields:
      - {name: id, reason: test}
      - {name: test, reason: test}
      - {name: value, reason: test}
"""
MODEL = """
name: {name}
title: exactness
mechanism: gauss
groups: {groups}
rows: {rows}
rho: {rho:.9f}
params:
  - name: n
    type: int
    values: [{values}]
    support: 10000
{clamps}sql: |
  {sql}
"""


# --- the tables ----------------------------------------------------------------------------------

def read_table(name):
    raw = subprocess.run(["zstd", "-dcq", str(domain.DATA / f"{name}.csv.zst")], check=True,
                         stdout=subprocess.PIPE).stdout.decode()
    return list(csv.DictReader(io.StringIO(raw)))


@dataclasses.dataclass(eq=False)
class World:
    persons: list
    events: list
    measurements: list

    @classmethod
    def read(cls):
        return cls(*(read_table(n) for n in ("nafld1_persons", "nafld3_events",
                                             "nafld2_measurements")))

    @functools.lru_cache(maxsize=None)  # one world a process
    def numbers(self, field):
        return sorted(float(p[field]) for p in self.persons if p[field])

    @functools.lru_cache(maxsize=None)
    def pairs(self):
        return [(float(p["height"]), float(p["weight"])) for p in self.persons
                if p["height"] and p["weight"]]

    @functools.lru_cache(maxsize=None)
    def pressures(self):
        """Systolic values by person, in the catalogue's range."""
        found = collections.defaultdict(list)
        for m in self.measurements:
            if m["test"] == "sbp" and m["value"] and float(m["value"]) <= 300:
                found[m["id"]].append(float(m["value"]))
        return found

    @functools.lru_cache(maxsize=None)
    def events_of(self):
        """Persons with each event."""
        who = collections.defaultdict(set)
        for e in self.events:
            who[e["event"]].add(e["id"])
        return {e: len(ids) for e, ids in who.items()}

    @functools.lru_cache(maxsize=None)
    def bands(self):
        cells = collections.Counter()
        for p in self.persons:
            cells[(str(clamp_band(int(p["age"]))), p["male"] == "1")] += 1
        return cells


def clamp_band(age):
    return age // 10 * 10


# --- what is asked -------------------------------------------------------------------------------

@dataclasses.dataclass
class Question:
    title: str
    sql: str
    error: object        # (world, answer) -> relative error of one answer
    rivals: dict         # name -> (world, chance) -> relative error of one draw
    bias: object = None  # world -> relative error that bounding alone makes
    clamps: tuple = ()   # (figure, lo, hi)
    groups: int = 1
    rows: int = 1
    units: int = 17549
    limit: float = None  # the most that the median error may be
    threads: int = THREADS
    within: float = 1.5  # times the best rival's, which is what 100 draws can tell apart


def relative(got, want):
    return abs(got - want) / abs(want)


def figure(answer, name="v"):
    """One scalar of an answer, None when it is withheld."""
    column = next(c for c in answer["columns"] if c["name"] == name)
    if column.get("withheld"):
        return None
    return column["values"][0] / 10 ** column.get("scale", 0)


def scalar(truth):
    """Error of a scalar; a withheld one is worth nothing: an error of 1."""
    def error(world, answer):
        got = figure(answer)
        return 1.0 if got is None else relative(got, truth(world))
    return error


def rows_of(answer, keys):
    columns = {c["name"]: c for c in answer["columns"]}
    n = len(columns[keys[0]]["texts"])
    return [(tuple(columns[k]["texts"][i] for k in keys), columns["v"]["values"][i] /
             10 ** columns["v"].get("scale", 0)) for i in range(n)]


def clipped(values, lo, hi):
    return sum(pub.clamp(v, lo, hi) for v in values)


def middle(values):
    return values[(len(values) - 1) // 2]


def table_error(got, cells):
    return sum(abs(got.get(k, 0) - n) for k, n in cells.items()) / sum(cells.values())


DECILES = [i / 10 for i in range(1, 10)]


def deciles_of(world, got):
    """Mean relative error of nine quantiles."""
    values = world.numbers("futime")
    return statistics.fmean(relative(g, values[int(q * len(values))])
                            for g, q in zip(got, DECILES))


def deciles_error(world, answer):
    return deciles_of(world, [figure(answer, f"q{i}") for i in range(1, 10)])


def histogram_error(world, answer):
    got = {(k[0], k[1] in ("true", "男")): v for k, v in rows_of(answer, ("band", "male"))}
    return table_error(got, world.bands())


def missed(found, cells, k):
    """Share of the true top k that is not among the found."""
    best = set(sorted(cells, key=cells.get, reverse=True)[:k])
    return 1 - len(best & set(found)) / k


def top_error(world, answer):
    cells = world.events_of()
    rows = sorted(rows_of(answer, ("event",)), key=lambda r: -r[1])
    return missed([r[0][0] for r in rows[:TOP_K]], cells, TOP_K)


def slope(pairs):
    n, mx = len(pairs), statistics.fmean(x for x, _ in pairs)
    my = statistics.fmean(y for _, y in pairs)
    sxy = sum((x - mx) * (y - my) for x, y in pairs)
    return sxy / sum((x - mx) ** 2 for x, _ in pairs) if n else 0.0


def pressure_bias(world):
    """What the cap on rows and the clamp leave of the sum, whichever rows are kept: in expectation."""
    kept = sum(min(PRESSURE_ROWS, len(v)) / len(v) * clipped(v, 60, 260) for v in world.pressures().values())
    return relative(kept, sum(sum(v) for v in world.pressures().values()))


def pressure_flat(world, chance, rho):
    """Flat caps are published practice too (Wilson et al. 2020): reservoir, clamp, Gaussian."""
    kept = sum(clipped(chance.sample(v, min(PRESSURE_ROWS, len(v))), 60, 260)
               for v in world.pressures().values())
    return kept + chance.gauss(0, PRESSURE_ROWS * 260 / (2 * rho) ** 0.5)


TOP_K = 5
PRESSURE_ROWS = 64  # fewer: more bias; more: more noise
HEIGHT, WEIGHT = (100, 230), (20, 300)
QUESTIONS = [
    Question("count of persons", "SELECT count(*) AS v FROM nafld.persons WHERE age >= $n",
             scalar(lambda w: len(w.persons)),
             {"discrete Gaussian, CKS 2020":
              lambda w, c: relative(pub.count_gauss(c, w.persons, RHO), len(w.persons)),
              "geometric, GRS 2009":
              lambda w, c: relative(pub.count_geometric(c, w.persons, RHO), len(w.persons))},
             limit=0.02),
    Question("sum of ages", "SELECT sum(age) AS v FROM nafld.persons WHERE age >= $n",
             scalar(lambda w: sum(w.numbers("age"))),
             {"clip + Gaussian": lambda w, c: relative(
                 pub.sum_gauss(c, w.numbers("age"), 0, 100, RHO), sum(w.numbers("age"))),
              "private clip, HLY 2021": lambda w, c: relative(
                 pub.sum_instance(c, w.numbers("age"), 0, 120, RHO), sum(w.numbers("age"))),
              "race to the top, 2022": lambda w, c: relative(
                 pub.sum_r2t(c, w.numbers("age"), 120, RHO), sum(w.numbers("age")))},
             bias=lambda w: relative(clipped(w.numbers("age"), 0, 100), sum(w.numbers("age"))),
             clamps=(("v", 0, 100),), limit=0.02),
    Question("sum of days of follow-up",
             "SELECT sum(futime) AS v FROM nafld.persons WHERE age >= $n",
             scalar(lambda w: sum(w.numbers("futime"))),
             {"clip + Gaussian": lambda w, c: relative(
                 pub.sum_gauss(c, w.numbers("futime"), 0, 7000, RHO), sum(w.numbers("futime"))),
              "private clip, HLY 2021": lambda w, c: relative(
                 pub.sum_instance(c, w.numbers("futime"), 0, 10000, RHO),
                 sum(w.numbers("futime"))),
              "race to the top, 2022": lambda w, c: relative(
                 pub.sum_r2t(c, w.numbers("futime"), 10000, RHO), sum(w.numbers("futime")))},
             bias=lambda w: relative(clipped(w.numbers("futime"), 0, 7000),
                                     sum(w.numbers("futime"))),
             clamps=(("v", 0, 7000),), limit=0.02),
    Question(f"sum of systolic pressures, {PRESSURE_ROWS} rows a person",
             "SELECT sum(m.value) AS v FROM nafld.measurements m JOIN nafld.persons p ON p.id = m.id "
             "WHERE m.test = 'sbp' AND p.age >= $n",
             scalar(lambda w: sum(sum(v) for v in w.pressures().values())),
             {"reservoir + clip + Gaussian, 2020": lambda w, c: relative(
                 pressure_flat(w, c, RHO), sum(sum(v) for v in w.pressures().values()))},
             bias=pressure_bias, clamps=(("v", 60, 260),), rows=PRESSURE_ROWS, units=7484),
    Question("average weight, about the middle",
             "SELECT avg(least(greatest(weight, 30), 180) - 105) + 105 AS v FROM nafld.persons "
             "WHERE age >= $n AND weight IS NOT NULL",
             scalar(lambda w: statistics.fmean(w.numbers("weight"))),
             {"sum about the middle, Google 2020": lambda w, c: relative(
                 pub.average_normalised(c, w.numbers("weight"), 30, 180, RHO),
                 statistics.fmean(w.numbers("weight")))},
             bias=lambda w: relative(clipped(w.numbers("weight"), 30, 180),
                                     sum(w.numbers("weight"))), units=12786),
    Question("average weight, as it is", "SELECT avg(weight) AS v FROM nafld.persons WHERE age >= $n",
             scalar(lambda w: statistics.fmean(w.numbers("weight"))), {},
             bias=lambda w: relative(clipped(w.numbers("weight"), 30, 180),
                                     sum(w.numbers("weight"))),
             clamps=(("v", "30.0", "180.0"),), units=12786),
    Question("variance of age", "SELECT var_samp(age) AS v FROM nafld.persons WHERE age >= $n",
             scalar(lambda w: statistics.variance(w.numbers("age"))),
             {"moments about the middle, Google 2020": lambda w, c: relative(
                 pub.variance_normalised(c, w.numbers("age"), 0, 120, RHO),
                 statistics.variance(w.numbers("age")))}),
    Question("median of age", "SELECT median(age) AS v FROM nafld.persons WHERE age >= $n",
             scalar(lambda w: middle(w.numbers("age"))),
             {"exponential mechanism, Smith 2011": lambda w, c: relative(
                 pub.quantile_em(c, w.numbers("age"), 0.5, list(range(121)), RHO),
                 middle(w.numbers("age"))),
              "smooth sensitivity, NRS 2007": lambda w, c: relative(
                 pub.median_smooth(c, w.numbers("age"), 0, 120, EPSILON, DELTA),
                 middle(w.numbers("age")))}),
    Question("0.9-quantile of follow-up",
             "SELECT quantile_disc(futime, 0.9) AS v FROM nafld.persons WHERE age >= $n",
             scalar(lambda w: w.numbers("futime")[int(0.9 * len(w.persons))]),
             {"exponential mechanism, Smith 2011": lambda w, c: relative(
                 pub.quantile_em(c, w.numbers("futime"), 0.9, list(range(0, 10001, 10)), RHO),
                 w.numbers("futime")[int(0.9 * len(w.persons))])},
             within=8),  # the exponential mechanism buys one quantile, a tree all of them
    Question("nine deciles of follow-up",
             "SELECT " + ", ".join(f"quantile_disc(futime, 0.{i}) AS q{i}" for i in range(1, 10)) +
             " FROM nafld.persons WHERE age >= $n", deciles_error,
             {"recursive exponential, KSS 2022": lambda w, c: deciles_of(w, pub.quantiles_recursive(
                 c, w.numbers("futime"), DECILES, list(range(0, 10001, 10)), RHO))},
             threads=1, within=4),  # nine quantiles over a thousand bins fill a slot by themselves
    Question("histogram: age band by sex",
             "SELECT (age // 10) * 10 AS band, male, count(*) AS v FROM nafld.persons "
             "WHERE age >= $n GROUP BY 1, 2", histogram_error,
             {"discrete Gaussian, CKS 2020": lambda w, c: table_error(
                 pub.histogram_gauss(c, w.bands(), RHO), w.bands()),
              "geometric, 2006": lambda w, c: table_error(
                 pub.histogram_geometric(c, w.bands(), RHO), w.bands())}),
    Question("top 5 diseases: share missed",
             "SELECT e.event AS event, count(DISTINCT e.id) AS v FROM nafld.events e "
             "JOIN nafld.persons p ON p.id = e.id WHERE p.age >= $n GROUP BY 1", top_error,
             {"one-shot Gumbel, Durfee Rogers 2019": lambda w, c: missed(
                 pub.top_k_gumbel(c, w.events_of(), TOP_K, RHO), w.events_of(), TOP_K)},
             groups=4, units=12454),
    Question("slope of weight over height",
             "SELECT regr_slope(weight, height) AS v FROM nafld.persons WHERE age >= $n",
             scalar(lambda w: slope(w.pairs())),
             {"AdaSSP, Wang 2018": lambda w, c: relative(
                 pub.slope_adassp(c, w.pairs(), (HEIGHT, WEIGHT), RHO), slope(w.pairs()))},
             units=12752),
]


# --- asking --------------------------------------------------------------------------------------

def granted(d):
    """The demo's tables whole, and a grant over them."""
    pack = d.variant(PACKS / "pack.yaml", **PACK_CHANGES)
    text = pack.read_text(encoding="utf-8").replace("rho: 4, delta: 1e-7", "rho: 1000, delta: 1e-7")
    text = text.replace("support_min: 100 ", "support_min: 1 ")
    pack.write_text(text, encoding="utf-8")
    d.shuyu("agency", "pack", "adopt", pack)
    for party, role in domain.PARTIES.items():
        d.enrol(party, role)
    for name, raw in (("persons", "nafld1_persons"), ("events", "nafld3_events"),
                      ("measurements", "nafld2_measurements")):
        d.shuyu("health", "dataset", "define", PACKS / f"{name}.yaml")
        path = d.raw(raw)
        d.ingest("health", f"nafld.{name}", path)
        path.unlink()
    scene = d.work / "utility.yaml"
    scene.write_text(SCENE, encoding="utf-8")
    return d.grant(scene)


def register(d, grant, at, q):
    clamps = "".join(f"  - {{figure: {f}, lo: '{lo}', hi: '{hi}'}}\n" for f, lo, hi in q.clamps)
    path = d.work / f"model-{at}.yaml"
    path.write_text(MODEL.format(
        name=f"q{at}", groups=q.groups, rows=q.rows, rho=RHO, sql=q.sql,
        values=", ".join(str(-i) for i in range(1, DRAWS + 1)),
        clamps="clamps:\n" + clamps if clamps else ""), encoding="utf-8")
    return grant, d.model(grant, path)


def answers(client, model, threads):
    jobs = [lambda i=i: client.run(model, n=-i) for i in range(1, DRAWS + 1)]
    outcomes = kit.in_parallel(jobs, threads)
    return [o.answer for o in outcomes if o.code == ""], outcomes


def withheld_cells(made):
    columns = [c for a in made for c in a["columns"] if "texts" not in c]
    total = sum(len(c.get("values", [])) for c in columns)
    return sum(len(c.get("withheld", [])) for c in columns) / max(1, total)


def measure(d, grant, at, q, world, chance):
    """A row of the table."""
    client = measure.client = getattr(measure, "client", None) or kit.Client(d, "acme")
    made, outcomes = answers(client, register(d, grant, at, q), q.threads)
    if len(made) < DRAWS:
        raise AssertionError(f"{q.title}: {[o.status() for o in outcomes if o.code][:2]}")
    own = statistics.median(q.error(world, a) for a in made)
    rivals = {name: statistics.median(draw(world, chance) for _ in range(DRAWS))
              for name, draw in q.rivals.items()}
    return {"question": q, "own": own, "rivals": rivals, "withheld": withheld_cells(made),
            "bias": q.bias(world) if q.bias else 0.0}


# --- judging -------------------------------------------------------------------------------------

def percent(x):
    return f"{100 * x:.3f} %" if x < 0.1 else f"{100 * x:.1f} %"


def line(row):
    q = row["question"]
    rivals = "; ".join(f"{name}: {percent(e)}" for name, e in row["rivals"].items())
    return (f"| {q.title} | {q.units:,} | {percent(row['own'])} | {percent(row['bias'])} | "
            f"{percent(row['withheld'])} | {rivals} |")


def write(path, rows, seed):
    head = [f"epsilon = {EPSILON}, delta = {DELTA:g}: rho = {RHO:.6f} a figure; {DRAWS} answers each; "
            f"seed {seed}.", "",
            "| figure | units | median relative error | bounding bias | withheld cells | published |",
            "|---|---|---|---|---|---|"]
    pathlib.Path(path).write_text("\n".join(head + [line(r) for r in rows]) + "\n",
                                  encoding="utf-8")


def body(tap):
    seed = domain.seed()
    chance, world, rows = random.Random(seed), World.read(), []
    tap.check("rho is what epsilon and delta ask", abs(pub.epsilon_of(RHO, DELTA) - EPSILON) < 1e-9)
    with domain.Domain() as d:
        d.arguments = ["--arg", "gateway=--rate=100000", "--arg", "gateway=--burst=100000"]
        d.birth()
        d.start()
        grant = granted(d)
        for at, q in enumerate(QUESTIONS):
            if sys.argv[2:] and not any(word in q.title for word in sys.argv[2:]):
                continue
            try:
                row = measure(d, grant, at, q, world, chance)
            except (domain.Refused, AssertionError) as e:
                tap.check(f"{q.title}: answered", False, e)
                continue
            rows.append(row)
            tap.note(line(row))
            if q.limit is not None:
                tap.check(f"{q.title}: at most {percent(q.limit)}", row["own"] <= q.limit, row["own"])
            if not row["rivals"]:
                continue
            best = min(row["rivals"].values())
            tap.check(f"{q.title}: within {q.within} of the best published",
                      row["own"] <= q.within * best + row["bias"] + 1e-4,
                      (row["own"], row["rivals"]))
    if len(sys.argv) > 1:
        write(sys.argv[1], rows, seed)


if __name__ == "__main__":
    domain.run_tests(body)
