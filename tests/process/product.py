#!/usr/bin/env python3
"""A product from an approved model to a buyer's paid call, in a live domain: filed, reported on, reviewed, published,
registered, subscribed to, called. The month's statement is what the exported events add up to, disguised use is refused
and counted, and a withdrawn product answers nothing from the next entry on. The log verifies and replays."""
import collections
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import msgpack

import domain
import raw
import stranger

FILE = domain.PACKS / "scheme/product.yaml"
SECTION = """
scheme:
  product:
    reviewers: [agency, security]
    reports_max: 4
    price_max: 5000
    public_price_max: 0
    public_calls: 10
    fee_permille_max: 150
    advantage_max: 400
"""
# what a test takes is fixed: long enough for the build whose memory is watched
TEST_S = 25 if b"__asan_init" in domain.SHUYU.read_bytes() else 9
TESTS = f"""
    test_asked: true
    tests_max: 3
    test_ms: {TEST_S}000
"""
PRICE, CAP, FEE = 1200, 3000, 100
UTC_OFFSET_S = 28800


def pack(d, version, more=""):
    path = d.pack(version=version)
    path.write_text(path.read_text(encoding="utf-8") + SECTION.rstrip() + more + "\n", encoding="utf-8")
    return path


def edited(d, name, old, new):
    text = FILE.read_text(encoding="utf-8")
    assert old in text, old
    path = d.work / name
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def month():
    return time.strftime("%Y-%m", time.gmtime(time.time() + UTC_OFFSET_S))


def product_row(d, party, product):
    return next((p for p in d.shuyu(party, "product", "list") if p["id"] == product), None)


# --- to sale -------------------------------------------------------------------------------------

def check_filing(tap, d, model):
    tap.refused("a pack without products takes none", "state", d.shuyu, "acme", "product", "submit",
                FILE, "--model", model)
    d.shuyu("agency", "pack", "adopt", pack(d, 2, TESTS))
    for name, old, new, code in (("a price above the cap", f"price: {PRICE}", "price: 5001", "limit"),
                                 ("a fee above the cap", f"fee_permille: {FEE}",
                                  "fee_permille: 151", "limit"),
                                 ("an industry product for nothing", f"price: {PRICE}\n", "price: 0\n",
                                  "limit"),
                                 ("a source kept quiet", "  - {dataset: nafld.events, basis: "
                                  "《中华人民共和国基本医疗卫生与健康促进法》第二十条}\n", "", "field"),
                                 ("an unknown form", "form: service", "form: gadget", "field")):
        path = edited(d, "spoilt.yaml", old, new)
        tap.refused(name, code, d.shuyu, "acme", "product", "submit", path, "--model", model)
    product = d.shuyu("acme", "product", "submit", FILE, "--model", model)["product"]
    tap.check("it is filed, and its developer sees it", product_row(d, "acme", product)["status"] ==
              "submitted")
    tap.check("a buyer does not", product_row(d, "shop", product) is None)
    return product


def check_reviews(tap, d, product, grant):
    report = d.shuyu("agency", "product", "report", product)
    tap.check("five checks, and all passed", [c["code"] for c in report["checks"]] ==
              ["purpose", "sources", "exposure", "personal", "other"] and
              all(c.get("passed") for c in report["checks"]), report)
    # rho 0.05: sqrt(0.025) = 0.1581
    tap.check("what one answer can tell about membership", report["advantage"] == 159, report)
    tap.check("no figure leaves bare", [f["mechanism"] for f in report["figures"]] == ["gauss"] and
              not any(f.get("bare") for f in report["figures"]), report)
    tap.refused("the developer reports nothing", "role", d.shuyu, "acme", "product", "report", product)
    tap.refused("nor the operator", "role", d.shuyu, "operator", "product", "report", product)
    rows = str(d.shuyu("acme", "product", "list"))
    tap.check("and the developer does not see the findings", "advantage" not in rows)
    d.shuyu("guard", "product", "review", product, "--approve", "--report", report["report"])
    tap.refused("one review is not enough", "review", d.shuyu, "agency", "product", "publish", product)
    again = d.shuyu("agency", "product", "report", product)
    tap.refused("a review of an older report", "", d.shuyu, "agency", "product", "review", product,
                "--approve", "--report", report["report"])
    tap.refused("a new report asks everybody again", "review", d.shuyu, "agency", "product",
                "publish", product)
    check_test_limits(tap, d, product, grant, again["report"])
    for party in ("guard", "agency"):
        d.shuyu(party, "product", "review", product, "--approve", "--report", again["report"][:8])
    d.shuyu("agency", "product", "publish", product)
    shown = product_row(d, "shop", product)
    tap.check("it is published, and everybody sees it", shown is not None and
              shown["status"] == "published", shown)


