#!/usr/bin/python3
"""The generator's truth against its own rows: each indicator recounted by the pack's reference SQL.

    test_truth.py LIBDUCKDB [SCALE]

Also: its columns are the catalogue's, what it calls rejected breaks the catalogue's rules and nothing
else does, the same seed gives the same bytes, and the notes say of mmr what whole numbers allow.
"""
import csv
import filecmp
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import design   # noqa: E402
import engine   # noqa: E402
import status   # noqa: E402
import world    # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PACK = HERE.parents[1] / "policies/packs/health"
PERIODS = {"10-01": ("2019-10-01", "2020-09-30"), "": ("2020-01-01", "2020-12-31")}
TYPES = {"int32": "INTEGER", "int64": "BIGINT", "date": "DATE", "bool": "BOOLEAN"}

# Where an answer's parts are: "block.column", summed over all rows; column u: different units.
PARTS = {
    "bed_occ": ("beds.f0", "beds.f1"), "tech_share": ("posts.f0", "posts.f1"),
    "grass_posts": ("posts.f0", "posts.f1"),
    "mat_sys": ("women.f0", "births.f0"), "estab_k": ("posts.f0", "pop.f0"), "beds_k": ("beds.f0", "pop.f0"),
    "seats_k": ("seats.f0", "pop.f0"), "tb_inc": ("cases.u", "pop.f0"), "mmr": ("deaths.f0", "births.f0"),
    **{name: ("staff.f0", "pop.f0") for name in
       ("doc_k", "tcmdoc_k", "nurse_k", "pharm_k", "ph_k", "gp_10k", "vd_k")},
}
COUNTS = {"centre_village": "orgs.f0", "sub_centre": "orgs.f0", "surge_beds": "beds.f0", "sink_staff": "staff.u",
          "dip_base": "listed.f0"}
KEYED = {"imr": "span", "u5mr": "span", "htn_dm_std": "disease", "myopia": "stage", "life_exp": "sex"}


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def check(self, name, fine, detail=""):
        self.n += 1
        self.failed += not fine
        print(f"{'ok' if fine else 'not ok'} {self.n} - {name}", flush=True)
        if not fine and detail:
            print(f"# {detail}")


# --- the catalogue --------------------------------------------------------------------------------

def catalogue():
    found = {}
    for path in sorted((PACK / "catalogue").glob("*.yaml")):
        found[path.stem] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found


def load(db, folder, tables):
    for name, table in tables.items():
        kinds = {f["name"]: TYPES.get(f["type"]) or (f"DECIMAL(18,{f['scale']})" if f["type"] == "decimal" else "VARCHAR")
                 for f in table["fields"]}
        columns = ", ".join(f"'{c}': '{k}'" for c, k in kinds.items())
        db.query(f"CREATE TABLE \"{name}\" AS FROM read_csv('{folder}/health.{name}.csv', header=true, delim=',', "
                 f"quote='\"', auto_detect=false, columns={{{columns}}})")


def fits(field, text):
    """By the catalogue's rules, as ingest applies them."""
    if text == "":
        return bool(field.get("nullable"))
    kind = field["type"]
    if kind == "enum":
        return text in field["set"]
    if kind == "bool":
        return text in ("true", "false")
    if kind in ("text", "unit"):
        return True
    try:
        value = world.datetime.date.fromisoformat(text) if kind == "date" else design.D(text)
        lo, hi = ((world.datetime.date.fromisoformat(str(field[k])) if kind == "date" else design.D(str(field[k])))
                  for k in ("lo", "hi"))
    except (ValueError, ArithmeticError):
        return False
    return lo <= value <= hi


def count_rejected(path, table):
    """(kept, rejected) by bounds, value sets, missing values and rows a unit; columns must be the catalogue's."""
    fields = table["fields"]
    for f in fields:
        f["set"] = set(map(str, f.get("values", ())))
    capped = [(i, f["rows"], {}) for i, f in enumerate(fields) if f.get("rows")]
    kept = rejected = 0
    with open(path, encoding="utf-8", newline="") as f:
        rows = csv.reader(f)
        if next(rows) != [f["name"] for f in fields]:
            return None
        for row in rows:
            fine = len(row) == len(fields) and all(map(fits, fields, row))
            fine = fine and all(seen.get(row[i], 0) < most for i, most, seen in capped)
            if fine:
                for i, _, seen in capped:
                    seen[row[i]] = seen.get(row[i], 0) + 1
            kept, rejected = kept + fine, rejected + (not fine)
    return kept, rejected


# --- the indicators -------------------------------------------------------------------------------

def blocks(name):
    text = (PACK / f"reference/{name}.sql").read_text(encoding="utf-8")
    model = (PACK / f"models/{name}.yaml").read_text(encoding="utf-8")
    first, last = PERIODS["10-01" if "calendar: '10-01'" in model else ""]
    text = text.replace("$year_start", f"'{first}'").replace("$year_end", f"'{last}'")
    parts = re.split(r"^-- block: (\w+)\n", text, flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2]))


