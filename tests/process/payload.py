#!/usr/bin/env python3
"""What a domain keeps of questions about one subject, over a whole domain: whom an entry was about, who
asked about somebody, and erasing it: nothing of it is left, and the log verifies and replays byte for byte
as before; killed in the middle of it, or with copies put back, the next start ends it.
"""
import contextlib
import os
import secrets
import shutil
import signal
import subprocess

import domain
import faults
import raw
import search
import stranger
import subject

NS = "taxpayer"
MARK, VALUE = subject.MARK, subject.VALUE
WINDOW = 16  # bytes of a destroyed file that nobody may find again


def trail(d, who, party="agency"):
    return d.shuyu(party, "subject", "trail", "--ns", NS, "--id", who)


def read(d, entry, party="auditor"):
    return d.shuyu(party, "payload", "read", entry)


def erase(d, who, party="agency"):
    return d.shuyu(party, "payload", "erase", "--ns", NS, "--id", who)


def bodies(d, party="auditor"):
    """The export's entries with their bodies decoded; None where the party may not read it."""
    found = domain.read_entries(d.export(party))
    return [stranger.unpack(e["body"]) if e.get("body") else None for e in found]


def charge_of(d, answer):
    """The entry at which this answer was charged."""
    index = int(answer["receipt"].split("\n")[1].split(" ")[1])
    return bodies(d)[index]["inputs"]["charge"]


def name_of(d, entry):
    """The subject's name in the log, as the charge has it."""
    return bodies(d)[entry]["inputs"]["subject"][0]["who"]


class Kept:
    """Where a subject's files are, and copies of them."""

    def __init__(self, d, name):
        self.folder = d.folder / "payloads" / name.hex()
        self.files = {p: p.read_bytes() for p in self.folder.iterdir()}
        person = next(iter(self.files)).name[:64]
        self.key = d.folder / "keys/store" / f"asked:{person}.key"
        self.files[self.key] = self.key.read_bytes()

    def put_back(self):
        self.folder.mkdir(mode=0o700, exist_ok=True)
        for path, data in self.files.items():
            path.write_bytes(data)
            path.chmod(0o600)

    def left(self):
        return [p for p in (self.folder, *self.files) if p.exists()]

    def patterns(self):
        """Pieces of the sealed files, their common heads left out."""
        return {f"{path.name[-24:]}+{at}": data[at:at + WINDOW]
                for path, data in self.files.items()
                for at in range(24, len(data) - WINDOW, 40)}


def disclosures(d):
    """What the log says of them: (party, method, arguments, (name, number) where there is one)."""
    said = []
    for event in bodies(d):
        if event["type"] == "disclose":
            header = stranger.unpack(event["request"]["header"])
            said.append((header["party"], header["method"],
                         stranger.unpack(event["request"]["args"]),
                         [(s.get("who"), s.get("kept", 0))
                          for s in event["inputs"].get("subject", [])]))
    return said


# --- reading ---------------------------------------------------------------------------------------

def test_trail(tap, d, a):
    charges = [charge_of(d, a.ask(a.issue(who, f"least={VALUE}"), who, f"least={VALUE}")) for who in
               (MARK, subject.RICH, MARK)]
    said = trail(d, MARK)
    tap.check("who asked about the subject, and when",
              [q["entry"] for q in said] == [charges[0], charges[2]] and
              all((q["party"], q["issuer"]) == ("acme", "issuer") and q["model"] == a.model and
                  q["grant"] == a.grant for q in said), said)
    log = bodies(d)
    tap.check("as the log has it", all(log[q["entry"]]["type"] == "charge" and
                                       log[q["entry"]]["inputs"]["time"] == q["time"]
                                       for q in said), said)
    wide = "".join(chr(ord(c) + 0xFEE0) for c in MARK.lower())
    tap.check("however the identifier is written", trail(d, f" {wide} ") == said)
    tap.check("nobody asked about somebody else", trail(d, "CD-00500") == [])
    tap.refused("not for an auditor", "role", trail, d, MARK, party="auditor")
    tap.refused("nor for a developer", "role", trail, d, MARK, party="acme")
    return charges


def test_read(tap, d, charges):
    for party in ("auditor", "agency"):
        said = read(d, charges[0], party)
        tap.check(f"the {party} reads whom the entry was about", said["id"] == [MARK] and
                  said["asserted"]["values"] == [{"name": "least", "value": str(VALUE)}], said)
    tap.check("of another entry, the other subject", read(d, charges[1])["id"] == [subject.RICH])
    for party in ("acme", "issuer", "health", "operator"):
        tap.refused(f"not the {party}", "role", read, d, charges[0], party=party)
    tap.refused("an entry that is about nobody", "not_found", read, d, 1)
    tap.refused("an entry that is not there", "not_found", read, d, 10 ** 9)