def check_tests(tap, d, product):
    """Membership inference and recall, on the product's own release inside the domain, for reviewers only."""
    tap.refused("no review before the report", "review", d.shuyu, "guard", "product", "review",
                product, "--approve", "--report", "0" * 64)
    report = d.shuyu("agency", "product", "report", product)
    tap.refused("nothing is approved that was not tested", "review", d.shuyu, "guard", "product",
                "review", product, "--approve", "--report", report["report"])
    for party in ("acme", "guard"):
        tap.refused(f"{party} tests nothing", "role", d.shuyu, party, "product", "test", product)
    began = time.monotonic()
    before = d.spent()
    said = d.shuyu("agency", "product", "test", product)
    took = time.monotonic() - began
    tap.check("it passes: no attacker gains more than the noise allows", said["outcome"] == "passed"
              and said["membership"] == "bounded" and said["units"] == 12 and said["draws"] >= 1000,
              said)
    # sqrt(0.025), and sampling: 1 / 16
    tap.check("the limit is the plan's price, and sampling", said["limit"] == 23, said)
    tap.check("and nothing else is told", set(said) == {"outcome", "product", "test", "commit", "draws",
              "limit", "membership", "units"}, said)
    tap.check("it is told when its time is up, not before", TEST_S <= took < TEST_S + 2, took)
    tap.check("it costs nothing", d.spent() == before)
    seen = {party: d.shuyu(party, "product", "test", product, "--all")
            for party in ("agency", "operator", "guard", "auditor", "acme")}
    tap.check("reviewers and auditors see it again", all(seen[p] == [said] for p in (
        "agency", "operator", "guard", "auditor")), seen)
    tap.check("the developer does not", seen["acme"] == [], seen)


def check_test_stopped(tap, d, product, grant, report):
    """A suspension ends a test at once; that it began does not count as passed."""
    said = {}

    def test():
        said.update(d.shuyu("operator", "product", "test", product))

    running = threading.Thread(target=test)
    running.start()
    tap.check("workers are at work", domain.wait_until(lambda: len(d.workers()) >= 1, 10))
    d.shuyu("agency", "scene", "suspend", grant, "--ground", "incident")
    tap.check("and are ended with the grant", domain.wait_until(lambda: not d.workers(), 2))
    running.join()
    tap.check("nothing was found out", said["outcome"] == "unable" and said["draws"] == 0 and
              said["units"] == 0, said)
    d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")
    tap.refused("which is not passed", "review", d.shuyu, "guard", "product", "review", product,
                "--approve", "--report", report)


def check_test_limits(tap, d, product, grant, report):
    check_test_stopped(tap, d, product, grant, report)
    again = d.shuyu("operator", "product", "test", product)
    tap.check("tested anew, it passes again", again["outcome"] == "passed", again)
    tap.refused("tests are so many", "limit", d.shuyu, "agency", "product", "test", product)


def check_registration(tap, d, product):
    subscribe = ["product", "subscribe", product, "--purpose", "planning", "--no-redistribution"]
    tap.refused("unregistered, it is not sold", "state", d.shuyu, "shop", *subscribe)
    d.shuyu("agency", "product", "register", product, "--exchange", "SD-2026-0017")
    d.shuyu("operator", "product", "register", product, "--registration", "370812-2026-0003")
    tap.refused("a purpose that was not reviewed", "field", d.shuyu, "shop", "product", "subscribe",
                product, "--purpose", "advertising", "--no-redistribution")
    d.shuyu("shop", *subscribe)
    d.shuyu("store", "product", "subscribe", product, "--purpose", "research",
            "--no-redistribution")
    tap.refused("the operator buys nothing", "role", d.shuyu, "operator", *subscribe)


# --- on sale -------------------------------------------------------------------------------------

def call(d, buyer, product, age, purpose):
    return d.shuyu(buyer, "product", "call", product, f"min_age={age}", "--purpose", purpose)


