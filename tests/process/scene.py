#!/usr/bin/env python3
"""An application under a pack with a section for scenes, through the command line: what it must say, questions and
answers, a return, the reviews anew; the grant measured and shrunk; one party stops, all must start."""
import domain
from restart import PRICE

SECTION = "scheme:\n  scene: {reason_min: 4, review_days: 10, rounds_max: 1}\n"
WORDS = ("--feasibility", "做得到", "--compliance", "合规", "--risk", "小", "--value", "大")
EXAMPLE = domain.PACKS / "scheme/scene.yaml"
SHARE = 2_500_000_000  # of the demo's scene


def write(d, name, text):
    path = d.work / name
    path.write_text(text, encoding="utf-8")
    return path


def application(d, name, more="", **changes):
    """The example with a field that no model reads; `more`: of its application."""
    text = d.variant(EXAMPLE, **changes).read_text(encoding="utf-8")
    text = text.replace("mechanisms:", more + "mechanisms:", 1)
    extra = "      - {name: weight, reason: 也许有用}\n"
    return write(d, name, text.replace("  - dataset: nafld.events\n", extra + "  - dataset: nafld.events\n", 1))


def test_application(tap, d):
    tap.refused("an application that says nothing: field", "field", d.shuyu, "acme", "scene", "apply", d.scene())
    path = application(d, "short.yaml")
    short = write(d, "short.yaml", path.read_text(encoding="utf-8").replace("reason: 也许有用", "reason: 要"))
    tap.refused("a reason of one character: field", "field", d.shuyu, "acme", "scene", "apply", short)
    return d.shuyu("acme", "scene", "apply", application(d, "first.yaml"))["proposal"]


def test_talk(tap, d, first):
    tap.refused("the developer waits for its turn", "state", d.shuyu, "acme", "scene", "comment", first, "--text", "?")
    d.shuyu("operator", "scene", "comment", first, "--text", "为什么需要体重？")
    shown = d.shuyu("acme", "scene", "show", first)
    tap.check("scene show says whose turn it is, and until when", shown["turn"] == "developer" and shown["due"] > 0,
              shown)
    tap.refused("what waits for an answer is not approved", "state", d.shuyu, "operator", "scene", "first-review",
                first, "--approve", *WORDS)
    d.shuyu("acme", "scene", "comment", first, "--text", "以后也许会用到。")
    tap.refused("the first review states four points", "field", d.shuyu, "operator", "scene", "first-review", first,
                "--approve")
    tap.refused("a return says what is wrong", "field", d.shuyu, "operator", "scene", "first-review", first,
                "--return")
    d.shuyu("operator", "scene", "first-review", first, "--return", "--opinion", "请说明体重的用途")
    for party in ("acme", "operator", "health", "agency"):
        said = d.shuyu(party, "scene", "comment", first)
        tap.check(f"{party} reads all that was said, in order",
                  [(s["step"], s["party"]) for s in said["said"]] ==
                  [("comment", "operator"), ("comment", "acme"), ("first_review", "operator")] and
                  said["said"][1]["text"] == "以后也许会用到。" and "请说明体重的用途" in said["said"][2]["text"], said)
    plain = d.shuyu("acme", "scene", "list")
    tap.check("it is returned", [s["status"] for s in plain if s["id"] == first] == ["returned"], plain)


def test_again(tap, d, first):
    tap.refused("anew without a word of what was returned: state", "state", d.shuyu, "acme", "scene", "apply",
                application(d, "anew.yaml", calls=50))
    grant = d.shuyu("acme", "scene", "apply",
                    application(d, "second.yaml", f"  replaces: {first}\n", calls=50))["proposal"]
    tap.refused("the reviews begin anew: review", "review", d.shuyu, "agency", "scene", "final-review", grant,
                "--approve", "--opinion", "同意")
    tap.refused("returned once, as often as the pack allows: limit", "limit", d.shuyu, "operator", "scene",
                "first-review", grant, "--return", "--opinion", "再改")
    d.shuyu("operator", "scene", "first-review", grant, "--approve", *WORDS)
    d.shuyu("health", "scene", "consent", grant, "--approve")
    d.shuyu("agency", "scene", "final-review", grant, "--approve", "--opinion", "同意")
    return grant


def fields(meter, dataset):
    return {f["name"]: f for d in meter["datasets"] if d["dataset"] == dataset for f in d["fields"]}