def test_disclosed(tap, d, charges, name):
    """Whoever was told of somebody stands in the log, and whom it was about does not."""
    said = disclosures(d)
    expected = [("agency", "subject.trail", {"ns": NS}, [(name, 2)])] * 2
    tap.check("each trail is an entry: who asked, the random name, how many",
              said[:2] == expected and said[2:3] == [("agency", "subject.trail", {"ns": NS},
                                                    [(None, 0)])], said)
    tap.check("each payload read too: who asked, of which entry", said[3:] ==
              [(party, "payload.read", {"entry": entry}, []) for party, entry in
               (("auditor", charges[0]), ("agency", charges[0]), ("auditor", charges[1]))], said)
    tap.check("and none has an identifier", not any(
        MARK.encode() in stranger.canonical(e) for e in bodies(d)))


def test_trail_again(tap, d, a):
    """The same envelope again is answered from the same entry, and is no way to what came later."""
    party = raw.Party(d, "agency")
    packet, header = party.envelope("subject.trail", stranger.canonical({"ns": NS}),
                                    secret=stranger.canonical({"id": [subject.RICH],
                                                               "salt": os.urandom(32)}))
    code, first = party.send("subject.trail", packet)
    tap.check("a trail's reply proves its entry", code == "" and
              party.is_proven(first, header) is not None, code)
    size = len(bodies(d))
    code, again = party.send("subject.trail", packet)
    tap.check("the same envelope again: the same, from the same entry", code == "" and
              again["result"] == first["result"] and len(bodies(d)) == size, code)
    a.answer(subject.RICH, f"least={VALUE}")
    tap.check("asked once more: the next trail has it", len(trail(d, subject.RICH)) == 2)
    code, again = party.send("subject.trail", packet)
    tap.check("and that envelope has not", code == "" and again["result"] == first["result"], code)


def test_bodies_by_role(tap, d, charges):
    """Auditors all, parties their own, and nobody sees whose payload is what."""
    log = {party: bodies(d, party) for party in ("auditor", "agency", "acme", "rival", "issuer")}
    tap.check("auditor and agency read every body", None not in log["auditor"] and
              log["agency"] == log["auditor"])
    tap.check("the developer its own questions", all(log["acme"][c] for c in charges))
    tap.check("another developer none of them", not any(log["rival"][c] for c in charges))
    tap.check("nor the issuer", not any(log["issuer"][c] for c in charges))
    own = [e for e in log["rival"] if e is not None]
    tap.check("what it reads is its own", own and all(
        stranger.unpack(e["request"]["header"])["party"] == "rival" for e in own), len(own))


# --- erasing ---------------------------------------------------------------------------------------

def test_refused(tap, d, name):
    """Whoever may not is refused, and learns no name from it, even if it reads the whole log."""
    for party in ("auditor", "operator", "acme"):
        e = tap.refused(f"{party} does not erase", "role", erase, d, MARK, party=party)
        event = stranger.canonical(bodies(d)[e.entry])
        tap.check("and the entry names nobody", e.logged and name not in event and
                  MARK.encode() not in event)
    e = tap.refused("nothing is kept of a stranger", "not_found", erase, d, "XY-7777")
    event = stranger.canonical(bodies(d)[e.entry])
    tap.check("and the log does not say who", b"XY-7777" not in event)
    party = raw.Party(d, "agency")
    for what, secret in (("no salt", {"id": [MARK], "salt": bytes(32)}),
                         ("no identifier", {"id": [], "salt": os.urandom(32)}),
                         ("no record", None)):
        packet, _ = party.envelope("payload.erase", stranger.canonical({"ns": NS}),
                                   secret=b"\xc1" if secret is None else stranger.canonical(secret))
        code, reply = party.send("payload.erase", packet)
        tap.check(f"{what}: field", code == "field", (code, reply))


def audit_erase(d, who):
    """By the auditor's program, which runs the other."""
    done = subprocess.run([domain.AUDIT, "erase", "--home", d.work / "agency", "--json", "--ns", NS,
                           "--id", who], capture_output=True, text=True, check=False,
                          timeout=domain.CALL_S, env=domain.environment())
    return done.returncode, done.stdout


