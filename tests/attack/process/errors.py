#!/usr/bin/env python3
"""T10 to T14: what goes wrong for one row only. errors.py TNN

Each hostile model is registered over both worlds. Either it is refused, for both in the same words, or
it is run, and then both runs show one status, one size and one slot, with nothing of the planted row in
any text. T14 cuts connections and reads replies by halves instead.
"""
import select
import socket
import struct
import time

import kit

SLOT_S = 0.3
LATE_S = 0.25  # of a busy machine; what answers at once would be early by the whole slot
CONSTANT = "the run was refused; it stays charged"
MARKERS = (b"RAW-MARKER-7731", b"target-zz", b"1000000000", b"89999999", b"8999999999",
           b"9999-12-31")
N = "params:\n  - {name: n, type: int, values: [" + ", ".join(map(str, range(60))) + "], support: 1}\n"

# Each over the planted row's extremes: score 10^9, cost 89999999.99, born 9999-12-31, age 120.
T10 = [
    "SELECT sum(score::SMALLINT) AS s FROM {w}.people",
    "SELECT sum(score::TINYINT) AS s FROM {w}.people WHERE age = 120",
    "SELECT sum(CAST(cost AS INTEGER)) AS s FROM {w}.visits WHERE day > 19000",
    "SELECT count(*) AS n FROM {w}.people WHERE note::INTEGER = 3",
    "SELECT count(*) AS n FROM {w}.people WHERE id::BIGINT = 3",
    "SELECT count(*) AS n FROM {w}.people WHERE score::DOUBLE > 1",
    "SELECT count(*) AS n FROM {w}.people WHERE born::TIMESTAMP IS NULL",
    "SELECT count(*) AS n FROM {w}.visits WHERE kind::INTEGER = 1",
    "SELECT sum(score::BIGINT) AS s FROM {w}.people",
    "SELECT sum(score) AS s FROM {w}.people WHERE age = 120",
]
T11 = [
    "SELECT sum(CASE WHEN age = 120 THEN 9223372036854775807 + 1 ELSE 0 END) AS s FROM {w}.people",
    "SELECT sum(score * score * score) AS s FROM {w}.people",
    "SELECT sum(-score * 100000000000) AS s FROM {w}.people",
    "SELECT count(*) AS n FROM {w}.people WHERE sqrt(-score) > 1",
    "SELECT count(*) AS n FROM {w}.people WHERE ln(score) > 1",
    "SELECT count(*) AS n FROM {w}.people WHERE make_date(2000 + age, 13, 1) > born",
    "SELECT count(*) AS n FROM {w}.people WHERE born + 400 > born",
    "SELECT count(*) AS n FROM {w}.people WHERE born + INTERVAL 1 MONTH > born",
    "SELECT count(*) AS n FROM {w}.people WHERE CASE WHEN age = 120 THEN error('x') IS NULL END",
    "SELECT count(*) AS n FROM {w}.people WHERE age = (SELECT x.age FROM {w}.people x)",
    "SELECT count(*) AS n FROM {w}.people WHERE strptime(note, '%Y') IS NULL",
    "SELECT count(*) AS n FROM {w}.people WHERE regexp_matches(note, note)",
    "SELECT sum(score % (age - 120)) AS s FROM {w}.people",
    "SELECT sum(score // (age - 120)) AS s FROM {w}.people",
    "SELECT sum(score * 4) AS s FROM {w}.people",
]
T12 = [
    "SELECT sum(1 / (120 - age)) AS s FROM {w}.people",
    "SELECT sum(score / (120 - age)) AS s FROM {w}.people",
    "SELECT sum(1e308 * score) AS s FROM {w}.people",
    "SELECT sum(CASE WHEN age = 120 THEN 'NaN' ELSE 0 END) AS s FROM {w}.people",
    "SELECT sum(CASE WHEN age = 120 THEN 1 / 0 ELSE score END) AS s FROM {w}.people",
    "SELECT count(*) AS n FROM {w}.people WHERE isinf(score / 0)",
    "SELECT count(*) AS n FROM {w}.people WHERE born < 'infinity'",
    "SELECT sum(score) AS s, sum(score / nullif(120 - age, 0)) AS r FROM {w}.people",
]
T13 = [
    "SELECT sum(TRY_CAST(score AS SMALLINT)) AS s FROM {w}.people",
    "SELECT count(TRY_CAST(note AS INTEGER)) AS n FROM {w}.people",
    "SELECT sum(TRY(score / (age - 120))) AS s FROM {w}.people",
    "SELECT count(*) AS n FROM {w}.people WHERE TRY(error('x')) IS NULL",
    "SELECT sum(coalesce(score, 0)) AS s FROM {w}.people",
    "SELECT sum(CASE WHEN score > 500 THEN score ELSE 0 END) AS s FROM {w}.people",
]