def test_meter(tap, d, grant):
    model = d.model(grant)
    d.run(model, "min_age=18")
    d.run(model, "min_age=20")
    d.run(model, "min_age=18")  # the stored answer
    for party in ("acme", "operator", "agency", "health"):
        meter = d.shuyu(party, "scene", "meter", grant)
        persons = fields(meter, "nafld.persons")
        tap.check(f"{party} sees what is read",
                  (meter["models"], meter["runs"], persons["age"]["models"], persons["age"]["runs"]) == (1, 2, 1, 2)
                  and persons["weight"]["runs"] == 0 and meter["datasets"][0]["granted"] == 4 and
                  meter["datasets"][0]["read"] == 3, meter)
    tap.refused("another developer does not", "grant", d.shuyu, "rival", "scene", "meter", grant)
    return model


def test_shrink(tap, d, grant, model):
    out = d.work / "smaller.yaml"
    told = d.shuyu("acme", "scene", "shrink", grant, "--out", out)
    tap.check("one field fewer", told == {"file": str(out), "fields_fewer": 1}, told)
    text = out.read_text(encoding="utf-8")
    tap.check("the file asks for what is read", "weight" not in text and "name: age" in text and
              f"shrinks: {grant}" in text, text)
    smaller = d.shuyu("acme", "scene", "apply", out)["proposal"]
    d.shuyu("operator", "scene", "first-review", smaller, "--approve", *WORDS)
    d.shuyu("health", "scene", "consent", smaller, "--approve")
    tap.check("until it is approved the larger grant answers", d.run(model, "min_age=22")["rows"] == 16)
    tap.refused("asking for more is no shrink: field", "field", d.shuyu, "acme", "scene", "apply",
                d.variant(out, rho="2.6"))
    tap.refused("what it used meanwhile is not there again: limit", "limit", d.shuyu, "agency", "scene",
                "final-review", smaller, "--approve", "--opinion", "同意缩减")
    d.shuyu("agency", "scene", "final-review", smaller, "--reject", "--opinion", "余额不足")
    out = d.work / "smaller-still.yaml"
    d.shuyu("acme", "scene", "shrink", grant, "--out", out)
    smaller = d.shuyu("acme", "scene", "apply", out)["proposal"]
    d.shuyu("operator", "scene", "first-review", smaller, "--approve", *WORDS)
    d.shuyu("health", "scene", "consent", smaller, "--approve")
    d.shuyu("agency", "scene", "final-review", smaller, "--approve", "--opinion", "同意缩减")
    shown = d.shuyu("acme", "scene", "show", grant)
    tap.check("then the larger one is over", shown["status"] == "revoked", shown)
    tap.refused("its models do not run", "grant", d.run, model, "min_age=25")
    again = d.model(smaller)
    tap.check("under the smaller one the model runs", d.run(again, "min_age=25")["rows"] == 16)
    try:
        d.shuyu("acme", "scene", "shrink", smaller, "--out", out)
        tap.check("there is nothing more to shrink", False)
    except domain.Refused as e:
        tap.check("there is nothing more to shrink", e.status == 2 and "every field is read" in e.text, e)
    account = {r["namespace"]: r for r in d.shuyu("agency", "budget")}["person"]
    tap.check("the account holds what the larger had left when the file was written, less one run",
              domain.nano(account["held_rho"]) == SHARE - 4 * PRICE and d.spent() == 4 * PRICE, account)
    return smaller, again


def test_holds(tap, d, grant, model):
    d.shuyu("health", "scene", "suspend", grant, "--ground", "incident")
    d.shuyu("operator", "scene", "suspend", grant, "--ground", "breach")
    shown = d.shuyu("acme", "scene", "show", grant)
    tap.check("both hold it", sorted(h["party"] for h in shown["holds"]) == ["health", "operator"], shown)
    d.shuyu("health", "scene", "lift", grant, "--ground", "incident")
    tap.refused("one has not lifted: suspended", "suspended", d.shuyu, "agency", "scene", "resume", grant, "--ground",
                "incident")
    d.shuyu("operator", "scene", "lift", grant, "--ground", "breach")
    tap.refused("lifted by all, it waits for the agency", "suspended", d.run, model, "min_age=25")
    d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")
    tap.check("and answers again", d.run(model, "min_age=25")["rows"] == 16)


def main(tap):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        d.enrol("rival", "developer")
        text = d.pack(version=2).read_text(encoding="utf-8")
        d.shuyu("agency", "pack", "adopt", write(d, "pack.yaml", text + SECTION))
        first = test_application(tap, d)
        test_talk(tap, d, first)
        grant = test_again(tap, d, first)
        model = test_meter(tap, d, grant)
        smaller, again = test_shrink(tap, d, grant, model)
        test_holds(tap, d, smaller, again)
        try:
            d.audit()
            tap.check("the auditor verifies and replays all of it", True)
        except domain.Refused as e:
            tap.check("the auditor verifies and replays all of it", False, e)


if __name__ == "__main__":
    domain.run_tests(main)
