#!/usr/bin/env python3
"""T15: does the time of anything tell whether one unit is there? timing.py T15

The heaviest expression that the dialect accepts under one person's predicate is a join of her many rows
with themselves. The attacker asks different questions of that kind over both worlds, in random order,
and compares the times of replies; and, one run at a time, when the public log grows.
"""
import math
import time

import kit

SLOT_MS = 400
VISITS = 1000  # of the planted unit: their join takes several times as long as everything else
HEAVY = """SELECT count(DISTINCT v.id) AS n FROM {w}.visits v
           JOIN {w}.visits x ON x.id = v.id AND x.day <= v.day + $m WHERE v.day > 19000 + $n"""
SIDE = 64  # values of each parameter
PARAMS = "params:\n" + "".join(
    f"  - {{name: {p}, type: int, values: [{', '.join(map(str, range(SIDE)))}], support: 1}}\n"
    for p in "nm")
RUNS = 2000 if kit.FULL else 60  # a side
WATCHED = 150 if kit.FULL else 12
LINES = 4  # as many as one party may have under way


def replies(bed, models, chance):
    """Seconds until the reply, for each world."""
    jobs = [(w, i) for w in kit.WORLDS for i in range(RUNS)]
    chance.shuffle(jobs)
    client = bed.client()

    def one(w, i):
        return w, client.run(models[w], n=i % SIDE, m=i // SIDE)
    seen = kit.in_parallel([lambda w=w, i=i: one(w, i) for w, i in jobs], LINES)
    times = {v: [o.seconds for w, o in seen if w == v] for v in kit.WORLDS}
    codes = {v: sum(o.code != "" for w, o in seen if w == v) for v in kit.WORLDS}
    return times, codes


def growth(bed, client, packet, header):
    """Seconds between the moments at which the public checkpoint shows charge and answer."""
    checkpoint = bed.folder / "ledger/public/checkpoint"

    def size():
        return int(checkpoint.read_text().split("\n")[1])
    before, moments = size(), []
    line = kit.Line(client)
    line.send("model.run", packet)
    end = time.monotonic() + 10
    while len(moments) < 2 and time.monotonic() < end:
        grown = size() - before
        moments += [time.monotonic()] * (grown - len(moments))
        time.sleep(0.0005)
    client.opened(header, *line.receive(), 0)
    line.close()
    return moments[1] - moments[0]


def watched(bed, models, chance):
    jobs = [(w, i) for w in kit.WORLDS for i in range(WATCHED)]
    chance.shuffle(jobs)
    client, seen = bed.client(), {w: [] for w in kit.WORLDS}
    for w, i in jobs:
        packet, header = client.run_envelope(models[w], n=i % SIDE, m=SIDE - 1 - i // SIDE)
        seen[w].append(growth(bed, client, packet, header))
    return seen


def middle(xs):
    return f"{1000 * sorted(xs)[len(xs) // 2]:.1f} ms"


def timing(chance):
    with kit.Bed(chance) as bed:
        bed.ready(extra=kit.planted(VISITS), slot=SLOT_MS)
        models = bed.twins(bed.scene_of(), HEAVY, more=PARAMS, rho="1")
        for w in kit.WORLDS:  # both warm
            bed.client().run(models[w], n=0, m=SIDE // 2)
        times, codes = replies(bed, models, chance)
        grown = watched(bed, models, chance)
    area, p = kit.auc(times["a"], times["b"])
    log_area, log_p = kit.auc(grown["a"], grown["b"])
    # 0.55 is five and a half deviations of the figure for 2,000 runs a side; the same for fewer
    limit = 0.55 if kit.FULL else round(0.5 + 5.5 * math.sqrt((2 * RUNS + 1) / 12) / RUNS, 3)
    floor = 1e-3 if kit.FULL else 1e-6
    value = round(max(area, 1 - area), 4)
    fine = value < limit and p > floor and log_p > floor / 10 and codes["a"] + codes["b"] < RUNS / 10
    return value, limit, fine, [
        f"replies: {middle(times['a'])} and {middle(times['b'])}, AUC {area:.4f}, p {p:.3g}, "
        f"overruns {codes}",
        f"growth of the log: {middle(grown['a'])} and {middle(grown['b'])}, AUC {log_area:.4f}, "
        f"p {log_p:.3g}"]


TABLE = {"T15": ("timing", f"AUC of {RUNS} runs a side", timing)}

if __name__ == "__main__":
    kit.attack(TABLE)
