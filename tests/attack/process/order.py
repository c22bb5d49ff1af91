#!/usr/bin/env python3
"""T36, T37 and T46: order, metadata, and the audit log as a channel. order.py TNN"""
import kit

REFUSED = ("sql", "privacy", "row_level", "grant", "field_denied", "limit", "plan")

T36 = [
    "SELECT id FROM {w}.people ORDER BY score DESC LIMIT 1",
    "SELECT count(*) AS n FROM (SELECT id FROM {w}.people ORDER BY score DESC LIMIT 1)",
    "SELECT count(*) AS n FROM (SELECT id FROM {w}.visits LIMIT 10 OFFSET 5)",
    "SELECT count(*) AS n FROM (SELECT id FROM {w}.visits ORDER BY cost)",
    "SELECT kind, count(*) AS n FROM {w}.visits GROUP BY 1 ORDER BY max(cost)",
    "SELECT kind, count(*) AS n FROM {w}.visits GROUP BY 1 ORDER BY cost",
    "SELECT kind, count(*) AS n FROM {w}.visits GROUP BY 1 LIMIT 3",
    "SELECT kind, count(*) AS n FROM {w}.visits GROUP BY 1 ORDER BY random()",
    "SELECT first(score) AS n FROM {w}.people",
    "SELECT arg_max(age, score) AS n FROM {w}.people",
    "SELECT max(score) AS n FROM {w}.people",
    "SELECT count(*) AS n FROM {w}.people WHERE id IN "
    "(SELECT id FROM {w}.visits ORDER BY cost DESC LIMIT 1)",
    "SELECT row_number() OVER (ORDER BY score) AS n FROM {w}.people",
]
T37 = [
    "EXPLAIN ANALYZE SELECT count(*) FROM {w}.people",
    "EXPLAIN SELECT count(*) FROM {w}.people",
    "SUMMARIZE {w}.people",
    "DESCRIBE {w}.people",
    "SHOW TABLES",
    "SELECT count(*) AS n FROM (SUMMARIZE {w}.people)",
    "SELECT count(*) AS n FROM pragma_storage_info('{w}.people')",
    "SELECT max(estimated_size) AS n FROM duckdb_tables()",
    "SELECT count(*) AS n FROM duckdb_columns()",
    "SELECT count(*) AS n FROM information_schema.columns",
    "SELECT count(*) AS n FROM pg_catalog.pg_class",
    "SELECT count(*) AS n FROM sqlite_master",
    "SELECT count(*) AS n FROM c.people",
    "SELECT count(*) AS n FROM read_csv('/etc/passwd')",
    "SELECT count(*) AS n FROM '/etc/passwd'",
    "SELECT count(*) AS n FROM {w}.people AT (VERSION => 1)",
    "SELECT count(*) AS n FROM {w}.people WHERE current_setting('threads') = '1'",
    "SELECT count(*) AS n FROM {w}.people WHERE rowid = 3",
    "SELECT count(*) AS n FROM {w}.people USING SAMPLE 1",
]


def words(e):
    return e.status, e.code, kit.neutral(kit.domain.last_json(e.text).get("reason", e.text))


def verdicts(claims, bed, grant, models):
    for sql in models:
        seen = {}
        for w in kit.WORLDS:
            try:
                bed.register(grant, w, sql)
                seen[w] = None
            except kit.domain.Refused as e:
                seen[w] = words(e)
        claims.claim(f"refused: {sql}", seen["a"] is not None and seen["a"][1] in REFUSED, seen)
        claims.claim(f"in the same words: {sql}", seen["a"] == seen["b"], seen)


def order(chance):
    claims = kit.Violations()
    with kit.Bed(chance) as bed:
        bed.ready(slot=250)
        grant = bed.scene_of()
        verdicts(claims, bed, grant, T36)
        models = bed.twins(grant, "SELECT kind, count(*) AS n FROM {w}.visits GROUP BY 1",
                           groups=8, rows=40)
        seen = {w: bed.client().run(models[w]).answer for w in kit.WORLDS}
        keys = {w: kit.domain.column(seen[w], "kind")["texts"] for w in kit.WORLDS}
        claims.claim("cells are in the catalogue's order, whatever is in them",
                     keys["a"] == keys["b"] == [f"v{i}" for i in range(8)], keys)
    return claims.verdict()


# --- T37 -------------------------------------------------------------------------------------------

LISTED = ("party/", "dataset/", "grant/", "account/", "model/", "proposal/", "version/", "budget/", "pack")
HIDDEN = ("charge/", "answer/", "question/", "nonce/", "", "region/", "subject/", "consent/", "genesis")


def rows(bed, prefix):
    """Rows of the state that the developer may list; None when the prefix is refused."""
    got = bed.client().ask_fast("state.list", kit.stranger.canonical({"prefix": prefix}))
    return {r["key"]: r["value"] for r in got.answer.get("rows", [])} if got.code == "" else None