class Recount:
    def __init__(self, db, name):
        self.db, self.sql = db, blocks(name)

    def total(self, where):
        block, column = where.split(".")
        figure = "count(DISTINCT u)" if column == "u" else f"coalesce(sum({column}), 0)"
        return int(self.db.query(f"SELECT {figure} FROM ({self.sql[block]})")[0][0])

    def by(self, block, *columns):
        """{keys: sums}"""
        keys = [c for c in columns if c[0] == "k"]
        sums = [f"sum({c})" for c in columns if c[0] == "f"]
        rows = self.db.query(f"SELECT {', '.join(keys + sums)} FROM ({self.sql[block]}) GROUP BY {', '.join(keys)}")
        return {tuple(r[:len(keys)]): [int(x) for x in r[len(keys):]] for r in rows}


def pair(r, name):
    if name in PARTS:
        return tuple(r.total(w) for w in PARTS[name])
    block = next(iter(r.sql))
    return r.total(f"{block}.f1"), r.total(f"{block}.f0")


def spans(r):
    d, b = r.by("deaths", "k0", "f0"), r.by("births", "k0", "f0")
    one, four = ([x.get((k,), [0])[0] for x in (d, b)] for k in "15")
    return {"1": tuple(one), "5": tuple(x + y for x, y in zip(one, four))}


def groups(r, block):
    found = {k[0]: (v[1], v[0]) for k, v in r.by(block, "k0", "f0", "f1").items()}
    return {"合计": tuple(map(sum, zip(*found.values()))), **found}


def life(r):
    """{sex: (e0, deaths, people)} of the abridged table over the recounted cells."""
    names = [str(lo) if lo == hi else f"{lo}-{hi}" if lo < 85 else "85+" for lo, hi, _, _ in design.BANDS]
    cells = [r.by(b, "k0", "k1", "f0") for b in ("deaths", "pop")]
    found = {}
    for sex in ("男", "女", "合计"):
        d, p = ([sum(c.get((n, s), [0])[0] for s in ("男", "女") if sex in (s, "合计")) for n in names] for c in cells)
        found[sex] = (round(world.life_expectancy(d, p), 2), sum(d), sum(p))
    return found


def early_death(r):
    names = [f"{lo}-{hi}" for lo, hi, _, _ in design.BANDS[world.FIRST_NCD:world.END_NCD]]
    d, p = ([r.by(b, "k0", "f0").get((n,), [0])[0] for n in names] for b in ("deaths", "pop"))
    pad = [0] * world.FIRST_NCD
    return round(world.premature(pad + d, pad + p), 2), sum(d), sum(p)


def recounted(db, name):
    """{key: (num, den)}, or with the value in front where it is not a quotient."""
    r = Recount(db, name)
    if name in ("imr", "u5mr"):
        return spans(r)
    if name in ("htn_dm_std", "myopia"):
        return groups(r, next(iter(r.sql)))
    if name == "life_exp":
        return life(r)
    if name == "prem_ncd":
        return {"": early_death(r)}
    if name in COUNTS:
        return {"": (r.total(COUNTS[name]),)}
    if name == "fund_days":
        bands = {k[0]: v[0] for k, v in r.by("settled", "k0", "f0").items()}
        return {"": (sum(bands.values()) - bands.get("31+", 0), sum(bands.values()))}
    if name == "grass_term":
        terms = {int(k[0]): v[0] for k, v in r.by("posts", "k0", "f0").items()}
        return {"": (sum(n for t, n in terms.items() if t >= 2), sum(terms.values()))}
    if name == "dip_pay":
        return {"": (sum(v[0] > 0 for v in r.by("acts", "k0", "f1").values()), 12)}
    return {"": pair(r, name)}


def claimed(name, entry):
    key = KEYED.get(name)
    rows = {}
    for row in entry["rows"]:
        parts = (row["num"], row["den"]) if "num" in row else ()
        value = (row["value"],) if name in ("life_exp", "prem_ncd") or not parts else ()
        rows[row["key"][key] if key else ""] = value + parts
    return rows


# --- the status rule ------------------------------------------------------------------------------

LIMIT = {"rule": "le", "value": 7.7, "reads": "within_limit"}
STATUS = (
    ({"rule": "ge", "value": 93}, (93, 93, 93), "met"), ({"rule": "ge", "value": 93}, (92.9, 92.9, 92.9), "not met"),
    ({"rule": "ge", "value": 93}, (93.2, 92.9, 93.5), "not decided by the interval"),
    ({"rule": "ge", "value": 93}, (94, 93, 95), "met"), ({"rule": "gt", "value": 90}, (90, 90, 90), "not met"),
    ({"rule": "gt", "value": 90}, (89, 88, 90), "not met"), ({"rule": "ge", "value": 90}, (89, 88, 90),
                                                             "not decided by the interval"),
    ({"rule": "lt", "value": 14}, (14, 14, 14), "not met"), ({"rule": "lt", "value": 14}, (13, 12, 13.9), "met"),
    (LIMIT, (4, 3, 5), "within limit"), (LIMIT, (9, 8, 10), "not met"), (LIMIT, (7, 3, 10), "not decided by the interval"),
    ({"rule": "band", "lo": 1, "hi": 1.5}, (1.5, 1.5, 1.5), "met"), ({"rule": "band", "lo": 1, "hi": 1.5}, (2, 1.6, 3), "not met"),
    ({"rule": "band", "lo": 1, "hi": 1.5}, (1.2, .9, 1.4), "not decided by the interval"),
    ({"rule": "about", "value": 80, "tolerance": .5}, (79.6, 79.5, 80.5), "met"),
    ({"rule": "about", "value": 80, "tolerance": .5}, (79, 78, 79.4), "not met"),
    ({"rule": "all", "value": 100}, (100, 100, 100), "met"), ({"rule": "eq", "value": 100}, (80, 80, 80), "not met"),
    ({"rule": "qualitative", "text": "-"}, (1, 1, 1), "no number"), ({"rule": "ge", "value": 1}, None, "no figure"),
    ({"rule": "yearly_change", "value": -1}, (55, 54.9, 55.1), "needs the year before"),
)


