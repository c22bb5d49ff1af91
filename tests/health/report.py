#!/usr/bin/python3
"""The 2020 column of 表1 and of the rural-health documents, as released by a domain over synthetic data.

    report.py --pack DIR --answers DIR --truth FILE [--ingest DIR] [--times FILE] [--json]

Each indicator of class R or L: the published figure and its flags, the released figure with its 95 %
interval, whether the published one lies in it, what the synthetic rows amount to, and every target with
its document, clause, due date and status. Published figures beside noised ones come from health.official.
"""
import argparse
import json
import pathlib
import sys
import unicodedata

import yaml

import status

AREA = "兖州区"
SECTIONS = (("table1", "表1 of the 14th five-year plan"), ("rural", "乡村卫生 Rural health"),
            ("text_goals", "正文 Goals in the plan's text"))


# --- answers --------------------------------------------------------------------------------------

def read_answer(path):
    """{"rows": [{"key": {}, "figures": {name: (value, lo, hi) or None}}], "spends": {}} or None."""
    if not path.exists():
        return None
    raw = json.loads(path.read_text(encoding="utf-8"))
    columns = raw["columns"]
    n = max((len(c.get("texts") or c.get("values") or ()) for c in columns), default=0)
    rows = [{"key": {}, "figures": {}} for _ in range(n)]
    for c in columns:
        for i, row in enumerate(rows):
            if c["kind"] == "key":
                row["key"][c["name"]] = c["texts"][i]
            else:
                row["figures"][c["name"]] = figure(c, i)
    return {"rows": rows, "spends": {s["ns"]: int(s["rho"]) for s in raw.get("spends", ())}}


def figure(c, i):
    if i in c.get("withheld", ()):
        return None
    return tuple(int(c[k][i]) / 10 ** c.get("scale", 0) for k in ("values", "lo", "hi"))


def row_of(answer, key):
    if answer is None:
        return None
    return next((r for r in answer["rows"] if all(r["key"].get(k) == v for k, v in key.items())), None)


# --- one indicator --------------------------------------------------------------------------------

def published(indicator):
    return next((b for b in indicator.get("base", ()) if b["area"] == AREA and b["year"] == 2020), None)


def agrees(base, fig):
    """Does the published figure (or bound) lie within the interval?"""
    if base is None or fig is None:
        return None
    value, (_, lo, hi) = base["value"], fig
    bound = base.get("bound")
    if bound in ("gt", "ge"):
        return hi >= value
    if bound in ("lt", "le"):
        return lo <= value
    return lo <= value <= hi


def compared(answer, truth):
    """Every figure whose exact value is known, beside it; `holds`: the exact one lies in the interval."""
    found = []
    for row in truth.get("rows", ()):
        got = row_of(answer, row["key"])
        for name in ("value", "num", "den"):
            if got is None or row.get(name) is None or got["figures"].get(name) is None:
                continue
            value, lo, hi = got["figures"][name]
            found.append({"figure": name, **row["key"], "exact": row[name], "value": value, "lo": lo, "hi": hi,
                          "noised": lo < hi, "holds": lo - 0.005 <= row[name] <= hi + 0.005})  # two decimals
    return found


def judged(indicator, fig, sources):
    out = []
    for t in indicator.get("targets", ()):
        here = t["area"] == AREA
        out.append({"area": t["area"], "rule": status.words(t), "document": sources[t["source"]].get("document", t["source"]),
                    "clause": t["clause"], "due": str(t["due"]),
                    "status": status.judge(t, fig) if here else "not judged: another area"})
    return out


def entry(indicator, answers, truth, sources):
    answer = read_answer(answers / f"{pathlib.Path(indicator['model']).stem}.json")
    row = row_of(answer, indicator.get("answer", {}).get("row", {}))
    fig = row and row["figures"].get(indicator.get("answer", {}).get("column", "value"))
    base = published(indicator)
    exact = truth.get(indicator["id"], {})
    official = row and row["figures"].get("official")
    return {"id": indicator["id"], "name": indicator["zh"], "unit": indicator["unit"], "class": indicator["class"],
            "rows": indicator.get("rows", {}), "published": base and base["value"], "bound": base and base.get("bound"),
            "flags": (base or {}).get("flags", []), "answered": answer is not None,
            "figure": fig and {"value": fig[0], "lo": fig[1], "hi": fig[2]}, "within": agrees(base, fig),
            "official": official and official[0], "synthetic": {k: exact[k] for k in
            ("note", "possible", "single_year") if k in exact} | {"value": (exact.get("rows") or [{}])[0].get("value")},
            "compared": compared(answer, exact), "targets": judged(indicator, fig, sources)}


