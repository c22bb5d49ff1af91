#!/usr/bin/env python3
"""Another key for the log of a live domain, in three steps of two parties: who knows only the old key goes on
until it is retired and is then led to the new one; who knows the new one reads the old log; the auditor's tool
takes either. The domain is stopped or killed in every stage."""
import base64
import hashlib
import re
import subprocess

import domain


def lines(d):
    """Signature lines of the public checkpoint."""
    return (d.folder / "ledger/public/checkpoint").read_text().partition("\n\n")[2].count("\u2014 ")


def wait_lines(d, n):
    """Public files come after the replies."""
    return domain.wait_until(lambda: lines(d) == n, 10)


def vkey(d, party):
    text = (d.work / party / "profile").read_text()
    return re.search(r"^log = (.*)$", text, re.M)[1]


def rotate(d, party, *args):
    return d.shuyu(party, "log", "rotate", *args)


def killed(d):
    """Killed as it stands, and started again."""
    d.kill_all()
    domain.wait_until(lambda: not d.left(), 10)
    d.start()


def both(d, *args):
    rotate(d, "operator", *args)
    return rotate(d, "agency", *args)


def audit(verb, export, key):
    return subprocess.run([str(domain.AUDIT), verb, str(export), "--log", key], capture_output=True,
                          text=True, check=False, timeout=domain.CALL_S, env=domain.environment(),
                          preexec_fn=domain.die_with_parent)


def audits(tap, name, export, keys):
    for key, good in keys:
        for verb in ("verify", "replay"):
            done = audit(verb, export, key)
            tap.check(f"{name}: {verb} under {'a key of the log' if good else 'another key'}",
                      (done.returncode == 0) == good, done.stdout + done.stderr)


def stranger_key(key):
    """A vkey of the same name that never signed anything: the domain's, with its last byte changed."""
    name, _, rest = key.partition("+")
    raw = bytearray(base64.b64decode(rest.partition("+")[2]))
    raw[-1] ^= 1
    digest = hashlib.sha256(name.encode() + b"\n" + bytes(raw)).hexdigest()[:8]
    return f"{name}+{digest}+{base64.b64encode(bytes(raw)).decode()}"


def test_announce(tap, d, old):
    tap.refused("the agency first: refused", "review", rotate, d, "agency", "announce")
    asked = rotate(d, "operator", "announce")
    tap.check("the operator asks", asked["asked"] == "announce" and asked["stage"] == "single", asked)
    killed(d)
    said = rotate(d, "agency", "announce")
    new = said["next"]
    tap.check("the agency confirms, and the domain has made a key", said["stage"] == "announced" and
              new.startswith("test.shuyu.example/log+") and new != old and said["key"] == old, said)
    tap.check("it signs nothing yet", lines(d) == 1)
    tap.refused("nobody else may ask", "role", rotate, d, "acme", "overlap", new)
    tap.refused("nor name another key", "field", rotate, d, "operator", "overlap", old)
    return new


def test_overlap(tap, d, model, old, new):
    rotate(d, "operator", "overlap", new)
    d.restart()
    rotate(d, "agency", "overlap", new)
    tap.check("in the overlap the checkpoint has two lines", wait_lines(d, 2), lines(d))
    killed(d)
    answer = d.run(model, "min_age=42")
    tap.check("a client that knows the old key goes on", answer["rows"] == 16 and
              vkey(d, "acme") == old)
    tap.check("its receipt has both lines", answer["receipt"].count("\u2014 ") == 2, answer["receipt"])
    followed = d.shuyu("auditor", "log", "follow")
    tap.check("another follows to the new key", followed == {"followed": 1, "log": new} and
              vkey(d, "auditor") == new, followed)
    tap.check("and stays there", d.shuyu("auditor", "log", "follow")["followed"] == 0)
    tap.check("both know the domain by its status", all(d.shuyu(p, "status")["pinned"] for p in
                                                        ("acme", "auditor")))
    audits(tap, "overlap", d.export(), [(old, True), (new, True), (stranger_key(new), False)])


def test_retire(tap, d, new):
    rotate(d, "operator", "retire", new)
    killed(d)
    said = rotate(d, "agency", "retire", new)
    tap.check("retired", said["stage"] == "single" and said["key"] == new, said)