def check_status(tap):
    for target, figure, wanted in STATUS:
        got = status.judge(target, figure)
        tap.check(f"{status.words(target)} of {figure}: {wanted}", got == wanted, got)
    change = {"rule": "yearly_change", "value": -1}
    got = [status.judge(change, (55, 54.9, 55.1), before) for before in ((56.5, 56.4, 56.6), (55.5, 55.4, 55.6), (56, 55.9, 56.1))]
    tap.check("a yearly change is judged by both intervals", got == ["met", "not met", "not decided by the interval"], got)


# --- the test -------------------------------------------------------------------------------------

def generate(folder, scale, seed, *options):
    command = ["/usr/bin/python3", "-B", str(HERE / "district.py"), str(folder), "--scale", str(scale), "--seed", str(seed)]
    subprocess.run([*command, *options], check=True, stderr=subprocess.DEVNULL)
    return yaml.load((folder / "truth.json").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def check_indicators(tap, db, truth):
    for name, entry in truth["indicators"].items():
        mine, theirs = recounted(db, name), claimed(name, entry)
        tap.check(f"{name} as the reference SQL counts it", mine == theirs, f"recounted {mine}, truth {theirs}")


def check_nearest(tap, truth):
    """One more or one less in the numerator would be further from the published figure, or it is met."""
    far = []
    for name, (published, factor) in design.PUBLISHED.items():
        entry = truth["indicators"][name]
        at = entry.get("single_year") or entry["rows"][0]
        off = [abs(k / at["den"] * factor - float(published)) for k in (at["num"] - 1, at["num"], at["num"] + 1)]
        if min(off) < off[1] and round(at["value"], design.decimals(published)) != float(published):
            far.append((name, off))
        if (entry["note"] == "equal") != (f"{at['value']:.{design.decimals(published)}f}" == str(published)):
            far.append((name, entry))
    tap.check("nothing nearer is possible, and the notes say so", not far, far)


def check_mmr(tap, truth):
    mmr = truth["indicators"]["mmr"]
    births = truth["facts"]["births_2020"]["value"]
    one = mmr["single_year"]
    near = min((0, 1), key=lambda k: abs(k / births * 1e5 - 11.88))
    tap.check("mmr: 11.88 is none of its possible values, and the nearest was taken",
              mmr["note"] == "nearest" and mmr["possible"] == [0, design.figure(1, births, 100_000)]
              and one["num"] == near and one["den"] == births, mmr)


def main():
    scale = float(sys.argv[2]) if len(sys.argv) > 2 else 0.01
    seed = int(os.environ.get("SHUYU_SEED", 0)) or int.from_bytes(os.urandom(3), "big")
    print(f"# SHUYU_SEED={seed}")
    tap, tables = Tap(), catalogue()
    check_status(tap)
    with tempfile.TemporaryDirectory(prefix="shuyu-district-") as work:
        clean, full, again = (pathlib.Path(work) / n for n in ("clean", "full", "again"))
        truth = generate(clean, scale, seed, "--clean")
        stated = generate(full, scale, seed)
        generate(again, scale, seed, "--jobs", "1")
        names = [f"health.{n}.csv" for n in tables] + ["truth.json"]
        tap.check("one file a catalogue table", sorted(names) == sorted(p.name for p in full.iterdir()))
        tap.check("the same seed gives the same bytes", filecmp.cmpfiles(full, again, names, shallow=False)[0] == names)
        tap.check("rejected rows do not enter the truth", truth["indicators"] == stated["indicators"])
        for name, table in tables.items():
            said = stated["tables"][name]
            found = count_rejected(full / f"health.{name}.csv", table)
            tap.check(f"{name}: rows kept and rejected as stated", found == (said["rows"], said["rejected"]), (found, said))
        db = engine.Engine(sys.argv[1])
        load(db, clean, tables)
        check_indicators(tap, db, truth)
        check_nearest(tap, truth)
        check_mmr(tap, truth)
        db.close()
    print(f"1..{tap.n}")
    sys.exit(1 if tap.failed else 0)


if __name__ == "__main__":
    main()
