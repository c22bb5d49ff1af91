#!/usr/bin/env python3
"""Wardens that lie in their own log, signed with the log's own key, and the auditor who replays it with an
honest build. lies.py L01|L02|L03|L04

The domain lives through one life: a grant, a model that is tried before anybody reviewed it and again after,
a suspension, and another run. Then an auditor exports the log, verifies and replays it. Verification must hold
every time: the log is well kept, what it says is not true. The figure is the number of entries that replay
names; where there are any, the one that the lie is about must be among them, with its field.
"""
import contextlib
import json
import os
import subprocess

import kit

import domain
import msgpack


def attempt(call, *args):
    """It may be refused, or not: the log says which."""
    with contextlib.suppress(domain.Refused):
        call(*args)


def approve(d):
    """A grant; whether by the final review, or by the consent before it, is the warden's affair."""
    grant = d.shuyu("acme", "scene", "apply", d.scene())["proposal"]
    d.shuyu("operator", "scene", "first-review", grant, "--approve", "--feasibility", "-", "--compliance", "-",
            "--risk", "-", "--value", "-")
    d.shuyu("health", "scene", "consent", grant, "--approve", "--opinion", "-")
    attempt(d.shuyu, "agency", "scene", "final-review", grant, "--approve")
    return grant


def live(d):
    d.birth()
    d.start()
    d.populate()
    grant = approve(d)
    model = d.shuyu("acme", "model", "register", domain.PACKS / "models/burden.yaml", "--grant", grant)["model"]
    attempt(d.run, model, "min_age=40")
    d.shuyu("operator", "model", "review", model, "--approve")
    attempt(d.run, model, "min_age=60")
    d.shuyu("agency", "scene", "suspend", grant, "--ground", "incident", "--text", "stop")
    attempt(d.run, model, "min_age=18")


def places(out):
    """Which entry is which."""
    found = {}
    for i, record in enumerate(domain.read_entries(out)):
        event = msgpack.unpackb(record["body"], raw=False, strict_map_key=False)
        header = msgpack.unpackb(event["request"]["header"], raw=False)
        found.setdefault(header["method"], []).append(i)
    named = dict(zip(("unreviewed", "charge", "stopped"), found["model.run"]))
    return {**named, "consent": found["scene.consent"][0]}


def honest(verb, out):
    """The audit tool without the weakness, whatever the domain has. (exit status, lines of JSON)"""
    env = {k: v for k, v in domain.environment().items() if k != "SHUYU_WEAK"}
    done = subprocess.run([str(domain.AUDIT), verb, "--json", str(out)], capture_output=True, text=True,
                          check=False, timeout=domain.CALL_S, env=env, stdin=subprocess.DEVNULL,
                          preexec_fn=domain.die_with_parent)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def audited(place, field, expected, found):
    """Let the auditor look. The entry `place` of the life must be named with this field and these words."""
    def body(_):
        with domain.Domain() as d:
            live(d)
            out = d.export()
            entry = places(out)[place]
            status, said = honest("verify", out)
            if status != 0:
                raise AssertionError(f"the log does not verify: {said}")
            status, said = honest("replay", out)
        named, total = said[:-1], said[-1]
        hits = [m for m in named if m["entry"] == entry and m["field"] == field and
                expected in m["expected"] and found in m["found"]]
        if (status == 0) != (not named) or total["mismatches"] != len({m["entry"] for m in named}):
            raise AssertionError(f"replay ends with {status}: {said}")
        if os.environ.get("SHUYU_WEAK") and named and not hits:
            raise AssertionError(f"named, but not entry {entry}, {field}: {named}")
        return total["mismatches"], 0, not named, [f"{place} is entry {entry}", *named]
    return body


FIGURE = "entries that an honest replay names"
TABLE = {
    "L01": ("a run that had to be refused", FIGURE,
            audited("unreviewed", "verdict", "review: ", "allowed")),
    "L02": ("a wrong budget figure", FIGURE, audited("charge", "spends.person.rho", "", "")),
    "L03": ("a review that was left out", FIGURE, audited("consent", "state", "", "")),
    "L04": ("a suspension that came late", FIGURE,
            audited("stopped", "verdict", "suspended: ", "allowed")),
}

if __name__ == "__main__":
    kit.attack(TABLE)
