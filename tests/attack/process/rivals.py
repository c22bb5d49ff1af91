#!/usr/bin/env python3
"""RIV: what systems of this kind are known to get wrong, one claim each. rivals.py RIV

The threshold on figures without groups; windows over other people's rows; bounds and prices that a
developer loosens; budget that comes back.
"""
import kit
import withheld

SLOT_S = 0.3
SUPPORT = 100
RHO_RUN_MAX = 1000
PRICE = kit.domain.nano(kit.RHO_QUIET)

# Over one planted unit (world a), nobody (world b), or many.
SCALARS = [
    ("SELECT count(*) AS n FROM {w}.people WHERE age = 120", {}),
    ("SELECT sum(score) AS n FROM {w}.people WHERE score > 500", {}),
    ("SELECT avg(age) AS n FROM {w}.people WHERE age = 120", {}),
    ("SELECT count(DISTINCT id) AS n FROM {w}.visits WHERE day > 19000", {}),
    ("SELECT sum(cost) AS n FROM {w}.visits WHERE cost > 9500", {"rows": 40}),
]
WINDOWS = [
    "SELECT count(*) AS n FROM (SELECT id, rank() OVER (ORDER BY score) AS r FROM {w}.people) "
    "WHERE r = 1",
    "SELECT count(*) AS n FROM (SELECT id, sum(score) OVER () AS s FROM {w}.people) WHERE s > 0",
    "SELECT count(*) AS n FROM (SELECT id, max(score) OVER (PARTITION BY male) AS s "
    "FROM {w}.people) WHERE s > 500",
    "SELECT count(*) AS n FROM (SELECT id, lag(cost) OVER (ORDER BY day) AS c FROM {w}.visits) "
    "WHERE c > 9000",
    "SELECT count(*) AS n FROM (SELECT id, count(*) OVER (PARTITION BY kind) AS c "
    "FROM {w}.visits) WHERE c < 10",
]
COUNT = "SELECT count(*) AS n FROM {w}.people"
SUM = "SELECT sum(cost) AS s FROM {w}.visits"
GROUPED = "SELECT kind, count(*) AS n FROM {w}.visits GROUP BY 1"


def refusal(call, *args, **how):
    """(code, field) of a refusal; None when there is none."""
    try:
        call(*args, **how)
        return None
    except kit.domain.Refused as e:
        return e.code


def ungrouped(claims, bed, grant):
    """Nobody, one, many: the same status, shape, length, noise and time."""
    everybody = bed.register(grant, "b", COUNT, name="everybody")
    many = bed.client().run(everybody)
    for i, (sql, how) in enumerate(SCALARS):
        models = bed.twins(grant, sql, name=f"scalar-{i}", **how)
        seen = {w: bed.client().run(models[w]) for w in kit.WORLDS}
        for w, o in seen.items():
            claims.claim(f"{w}: answered as any other: {sql}", o.code == "" and
                         o.answer["rows"] == many.answer["rows"] == 1, o.status())
            claims.claim(f"{w}: in its slot: {sql}", SLOT_S - 0.01 <= o.seconds < SLOT_S + 0.3,
                         o.seconds)
        claims.claim(f"one status and length: {sql}", seen["a"].status() == seen["b"].status())
        claims.claim(f"one shape and noise: {sql}", kit.figures(seen["a"]) ==
                     kit.figures(seen["b"]), [kit.figures(o) for o in seen.values()])


def windows(claims, bed, grant):
    for sql in WINDOWS:
        claims.claim(f"refused: {sql}", refusal(bed.register, grant, "a", sql) == "privacy",
                     refusal(bed.register, grant, "a", sql))


def clamps(lo, hi):
    return f"clamps:\n  - {{figure: s, lo: {lo}, hi: {hi}}}\n"


def noise_of(bed, model):
    return bed.client().run(model).answer["columns"][0]["noise"]


def bounds(claims, bed, grant):
    """Tighter is less noise; looser is refused."""
    plain = bed.register(grant, "a", SUM, name="plain")
    tight = bed.register(grant, "a", SUM, name="tight", more=clamps("0.00", "5000.00"))
    claims.claim("narrower bounds: less noise", noise_of(bed, tight) < noise_of(bed, plain))
    for name, lo, hi in (("upper", "0.00", "90000001.00"), ("lower", "-1.00", "90000000.00"),
                         ("both", "-90000000.00", "180000000.00")):
        code = refusal(bed.register, grant, "a", SUM, name=f"wide-{name}", more=clamps(lo, hi))
        claims.claim(f"wider {name} bound: refused", code in ("plan", "sql", "privacy", "field"),
                     code)
    param = "params:\n  - {{name: n, type: int, values: [1, 2], support: {}}}\n"
    asked = COUNT + " WHERE age > $n"
    for support, fine in ((SUPPORT, True), (SUPPORT - 1, False), (0, False)):
        code = refusal(bed.register, grant, "a", asked, name=f"support-{support}",
                       more=param.format(support))
        claims.claim(f"support {support}: {'accepted' if fine else 'refused'}",
                     (code is None) == fine, code)