def check_calls(tap, d, product):
    before = d.spent()
    first = call(d, "shop", product, 18, "planning")
    tap.check("a buyer gets a verified answer", domain.column(first, "persons")["values"] != [] and
              first["buyer"] == "shop" and first["fen"] == PRICE and first["no_redistribution"],
              first)
    charged = d.spent() - before
    tap.check("the grant is charged", charged > 0, charged)
    second = call(d, "store", product, 18, "research")
    tap.check("another buyer's same question has the same answer", domain.column(second, "persons") ==
              domain.column(first, "persons"), second)
    tap.check("at no charge, but billed", d.spent() - before == charged and second["fen"] == PRICE)
    tap.check("and does not say whose question it was first", "shop" not in str(second), second)
    repeated = call(d, "shop", product, 18, "planning")
    tap.check("asked again, billed again, up to the month's cap", repeated["fen"] == PRICE)
    capped = call(d, "shop", product, 40, "planning")
    tap.check("which the third call reaches", capped["fen"] == CAP - 2 * PRICE, capped["fen"])
    tap.check("and each question is charged once", d.spent() - before == 2 * charged)


def under_other_grant(d, product, model):
    """A call under a grant that the product is not of, with the purpose and price that it has."""
    args = {"model": bytes.fromhex(model), "params": [{"name": "min_age", "value": "18"}],
            "price": PRICE, "purpose": "planning"}
    code, _, _ = raw.Party(d, "shop").ask("product.call", stranger.canonical(args),
                                          grant=bytes([7]) * 32, subject=bytes.fromhex(product))
    return code


def check_misuse(tap, d, product, model):
    tap.refused("another purpose is disguised use", "disguised", call, d, "shop", product, 18,
                "research")
    tap.refused("so is a call without a subscription", "disguised", call, d, "thief", product, 18,
                "planning")
    rows = {m["party"]: m for m in d.shuyu("operator", "product", "misuse")}
    tap.check("the operator sees both", rows["shop"]["field"] == "purpose" and
              rows["thief"]["field"] == "buyer", rows)
    code = under_other_grant(d, product, model)
    row = next(m for m in d.shuyu("operator", "product", "misuse") if m["party"] == "shop")
    tap.check("so is a call under another grant, which is counted too", code == "disguised" and
              row["field"] == "grant" and row["n"] == rows["shop"]["n"] + 1, (code, row))
    tap.check("a buyer sees nobody's", d.shuyu("thief", "product", "misuse") == [])
    tap.refused("a parameter that is not declared", "field", call, d, "shop", product, 19, "planning")


# --- the books -----------------------------------------------------------------------------------

def events(d):
    for entry in domain.read_entries(d.export()):
        event = msgpack.unpackb(entry["body"], raw=False, strict_map_key=False)
        header = msgpack.unpackb(event["request"]["header"], raw=False)
        yield entry.get("index", 0), event, header


def recount(d, product):
    """Calls, refusals and bills of each buyer, from the exported events alone."""
    lines = collections.defaultdict(lambda: [0, 0, 0])
    charges = {}
    for index, event, header in events(d):
        verdict = event["verdict"]
        if verdict.get("code", 0) != 0:
            continue
        if header["method"] == "product.call" and header["subject"].hex() == product:
            line = lines[header["party"]]
            line[0] += 1
            line[2] += verdict.get("fen", 0)
            charges[index] = line, verdict.get("fen", 0)
        elif header["method"] == "job.answer":
            line, fen = charges.get(event["inputs"]["charge"], (None, 0))
            if line is not None and event["inputs"]["outcome"] != "ok":
                line[1] += 1
                line[2] -= fen
    return {buyer: tuple(line) for buyer, line in lines.items()}


def statement(d, buyer, product):
    said = d.shuyu(buyer, "product", "statement", product, "--month", month())
    return next(l for l in said["lines"] if l["buyer"] == buyer)


