#!/usr/bin/env python3
"""T16 to T19: memory, crash, state and budget as channels. state.py TNN"""
import contextlib
import os
import shutil
import signal

import kit

SLOT_S = 0.7  # of T16, where the work is heavy
SHORT_MS = 300
LITTLE_MIB = 11  # enough for the crowd's rows, not for the many
MANY = 90000  # visits of the planted unit: their join with themselves is longer than any slot
CONSTANT = "the run was refused; it stays charged"
JOIN = """SELECT count(DISTINCT v.id) AS n FROM {w}.visits v
          JOIN {w}.visits x ON x.id = v.id AND x.day <= v.day WHERE v.day > $n"""
WINDOW = """SELECT count(*) AS n FROM (SELECT id, sum(cost) OVER (PARTITION BY id ORDER BY day
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s FROM {w}.visits) WHERE s > $n"""
WIDE = """SELECT sum(d) AS s, count(*) AS n FROM (SELECT id, kind, day, max(cost) AS t,
          count(DISTINCT cost) AS d FROM {w}.visits GROUP BY 1, 2, 3) WHERE t > $n"""
LINES = 4  # as many runs as a party may have under way
PRICE = kit.domain.nano(kit.RHO_QUIET)


def numbers(n):
    return ("params:\n  - {name: n, type: int, values: [" + ", ".join(map(str, range(n))) +
            "], support: 1}\n")


def files_of(bed):
    """What is on the disk apart from what a run must leave: ledger, stored answers, key store, logs."""
    kept = ("ledger", "answers", "keys", "run")
    return {str(p.relative_to(bed.folder)) for p in bed.folder.rglob("*")
            if p.is_file() and p.relative_to(bed.folder).parts[0] not in kept}


def no_traces(claims, bed, before):
    claims.claim("no file that was not there", files_of(bed) == before, files_of(bed) ^ before)
    cores = [str(p) for root in (bed.work, kit.pathlib.Path.cwd()) for p in root.glob("**/core*")
             if p.is_file() and root == bed.work]
    claims.claim("no core file", not cores, cores)
    claims.claim("no worker is left", kit.domain.wait_until(lambda: not bed.workers(), 5),
                 bed.workers())


def same(claims, what, a, b):
    claims.claim(f"{what}: one status and size", a.status() == b.status(), (a.status(), b.status()))
    if a.code == "" and b.code == "":
        claims.claim(f"{what}: one shape", kit.figures(a) == kit.figures(b))


def constant(claims, what, outcome, size):
    claims.claim(f"{what}: the constant refusal", (outcome.code, outcome.field, outcome.reason) ==
                 ("refused", "", CONSTANT), outcome.status())
    claims.claim(f"{what}: the size of an answer", outcome.size == size, (outcome.size, size))
    claims.claim(f"{what}: when the slot ends", SLOT_S - 0.01 <= outcome.seconds < SLOT_S + 0.25,
                 outcome.seconds)


# --- T16 -------------------------------------------------------------------------------------------

def within_caps(claims, bed, grant):
    """Plans whose memory depends on one person's rows."""
    part = WINDOW.replace("{w}.visits", "{w}.visits WHERE day = 19999")  # a seventh of her rows
    for name, sql in (("window", part), ("wide", WIDE)):
        models = bed.twins(grant, sql, name=name, more=numbers(8))
        seen = {w: bed.client().run(models[w], n=1) for w in kit.WORLDS}
        same(claims, name, seen["a"], seen["b"])
        claims.claim(f"{name}: within its caps", seen["a"].code == "", seen["a"].status())


def past_caps(claims, bed, what, sql, **caps):
    """Somebody has so many rows that a cap is hit: one refusal, and the scene stops for both."""
    grant = bed.scene_of(what, overruns=1)
    models = bed.twins(grant, sql, name=what, more=numbers(8))
    spent = {w: bed.spends(w) for w in kit.WORLDS}
    bed.adopt(**caps)
    answer = bed.client().run(models["b"], n=0)
    claims.claim(f"{what}: the ordinary world answers", answer.code == "", answer.status())
    for n in (0, 1):
        constant(claims, what, bed.client().run(models["a"], n=n), answer.size)
    last = {w: bed.client().run(models[w], n=3) for w in kit.WORLDS}
    same(claims, f"{what}: past the allowance", last["a"], last["b"])
    claims.claim(f"{what}: the scene has stopped", last["b"].code == "overrun", last["b"].status())
    cost = {w: bed.spends(w) - spent[w] for w in kit.WORLDS}
    claims.claim(f"{what}: costs what answers cost", cost == {"a": 2 * PRICE, "b": PRICE}, cost)


def memory(chance):
    claims = kit.Violations()
    with kit.Bed(chance) as bed:
        bed.ready(extra=kit.planted(MANY), slot=int(SLOT_S * 1000))
        before = files_of(bed)
        within_caps(claims, bed, bed.scene_of())
        past_caps(claims, bed, "overrun", JOIN)
        past_caps(claims, bed, "memory", WINDOW, memory=LITTLE_MIB)
        no_traces(claims, bed, before)
    return claims.verdict()