def prices(claims, bed, grant):
    """What a model or a scene declares stays within the pack."""
    for name, sql, how, codes in (
            ("rho beyond one run's", COUNT, {"rho": str(RHO_RUN_MAX + 1)}, ("budget",)),
            ("rho of nothing", COUNT, {"rho": "0"}, ("budget", "plan", "field", "usage")),
            ("groups beyond the pack", GROUPED, {"groups": 65, "rows": 1}, ("limit", "plan", "sql")),
            ("rows beyond the pack", SUM, {"rows": 5001}, ("limit", "plan", "sql"))):
        code = refusal(bed.register, grant, "a", sql, name="loose", **how)
        claims.claim(f"{name}: refused", code in codes, code)
    for name, how, codes in (
            ("a share beyond the lifetime cap", {"rho": "9000001"}, ("budget",)),
            ("a delta beyond the lifetime cap", {"delta": "1e-5"}, ("budget",)),
            ("exact figures", {"mechanisms": "[exact]"}, ("privacy", "field", "denied")),
            ("a longer term", {"term": "366d"}, ("field",))):
        path = bed.variant(bed.scene_file("loose", "1", 10, 10), **how)
        code = refusal(bed.shuyu, "acme", "scene", "apply", path)
        claims.claim(f"{name}: refused", code in codes, code)


def recover(bed, party, rho, ns="na", ground="incident"):
    return refusal(bed.shuyu, party, "budget", "recover", ns, "--rho", rho, "--ground", ground)


def recovery(claims, bed):
    """Only the agency, only within the year's cap, only what was spent; and it is in the log."""
    before = bed.shuyu("agency", "budget")
    for party, code in (("operator", "role"), ("acme", "role"), ("health", "role")):
        claims.claim(f"{party} recovers nothing", recover(bed, party, "1") == code)
    claims.claim("no ground, no recovery", recover(bed, "agency", "1", ground="whim") == "field")
    claims.claim("more than a year's: refused", recover(bed, "agency", "600") == "budget")
    claims.claim("a namespace without it: refused", recover(bed, "agency", "1", ns="nb") == "budget")
    claims.claim("nothing has moved", bed.shuyu("agency", "budget") == before)
    claims.claim("within the cap: recorded", recover(bed, "agency", "500") is None)
    claims.claim("once a year", recover(bed, "agency", "1") == "budget")
    after = {r["namespace"]: r for r in bed.shuyu("agency", "budget")}["na"]
    was = {r["namespace"]: r for r in before}["na"]
    claims.claim("the cap grows by it, what is spent stays spent", kit.domain.nano(
        after["cap_rho"]) == kit.domain.nano(was["cap_rho"]) + kit.domain.nano("500") and
        after["spent_rho"] == was["spent_rho"], (was, after))
    types = [kit.msgpack.unpackb(e["leaf"], raw=False)[1]
             for e in kit.domain.read_entries(bed.export())]
    claims.claim("one public entry says so", types.count("recover") == 1, types)
    bed.audit()


def outcomes_give_nothing_back(claims, bed, grant):
    """Refused after its charge, or its grant revoked: spent is spent."""
    model = bed.register(grant, "a", COUNT + " WHERE age < 121", name="cut-off")
    before = bed.spends("a")
    bed.adopt(slot=1)
    outcome = bed.client().run(model)
    bed.adopt(slot=int(SLOT_S * 1000))
    claims.claim("a run that was cut off stays charged", outcome.code == "refused" and
                 bed.spends("a") == before + PRICE, (outcome.status(), bed.spends("a") - before))
    bed.shuyu("operator", "scene", "revoke", grant, "--ground", "incident")
    claims.claim("a revoked grant's charges stay", bed.spends("a") == before + PRICE)


def rivals(chance):
    claims = kit.Violations()
    with kit.Bed(chance) as bed:
        bed.ready(slot=int(SLOT_S * 1000), support=SUPPORT, recover=", recover_rho: 500")
        grant = bed.scene_of()
        ungrouped(claims, bed, grant)
        windows(claims, bed, grant)
        bounds(claims, bed, grant)
        prices(claims, bed, grant)
        outcomes_give_nothing_back(claims, bed, grant)
        recovery(claims, bed)
    withheld.test(claims, chance)
    return claims.verdict()


TABLE = {"RIV": ("rows that rivals fail", "violations", rivals)}

if __name__ == "__main__":
    kit.attack(TABLE)
