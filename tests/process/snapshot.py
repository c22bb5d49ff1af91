#!/usr/bin/env python3
"""Snapshots of a live domain: made while it serves, the same bytes as an auditor's replay gives, used at the
next start, and never believed when anything about them was changed."""
import contextlib
import os
import shutil
import signal
import subprocess

import domain
import raw
import stranger

EVERY = 8  # entries; the product's default is 10,000
LARGE = 900_000  # bytes of a refused request: twenty fill a segment of the ledger
FILLED = 24


def folder(d):
    return d.folder / "ledger/snapshots"


def sizes(d):
    """Snapshots that have a note, oldest first."""
    return sorted(int(p.stem) for p in folder(d).glob("*.note"))


def said_since(d, at):
    return d.log.read_bytes()[at:].decode(errors="replace")


def started(d):
    """Start; what the domain's processes said."""
    at = d.log.stat().st_size
    d.start()
    return said_since(d, at)


def audit(*words):
    done = subprocess.run([str(domain.AUDIT), *map(str, words)], capture_output=True, text=True,
                          check=False, timeout=domain.CALL_S, env=domain.environment(),
                          preexec_fn=domain.die_with_parent)
    return done.returncode, done.stdout + done.stderr


def used(said):
    """Entries of the snapshot that a start took its state from; 0 = it folded the whole log."""
    lines = [line for line in said.splitlines() if "state taken from a snapshot" in line]
    return int(lines[-1].partition("entries=")[2].split()[0]) if lines else 0


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def test_made(tap, d):
    tap.check("snapshots are made while the domain serves",
              domain.wait_until(lambda: len(sizes(d)) == 2, 20), sizes(d))
    tap.check("two of them are kept", len(list(folder(d).iterdir())) <= 5,
              list(folder(d).iterdir()))
    tap.check("nobody else can read them", folder(d).stat().st_mode & 0o077 == 0 and
              all(p.stat().st_mode & 0o077 == 0 for p in folder(d).iterdir()))


def test_auditor(tap, d):
    """An auditor who trusts nothing writes the same bytes."""
    export, out = d.export(), d.work / "rows"
    for size in sizes(d):
        note = folder(d) / f"{size}.note"
        status, text = audit("snapshot", export, "--compare", note, "--output", out)
        tap.check(f"an auditor's replay gives the snapshot of {size} entries",
                  status == 0 and "the same" in text, text)
        tap.check("byte for byte", out.read_bytes() == (folder(d) / f"{size}.rows").read_bytes())
        status, text = audit("snapshot", export, "--size", size)
        tap.check("and its statement", status == 0 and note.read_text().startswith(text), text)
    status, text = audit("snapshot", export, "--size", sizes(d)[-1] - 1, "--output", out)
    tap.check("one entry less is another snapshot", status == 0 and
              out.read_bytes() != (folder(d) / f"{sizes(d)[-1]}.rows").read_bytes(), text)
    forged = d.work / "forged.note"
    forged.write_text((folder(d) / f"{sizes(d)[-1]}.note").read_text().replace(
        "shuyu-snapshot/1\n", "shuyu-snapshot/1\n", 1))
    flip(forged, len("shuyu-snapshot/1\ntest.shuyu.example/log\n12\n") + 4)
    status, text = audit("snapshot", export, "--compare", forged)
    tap.check("a changed note is refused", status == 1 and "FAILED" in text, text)


def state_of(d):
    """What a start must not change."""
    return {"budget": d.shuyu("agency", "budget"), "models": d.shuyu("acme", "model", "list"),
            "entries": [e["body"] for e in domain.read_entries(d.export())]}


def test_restart(tap, d, model):
    answer, before = d.run(model, "min_age=40"), state_of(d)
    d.stop()
    newest = sizes(d)[-1]
    said = started(d)
    tap.check("a start takes its state from the newest snapshot", used(said) == newest, said)
    tap.check("and is what it was", state_of(d) == before)
    again = d.run(model, "min_age=40")
    tap.check("a stored answer is there", again["columns"] == answer["columns"], again)
    tap.check("at no charge", d.shuyu("agency", "budget") == before["budget"])
    tap.check("a new question is answered", d.run(model, "min_age=42")["rows"] == 16)
    d.audit()


def damaged(tap, d, name, damage, expect):
    """Start after `damage`; the state comes from the snapshot `expect` (0: from the whole log)."""
    d.stop()
    backup, before = d.work / "snapshots", sizes(d)
    shutil.rmtree(backup, ignore_errors=True)
    shutil.copytree(folder(d), backup)
    damage(before)
    said = started(d)
    want = expect(before)
    tap.check(name, used(said) == want, said)
    if want != before[-1] and sizes(d)[-1:] == before[-1:]:
        tap.check("and it says so", "passed over" in said, said)
    d.audit()
    d.stop()
    shutil.rmtree(folder(d))
    shutil.copytree(backup, folder(d))
    d.start()


