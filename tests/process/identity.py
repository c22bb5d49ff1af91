#!/usr/bin/env python3
"""A register of residents as offices keep it: identity number, telephone, name, address. What may be asked is what
ingest derives of them; one person is one unit however the number was typed; nobody is granted a name; and
not a number, name or street is found in any file of the domain."""
import random
import sys

import domain

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999, by its table
PACK = {"slot": "400ms"}
RESIDENTS = """
id: city.residents
title: made up
department: health
custodian: agency
encoding: utf-8
ns: person
unit: id
units: 20000
membership: 3
max_rows: 20000
fields:
  - {name: id, type: unit, source: 身份证号, klass: idno, ref: person, grade: 3}
  - {name: born, type: date, source: 身份证号, derive: idno.birth, lo: 1920-01-01, hi: 2020-12-31, nullable: true, grade: 2}
  - {name: sex, type: enum, source: 身份证号, derive: idno.sex, values: [女, 男], nullable: true, grade: 2}
  - {name: region, type: enum, source: 身份证号, derive: idno.region, values: ['3301', '3302', '3303'], nullable: true, grade: 2}
  - {name: net, type: enum, source: 电话, derive: phone.region, values: ['138', '139', '0571'], nullable: true, grade: 2}
  - {name: district, type: enum, source: 住址, derive: address.region, values: [杭州市上城区, 杭州市西湖区], nullable: true, grade: 2}
  - {name: name, type: text, source: 姓名, klass: name, nullable: true, grade: 3}
  - {name: remark, type: text, source: 备注, nullable: true, grade: 3}
"""
SCENE = """
scene: {scene}
title: made up
purpose: made up
mechanisms: [gauss]
rho: 3
delta: 1e-8
calls: 50
term: 30d
datasets:
  - dataset: city.residents
    fields:
      - {{name: id, reason: test}}
      - {{name: born, mask: 'date:years:10', reason: test}}
      - {{name: sex, reason: test}}
      - {{name: region, reason: test}}
      - {{name: net, reason: test}}
      - {{name: district, reason: test}}
{more}"""
MODEL = """
name: {name}
title: made up
mechanism: gauss
groups: 1
rows: 1
rho: 0.45
sql: |
  {sql}
"""
N = 3000
NOISE = 25  # more than twenty standard deviations of a count at rho 0.45


def number(region, day, sequence):
    """An identity number, made up."""
    digits = f"{region:06}{day}{sequence:03}"
    return digits + "10X98765432"[sum(w * int(c) for w, c in zip(WEIGHTS, digits)) % 11]


def wide(text):
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


