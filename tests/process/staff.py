#!/usr/bin/env python3
"""Staff of parties in a live domain: a developer's members apply and run by profiles of their own, whoever is revoked
is refused at once, at the gateway already, two sign what the pack says two sign, and a member of the agency opens the
key shares that were entrusted to her."""
import json
import os
import shutil
import signal
import subprocess
import time

import domain
import restart

SECTION = """
scheme:
  staff:
    separated: true
    training_days: 365
    two_person: [scene.apply, scene.final_review, party.revoke]
"""


class Rota:
    """Members' profiles are folders PARTY.ID beside the parties'."""

    def __init__(self, d):
        self.d = d
        self.paper = d.work / "confidentiality.txt"
        self.paper.write_text("signed by both\n", encoding="utf-8")

    def invite(self, by, party, member, duty):
        path = self.d.work / f"{party}.{member}.invite"
        self.d.shuyu(by, "party", "staff", "invite", "--id", member, "--name", member, "--duty",
                     duty, "--confidential", self.paper, "--out", path)
        return path

    def join(self, by, party, member, duty):
        """One command on each side; the profile that it makes."""
        home = f"{party}.{member}"
        self.d.shuyu(home, "party", "staff", "enrol", "--invite",
                     self.invite(by, party, member, duty))
        return home

    def train(self, by, member):
        self.d.shuyu(by, "party", "staff", "train", member, "--course", "data safety", "--days",
                     "30")


def check_rota(tap, d, rota):
    sys = rota.join("acme", "acme", "sys", "system")
    sec = rota.join(sys, "acme", "sec", "security")
    lin = rota.join(sys, "acme", "lin", "business")
    wei = rota.join(sys, "acme", "wei", "business")
    profile = d.work / wei / "profile"
    profile.write_text("party = acme\n", encoding="utf-8")  # as if the domain's answer had been lost
    d.shuyu(wei, "party", "staff", "enrol", "--invite", d.work / "acme.wei.invite")
    tap.check("enrolled, told so again, and pinned", "warden = " in profile.read_text("utf-8"))
    stop = ("scene", "revoke", "01" * 32, "--ground", "request")
    e = tap.refused("a business member who was not trained: denied", "denied", d.shuyu, lin, *stop)
    tap.check("and that is in the log", e is not None and e.logged, e)
    for member in ("lin", "wei"):
        rota.train(sec, member)
    tap.refused("trained, she gets as far as the grant, which is not there", "grant", d.shuyu, lin,
                *stop)
    tap.refused("a system administrator does no business: role", "role", d.shuyu, sys, *stop)
    tap.refused("two administrators in one person: denied", "denied", rota.join, sys, "acme",
                "both", "audit,security")
    tap.refused("an invitation by somebody without the duty: role", "role", rota.join, lin, "acme",
                "friend", "business")
    rows = d.shuyu(lin, "party", "staff", "list")
    tap.check("the rota has four members", sorted(r["id"] for r in rows) ==
              ["lin", "sec", "sys", "wei"], rows)
    tap.check("another developer sees none of them", d.shuyu("health", "party", "staff", "list") ==
              [])
    return sys, lin, wei


def check_two(tap, d, lin, wei):
    """The application: two of the developer's people under one header."""
    scene, path = d.scene(), d.work / "apply.req"
    e = tap.refused("an application that one has signed: unsigned", "unsigned", d.shuyu, lin,
                    "scene", "apply", scene)
    tap.check("and that is in the log", e is not None and e.logged, e)
    d.shuyu(lin, "scene", "apply", scene, "--cosign", path)
    tap.refused("prepared, and sent by the first alone: unsigned", "unsigned", d.shuyu, lin, "send",
                path)
    d.shuyu(lin, "scene", "apply", scene, "--cosign", path)
    tap.refused("sent by who has not signed: unsigned", "unsigned", d.shuyu, wei, "send", path)
    before = path.read_bytes()
    shown = d.shuyu(wei, "sign", path, "--show")
    tap.check("the second sees what it is, and has not signed", shown["method"] == "scene.apply" and
              shown["args"]["developer"] == "acme" and len(shown["signers"]) == 1 and
              path.read_bytes() == before, shown)
    d.shuyu(wei, "sign", path)
    done = d.shuyu(wei, "send", path)
    tap.check("signed by two, it is an entry of the log", done.get("entry", 0) > 0, done)
    return next(r for r in d.shuyu("operator", "scene", "list") if r["status"] == "filed")["id"]