def collect(args):
    pack = yaml.load((args.pack / "indicators.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    truth = json.loads(args.truth.read_text(encoding="utf-8"))
    sections = {}
    for name, _ in SECTIONS:
        rows = [i for i in pack.get(name, ()) if i["class"] in ("R", "L") and i.get("model")]
        sections[name] = [entry(i, args.answers, truth["indicators"], pack["sources"]) for i in rows]
    times = [line.split("\t") for line in args.times.read_text().splitlines()] if args.times else []
    return {"synthetic": True, "area": AREA, "year": 2020, "seed": truth["seed"], "scale": truth["scale"],
            "facts": truth["facts"], **sections, "ingest": rejected(args.ingest, truth),
            "phases": [{"phase": p, "seconds": float(s)} for p, s in times],
            "seconds_after_ingest": sum(float(s) for p, s in times if p[:1] in "456")}


def rejected(folder, truth):
    """Rows kept and rejected at ingest, all tables; and the tables where that is not what was made."""
    kept, refused, wrong = 0, 0, []
    for path in sorted(folder.glob("*.json")) if folder else ():
        q = json.loads(path.read_text(encoding="utf-8"))["quality"]
        table, rows = path.stem.split(".")[-1], int(q["rows_kept"])
        said = truth["tables"][table]
        kept, refused = kept + rows, refused + int(q["rows_in"]) - rows
        if (rows, int(q["rows_in"]) - rows) != (said["rows"], said["rejected"]):
            wrong.append(table)
    return {"kept": kept, "rejected": refused, "unlike_made": wrong}


# --- printing -------------------------------------------------------------------------------------

def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text, n):
    while width(text) > n:
        text = text[:-2] + "…"
    return text + " " * (n - width(text))


def number(x):
    return "–" if x is None else f"{x:,.2f}".rstrip("0").rstrip(".")


def synthetic_words(e):
    s = e["synthetic"]
    note = s.get("note", "")
    words = {"assumed": f"assumed {number(s['value'])}", "none": "no case", "within": f"{number(s['value'])}, within"}.get(
        note, f"{note} {number(s['value'])}".strip())
    if s.get("single_year"):
        words += f" (five years; 2020 alone {number(s['single_year']['value'])})"
    if s.get("possible"):
        words += f": {' or '.join(map(number, s['possible']))}, never {number(e['published'])}"
    return words


def print_entry(e, out):
    sign = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}.get(e["bound"], "")
    f = e["figure"]
    span = "" if f is None else "exact" if f["lo"] == f["hi"] else f"{number(f['lo'])} – {number(f['hi'])}"
    inside = {None: "", True: "yes", False: "no"}[e["within"]]
    print(cut(str(e["rows"].get("yz", "")), 4), cut(e["id"], 14), cut(e["name"], 34), cut(e["unit"], 6),
          f"{sign + number(e['published']):>8}", f"{number(f and f['value']):>9}", f" {span:<21}", f"{inside:<4}",
          synthetic_words(e), file=out)
    for flag in e["flags"]:
        print(f"{'':20}! {flag}", file=out)
    if e["official"] is not None:
        print(f"{'':20}= official statistic {number(e['official'])} (health.official, published; not computed here)", file=out)
    for t in e["targets"]:
        print(f"{'':20}→ {t['rule']}  {t['area']} {t['document']} {t['clause']}, due {t['due']}: {t['status']}", file=out)


def print_report(r, out):
    print(f"{AREA}, 2020. SYNTHETIC DATA: nobody in it is a person; seed {r['seed']}, scale {r['scale']:g}.", file=out)
    print("Figures are released by the domain with noise; “in” says whether the published figure lies in the 95 % "
          "interval.\n", file=out)
    for name, title in SECTIONS:
        print(f"{title}\n{'row':4} {'id':14} {'indicator':34} {'unit':6} {'publ.':>8} {'figure':>9}  {'95 %':21} in   "
              "synthetic rows", file=out)
        for e in r[name]:
            print_entry(e, out)
        print(file=out)
    entries = {e["id"]: e for name, _ in reversed(SECTIONS) for e in r[name]}.values()
    noised = [c for e in entries for c in e["compared"] if c["noised"]]
    print(f"{sum(e['answered'] for e in entries)} of {len(entries)} indicators answered; {sum(c['holds'] for c in noised)} "
          f"of {len(noised)} noised figures have the exact one in their interval.", file=out)
    print(f"Ingest kept {r['ingest']['kept']:,} rows and rejected {r['ingest']['rejected']:,}.", file=out)
    for p in r["phases"]:
        print(f"{p['seconds']:8.1f} s  {p['phase']}", file=out)
    print(f"{r['seconds_after_ingest']:8.1f} s  from ingest to the report", file=out)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("pack", "answers", "truth"):
        p.add_argument(f"--{name}", type=pathlib.Path, required=True)
    for name in ("ingest", "times"):
        p.add_argument(f"--{name}", type=pathlib.Path)
    p.add_argument("--json", action="store_true")
    args = p.parse_args()
    report = collect(args)
    if args.json:
        json.dump(report, sys.stdout, ensure_ascii=False, indent=1)
        print()
    else:
        print_report(report, sys.stdout)


if __name__ == "__main__":
    main()