def test_damage(tap, d):
    def rows(size):
        return folder(d) / f"{size}.rows"

    def note(size):
        return folder(d) / f"{size}.note"

    def both(sizes_):
        for size in sizes_:
            flip(rows(size), 100)

    damaged(tap, d, "altered rows: the older snapshot",
            lambda s: flip(rows(s[1]), rows(s[1]).stat().st_size // 2), lambda s: s[0])
    damaged(tap, d, "rows cut off: the older snapshot",
            lambda s: rows(s[1]).write_bytes(rows(s[1]).read_bytes()[:-1]), lambda s: s[0])
    damaged(tap, d, "an altered note: the older snapshot", lambda s: flip(note(s[1]), 60),
            lambda s: s[0])
    damaged(tap, d, "no rows: the older snapshot", lambda s: rows(s[1]).unlink(), lambda s: s[0])
    damaged(tap, d, "the older one's rows under the newer note: the older snapshot",
            lambda s: rows(s[1]).write_bytes(rows(s[0]).read_bytes()), lambda s: s[0])
    damaged(tap, d, "both altered: the whole log", both, lambda s: 0)
    damaged(tap, d, "none: the whole log", lambda s: shutil.rmtree(folder(d)), lambda s: 0)


def test_kill(tap, d, model):
    """Killed at random while snapshots are made: the next start is right every time."""
    for i in range(6):
        with contextlib.suppress(domain.Refused):
            d.run(model, f"min_age={50 + i}")
        os.kill(d.pid("warden"), signal.SIGKILL)
        domain.wait_until(lambda: not d.is_up(), 30)
        d.kill_all()
        said = started(d)
        if not tap.check("killed and started again from a snapshot", used(said) > 0, said):
            return
    d.audit()


def fill(d, grant, model):
    """Refused requests, each logged with all that was asked, until the ledger has several segments."""
    acme = raw.Party(d, "acme")
    codes = set()
    for _ in range(FILLED):
        args = stranger.canonical({"params": [{"name": "min_age", "value": "1" * LARGE}]})
        packet, _ = acme.envelope("model.run", args, grant=bytes.fromhex(grant),
                                  subject=bytes.fromhex(model))
        codes.add(acme.send("model.run", packet)[0])
    return codes


def test_long(tap, d, grant, model):
    """A log of several segments: those before the snapshot are not read at the start, but after it."""
    codes = fill(d, grant, model)
    segments = sorted((d.folder / "ledger/segments").iterdir())
    tap.check("the log has several segments", len(segments) >= 2, (codes, segments))
    domain.wait_until(lambda: sizes(d)[-1] > d.entries() - 2 * EVERY, 20)
    d.stop()
    said = started(d)
    unread = int(said.partition("unread=")[2].split()[0]) if "unread=" in said else 0
    tap.check("a start skips what lies before the snapshot", used(said) > 0 and unread > 0, said)
    at = d.log.stat().st_size
    tap.check("and reads it afterwards", domain.wait_until(
        lambda: "found right" in said_since(d, 0).rpartition("state taken")[2], 30),
        said_since(d, at))
    d.audit()
    d.stop()
    flip(segments[0], 4000)
    at = d.log.stat().st_size
    with contextlib.suppress(domain.NotStarted):
        d.start()
    tap.check("an old entry that was altered is found soon after the start, and stops the domain",
              domain.wait_until(lambda: not d.is_up(), 30) and
              "not what was committed" in said_since(d, at), said_since(d, at))
    d.kill_all()
    shutil.rmtree(folder(d))
    try:
        d.start()
        tap.check("without snapshots it does not start at all", False)
    except domain.NotStarted as e:
        tap.check("without snapshots it does not start at all", "damaged" in str(e), e)
    flip(segments[0], 4000)
    d.start()
    d.audit()


def main(tap):
    with domain.Domain() as d:
        d.arguments = ["--arg", f"warden=--snapshot-every={EVERY}"]
        d.birth()
        d.start()
        d.populate()
        grant = d.grant(d.scene())
        model = d.model(grant)
        d.run(model, "min_age=30")
        test_made(tap, d)
        test_auditor(tap, d)
        test_restart(tap, d, model)
        test_damage(tap, d)
        test_kill(tap, d, model)
        test_long(tap, d, grant, model)


if __name__ == "__main__":
    domain.run_tests(main)