def words(e):
    """What a developer is told, in words common to both worlds; not where it is in the log."""
    return e.status, e.code, kit.neutral(kit.domain.last_json(e.text).get("reason", e.text)), e.logged


def register(bed, grant, w, sql):
    try:
        return bed.register(grant, w, sql), None
    except kit.domain.Refused as e:
        return None, words(e)


def clean(claims, what, data):
    for marker in MARKERS:
        claims.claim(f"{what}: no raw value", marker not in data, marker)


def compare(claims, sql, seen):
    """Two outcomes of one model that runs over both worlds."""
    a, b = (seen[w] for w in kit.WORLDS)
    claims.claim(f"one status: {sql}", a.status() == b.status(), (a.status(), b.status()))
    for o in (a, b):
        claims.claim(f"in its slot: {sql}", SLOT_S - 0.01 <= o.seconds < SLOT_S + LATE_S, o.seconds)
        claims.claim(f"constant words: {sql}", o.code == "" or o.reason == CONSTANT, o.reason)
        clean(claims, sql, o.reason.encode() + o.field.encode())
    if a.code == "" and b.code == "":
        claims.claim(f"one shape: {sql}", kit.figures(a) == kit.figures(b),
                     (kit.figures(a), kit.figures(b)))


def try_model(claims, bed, grant, sql):
    """1 when it ran, 0 when it was refused."""
    models, refusals = {}, {}
    for w in kit.WORLDS:
        models[w], refusals[w] = register(bed, grant, w, sql)
    claims.claim(f"one verdict: {sql}", refusals["a"] == refusals["b"], refusals)
    if any(refusals.values()):
        clean(claims, sql, repr(refusals).encode())
        return 0
    compare(claims, sql, {w: bed.client().run(models[w]) for w in kit.WORLDS})
    return 1


def refused_runs(claims, bed, grant):
    """A run that comes to nothing (its columns are damaged) says one sentence, as late as any."""
    models = bed.twins(grant, "SELECT count(*) AS n FROM {w}.people WHERE age < 121", name="spoilt")
    with bed.damaged(*(f"{w}.people" for w in kit.WORLDS)):
        seen = {w: bed.client().run(models[w]) for w in kit.WORLDS}
    for o in seen.values():
        claims.claim("a run without columns is refused", o.code == "refused", o.status())
    compare(claims, "damaged columns", seen)


def rejected_rows(claims, bed):
    """Cells that do not fit, in what the department is told and in the log on the host."""
    people, visits = kit.crowd(bed.chance, 20)
    people.append(["person-bad", "RAW-MARKER-7731", 1, "1000000000", "2000-01-01", "x"])
    bed.load("a", people, visits, define=False)


def hostile(models):
    def body(chance):
        claims = kit.Violations()
        with kit.Bed(chance) as bed:
            bed.ready(slot=int(SLOT_S * 1000))
            grant = bed.scene_of()
            ran = sum(try_model(claims, bed, grant, sql) for sql in models)
            claims.claim("some models are total, and run", ran > 0, ran)
            refused_runs(claims, bed, grant)
            rejected_rows(claims, bed)
            bed.stop()
            clean(claims, "log of the host", bed.log.read_bytes())
            cores = [str(p) for p in bed.work.rglob("core*") if p.is_file()]
            claims.claim("no core file", not cores, cores)
        return claims.verdict()
    return body