def listed(claims, bed):
    """What a developer may list: nothing of versions, budgets, charges, answers or questions."""
    for prefix in ("version/", "budget/"):
        claims.claim(f"no rows under {prefix}", rows(bed, prefix) == {}, rows(bed, prefix))
    for prefix in HIDDEN:
        claims.claim(f"{prefix!r} can't be listed", rows(bed, prefix) is None, prefix)
    text = b"".join(v for p in LISTED for v in (rows(bed, p) or {}).values())
    for marker in (b"target-zz", b"RAW-MARKER-7731", b"person-00001"):
        claims.claim("no row of the state holds data", marker not in text, marker)


def metadata(chance):
    claims = kit.Violations()
    with kit.Bed(chance) as bed:
        bed.ready(slot=250)
        grant = bed.scene_of()
        verdicts(claims, bed, grant, T37)
        listed(claims, bed)
    return claims.verdict()


# --- T46 -------------------------------------------------------------------------------------------

SECRET_OF_DRAW = {"salt", "commit", "state", "nonce", "header", "sigs", "leaf", "time", "tls", "expiry",
                  "body", "version", "subject", "grant", "args", "charge", "stored"}


def shape(value, key=""):
    """A decoded entry with what differs by draw or by name of world replaced by its length."""
    if isinstance(value, dict):
        return {k: shape(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [shape(v, key) for v in value]
    if isinstance(value, bytes) or key in SECRET_OF_DRAW:
        return (key, len(value) if isinstance(value, (bytes, str)) else None)
    return kit.neutral(value) if isinstance(value, str) else value


def steps(bed, models, w):
    """Runs of one world: good ones, one again, one with damaged columns. Entry of the first charge."""
    client = bed.client()
    first = client.run(models[w], n=0).indexes[0]
    for n in (1, 2, 0):
        client.run(models[w], n=n)
    with bed.damaged(f"{w}.visits"):
        client.run(models[w], n=3)
    return first


def entries(bed, first, party="acme"):
    """(leaf, decoded body or None) of the entries from `first` on, as the party sees them."""
    args = kit.stranger.canonical({"first": first, "n": 256})
    got = bed.client(party).ask_fast("log.entries", args).answer["entries"]
    return [(kit.stranger.unpack(e["leaf"]),
             kit.stranger.unpack(e["body"]) if e.get("body") else None, len(e["leaf"]),
             len(e.get("body", b""))) for e in got]


def logged(claims, seen):
    """The log's entries about one world beside those about the other."""
    a, b = seen["a"], seen["b"]
    claims.claim("as many entries", len(a) == len(b), (len(a), len(b)))
    for x, y in zip(a, b):
        claims.claim("one type and day of the public leaf", x[0][:3] == y[0][:3], (x[0], y[0]))
        claims.claim("one length of leaf and body", x[2:] == y[2:], (x[2:], y[2:]))
        claims.claim("one body but for what is drawn", shape(x[1]) == shape(y[1]),
                     (shape(x[1]), shape(y[1])))


def audit_log(chance):
    claims = kit.Violations()
    with kit.Bed(chance) as bed:
        bed.ready(slot=250, developers=("acme", "rival"))
        more = "params:\n  - {name: n, type: int, values: [0, 1, 2, 3], support: 1}\n"
        models = bed.twins(bed.scene_of(), "SELECT kind, count(*) AS n, sum(cost) AS c FROM "
                           "{w}.visits WHERE day > $n GROUP BY 1", groups=8, rows=40, more=more)
        seen, others = {}, {}
        for w in kit.WORLDS:
            first = steps(bed, models, w)
            seen[w], others[w] = entries(bed, first), entries(bed, first, "rival")
        logged(claims, seen)
        logged(claims, others)
        claims.claim("others see no body of it", all(e[1] is None for w in kit.WORLDS
                                                     for e in others[w]))
        kinds = [e[0][1] for e in seen["a"]]
        claims.claim("the public leaf does not tell what came of a run",
                     set(kinds) == {"charge", "answer"} and len(kinds) == 9, kinds)
        text = b"".join(kit.msgpack.packb(e[1]) for e in seen["a"] if e[1])
        for marker in (b"target-zz", b"RAW-MARKER-7731", b"89999999", b"8999999999"):
            claims.claim("no raw value in an entry", marker not in text, marker)
    return claims.verdict()


TABLE = {
    "T36": ("ordering, LIMIT, OFFSET", "violations", order),
    "T37": ("metadata and planner", "violations", metadata),
    "T46": ("audit log as a channel", "violations", audit_log),
}

if __name__ == "__main__":
    kit.attack(TABLE)