# --- T17 -------------------------------------------------------------------------------------------

LEAVES_STATE = [
    "CREATE TEMP TABLE t AS SELECT id FROM {w}.people",
    "CREATE SEQUENCE s; SELECT count(*) AS n FROM {w}.people",
    "SET VARIABLE v = (SELECT count(*) FROM {w}.people)",
    "SELECT count(*) AS n FROM {w}.people WHERE nextval('s') > 1",
    "SELECT count(*) AS n FROM {w}.people WHERE getvariable('v') > 3",
    "SELECT setseed(0.5), count(*) AS n FROM {w}.people",
    "SELECT count(*) AS n FROM {w}.people WHERE random() < 0.5",
    "INSERT INTO {w}.people SELECT * FROM {w}.people",
    "PREPARE p AS SELECT count(*) FROM {w}.people",
    "ATTACH '/tmp/x.db' AS x",
    "PRAGMA threads=1",
]
FIGURES = [
    "SELECT count(*) AS n FROM {w}.people WHERE age > 40",
    "SELECT count(DISTINCT id) AS n FROM {w}.visits WHERE day > 100",
    "SELECT kind, count(*) AS n FROM {w}.visits GROUP BY 1",
    "SELECT sum(age) AS n FROM {w}.people WHERE male",
]


def figures(bed, grant, chance, name):
    """Every question of both worlds, asked anew under this name, in random order."""
    asked = [(w, i) for w in kit.WORLDS for i in range(len(FIGURES))]
    chance.shuffle(asked)

    def one(w, i):
        model = bed.register(grant, w, FIGURES[i], name=f"{name}-{i}", groups=8, rows=40)
        return next(c for c in bed.client().run(model).answer["columns"] if c["name"] == "n")
    return dict(zip(asked, kit.in_parallel([lambda x=x: one(*x) for x in asked], LINES)))


def agree(x, y):
    """Two noisy answers to one question: apart by eight deviations once in 10^14."""
    return len(x["values"]) == len(y["values"]) and all(
        abs(a - b) <= 8 * 1.5 * x["noise"] for a, b in zip(x["values"], y["values"]))


def noisy_figures(bed, grant, name, n):
    """n questions with one true answer and wide noise."""
    model = bed.register(grant, "b", "SELECT count(*) AS n FROM {w}.people WHERE age > 121 - 1 + $n",
                         name=name, rho="0.000000001", more=numbers(n))
    return kit.in_parallel([lambda i=i: kit.values(bed.client().run(model, n=i), "n")[0]
                            for i in range(n)], LINES)


def asked_again(bed, model, before):
    """The answer of one charge whose warden was killed, from a copy of the domain as it was left then,
    after so many other questions."""
    client = bed.client()
    packet, header = client.run_envelope(model, n=0)
    line = kit.Line(client)
    line.send("model.run", packet)
    kit.domain.wait_until(lambda: bed.spends("b") > 0, 5, step=0.001)
    os.kill(bed.pid("warden"), signal.SIGKILL)
    line.close()
    kit.domain.wait_until(lambda: not bed.is_up(), 20)
    bed.kill_all()
    kept, answers = bed.work / "kept", []
    shutil.copytree(bed.folder, kept, ignore=shutil.ignore_patterns("run"))
    for n in before:
        shutil.rmtree(bed.folder)
        shutil.copytree(kept, bed.folder)
        (bed.folder / "run").mkdir(mode=0o700, exist_ok=True)
        bed.start()
        client.drop()
        for i in range(n):
            client.run(model, n=1 + i)
        answers.append(kit.values(client.insist("model.run", packet, header), "n"))
        bed.stop()
    return answers


def one_charge(claims, chance):
    """A charge has one noise, whatever else the process has drawn since it was started."""
    with kit.Bed(chance) as bed:
        bed.ready(slot=SHORT_MS)
        model = bed.register(bed.scene_of(), "b", "SELECT count(*) AS n FROM {w}.people WHERE age > $n",
                             rho="0.000000001", more=numbers(8))
        answers = asked_again(bed, model, (0, 3))
        claims.claim("one charge, one noise", answers[0] == answers[1], answers)


def state(chance):
    claims = kit.Violations()
    one_charge(claims, chance)
    n = 40 if kit.FULL else 8
    with kit.Bed(chance) as bed:
        bed.ready(slot=SHORT_MS)
        grant = bed.scene_of()
        first = figures(bed, grant, chance, "first")
        noise = noisy_figures(bed, grant, "noisy", n)
        for sql in LEAVES_STATE:
            with contextlib.suppress(kit.domain.Refused):
                bed.register(grant, "a", sql)
                claims.claim(f"refused: {sql}", False)
        second = figures(bed, grant, chance, "second")
        bed.restart()
        bed.client().drop()
        third = figures(bed, grant, chance, "third")
        noise += noisy_figures(bed, grant, "noisy-again", n)
        claims.claim("answers do not depend on what was asked before", all(
            agree(first[k], x[k]) for x in (second, third) for k in first), (first, second, third))
        claims.claim("no two questions share their noise", len(set(noise)) == len(noise), noise)
        claims.claim("no worker is left", kit.domain.wait_until(lambda: not bed.workers(), 5))
    return claims.verdict()