def check_statement(tap, d, product):
    said = d.shuyu("acme", "product", "statement", product, "--month", month())
    lines = {l["buyer"]: (l["calls"], l.get("refused", 0), l.get("fen", 0)) for l in said["lines"]}
    want = recount(d, product)
    tap.check("the statement is what the events add up to", lines == want, (lines, want))
    total = sum(line[2] for line in want.values())
    tap.check("the sums too, and the operator's part", said["fen"] == total and
              said["fee"] == sum(line[2] * FEE // 1000 for line in want.values()), said)
    own = d.shuyu("store", "product", "statement", product, "--month", month())
    tap.check("a buyer sees its own line", [l["buyer"] for l in own["lines"]] == ["store"], own)
    tap.refused("another developer sees none", "denied", d.shuyu, "rival", "product", "statement",
                product, "--month", month())


def first_call(d, product):
    """The entry of the first call that was charged."""
    return next(i for i, event, header in events(d) if event["type"] == "charge" and
                header["method"] == "product.call" and header["subject"].hex() == product)


def check_audit(tap, d, product, model):
    """An auditor has a buyer's answer made again, and traces it to its sources."""
    charge = first_call(d, product)
    again = d.shuyu("auditor", "audit", "rerun", charge, local=True)
    tap.check("a buyer's answer is made again, bit by bit", again["match"] == 1 and
              again["mismatch"] == 0, again)
    out = d.export()
    done = subprocess.run([str(domain.AUDIT), "trace", str(out), str(charge), "--json"], check=False,
                          capture_output=True, text=True, timeout=domain.CALL_S,
                          env=domain.environment())
    tap.check("it is traced to its model and its data", done.returncode == 0 and model in done.stdout
              and "nafld.persons" in done.stdout, done.stdout[-800:] + done.stderr[-800:])


# --- the end -------------------------------------------------------------------------------------

def hold_workers(d, n, seconds):
    """Stop workers in their work as they come, until there are n; those."""
    held = set()

    def look():
        for pid in set(d.workers()) - held:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                held.add(pid)
        return len(held) >= n

    domain.wait_until(look, seconds, step=0.002)
    return held


def check_withdrawal(tap, d, product, grant):
    d.shuyu("agency", "scene", "suspend", grant, "--ground", "incident")
    tap.refused("a stopped grant stops its product", "suspended", call, d, "store", product, 18,
                "research")
    d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")
    call(d, "store", product, 18, "research")
    tap.refused("a buyer withdraws nothing", "role", d.shuyu, "shop", "product", "withdraw", product,
                "--ground", "incident")
    before = statement(d, "store", product)
    said = {}

    def late():
        try:
            said["answer"] = call(d, "store", product, 60, "research")
        except domain.Refused as e:
            said["code"] = e.code

    def again():
        said["again"] = d.shuyu("auditor", "audit", "rerun", charge, local=True)

    charge = first_call(d, product)
    running = [threading.Thread(target=f) for f in (late, again)]
    for thread in running:
        thread.start()
    held = hold_workers(d, 2, 10)
    tap.check("workers are at work for a call and for a re-run of another", len(held) == 2, held)
    d.shuyu("guard", "product", "withdraw", product, "--ground", "incident")
    for pid in held & set(d.workers()):
        os.kill(pid, signal.SIGCONT)
    for thread in running:
        thread.join()
    rerun = said.pop("again", {})
    tap.check("a call under way ends with its product", said == {"code": "refused"}, said)
    tap.check("an auditor's re-run does not", rerun.get("match") == 1, rerun)
    after = statement(d, "store", product)
    tap.check("and is billed nothing", after["calls"] == before["calls"] + 1 and
              after.get("refused", 0) == before.get("refused", 0) + 1 and
              after["fen"] == before["fen"] < CAP, (before, after))
    for buyer, purpose in (("shop", "planning"), ("store", "research")):
        tap.refused(f"withdrawn, it answers {buyer} nothing", "state", call, d, buyer, product, 18,
                    purpose)
    tap.check("and is listed as such", product_row(d, "shop", product)["status"] == "withdrawn")


def body(tap):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        for party, role in (("guard", "security"), ("shop", "buyer"), ("store", "buyer"),
                            ("thief", "buyer"), ("rival", "developer")):
            d.enrol(party, role)
        grant = d.grant(d.scene())
        model = d.model(grant)
        product = check_filing(tap, d, model)
        check_tests(tap, d, product)
        check_reviews(tap, d, product, grant)
        check_registration(tap, d, product)
        check_calls(tap, d, product)
        check_misuse(tap, d, product, model)
        check_statement(tap, d, product)
        check_audit(tap, d, product, model)
        check_withdrawal(tap, d, product, grant)
        check_statement(tap, d, product)
        d.restart()
        tap.refused("after a restart too", "state", call, d, "shop", product, 18, "planning")
        tap.check("the log verifies and replays", len(d.audit()) == 2)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    domain.run_tests(body)