def check_agency(tap, d, rota, grant):
    """The agency's own key goes into the safe; a member of hers gives the final approval."""
    sys = rota.join("agency", "agency", "sys", "system")
    sec = rota.join(sys, "agency", "sec", "security")
    chen = rota.join(sys, "agency", "chen", "business")
    gao = rota.join(sys, "agency", "gao", "business")
    for member in ("chen", "gao"):
        rota.train(sec, member)
    d.shuyu("operator", "scene", "first-review", grant, "--approve")
    d.shuyu("health", "scene", "consent", grant, "--approve")
    tap.refused("the agency's own key adopts no pack any more: role", "role", d.shuyu, "agency",
                "pack", "adopt", d.pack(version=3))
    tap.refused("a member to whom nothing was entrusted opens no share: seal", "seal", d.shuyu,
                chen, "scene", "final-review", grant, "--approve")
    path = d.work / "chen.custody"
    d.shuyu("agency", "party", "staff", "entrust", "chen", "--out", path)
    tap.refused("what was entrusted to one is nothing for another: seal", "seal", d.shuyu, sec,
                "party", "staff", "keep", path)
    d.shuyu(chen, "party", "staff", "keep", path)
    path = d.work / "final.req"
    tap.refused("her approval alone is one: unsigned", "unsigned", d.shuyu, chen, "scene",
                "final-review", grant, "--approve")
    d.shuyu(chen, "scene", "final-review", grant, "--approve", "--cosign", path)
    d.shuyu(gao, "sign", path)
    d.shuyu(gao, "send", path)
    granted = {r["status"] for r in d.shuyu("operator", "scene", "list")}
    tap.check("the share was hers to open, and went sealed through the second's hands",
              "active" in granted, granted)
    d.enrol_by(sys, "rival", "developer")
    return sys, sec


def rotate(tap, d, member):
    """Other keys; then the same again as if the domain's answer had been lost, and as if the machine had gone down
    while the new keys were put in place."""
    home = d.work / member
    shutil.copytree(home, d.work / "before")
    d.shuyu(member, "party", "staff", "rotate")
    shutil.copytree(home, d.work / "after")
    keys = ("sign.key", "box.key", "tls.key", "tls.pem")
    new = [(home / k).read_bytes() for k in keys]
    tap.check("all keys are others", all(n != (d.work / "before" / k).read_bytes()
                                         for n, k in zip(new, keys)))
    for name, mark, command in (("lost reply", False, ("party", "staff", "rotate")),
                                ("half done", True, ("party", "staff", "list"))):
        shutil.rmtree(home)
        shutil.copytree(d.work / "before", home)
        (home / "next").mkdir(mode=0o700)
        for k in keys + ("profile",):
            shutil.copy(d.work / "after" / k, home / "next" / k)
        if mark:
            (home / "next/accepted").touch(mode=0o600)
            (home / "next/sign.key").rename(home / "sign.key")
        d.shuyu(member, *command)
        tap.check(f"{name}: the new keys are in place",
                  [(home / k).read_bytes() for k in keys] == new and not (home / "next").exists(),
                  sorted(p.name for p in home.iterdir()))


def check_run(tap, d, grant, lin, wei):
    model = d.model(grant, developer=lin)
    answer = d.run(model, "min_age=18", party=lin)
    tap.check("a member's run is answered", len(answer["columns"]) > 0, answer)
    tap.refused("the developer's own key runs nothing more: role", "role", d.run, model,
                "min_age=18", party="acme")
    again = d.run(model, "min_age=18", party=wei)
    tap.check("a colleague gets the stored answer", restart.same_answer(answer, again))
    rotate(tap, d, lin)
    again = d.run(model, "min_age=18", party=lin)
    tap.check("with other keys the member goes on", restart.same_answer(answer, again))
    d.restart()
    again = d.run(model, "min_age=18", party=lin)
    tap.check("after a restart too: the gateway learns whose certificates count",
              restart.same_answer(answer, again))
    return model