# --- T18, T19 --------------------------------------------------------------------------------------

def failed_on_one_side(claims, bed, grant):
    """A run that comes to nothing over D only is charged as the one over D' is."""
    models = bed.twins(grant, "SELECT count(*) AS n FROM {w}.visits WHERE day > 5", name="one-side")
    before = {w: bed.spends(w) for w in kit.WORLDS}
    with bed.damaged("a.visits"):
        seen = {w: bed.client().run(models[w]).code for w in kit.WORLDS}
    cost = {w: bed.spends(w) - before[w] for w in kit.WORLDS}
    claims.claim("one price, whatever came of it", seen == {"a": "refused", "b": ""} and
                 cost == {"a": PRICE, "b": PRICE}, (seen, cost))


def spend_attack(chance):
    """Plans that would cost more, or less, if the price looked at what they meet."""
    claims = kit.Violations()
    cases = [("SELECT count(*) AS n FROM {w}.people WHERE age = 120", {}),
             ("SELECT sum(score) AS s FROM {w}.people WHERE score > 500", {}),
             ("SELECT kind, count(*) AS n FROM {w}.visits WHERE day > 19000 GROUP BY 1",
              {"groups": 8, "rows": 50}),
             ("SELECT sum(cost) AS s FROM {w}.visits WHERE cost > 9500", {"rows": 40}),
             (WINDOW.replace("$n", "0"), {"rows": 40})]
    with kit.Bed(chance) as bed:
        bed.ready(slot=SHORT_MS)
        grant = bed.scene_of()
        for sql, how in cases:
            models, before = bed.twins(grant, sql, **how), {w: bed.spends(w) for w in kit.WORLDS}
            seen = {w: bed.client().run(models[w]) for w in kit.WORLDS}
            cost = {w: bed.spends(w) - before[w] for w in kit.WORLDS}
            claims.claim(f"one price: {sql}", cost["a"] == cost["b"] == PRICE, cost)
            same(claims, sql, seen["a"], seen["b"])
            spends = {w: [(s["rho"], s["left"], s["spent"]) for s in seen[w].answer["spends"]]
                      for w in kit.WORLDS}
            claims.claim(f"one figure of what is left: {sql}", spends["a"] == spends["b"], spends)
        failed_on_one_side(claims, bed, grant)
    return claims.verdict()


def spoilt(bed, w, model, n):
    """A run whose columns are damaged."""
    with bed.damaged(f"{w}.visits"):
        return bed.client().run(model, n=n)


def killed(bed, _, model, n):
    """A run whose worker is killed."""
    client = bed.client()
    packet, header = client.run_envelope(model, n=n)
    line, found = kit.Line(client), []
    begun = kit.time.monotonic()
    line.send("model.run", packet)
    kit.domain.wait_until(lambda: found.extend(bed.workers()) or found, 2, step=0.0005)
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    outcome = client.opened(header, *line.receive(), kit.time.monotonic() - begun)
    line.close()
    return outcome


def overrun(bed, _, model, n):
    """A run that the slot cuts off: here because the pack's slot is too short for anything."""
    bed.adopt(slot=1)
    outcome = bed.client().run(model, n=n)
    bed.adopt(slot=SHORT_MS)
    return outcome


def refunds(chance):
    """Force failures and read what is left: each costs what a good run costs."""
    claims = kit.Violations()
    with kit.Bed(chance) as bed:
        bed.ready(slot=SHORT_MS)
        models = bed.twins(bed.scene_of(), JOIN, more=numbers(60))
        n = 0
        for name, way in (("good", None), ("damaged columns", spoilt), ("killed worker", killed),
                          ("overrun", overrun), ("good again", None)):
            for w in kit.WORLDS:
                n += 1
                before = bed.spends(w)
                outcome = bed.client().run(models[w], n=n) if way is None else \
                    way(bed, w, models[w], n)
                claims.claim(f"{name}: {'answered' if way is None else 'refused'}",
                             outcome.code == ("" if way is None else "refused"), outcome.status())
                claims.claim(f"{name}: costs one price", bed.spends(w) - before == PRICE,
                             bed.spends(w) - before)
        left = {w: [(s["left"], s["spent"]) for s in
                    bed.client().run(models[w], n=50).answer["spends"]] for w in kit.WORLDS}
        claims.claim("what is left is one figure", left["a"] == left["b"], left)
        again = {w: bed.client().run(models[w], n=3 if w == "a" else 4) for w in kit.WORLDS}
        claims.claim("what failed can be asked again, at its price",
                     all(o.code == "" for o in again.values()) and
                     all(bed.spends(w) == 7 * PRICE for w in kit.WORLDS),
                     [bed.spends(w) for w in kit.WORLDS])
    return claims.verdict()


TABLE = {
    "T16": ("memory, spill and crash", "violations", memory),
    "T17": ("state between queries", "violations", state),
    "T18": ("budget attack", "violations", spend_attack),
    "T19": ("refund oracle", "violations", refunds),
}

if __name__ == "__main__":
    kit.attack(TABLE)
