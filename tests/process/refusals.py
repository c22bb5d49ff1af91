#!/usr/bin/env python3
"""What a domain refuses, with which code, and at what price: nothing for what the rules decide
beforehand, the full price for what happens after the charge."""
import os
import time

import domain
import raw
from restart import PRICE, same_answer


def test_budget(tap, d):
    grant = d.grant(d.scene(scene="three-runs", rho=0.15, calls=10))
    model = d.model(grant)
    first = d.run(model, "min_age=18")
    d.run(model, "min_age=20")
    before = d.spent()
    again = d.run(model, "min_age=18")
    tap.check("the same question twice: the same bytes", same_answer(first, again), (first, again))
    tap.check("charged once", d.spent() == before, (before, d.spent()))
    last = d.run(model, "min_age=22")
    tap.check("a share that is used up to the last unit", [s["left"] for s in last["spends"]] == [0],
              last)
    tap.check("was paid to the last unit", d.spent() == 3 * PRICE, d.spent())
    e = tap.refused("one run more: budget", "budget", d.run, model, "min_age=25")
    tap.check("the refusal is in the log", e is not None and e.logged, e)
    tap.check("and free", d.spent() == 3 * PRICE, d.spent())
    tap.check("a stored answer is still given", same_answer(first, d.run(model, "min_age=18")))
    tap.refused("an application beyond what the namespace has left: budget", "budget", d.shuyu,
                "acme", "scene", "apply", d.scene(scene="too-much", rho=3.9))
    return grant, model


def test_calls(tap, d):
    model = d.model(d.grant(d.scene(scene="two-calls", rho=0.5, calls=2, overruns=1)))
    d.run(model, "min_age=18")
    d.run(model, "min_age=20")
    before = d.spent()
    tap.refused("the third of two calls: calls", "calls", d.run, model, "min_age=22")
    tap.check("free", d.spent() == before)


def test_envelopes(tap, d, grant, model):
    acme, rival = raw.Party(d, "acme"), raw.Party(d, "rival")
    about = {"grant": bytes.fromhex(grant), "subject": bytes.fromhex(model)}
    code, reply, header = acme.ask("model.run", raw.run_args(min_age=18), **about,
                                   expiry=int(time.time()) - 5)
    tap.check("an envelope out of date: expired", code == "expired", reply)
    tap.check("and logged", code == "expired" and acme.is_proven(reply, header) is not None, reply)
    code, reply, _ = acme.ask("model.run", raw.run_args(min_age=18), **about,
                              expiry=int(time.time()) + 86400)
    tap.check("an envelope dated too far ahead is refused", code in ("expired", "field"), reply)
    nonce = os.urandom(16)
    packet, _ = acme.envelope("model.run", raw.run_args(min_age=18), **about, nonce=nonce)
    code, first = acme.send("model.run", packet)
    tap.check("a hand-made run", code == "", first)
    code, again = acme.send("model.run", packet)
    tap.check("the same envelope: the same outcome, the same entries",
              code == "" and first["result"] == again["result"] and
              [p.get("index") for p in first["proofs"]] ==
              [p.get("index") for p in again["proofs"]], again)
    other, _ = acme.envelope("model.run", raw.run_args(min_age=20), **about, nonce=nonce)
    code, reply = acme.send("model.run", other)
    tap.check("the same nonce around another body: replayed", code == "replayed", reply)
    code, reply, header = rival.ask("model.run", raw.run_args(min_age=18), **about)
    tap.check("another developer's grant: grant", code == "grant", reply)
    tap.check("and logged", code == "grant" and rival.is_proven(reply, header) is not None, reply)
    code, reply, _ = acme.ask("model.run", raw.run_args(min_age=18), **about, keys=rival.keys)
    tap.check("another party's certificate: party", code == "party", reply)
    code, reply, _ = acme.ask("model.run", raw.run_args(min_age=19), **about)
    tap.check("a parameter value that is not declared: field", code == "field", reply)


def test_orders(tap, d, grant, model):
    d.shuyu("health", "scene", "suspend", grant, "--ground", "incident")
    e = tap.refused("a suspended grant: suspended", "suspended", d.run, model, "min_age=18")
    tap.check("even for a stored answer, and logged", e is not None and e.logged, e)
    tap.refused("its developer cannot resume it", ("role", "denied"), d.shuyu, "acme", "scene",
                "resume", grant, "--ground", "request")
    tap.refused("one party stops, all must start: suspended", "suspended", d.shuyu, "agency", "scene",
                "resume", grant, "--ground", "incident")
    d.shuyu("health", "scene", "lift", grant, "--ground", "incident")
    tap.refused("lifted, and not started yet: suspended", "suspended", d.run, model, "min_age=18")
    d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")
    tap.check("resumed by the agency: answered", d.run(model, "min_age=18")["rows"] == 16)
    d.shuyu("operator", "scene", "revoke", grant, "--ground", "breach")
    tap.refused("revoked: grant", "grant", d.run, model, "min_age=18")
    tap.refused("for good", "state", d.shuyu, "agency", "scene", "resume", grant, "--ground",
                "incident")


def test_overruns(tap, d):
    grant = d.grant(d.scene(scene="overruns", rho=0.5, calls=10, overruns=1))
    model = d.model(grant)
    d.shuyu("agency", "pack", "adopt", d.pack(version=2, wall="1ms"))
    before = d.spent()
    for age, name in ((18, "a run past its time: refused"), (20, "a second one: refused")):
        begun = time.monotonic()
        tap.refused(name, "refused", d.run, model, f"min_age={age}")
        tap.check("not before the slot ends", time.monotonic() - begun >= domain.SLOT_S)
    tap.check("both charged", d.spent() == before + 2 * PRICE, (before, d.spent()))
    tap.refused("the allowance of one is used up, the scene has stopped: overrun", "overrun",
                d.run, model, "min_age=22")
    tap.check("free", d.spent() == before + 2 * PRICE)
    d.shuyu("agency", "pack", "adopt", d.pack(version=3))
    tap.refused("and stays so under another pack", "overrun", d.run, model, "min_age=22")
    d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")
    tap.check("until the agency has looked at it", d.run(model, "min_age=22")["rows"] == 16)
    tap.check("the question that overran may be asked anew, at its price",
              d.run(model, "min_age=18")["rows"] == 16 and d.spent() == before + 4 * PRICE,
              d.spent())


def main(tap):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        d.enrol("rival", "developer")
        grant, model = test_budget(tap, d)
        test_calls(tap, d)
        test_envelopes(tap, d, grant, model)
        test_orders(tap, d, grant, model)
        test_overruns(tap, d)
        try:
            d.audit()
            tap.check("the auditor verifies and replays all of it", True)
        except domain.Refused as e:
            tap.check("the auditor verifies and replays all of it", False, e)


if __name__ == "__main__":
    domain.run_tests(main)