def test_erased(tap, d, charges, name, receipt):
    kept = Kept(d, name)
    tap.check("control: the search sees what is kept",
              search.in_folder(d.folder, kept.patterns())[0] != {})
    before = (d.export() / "entries").read_bytes()
    status, said = audit_erase(d, MARK)
    tap.check("erased, by way of shuyu-audit", status == 0 and '"n": 2' in said, (status, said))
    log = bodies(d)
    erasure, event = len(log) - 1, log[-1]
    tap.check("the log says so, with name and number", event["type"] == "erase" and
              event["inputs"]["subject"][0]["who"] == name and
              event["inputs"]["subject"][0]["kept"] == 2, event["inputs"])
    marks = {"id": MARK.encode(), "id-16": MARK.encode("utf-16-le"), "value": str(VALUE).encode()}
    found, n = search.in_folder(d.folder, {**marks, **kept.patterns()})
    tap.check(f"neither payloads nor key nor identifier in the {n} files of the domain",
              not found and not kept.left() and n > 30, (found, kept.left()))
    found, n = search.in_folder(d.folder / "ledger/public", {"name": name, "hex": name.hex().encode()})
    tap.check(f"nor the name in the {n} files that are for everybody", not found and n > 1, found)
    tap.check("nobody is told who asked", trail(d, MARK) == [])
    for c in (charges[0], charges[2]):
        tap.check("whom the entry was about: erased", read(d, c) == {"entry": c, "erased": erasure})
    tap.check("of others it is kept", read(d, charges[1])["id"] == [subject.RICH])
    tap.refused("there is nothing to erase any more", "not_found", erase, d, MARK)
    after = (d.export() / "entries").read_bytes()
    tap.check("the log before it is as it was, byte for byte", after[:len(before)] == before)
    test_log(tap, d, receipt)
    return kept


def test_log(tap, d, receipt):
    try:
        d.audit()
        tap.check("the auditor verifies and replays all of it", True)
    except domain.Refused as e:
        tap.check("the auditor verifies and replays all of it", False, e)
    done = subprocess.run([domain.AUDIT, "trace", d.export(), receipt], capture_output=True,
                          text=True, check=False, timeout=domain.CALL_S, env=domain.environment())
    tap.check("a receipt of before verifies", done.returncode == 0, done)


def test_same_envelope(tap, d, a):
    """An erasure that is sent twice happens once."""
    who = "CD-00600"
    a.answer(who, "least=1")
    party = raw.Party(d, "agency")
    args = stranger.canonical({"ns": NS})
    secret = stranger.canonical({"id": [who], "salt": os.urandom(32)})
    packet, _ = party.envelope("payload.erase", args, secret=secret)
    code, first = party.send("payload.erase", packet)
    a.answer(who, "least=1")
    size = len(bodies(d))
    code2, again = party.send("payload.erase", packet)
    tap.check("the same envelope again: the recorded outcome", (code, code2) == ("", "") and
              again["result"] == first["result"] and len(bodies(d)) == size, code2)
    tap.check("and what was asked since is kept", len(trail(d, who)) == 1)


# --- crashes, copies -------------------------------------------------------------------------------

def start_again(d):
    domain.wait_until(lambda: not d.is_up(), 30)
    d.kill_all()
    d.start()


def test_killed(tap, d, a, number):
    """The warden dies at its number-th unlink after the erasure is in the log: key half gone, or gone."""
    who = f"CD-0070{number}"
    charge = charge_of(d, a.ask(a.issue(who, "least=1"), who, "least=1"))
    name = name_of(d, charge)
    kept = Kept(d, name)
    fault = faults.Fault(d, "unlinkat", "SIGKILL", number)
    with contextlib.suppress(domain.Refused):
        d.shuyu("agency", "payload", "erase", "--ns", NS, "--id", who, timeout=15)
    start_again(d)
    tap.check(f"killed at unlink {number}, with the erasure in the log",
              fault.end() and any(e["type"] == "erase" and
                                  e["inputs"]["subject"][0]["who"] == name for e in bodies(d)))
    tap.check("the next start carried it out", not kept.left(), kept.left())
    tap.check("and it reads as erased", read(d, charge).get("erased", 0) > 0)


def test_put_back(tap, d, kept, charges):
    d.stop()
    kept.put_back()
    d.start()
    tap.check("copies put back: destroyed at the start", not kept.left(), kept.left())
    tap.check("nobody is told who asked", trail(d, MARK) == [])
    tap.check("erased it stays", read(d, charges[0]).get("erased", 0) > 0)


def test_key_put_back(tap, d, a, kept):
    """The key alone: nobody goes by the old name any more."""
    d.stop()
    kept.key.write_bytes(kept.files[kept.key])
    kept.key.chmod(0o600)
    d.start()
    tap.check("the key alone, put back: nothing is known by it", trail(d, MARK) == [])
    answer = a.ask(a.issue(MARK, f"least={VALUE}"), MARK, f"least={VALUE}")
    tap.check("asked about again: answered", answer["answer"] == "yes", answer)
    charge = charge_of(d, answer)
    new = name_of(d, charge)
    tap.check("under a new name", new.hex() != kept.folder.name)
    tap.check("and known from then on", [q["entry"] for q in trail(d, MARK)] ==
              [charge] and read(d, charge)["id"] == [MARK])
    return charge