def residents(chance):
    """Rows, and what is true of them. One in ten is typed otherwise and comes twice."""
    rows, truth = [["身份证号", "电话", "住址", "姓名", "备注"]], {}
    for i in range(N):
        year, odd, region = 1930 + i % 80, i % 2, 330100 + 100 * (i % 4) + i % 7
        typed = number(region, f"{year}{1 + i % 12:02}{1 + i % 28:02}", 2 * (i // 80 % 400) + odd)
        phone = chance.choice(["138", "139", "150"]) + f"{i:08}"
        place = ["杭州市上城区", "杭州市西湖区", "宁波市海曙区"][i % 3]
        row = [typed, phone, f"{place}MARKER-STREET-{i} 号", f"MARKER-NAME-{i}", "MARKER-REMARK"]
        rows.append(row)
        truth[typed] = {"男" if odd else "女", year // 10 * 10, phone[:3], place}
        if i % 10 == 0:
            rows.append([wide(typed.lower()), f"+86 {phone[:3]}-{phone[3:]}", *row[2:]])
    return rows, truth


def spoilt(rows):
    """Four numbers that cannot be: two wrong check characters, a wrong day, a word."""
    good = rows[1][0]
    check = "0" if good[-1] != "0" else "1"
    return [[bad, *rows[1][1:]] for bad in
            (good[:-1] + check, rows[2][0][:-1] + ("0" if rows[2][0][-1] != "0" else "1"),
             number(330100, "19801301", 2), "unknown")]


def check_quality(tap, said):
    rules = {(r["field"], r["rule"]): r for r in said["quality"]["rules"]}
    tap.check("wrong check characters are counted, and their rows rejected",
              rules[("id", "identity-checksum")]["rejected"] == 2, rules)
    tap.check("so are numbers that are none", rules[("id", "identity-form")]["rejected"] == 2, rules)
    tap.check("numbers typed otherwise are counted as such",
              rules[("id", "normalised")]["coerced"] == N // 10, rules)
    tap.check("other places are NULL", rules[("district", "value_set")]["nulled"] > N // 4, rules)


def counted(d, grant, name, sql):
    path = d.work / f"{name}.yaml"
    path.write_text(MODEL.format(name=name, sql=sql), encoding="utf-8")
    answer = d.run(d.model(grant, path))
    columns = answer["columns"]
    keys = next((c["texts"] for c in columns if c.get("texts")), [""])
    figures = next(c for c in columns if c.get("values"))["values"]
    return dict(zip(keys, figures))


def check_counts(tap, d, grant, truth):
    people = counted(d, grant, "people", "SELECT count(*) AS n FROM city.residents")
    tap.check("two ways of typing are one person", abs(people[""] - N) <= NOISE, (people, N))
    for name, values in (("sex", ["女", "男"]), ("net", ["138", "139"]),
                         ("district", ["杭州市上城区", "杭州市西湖区"])):
        got = counted(d, grant, name, f"SELECT {name}, count(*) AS n FROM city.residents GROUP BY 1")
        tap.check(f"{name} is derived",
                  all(abs(got[v] - sum(v in t for t in truth.values())) <= NOISE for v in values), got)
    got = counted(d, grant, "decade", "SELECT year(born) AS decade, count(*) AS n "
                  "FROM city.residents WHERE year(born) % 10 = 0 GROUP BY 1")
    tap.check("a birth date is seen in bands of ten years",
              all(abs(got[str(y)] - sum(y in t for t in truth.values())) <= NOISE
                  for y in range(1930, 2010, 10)) and
              sum(got.values()) > N - 10 * NOISE, got)


def check_refusals(tap, d):
    for field in ("name", "remark"):
        for mask in ("", ", mask: pseudonym", ", mask: 'prefix:1'"):
            path = d.work / "refused.yaml"
            path.write_text(SCENE.format(scene="names", more=f"      - {{name: {field}{mask}, "
                                         "reason: test}\n"), encoding="utf-8")
            tap.refused(f"nobody is granted a {field}{mask}", "field_denied", d.shuyu, "acme",
                        "scene", "apply", path)


def check_files(tap, d, rows):
    markers = [b"MARKER-STREET", rows[1][0].encode(), rows[1][0][:17].encode(),
               rows[1][1].encode(), wide(rows[1][0]).encode()]
    found = [(str(p), m) for p in d.folder.rglob("*") if p.is_file() for m in markers
             if m in p.read_bytes()]
    log = d.log.read_bytes()
    tap.check("no number and no street in any file of the domain", not found and
              not any(m in log for m in markers), found)


def body(tap):
    chance = random.Random(domain.seed())
    rows, truth = residents(chance)
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.shuyu("agency", "pack", "adopt", d.variant(domain.PACKS / "pack.yaml", **PACK))
        for party, role in domain.PARTIES.items():
            d.enrol(party, role)
        entry, scene = d.work / "residents.yaml", d.work / "scene.yaml"
        entry.write_text(RESIDENTS, encoding="utf-8")
        scene.write_text(SCENE.format(scene="residents", more=""), encoding="utf-8")
        d.shuyu("health", "dataset", "define", entry)
        path = d.raw("residents", rows + spoilt(rows))
        check_quality(tap, d.ingest("health", "city.residents", path))
        path.unlink()
        check_counts(tap, d, d.grant(scene), truth)
        check_refusals(tap, d)
        check_files(tap, d, rows)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    domain.run_tests(body)
