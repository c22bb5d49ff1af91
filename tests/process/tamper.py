#!/usr/bin/env python3
"""Tampering by the operator, on a real domain: what he may try with his disk, his keys and his clock, who notices,
and with which error (docs/tampering.md). He is granted everything that a machine and its keys give: a whole
folder put back, keys and all, goes on signing with the true key. Where a forger needs to sign what no warden
would, the test gives him a log key of its own and has the auditor pin that: as if the true one had been taken
out of the vault."""
import json
import pathlib
import shutil
import subprocess
import tempfile

import msgpack

import domain
import stranger
import tlog
import witnesses

DAY = 86400
ORIGIN = "test.shuyu.example/log"


# --- the auditor's machine -----------------------------------------------------------------------------

def audit(verb, export, *args):
    """(error code or "", what it printed, as JSON lines)"""
    done = subprocess.run([str(domain.AUDIT), verb, str(export), "--json", *map(str, args)],
                          capture_output=True, text=True, check=False, timeout=domain.CALL_S,
                          env=domain.environment(), preexec_fn=domain.die_with_parent)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    code = lines[-1].get("error", "") if lines else f"status {done.returncode}: {done.stderr}"
    return code, lines


def holds(tap, name, verb, export, *args):
    code, lines = audit(verb, export, *args)
    tap.check(f"(nobody yet) {name}", code == "", lines[-3:] or code)


def notices(tap, name, wanted, verb, export, *args):
    code, lines = audit(verb, export, *args)
    tap.check(f"{name}: {wanted}", code == wanted, (code, lines[-3:]))
    return lines


def refuses(tap, d, name, code, words):
    """The domain does not start, and the warden's last word is this."""
    try:
        d.start()
    except domain.NotStarted as e:
        said = [line for line in str(e).splitlines() if line.startswith("shuyu-warden: ")]
        tap.check(f"the warden, at its start, {name}: {code}", said and words in said[-1], e)
        return
    d.kill_all()
    tap.check(f"the warden, at its start, {name}: {code}", False, "it started")


# --- the forger's tools -----------------------------------------------------------------------------------

def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def unpack(data):
    return msgpack.unpackb(data, raw=False, strict_map_key=False)


def write_entries(export, entries):
    """The file again, numbered afresh."""
    out = b""
    for i, entry in enumerate(entries):
        record = {k: entry[k] for k in sorted(entry) if k != "index"}
        if i > 0:
            record["index"] = i
        data = pack({k: record[k] for k in sorted(record)})
        out += len(data).to_bytes(4, "little") + data
    (pathlib.Path(export) / "entries").write_bytes(out)