def check_revoked(tap, d, model, sys, lin, wei):
    d.shuyu(sys, "party", "staff", "revoke", "wei", "--text", "left")
    before = d.entries()
    tap.refused("a revoked member is refused at once: party", "party", d.run, model, "min_age=18",
                party=wei)
    tap.check("nobody known has asked: nothing is logged", d.entries() == before)
    os.kill(d.pid("warden"), signal.SIGSTOP)
    try:
        began = time.monotonic()
        tap.refused("the gateway refuses by itself, while the warden sleeps: party", "party", d.run,
                    model, "min_age=18", party=wei, timeout=20)
        tap.check("without waiting", time.monotonic() - began < 10)
    finally:
        os.kill(d.pid("warden"), signal.SIGCONT)
    d.run(model, "min_age=18", party=lin)
    tap.check("her colleague works on", True)
    last = Rota(d).join(sys, "acme", "last", "system")
    d.shuyu(last, "party", "staff", "revoke", "last", "--text", "her own wish")
    tap.check("who ends her own enrolment is told that it is done", True)
    tap.refused("and is nobody then: party", "party", d.shuyu, last, "party", "staff", "list")


def check_party(tap, d, model, sys, sec, lin):
    d.shuyu("health", "party", "rotate")
    tap.check("a party without staff changes its keys", d.shuyu("health", "dataset", "list") != [])
    path = d.work / "revoke.req"
    d.shuyu(sys, "party", "revoke", "acme", "--ground", "breach", "--cosign", path)
    d.shuyu(sec, "sign", path)
    d.shuyu(sys, "send", path)
    tap.refused("a revoked party's members with it: party", "party", d.run, model, "min_age=18",
                party=lin)
    states = {g["status"] for g in d.shuyu("operator", "scene", "list")}
    tap.check("and its grant", "revoked" in states and "active" not in states, states)


def check_log_key(tap, d):
    """The agency changed its own key: whoever knows only genesis still learns of another log key."""
    d.shuyu("agency", "party", "rotate")
    for step in (("announce",), ("overlap",)):
        for party in ("operator", "agency"):
            vkey = () if step == ("announce",) else (done["next"],)
            done = d.shuyu(party, "log", "rotate", *step, *vkey)
    followed = d.shuyu("rival", "log", "follow")
    tap.check("an order by the agency's new key is followed from genesis on",
              followed["followed"] == 1 and followed["log"] == done["next"], followed)


def check_audit(tap, d):
    """What a person did can be found, whatever key she had then."""
    verified, replayed = d.audit()
    tap.check("the log verifies and replays", verified and replayed, (verified, replayed))

    def signed(member):
        done = subprocess.run([domain.AUDIT, "show", d.work / "export", "--member", member, "--json"],
                              capture_output=True, text=True, check=True)
        return [json.loads(line)["method"] for line in done.stdout.splitlines()]
    by_lin = signed("acme/lin")
    tap.check("what lin signed: application, model, runs by two keys",
              {"staff.enrol", "scene.apply", "model.register", "staff.rotate"} <= set(by_lin) and
              by_lin.count("model.run") == 4, by_lin)
    tap.check("what two signed is found by either", "scene.apply" in signed("acme/wei"))
    tap.check("nothing of others", "model.register" not in signed("acme/wei") and
              signed("acme/nobody") == [])


def enrol_by(d, inviter, party, role):
    path = d.work / f"{party}.invite"
    d.shuyu(inviter, "party", "invite", "--party", party, "--role", role, "--name", party, "--out",
            path)
    d.shuyu(party, "party", "enrol", "--invite", path)


def body(tap):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        d.enrol_by = lambda *a: enrol_by(d, *a)
        pack = d.pack(version=2)
        pack.write_text(pack.read_text(encoding="utf-8") + SECTION, encoding="utf-8")
        tap.refused("without the pack's section there is no staff: state", "state",
                    Rota(d).join, "acme", "acme", "early", "business")
        d.shuyu("agency", "pack", "adopt", pack)
        rota = Rota(d)
        sys, lin, wei = check_rota(tap, d, rota)
        grant = check_two(tap, d, lin, wei)
        agency_sys, agency_sec = check_agency(tap, d, rota, grant)
        model = check_run(tap, d, grant, lin, wei)
        check_revoked(tap, d, model, sys, lin, wei)
        check_party(tap, d, model, agency_sys, agency_sec, lin)
        check_log_key(tap, d)
        check_audit(tap, d)


if __name__ == "__main__":
    domain.run_tests(body)