# --- T14 -------------------------------------------------------------------------------------------

def cut(client, packet, after):
    """Send a run, reset the connection so many seconds later. What came before that: bytes."""
    line = kit.Line(client)
    line.send("model.run", packet)
    ready, _, _ = select.select([line.sock], [], [], after)
    came = line.sock.recv(1 << 20) if ready else b""
    line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()
    return came


def early_aborts(claims, bed, model, numbers, chance):
    """Cut anywhere before the slot ends: nothing came, and the charge has its one outcome."""
    client = bed.client()
    for number in numbers:
        packet, header = client.run_envelope(model, n=number)
        came = cut(client, packet, chance.uniform(0, SLOT_S * 0.9))
        claims.claim("nothing before the slot ends", came == b"", len(came))
        first = client.insist("model.run", packet, header)
        again = client.insist("model.run", packet, header)
        claims.claim("a cut run has an outcome", first.code == "" and first.result, first.status())
        claims.claim("and only the one", first.result == again.result and
                     first.indexes == again.indexes, (first.indexes, again.indexes))


def halves(claims, bed, model, number, chance):
    """A reply read in pieces: the first byte comes when the slot has ended, no part of it opens."""
    client = bed.client()
    packet, header = client.run_envelope(model, n=number)
    line = kit.Line(client)
    begun = time.monotonic()
    line.send("model.run", packet)
    select.select([line.sock], [], [], kit.domain.CALL_S)
    first = time.monotonic() - begun
    error, result = line.receive()
    line.close()
    claims.claim("the first byte is on the slot's end", SLOT_S - 0.01 <= first < SLOT_S + LATE_S,
                 first)
    whole = client.opened(header, error, result, first)
    for _ in range(20):
        part = result[:chance.randrange(len(result))]
        try:
            client.opened(header, None, part, first)
            claims.claim("a part of a reply opens", False, len(part))
        except ValueError:
            claims.claim("a part of a reply does not open", True)
    return whole


def partial(chance):
    claims = kit.Violations()
    per_world = 20 if kit.FULL else 4
    with kit.Bed(chance) as bed:
        bed.ready(slot=int(SLOT_S * 1000))
        grant = bed.scene_of()
        models = bed.twins(grant, "SELECT count(*) AS n FROM {w}.people WHERE age > $n", more=N)
        seen = {}
        for w in kit.WORLDS:
            numbers = list(range(per_world + 1))
            early_aborts(claims, bed, models[w], numbers[1:], chance)
            seen[w] = halves(claims, bed, models[w], 0, chance)
        claims.claim("one size and shape", seen["a"].status() == seen["b"].status() and
                     kit.figures(seen["a"]) == kit.figures(seen["b"]), seen)
        claims.claim("each question was charged once", all(
            bed.spends(w) == (per_world + 1) * kit.domain.nano(kit.RHO_QUIET)
            for w in kit.WORLDS), [bed.spends(w) for w in kit.WORLDS])
        for sql in ("SELECT kind, count(*) AS n FROM {w}.visits GROUP BY 1 LIMIT 1",
                    "SELECT count(*) AS n FROM (SELECT id FROM {w}.visits LIMIT 1)",
                    "SELECT count(*) AS n FROM (SELECT id FROM {w}.visits ORDER BY cost OFFSET 1)"):
            _, refusal = register(bed, grant, "a", sql)
            claims.claim(f"refused: {sql}", refusal is not None)
    return claims.verdict()


TABLE = {
    "T10": ("error channel: cast", "violations", hostile(T10)),
    "T11": ("error channel: arithmetic", "violations", hostile(T11)),
    "T12": ("error channel without error", "violations", hostile(T12)),
    "T13": ("TRY is not a full shield", "violations", hostile(T13)),
    "T14": ("early abort and partial output", "violations", partial),
}

if __name__ == "__main__":
    kit.attack(TABLE)