def commit(entry, body, day=0):
    """Body and a leaf that commits to it; the day moved by so many seconds."""
    schema, kind, when, _ = unpack(entry["leaf"])
    digest = tlog.sha256(b"shuyu-body-1", entry["salt"], pack(body))
    entry["body"] = pack(body)
    entry["leaf"] = pack([schema, kind, when + day // DAY, digest])


class Forger:
    """An export that says what he likes, hashed and signed as it should be."""

    def __init__(self, folder, export):
        self.log = tlog.Log(ORIGIN)
        self.folder = folder / "forged"
        self.export = export

    def begin(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.export, self.folder)
        (self.folder / "log.vkey").write_text(self.log.vkey)
        return domain.read_entries(self.folder)

    def sign(self, entries):
        write_entries(self.folder, entries)
        hashes = [tlog.sha256(b"\0", e["leaf"]) for e in entries]
        text = f"{ORIGIN}\n{len(hashes)}\n{tlog.b64(tlog.root(hashes))}\n"
        (self.folder / "checkpoint").write_text(self.log.sign(text))
        return self.folder


def find(entries, method, party=None):
    """The newest entry of this method."""
    for i in range(len(entries) - 1, -1, -1):
        header = unpack(unpack(entries[i]["body"])["request"]["header"])
        if header["method"] == method and party in (None, header["party"]):
            return i
    raise ValueError(f"no {method} in the log")


# --- an entry is edited ------------------------------------------------------------------------------------

def flip(path, where=None):
    data = bytearray(path.read_bytes())
    data[len(data.rstrip(b"\0")) // 2 if where is None else where] ^= 1
    path.write_bytes(bytes(data))


def test_edit(tap, d, export, forger):
    d.stop()
    segment = sorted((d.folder / "ledger/segments").iterdir())[0]
    flip(segment)
    refuses(tap, d, "of a changed byte in a segment", "tampered",
            "damaged, and a later checkpoint is signed")
    flip(segment)
    d.start()
    entries = domain.read_entries(export)
    at = find(entries, "party.enrol")
    body = unpack(entries[at]["body"])
    body["verdict"]["code"] = 0x0201
    entries[at]["body"] = pack(body)
    copy = forger.folder.parent / "edited"
    shutil.copytree(export, copy)
    write_entries(copy, entries)
    notices(tap, "the auditor, of a changed body", "digest", "verify", copy)
    commit(entries[at], body)
    write_entries(copy, entries)
    notices(tap, "the auditor, of a changed body and its leaf", "proof", "verify", copy)
    entries = forger.begin()
    commit(entries[at], body)
    forged = forger.sign(entries)
    holds(tap, "the same, hashed and signed again: every hash is right", "verify", forged)
    lines = notices(tap, "the auditor, by replay", "tampered", "replay", forged)
    named = [line for line in lines if line.get("entry") == at]
    tap.check("... which names the entry and what was changed in it",
              any(line["field"].startswith("verdict") for line in named), lines[:5])


# --- a time is put back ---------------------------------------------------------------------------------------

def test_backdate(tap, export, forger):
    entries = forger.begin()
    at = len(entries) - 1
    body = unpack(entries[at]["body"])
    body["inputs"]["time"] -= 3 * DAY
    commit(entries[at], body, -3 * DAY)
    forged = forger.sign(entries)
    holds(tap, "an entry dated three days back, hashed and signed again", "verify", forged)
    lines = notices(tap, "the auditor, by replay", "tampered", "replay", forged)
    tap.check("... which names the entry and its time", any(
        line.get("entry") == at and "time" in line["field"] for line in lines), lines[:5])
    entries = domain.read_entries(export)
    entries[at - 1], entries[at] = entries[at], entries[at - 1]
    copy = forger.folder.parent / "swapped"
    shutil.copytree(export, copy)
    write_entries(copy, entries)
    notices(tap, "the auditor, of two entries that changed places", "proof", "verify", copy)
    forged = forger.begin()
    forged[at - 1], forged[at] = forged[at], forged[at - 1]
    notices(tap, "... and by replay, when they were signed like that", "tampered", "replay",
            forger.sign(forged))


# --- the tail is dropped -----------------------------------------------------------------------------------------

def test_drop(tap, d, export, forger):
    entries = domain.read_entries(export)
    copy = forger.folder.parent / "dropped"
    shutil.copytree(export, copy)
    write_entries(copy, entries[:-1])
    notices(tap, "the auditor, of an export without its last entry", "proof", "verify", copy)
    forged = forger.begin()
    shorter = forger.sign(forged[:-1])
    holds(tap, "a checkpoint of one entry less, truly signed", "replay", shorter)
    kept = forger.folder.parent / "kept"
    kept.write_text(forger.log.sign(
        f"{ORIGIN}\n{len(entries)}\n"
        f"{tlog.b64(tlog.root([tlog.sha256(bytes(1), e['leaf']) for e in entries]))}\n"))
    notices(tap, "the auditor who kept a checkpoint", "rollback", "verify", shorter, "--kept", kept)
    d.stop()
    segment = sorted((d.folder / "ledger/segments").iterdir())[-1]
    whole = segment.read_bytes()
    used = len(whole.rstrip(b"\0"))
    segment.write_bytes(whole[:used * 9 // 10] + bytes(len(whole) - used * 9 // 10))
    refuses(tap, d, "of a segment whose end was zeroed", "rollback",
            "entries are published, the segments hold")
    public = d.folder / "ledger/public"
    public.rename(copy / "public")
    public.mkdir(0o755)
    refuses(tap, d, "of the same, with the published files gone too", "rollback",
            "the ledger is older than the keys remember")
    shutil.rmtree(public)
    (copy / "public").rename(public)
    segment.write_bytes(whole)
    d.start()


# --- last week's disk, beside newer keys ----------------------------------------------------------------------------

def test_disk_beside_keys(tap, d):
    d.stop()
    week_old = d.work / "week-old"
    shutil.copytree(d.folder / "ledger", week_old)
    d.start()
    d.enrol("monday", "developer")
    d.stop()
    newest = d.work / "newest"
    (d.folder / "ledger").rename(newest)
    shutil.copytree(week_old, d.folder / "ledger")
    refuses(tap, d, "of last week's ledger beside today's keys", "rollback",
            "the ledger is older than the keys remember")
    shutil.rmtree(d.folder / "ledger")
    newest.rename(d.folder / "ledger")
    shutil.rmtree(week_old)
    d.start()


# --- last week's disk, keys and all -----------------------------------------------------------------------------------

def receipt(d, party, entry):
    path = d.work / f"{party}-{entry}.tlog-proof"
    path.write_text(d.shuyu(party, "log", "receipt", entry)["receipt"])
    return path


def size(d):
    """Entries, by the warden; a ping's are the gateway's, a moment late."""
    return d.shuyu("agency", "log", "witnesses")["size"]


def catches(tap, name, code, call, *args):
    """A client notices, and says so with this code."""
    tap.refused(f"{name}: {code}", code, call, *args)


def test_disk_with_keys(tap, d, export, forger):
    """No witness: the warden cannot know; whoever kept something does."""
    tap.check("a client's first look is kept", d.shuyu("acme", "log", "check")["since"] == 0)
    d.stop()
    week_old = d.work / "week-old"
    shutil.copytree(d.folder, week_old)
    d.start()
    d.enrol("tuesday", "developer")
    d.enrol("wednesday", "developer")
    n = size(d)
    checked = d.shuyu("acme", "log", "check")
    tap.check("the log grows, and the client sees that it only grows",
              checked["entries"] == n and 0 < checked["since"] < n, checked)
    kept = receipt(d, "acme", n - 1)
    newer = pathlib.Path(shutil.copytree(d.export(), d.work / "newer"))
    d.stop()
    newest = d.work / "newest"
    d.folder.rename(newest)
    week_old.rename(d.folder)
    d.start()
    tap.check("(nobody yet) last week's folder, keys and all: it starts, and signs with the true key",
              size(d) < n)
    catches(tap, "the client who looked", "rollback", d.shuyu, "acme", "log", "check")
    catches(tap, "whoever kept a receipt", "rollback", d.shuyu, "thursday", "log", "check", kept)
    catches(tap, "the client, in its next logged request", "rollback", d.shuyu, "acme", "scene",
            "apply", domain.PACKS / "scene.yaml")
    older = d.export("thursday")
    notices(tap, "the auditor who kept a checkpoint", "rollback", "verify", older, "--kept",
            newer / "checkpoint")
    for party in ("friday", "saturday", "sunday", "another"):  # another history, longer than the true one
        d.enrol(party, "developer")
    tap.check("(nobody yet) the new history is longer than the one that was cut off", size(d) > n)
    fork = d.work / "acme/fork"
    catches(tap, "the client who looked, of a longer log", "rollback", d.shuyu, "acme", "log",
            "check")
    tap.check("... and holds the proof for everybody", fork.exists() and
              fork.read_text().startswith("shuyu-fork@v1"), fork)
    catches(tap, "whoever kept a receipt, of a longer log", "rollback", d.shuyu, "thursday", "log",
            "check", kept)
    catches(tap, "the client who looked is not lulled by asking again", "rollback", d.shuyu, "acme",
            "log", "check")
    longer = d.export("thursday")
    holds(tap, "the longer history for itself", "replay", longer)
    notices(tap, "the auditor who kept a checkpoint, of a longer log", "rollback", "verify", longer,
            "--kept", newer / "checkpoint")
    test_two_auditors(tap, forger, newer, longer)
    d.stop()
    shutil.rmtree(d.folder)
    newest.rename(d.folder)
    d.start()
    tap.check("with the true folder back the client goes on",
              d.shuyu("acme", "log", "check")["since"] == n)


# --- two auditors, two histories ------------------------------------------------------------------------------------------

def test_two_auditors(tap, forger, first, second):
    """Each of them has a log that is right in itself; they compare."""
    for name, export in (("one auditor", first), ("the other", second)):
        holds(tap, f"{name}: right in itself", "verify", export)
    notices(tap, "the two, when they compare checkpoints", "rollback", "verify", second, "--kept",
            first / "checkpoint")
    copy = forger.folder.parent / "followed"
    follow = [str(domain.AUDIT), "follow", "--once", "--json", "--from"]
    run = {"capture_output": True, "text": True, "check": False, "timeout": domain.CALL_S,
           "env": domain.environment()}
    done = subprocess.run([*follow, str(first), str(copy)], **run)
    tap.check("(nobody yet) one follows the first history", done.returncode == 0, done)
    done = subprocess.run([*follow, str(second), str(copy)], **run)
    tap.check("who follows the log, when shown the second: tampered",
              done.returncode == 1 and '"tampered"' in done.stdout, done)
    evidence = list(copy.glob("fork-*"))
    tap.check("... and keeps the proof", len(evidence) == 1, evidence)


# --- the log's key is another one ------------------------------------------------------------------------------------------

def test_key(tap, d, export, forger, vkey):
    entries = forger.begin()
    forged = forger.sign(entries)
    notices(tap, "the auditor who pinned the key, of a log signed by another", "unsigned", "verify",
            forged, "--log", vkey)
    d.stop()
    store = d.folder / "keys/store"
    items = sorted(p for p in store.iterdir() if p.is_file())
    true = {p: p.read_bytes() for p in items}
    caught = 0
    for path in items:
        other = next(p for p in items if true[p] != true[path])
        path.write_bytes(true[other])
        try:
            d.start()
            d.stop()
            tap.note(f"{path.name}: not needed at a start")
        except domain.NotStarted:
            caught += 1
        path.write_bytes(true[path])
    tap.check("the warden, at its start, of keys that changed places in the store", caught >= 3,
              (caught, len(items)))
    d.start()


def test_other_domain(tap, d):
    """The same address, name and parties, and keys of its own."""
    with domain.Domain() as other:
        other.birth()
        d.stop()
        other.port = d.port
        other.start()
        catches(tap, "the client, of another domain at the address", "field", d.shuyu, "acme",
                "log", "check")
        other.stop()
    d.start()


# --- with a witness --------------------------------------------------------------------------------------------------------

def test_witnessed(tap, folder):
    with domain.Domain() as d:
        d.birth()
        d.start()
        invite = stranger.unpack(d.invite("pin", "developer").read_bytes())
        vkey = stranger.unpack(invite["invite"])["log"]
        others = witnesses.Others(folder, vkey)
        d.shuyu("agency", "log", "adopt-witnesses", others.policy)

        def cosigned():
            status = d.shuyu("agency", "log", "witnesses")
            return status.get("quorum_size", 0) == status["size"]

        tap.check("witnesses cosign the log", domain.wait_until(cosigned, 60))
        d.stop()
        week_old = d.work / "week-old"
        shutil.copytree(d.folder, week_old)
        d.start()
        d.enrol("acme", "developer")
        tap.check("... and what is new", domain.wait_until(cosigned, 60))
        seen = max(w.size(_Named(vkey)) for w in others.all)
        d.stop()
        newest = d.work / "newest"
        d.folder.rename(newest)
        week_old.rename(d.folder)
        refuses(tap, d, "asking its witnesses, of last week's folder, keys and all", "rollback",
                "a witness has seen another log than this one")
        tap.check("no witness has cosigned anything of it",
                  max(w.size(_Named(vkey)) for w in others.all) == seen)
        shutil.rmtree(d.folder)
        newest.rename(d.folder)
        d.start()
        tap.check("with the true folder it serves", size(d) > 0)
        others.end(0, 1, 2)


class _Named:
    """A log by its key, for asking a witness about it."""

    def __init__(self, vkey):
        self.hex = tlog.sha256(vkey.split("+")[0].encode()).hex()


def body(tap):
    with tempfile.TemporaryDirectory(prefix="shuyu-tamper-") as name, domain.Domain() as d:
        folder = pathlib.Path(name)
        d.birth()
        d.start()
        d.shuyu("agency", "pack", "adopt", d.pack())
        for party, role in (("auditor", "auditor"), ("thursday", "auditor"),
                            ("acme", "developer"), ("beta", "developer")):
            d.enrol(party, role)
        export = pathlib.Path(shutil.copytree(d.export(), folder / "export"))
        vkey = (export / "log.vkey").read_text().strip()
        forger = Forger(folder, export)
        holds(tap, "the log as it is", "replay", export, "--log", vkey)
        test_edit(tap, d, export, forger)
        test_backdate(tap, export, forger)
        test_drop(tap, d, export, forger)
        test_key(tap, d, export, forger, vkey)
        test_disk_beside_keys(tap, d)
        test_disk_with_keys(tap, d, export, forger)
        test_other_domain(tap, d)
    with tempfile.TemporaryDirectory(prefix="shuyu-tamper-") as name:
        test_witnessed(tap, pathlib.Path(name))


if __name__ == "__main__":
    domain.run_tests(body)
