#!/usr/bin/env python3
"""M01: pseudonyms of two scenes. pseudonyms.py M01

Two developers, one of them with two scenes, are granted the same text and the same enum under mask
`pseudonym`, and count by them: codes that as many people have, so that counts tell nothing. Then they put
their answers together and join them on the labels. Within a scene a label is the same in every answer
(else joining fails for the wrong reason); between scenes no two labels are equal, so the join is empty, and
none of them is a label of the data.
"""
import itertools

import kit

N_CODES, PEOPLE_PER_CODE = 12, 60
KINDS = [f"v{i}" for i in range(8)]
SCENES = {"one": "acme", "two": "acme", "three": "rival"}
SCENE = """
scene: {scene}
title: made up
purpose: made up
mechanisms: [gauss, laplace]
rho: 2000000
delta: 1e-8
calls: 1000
term: 30d
datasets:
  - dataset: a.people
    fields:
      - {{name: id, reason: test}}
      - {{name: age, reason: test}}
      - {{name: male, reason: test}}
      - {{name: note, mask: pseudonym, reason: test}}
  - dataset: a.visits
    fields:
      - {{name: id, reason: test}}
      - {{name: kind, mask: pseudonym, reason: test}}
"""
# What each scene asks: its own attribute by code, which a join would put beside the others'.
QUESTIONS = (
    "SELECT note AS code, count(*) AS n FROM {w}.people GROUP BY 1",
    "SELECT note AS code, count(*) AS n FROM {w}.people WHERE male GROUP BY 1",
    "SELECT note AS code, count(*) AS n FROM {w}.people WHERE age < 60 GROUP BY 1",
    "SELECT kind AS code, count(DISTINCT id) AS n FROM {w}.visits GROUP BY 1",
)


def population(chance):
    """Every code and every kind as often as any other."""
    people, visits = [], []
    for i in range(N_CODES * PEOPLE_PER_CODE):
        unit = f"person-{i:05}"
        people.append([unit, chance.randrange(18, 95), chance.randrange(2), 0, "1970-01-15",
                       f"code-{i % N_CODES:02}"])
        visits.append([unit, chance.randrange(0, 3000), "1.00", KINDS[i % len(KINDS)]])
    return people, visits


def labels(claims, bed, grant, developer, sql):
    model = bed.register(grant, "a", sql, developer, name="join", more="delta: 1e-9\n")
    outcome = bed.client(developer).run(model)
    claims.claim(f"an answer: {sql}", outcome.code == "", outcome.status())
    texts = next(c["texts"] for c in outcome.answer["columns"] if c["name"] == "code")
    claims.claim(f"labels: {sql}", len(texts) > 4, texts)
    return set(texts)


def ask(claims, bed, scene, developer):
    """The labels of codes and of kinds that a scene shows."""
    grant = bed.grant(bed.write(SCENE.format(scene=scene), "scene"), developer=developer,
                      departments=())
    *codes, kinds = [labels(claims, bed, grant, developer, sql) for sql in QUESTIONS]
    claims.claim(f"{scene}: one pseudonym a code", set().union(*codes) == codes[0], codes)
    return {"codes": codes[0], "kinds": kinds}


def colluding(chance):
    claims = kit.Violations()
    with kit.Bed(chance) as bed:
        bed.ready(population(chance), ([], []), developers=("acme", "rival"))
        seen = {scene: ask(claims, bed, scene, who) for scene, who in SCENES.items()}
    known = {f"code-{i:02}" for i in range(N_CODES)} | set(KINDS)
    matches = 0
    for one, other in itertools.combinations(SCENES, 2):
        matches += sum(len(seen[one][what] & seen[other][what]) for what in ("codes", "kinds"))
    raw = sum(len(found & known) for scene in seen.values() for found in scene.values())
    shown = sum(len(found) for scene in seen.values() for found in scene.values())
    notes = claims.found or [f"{shown} labels shown, {raw} of them raw, {claims.n} claims hold"]
    return matches, 0, matches == 0 and raw == 0 and not claims.found, notes


TABLE = {"M01": ("pseudonyms joined across scenes", "labels in common, by chance 0", colluding)}

if __name__ == "__main__":
    kit.attack(TABLE)
