#!/usr/bin/python3
"""A synthetic district at true scale: one CSV a catalogue table of the health pack, and its truth.

    district.py OUT [--seed N] [--scale S] [--clean] [--public DIR] [--jobs N]

Every unit id begins with SYN-: nobody in it is a person. OUT gets health.NAME.csv and truth.json, which
says for each indicator what the rows amount to in 2020 and whether that equals the published figure,
or is the nearest that whole numbers allow. --clean leaves out the rows that ingest must reject.
The same seed and scale give the same bytes. Only the standard library.
"""
import argparse
import json
import multiprocessing
import pathlib
import sys
import time

import chronic
import design
import mothers
import people
import places
import visits
import workforce
from csvout import Sheet
from world import World

# Longest first: two processes share them.
TABLES = (visits.opd, visits.claim, people.pop, chronic.ncd, mothers.imm, people.ehr, mothers.mat, people.fdc, places.bed,
          people.school, chronic.elder, mothers.child, chronic.lipid, visits.ipd, people.birth, people.death,
          workforce.staff, visits.ems, chronic.smi, chronic.occ, people.surv, places.org, places.org_dept,
          places.post, places.nurs, places.tcmv, places.ledger, places.small)


class Job:
    """What a table's writer may use, and what it says about its rows."""

    def __init__(self, folder, public, clean):
        self.folder, self.public, self.clean = folder, public, clean
        self.truth, self.facts, self.tables = {}, {}, {}
        self.sheets = []

    def sheet(self, name, columns):
        self.sheets.append((name, Sheet(self.folder, name, columns, self.clean)))
        return self.sheets[-1][1]

    def fact(self, name, value, **more):
        self.facts[name] = {"value": value, **more}

    def count(self, name, num, den):
        factor = (design.PUBLISHED.get(name) or design.ASSUMED.get(name) or (None, 100))[1]
        self.rows(name, [{"key": {}, "num": num, "den": den, "value": design.figure(num, den, factor)}])

    def plain(self, name, value):
        self.truth[name] = {"note": "assumed", "rows": [{"key": {}, "value": value}]}

    def rows(self, name, rows, single_year=None):
        """The first row is the indicator; a pooled one is compared by its single year."""
        entry = {"rows": rows}
        if name in design.PUBLISHED:
            published, factor = design.PUBLISHED[name]
            at = single_year or rows[0]
            note, around = design.note(published, factor, at["num"], at["den"])
            entry.update(published=float(published), note=note)
            if around:
                entry["possible"] = around
        elif name in design.BOUNDED:
            sign, bound = design.BOUNDED[name]
            entry.update(published=float(bound), bound=sign, note="within" if rows[0]["value"] > bound else "off")
        else:
            entry["note"] = "none" if rows[0]["value"] is None else "assumed"
        if single_year:
            entry["single_year"] = single_year
        self.truth[name] = entry

    def measured(self, name, published, rows):
        """A figure of many counts: what is nearest was searched for, two moves of a death at a time."""
        equal = rows[0]["value"] == float(published)
        self.truth[name] = {"rows": rows, "published": float(published), "note": "equal" if equal else "nearest"}

    def done(self):
        self.tables.update({name: (s.rows, s.rejected) for name, s in self.sheets})
        return self.truth, self.facts, self.tables


def make(i):
    """Write one of TABLES; in a forked process, which has the world already."""
    job = Job(*make.where)
    TABLES[i](make.world, job)
    return job.done()


def build(args):
    w = World(args.seed, args.scale)
    w.deliveries = mothers.deliveries(w)
    w.dead = {d[0] for d in w.deaths}
    w.beds = workforce.near("beds_k", len(w.residents), scale=args.scale)
    make.world, make.where = w, (args.out, args.public, args.clean)
    with multiprocessing.get_context("fork").Pool(args.jobs) as pool:
        return pool.map(make, range(len(TABLES)), chunksize=1)


def merge(parts, args):
    truth, facts, tables = {}, {}, {}
    for t, f, n in parts:
        truth.update(t)
        facts.update(f)
        tables.update({k: {"rows": a, "rejected": b} for k, (a, b) in n.items()})
    off = [name for name, t in truth.items() if t["note"] == "off"]
    if off:
        raise SystemExit(f"district: not the nearest possible: {', '.join(sorted(off))}")
    return {"synthetic": True, "year": 2020, "seed": args.seed, "scale": args.scale, "clean": args.clean,
            "indicators": dict(sorted(truth.items())), "facts": facts, "tables": dict(sorted(tables.items()))}


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("out", type=pathlib.Path)
    p.add_argument("--seed", type=int, default=2020)
    p.add_argument("--scale", type=float, default=1.0)
    p.add_argument("--clean", action="store_true")
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--public", type=pathlib.Path, default=root / "policies/packs/health/public")
    args = p.parse_args()
    if not 0.005 <= args.scale <= 1:
        p.error("--scale: 0.005 to 1")
    started = time.monotonic()
    args.out.mkdir(parents=True, exist_ok=True)
    truth = merge(build(args), args)
    (args.out / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    rows = sum(t["rows"] + t["rejected"] for t in truth["tables"].values())
    print(f"synthetic district (seed {args.seed}, scale {args.scale:g}): {len(truth['tables'])} tables, {rows} rows "
          f"in {time.monotonic() - started:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