def test_missing(tap, d, charge):
    """A payload that the operator removed is not passed off as erased."""
    shutil.rmtree(d.folder / "payloads" / name_of(d, charge).hex())
    tap.refused("gone without an erasure in the log: tampered", "tampered", read, d, charge)


def payloads(d):
    return {p.relative_to(d.folder) for p in (d.folder / "payloads").rglob("*.pay")}


def keys(d):
    return {p.name for p in (d.folder / "keys/store").glob("asked:*.key")}


def test_full(tap, d, a):
    """The disk reaches its limit when the payload lies there, and the question is not yet recorded."""
    who = "CD-00910"
    token = a.issue(who, "least=1")
    before = payloads(d), keys(d)
    no_room = "00" * 8 + "0010" + "00" * 6 + "00" * 24  # struct statfs: no block is available
    faults.FAULTS["full"] = f"poke_exit=@arg2={no_room}"
    fault = faults.Fault(d, "fstatfs", "full", 2)
    e = tap.refused("the disk is full by now: refused", "read_only", d.shuyu, "acme", "subject",
                    "ask", "least=1", "--token", token, "--id", who)
    fault.process.send_signal(signal.SIGTERM)
    fault.process.wait()
    tap.check("nothing was recorded", e is not None and not e.logged, e)
    tap.check("neither payload nor key is left", (payloads(d), keys(d)) == before,
              (payloads(d) - before[0], keys(d) - before[1]))
    tap.refused("nothing is kept", "not_found", erase, d, who)
    tap.check("with room again: answered by the same token, and kept once",
              a.ask(token, who, "least=1")["answer"] == "yes" and len(trail(d, who)) == 1)


def test_of_another(tap, d, a):
    """A payload under the number of an entry that is another's: swept at the start."""
    charge = {}
    for who in ("CD-00920", "CD-00921"):
        charge[who] = charge_of(d, a.ask(a.issue(who, "least=1"), who, "least=1"))
    name = name_of(d, charge["CD-00920"])
    path = next((d.folder / "payloads" / name.hex()).iterdir())
    d.stop()
    wrong = path.with_name(f"{path.name[:64]}.{charge['CD-00921']:020}.pay")
    path.rename(wrong)
    key = d.folder / "keys/store" / f"asked:{path.name[:64]}.key"
    tap.check("control: the key is there", key.exists())
    d.start()
    tap.check("a payload of another's entry: swept, and its key with it",
              not wrong.exists() and not key.exists(), (wrong.exists(), key.exists()))


def test_orphan(tap, d, a):
    """Killed before the charge was durable: what was kept for it is swept."""
    who = "CD-00900"
    fault = faults.Fault(d, "pwrite64", "SIGKILL", 1)
    token = a.issue(who, "least=1")
    with contextlib.suppress(domain.Refused, subprocess.TimeoutExpired):
        d.shuyu("acme", "subject", "ask", "least=1", "--token", token, "--id", who, timeout=15)
    start_again(d)
    tap.check("killed when the charge was to be written", fault.end())
    entries = {int(p.name.split(".")[1]) for p in (d.folder / "payloads").rglob("*.pay")}
    log = bodies(d)
    tap.check("every payload is of a question in the log", all(
        n < len(log) and log[n]["type"] == "charge" for n in entries), entries)
    charged = any(q["entry"] for q in trail(d, who))
    tap.check("asked again: answered, and kept once",
              a.ask(token if not charged else a.issue(who, "least=1"), who, "least=1")["answer"] ==
              "yes" and len(trail(d, who)) == 1 + charged)


def main(tap):
    with domain.Domain() as d:
        grant, _, model, _ = subject.found(d, 400)
        a = subject.Asker(d, grant, model)
        charges = test_trail(tap, d, a)
        test_read(tap, d, charges)
        test_disclosed(tap, d, charges, name_of(d, charges[0]))
        test_trail_again(tap, d, a)
        test_bodies_by_role(tap, d, charges)
        receipt = d.work / f"{secrets.token_hex(4)}.tlog-proof"
        d.shuyu("acme", "subject", "ask", "least=1", "--token", a.issue("CD-00300", "least=1"),
                "--id", "CD-00300", "--receipt", receipt)
        name = name_of(d, charges[0])
        test_refused(tap, d, name)
        kept = test_erased(tap, d, charges, name, receipt)
        test_same_envelope(tap, d, a)
        test_put_back(tap, d, kept, charges)
        charge = test_key_put_back(tap, d, a, kept)
        for number in (1, 2):
            test_killed(tap, d, a, number)
        test_orphan(tap, d, a)
        test_full(tap, d, a)
        test_of_another(tap, d, a)
        test_missing(tap, d, charge)
        test_log(tap, d, receipt)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    domain.run_tests(main)
