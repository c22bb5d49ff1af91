#!/usr/bin/env python3
"""Cell keys through a whole domain: the same people have the same noise, whatever the words, the developer
or the time; another version of the data is not asked about again; small cells, empty cells and their complements are withheld alike."""
import random

import domain
import risk

SMALL = {"e": 4, "f": 0}  # towns of few and of nobody; f is empty

WORDS = {
    "plain": "SELECT town, count(*) AS n FROM city.residents WHERE age >= 18 GROUP BY town",
    "alias": "SELECT r.town AS place, count(*) AS k FROM city.residents r WHERE NOT (r.age < 18) "
             "GROUP BY r.town",
    "units": "SELECT count(DISTINCT id) AS people, town FROM city.residents WHERE age > 17 AND age >= 18 "
             "GROUP BY town",
}

MODEL = """\
name: NAME
title: residents from 18 on by town
mechanism: cellkey
groups: 1
rows: 1
sql: SQL
"""


def people():
    rng = random.Random(domain.seed())
    rows = [(f"P{i}", rng.randrange(100), rng.choice("abcd")) for i in range(2000)]
    return rows + [(f"Q{i}", 40, "e") for i in range(SMALL["e"])]


def truth(rows):
    grown = [town for _, age, town in rows if age >= 18]
    return {town: grown.count(town) for town in "abcdef"}


def table(answer):
    """{town: count, or None when withheld}."""
    key = next(c for c in answer["columns"] if c["kind"] == "key")
    figure = next(c for c in answer["columns"] if c["kind"] == "figure")
    withheld = set(figure.get("withheld", []))
    return {town: None if i in withheld else figure["values"][i] for i, town in enumerate(key["texts"])}


def asked(d, grants):
    """A table for each developer and wording."""
    tables = {}
    for party, grant in grants.items():
        for name, sql in WORDS.items():
            path = risk.file_of(d, f"{name}-{party}", MODEL, NAME=name, SQL=sql)
            tables[party, name] = table(d.run(d.model(grant, path, developer=party), party=party))
    return tables


def test_same(tap, tables):
    first = tables["acme", "plain"]
    tap.check("other words, another developer: the same figures and the same rows withheld",
              all(t == first for t in tables.values()), tables)


def test_withheld(tap, rows, shown):
    exact = truth(rows)
    tap.check("few and nobody are withheld", shown["e"] is None and shown["f"] is None, shown)
    large = [t for t in "abcd" if shown[t] is None]
    tap.check("and one large town, so that a total does not give the small one away", len(large) == 1,
              shown)
    tap.check("it is the smallest", large == [min("abcd", key=lambda t: exact[t])], (shown, exact))
    tap.check("the others are within the table's largest noise",
              all(abs(shown[t] - exact[t]) <= 12 for t in "abcd" if t not in large), (shown, exact))


def main(tap):
    rows = people()
    with domain.Domain() as d:
        risk.prepare(d, rows)
        grants = {party: risk.developer(d, party)[0] for party in ("acme", "rival")}
        tables = asked(d, grants)
        test_same(tap, tables)
        test_withheld(tap, rows, tables["acme", "plain"])
        d.restart()
        path = risk.file_of(d, "later", MODEL, NAME="later", SQL=WORDS["plain"])
        later = table(d.run(d.model(grants["acme"], path)))
        tap.check("after a restart: the same figures", later == tables["acme", "plain"],
                  (later, tables["acme", "plain"]))
        random.Random(1).shuffle(rows)
        d.ingest("health", "city.residents",
                 d.raw("again", [("id", "age", "town"), *rows]))
        path = risk.file_of(d, "anew", MODEL, NAME="anew", SQL=WORDS["plain"])
        tap.refused("a new version, of which the catalogue promises no change that is large enough",
                    "differencing", d.run, d.model(grants["acme"], path))
        lines = d.audit()
        tap.check("an auditor's replay agrees", "replayed" in lines[1], lines)


if __name__ == "__main__":
    domain.run_tests(main)
