#!/usr/bin/env python3
"""OUT: whole calls, of which everything that a developer sees is the outcome: code, field, reason, length
and time. Are the outcomes over D and over D' drawn from one distribution? outcomes.py OUT

Ten thousand calls (two hundred in the reduced form) of different questions, by eight lines of two
developers at once, in random order over both worlds. The test is a permutation test, so it is exact.
"""
import collections

import kit

CALLS = 5000 if kit.FULL else 100  # a side
SLOT_S = 0.4 if kit.FULL else 0.3
BUCKET_S = 0.02
LAST = 8  # of the buckets: whatever is later
LINES = 4  # as many runs as a party may have under way
DEVELOPERS = ("acme", "rival")
SIDE = 64
PARAMS = "params:\n" + "".join(
    f"  - {{name: {p}, type: int, values: [{', '.join(map(str, range(SIDE)))}], support: 1}}\n"
    for p in "nm")
# Each with the planted unit's extremes in sight: one person, one person's many rows, sums, keys.
MODELS = [
    ("SELECT count(*) AS n FROM {w}.people WHERE age > 56 + $n AND score > $m - 500", {}),
    ("SELECT sum(score) AS s FROM {w}.people WHERE age >= $n + $m", {}),
    ("SELECT kind, sum(cost) AS s, count(*) AS n FROM {w}.visits WHERE day >= $n * $m GROUP BY 1",
     {"groups": 8, "rows": 40}),
    ("""SELECT count(*) AS n FROM (SELECT id, rank() OVER (PARTITION BY id ORDER BY cost, day) AS r
        FROM {w}.visits WHERE day > $m) WHERE r > $n""", {"rows": 40}),
]
UNKNOWN = {"n": SIDE, "m": 0}  # no declared value: refused, for both


def bucket(seconds):
    return max(-1, min(LAST, int((seconds - SLOT_S) / BUCKET_S)))


def calls(bed, chance):
    """(world, outcome) of every call."""
    jobs = []
    for developer in DEVELOPERS:
        grant = bed.scene_of(f"scene-{developer}", developer=developer)
        twins = [bed.twins(grant, sql, developer, name=f"m{i}", rho="1", more=PARAMS, **how)
                 for i, (sql, how) in enumerate(MODELS)]
        share = CALLS // len(DEVELOPERS)
        asked = [(w, i) for w in kit.WORLDS for i in range(share)]
        chance.shuffle(asked)
        client = bed.client(developer)

        def one(w, i, twins=twins, client=client):
            at = i // len(twins)
            params = UNKNOWN if i % 50 == 49 else {"n": at % SIDE, "m": at // SIDE % SIDE}
            return w, client.run(twins[i % len(twins)][w], **params)
        jobs.append([lambda w=w, i=i, one=one: one(w, i) for w, i in asked])
    both = kit.in_parallel([lambda j=j: kit.in_parallel(j, LINES) for j in jobs], len(jobs))
    return [x for seen in both for x in seen]


def outcomes(chance):
    with kit.Bed(chance) as bed:
        bed.ready(slot=int(SLOT_S * 1000), developers=DEVELOPERS)
        seen = calls(bed, chance)
    statuses, table = (collections.defaultdict(lambda: [0, 0]) for _ in range(2))
    for w, o in seen:
        late = bucket(o.seconds) if o.code in ("", "refused") else 0
        statuses[o.status()][kit.WORLDS.index(w)] += 1
        table[(*o.status(), late)][kit.WORLDS.index(w)] += 1
    # two tests: whether a run comes to an answer must not drown in how late its answer was read
    p = min(1.0, 2 * min(kit.same_distribution(list(t.values()), chance)
                         for t in (statuses, table)))
    limit = 1e-3
    return round(p, 5), limit, p > limit, [f"{k}: {v}" for k, v in sorted(table.items())]


TABLE = {"OUT": ("whole calls on D and D'", f"p that {2 * CALLS} outcomes have one distribution",
                 outcomes)}

if __name__ == "__main__":
    kit.attack(TABLE)