def test_retired(tap, d, model, old, new):
    tap.check("the old key's secret is gone", not (d.folder / "keys/store/domain:log.key").exists())
    tap.check("the checkpoint has one line again", wait_lines(d, 1), lines(d))
    d.restart()
    refused = tap.refused("a client that knows only the old key believes nothing", "unsigned", d.run,
                          model, "min_age=45")
    tap.check("... and says how to go on", refused is not None and "log follow" in refused.text,
              refused)
    said = subprocess.run([a for a in d.command("acme", "status") if a != "--json"],
                          capture_output=True, text=True, check=False, timeout=domain.CALL_S,
                          env=domain.environment())
    tap.check("its status says so too", said.returncode == 3 and "log follow" in said.stdout, said)
    followed = d.shuyu("acme", "log", "follow")
    tap.check("it follows the hand-over", followed == {"followed": 1, "log": new}, followed)
    text = (d.work / "acme/profile").read_text()
    tap.check("and remembers the old key", f"log_was = {old}\n" in text, text)
    tap.check("its status is content", d.shuyu("acme", "status")["pinned"])
    tap.check("then it goes on", d.run(model, "min_age=45")["rows"] == 16)
    audits(tap, "retired", d.export(), [(old, True), (new, True), (stranger_key(old), False)])


def test_cut_export(tap, d, old):
    """Without the entry that retires the old key nothing leads from it."""
    out = d.export()
    data, at, kept = (out / "entries").read_bytes(), 0, b""
    records = domain.read_entries(out)
    for record in records:
        n = int.from_bytes(data[at:at + 4], "little")
        if b"retire" not in record["body"]:
            kept += data[at:at + 4 + n]
        at += 4 + n
    (out / "entries").write_bytes(kept)
    done = audit("verify", out, old)
    tap.check("an export without the hand-over is not accepted", done.returncode == 1, done.stdout)


def test_newcomer(tap, d, old, new, receipt):
    """receipt: signed by the old key alone, before anything else was announced."""
    d.enrol("late", "developer")
    tap.check("who is invited now knows the new key", vkey(d, "late") == new)
    text = (d.work / "late/profile").read_text()
    tap.check("and no other", "log_was" not in text, text)
    checked = d.shuyu("late", "log", "check", receipt)
    tap.check("a receipt from before is the log's for the newcomer, too", checked["entries"] > 0, checked)
    text = (d.work / "late/profile").read_text()
    tap.check("who has learnt the key before", f"log_was = {old}\n" in text and vkey(d, "late") == new, text)
    tap.check("and needs no hand-over", d.shuyu("late", "log", "follow")["followed"] == 0)


def test_second(tap, d, old, second):
    """Once more; a profile that slept through both follows both."""
    third = both(d, "announce")["next"]
    both(d, "overlap", third)
    for party in ("operator", "agency"):
        tap.check(f"the {party} follows in time", d.shuyu(party, "log", "follow")["log"] == third)
    both(d, "retire", third)
    followed = d.shuyu("health", "log", "follow")
    tap.check("two hand-overs in one go", followed == {"followed": 2, "log": third}, followed)
    text = (d.work / "health/profile").read_text()
    tap.check("both old keys are remembered", f"log_was = {second} {old}\n" in text, text)
    d.shuyu("auditor", "log", "follow")
    audits(tap, "twice", d.export(), [(old, True), (second, True), (third, True)])


def body(tap):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        model = d.model(d.grant(d.scene()))
        old = vkey(d, "acme")
        before = d.run(model, "min_age=40")
        tap.check("before", before["rows"] == 16 and lines(d) == 1)
        receipt = d.work / "before.tlog-proof"
        receipt.write_text(before["receipt"])
        new = test_announce(tap, d, old)
        test_overlap(tap, d, model, old, new)
        for party in ("operator", "agency"):
            d.shuyu(party, "log", "follow")
        test_retire(tap, d, new)
        test_retired(tap, d, model, old, new)
        test_newcomer(tap, d, old, new, receipt)
        test_cut_export(tap, d, old)
        test_second(tap, d, old, new)
        d.audit()


if __name__ == "__main__":
    domain.run_tests(body)
