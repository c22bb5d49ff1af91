#!/usr/bin/env python3
"""A log that is closed and goes on as another, in a live domain: budgets, answers, receipts, replay and clients
cross the boundary; a domain killed anywhere on the way comes to the same end; and each history that does not go on from
the log before it is named."""
import fcntl
import os
import re
import shutil
import signal
import subprocess
import urllib.request
import ssl

import msgpack

import domain

NEXT = "test.shuyu.example/log/2"
THIRD = "test.shuyu.example/log/3"


def pin(d, party, key):
    found = re.search(rf"^{key} = (.*)$", (d.work / party / "profile").read_text(), re.M)
    return found[1] if found else ""


def audit(*args):
    return subprocess.run([str(domain.AUDIT), *map(str, args)], capture_output=True, text=True, check=False,
                          timeout=domain.CALL_S, env=domain.environment(), preexec_fn=domain.die_with_parent)


def get(d, path):
    context = ssl._create_unverified_context()  # the certificate proves nothing: checkpoints are signed
    with urllib.request.urlopen(f"https://{d.address}{path}", context=context, timeout=30) as r:
        return r.read().decode()


def ask_shard(d, origin):
    """The next log's vkey; DIR/close.req lies there, signed by nobody."""
    done = subprocess.run([a for a in d.command(None, "log", "shard", "--domain", d.folder, "--origin", origin)],
                          capture_output=True, text=True, check=False, timeout=domain.CALL_S,
                          env=domain.environment())
    if done.returncode != 0:
        raise domain.Refused(done.args, done.returncode, {"error": done.stderr}, done.stderr)
    return done.stdout.split("\n")[0]


def sign(d):
    for party in ("agency", "operator"):
        d.shuyu(party, "sign", d.folder / "close.req")


def not_started(tap, d, name, words):
    try:
        d.start()
        tap.check(name, False, "it started")
        d.stop()
    except domain.NotStarted as e:
        tap.check(name, all(w in str(e) for w in words), str(e)[-600:])


def events(out):
    return [msgpack.unpackb(e["body"], raw=False, strict_map_key=False) for e in domain.read_entries(out)]


# --- closing ---------------------------------------------------------------------------------------------

def test_asking(tap, d):
    try:
        ask_shard(d, NEXT)
        tap.check("not while the domain runs", False)
    except domain.Refused as e:
        tap.check("not while the domain runs", "runs in this folder" in e.text, e.text)
    d.stop()
    size = len(domain.read_entries(d.work / "export"))
    vkey = ask_shard(d, NEXT)
    tap.check("asked for: the next log's key", vkey.startswith(NEXT + "+"), vkey)
    tap.check("and the same key when it is asked again", ask_shard(d, NEXT) == vkey)
    not_started(tap, d, "nobody has signed: the domain does not start", ("has not signed",))
    d.shuyu("agency", "sign", d.folder / "close.req")
    not_started(tap, d, "nor with the agency's signature alone", ("has not signed",))
    (d.folder / "close.req").rename(d.work / "kept.req")
    d.start()
    d.shuyu("operator", "log", "rotate", "announce")  # any entry: what was signed is of another length now
    d.stop()
    (d.work / "kept.req").rename(d.folder / "close.req")
    d.shuyu("operator", "sign", d.folder / "close.req")
    not_started(tap, d, "nor when the log has grown since", ("size",))
    tap.check("and nothing of it is an entry", size > 0 and not (d.folder / "ledger/log").exists())
    return vkey


# --- across ----------------------------------------------------------------------------------------------

def test_clients(tap, d, model, old, new, first):
    refused = tap.refused("a client that knows the old log believes nothing of the new one", "unsigned", d.run,
                          model, "min_age=45")
    tap.check("... and says how to go on", refused is not None and "log follow" in refused.text, refused)
    for party in ("acme", "agency", "operator", "auditor", "health"):
        followed = d.shuyu(party, "log", "follow")
        tap.check(f"{party} follows the close", followed == {"followed": 1, "log": new}, followed)
    tap.check("and remembers the old log's key, and its length",
              pin(d, "acme", "log_was") == old and int(pin(d, "acme", "log_base")) > 0)
    again = d.run(model, "min_age=40")
    tap.check("the same question: the stored answer, with its receipts of the old log",
              again["rows"] == first["rows"], again)
    fresh = d.run(model, "min_age=50")
    tap.check("another question: an answer in the new log", fresh["rows"] == 16, fresh)
    tap.check("its receipt is of the new log", NEXT + "\n" in fresh["receipt"], fresh["receipt"])
    tap.check("the first answer's receipt is of the old one", "test.shuyu.example/log\n" in first["receipt"])
    return fresh


def test_served(tap, d, new):
    pointer = get(d, "/next")
    tap.check("the old log points to the new one", pointer == f"shuyu-next@v1\n{new}\n/log/2/\n", pointer)
    tap.check("the old checkpoint stays", get(d, "/checkpoint").startswith("test.shuyu.example/log\n"))
    tap.check("the new one has its place", get(d, "/log/2/checkpoint").startswith(NEXT + "\n"))
    done = audit("trace", d.export(), "0")
    tap.check("and its entries can be shown", done.returncode == 0, done.stdout + done.stderr)


def test_receipts(tap, d, out, first, fresh):
    for name, answer in (("old", first), ("new", fresh)):
        path = d.work / f"{name}.receipt"
        path.write_text(answer["receipt"])
        done = audit("trace", out, path)
        tap.check(f"the {name} log's receipt leads to its answer", done.returncode == 0 and "charge" in done.stdout,
                  done.stdout + done.stderr)


def test_audit(tap, d, old, new):
    out = d.export()
    for key in (old, new):
        for verb in ("verify", "replay"):
            done = audit(verb, out, "--log", key)
            tap.check(f"{verb} over both logs under {'the old' if key == old else 'the new'} key",
                      done.returncode == 0, done.stdout + done.stderr)
    for verb in (["index"], ["show"]):
        done = audit(*verb, out)
        tap.check(f"{verb[0]} over both", done.returncode == 0, done.stdout + done.stderr)
    return out


# --- what does not go on from the log before ---------------------------------------------------------------

def records(out):
    data, at, found = (out / "entries").read_bytes(), 0, []
    while at < len(data):
        n = int.from_bytes(data[at:at + 4], "little")
        found.append(data[at:at + 4 + n])
        at += 4 + n
    return found


def mutant(d, out, name, change):
    copy = d.work / f"mutant-{name}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(out, copy)
    kept = change(records(copy))
    (copy / "entries").write_bytes(b"".join(kept))
    return copy


def renumber(record, i):
    e = msgpack.unpackb(record[4:], raw=False, strict_map_key=False)
    if e.get("index", 0) == i:
        return record
    e["index"] = i
    body = msgpack.packb({k: e[k] for k in sorted(e)}, use_bin_type=True)
    return len(body).to_bytes(4, "little") + body


def without(at):
    return lambda r: [renumber(x, i) for i, x in enumerate(r[:at] + r[at + 1:])]


def test_mutants(tap, d, out, old):
    types = [e["type"] for e in events(out)]
    close, begin = types.index("close"), types.index("open")
    tap.check("the close is the last, the next log's first follows", begin == close + 1)
    behind = "it lies behind the close of its log"
    for name, change, words in (("without the close", without(close), "a key was retired that no order replaces"),
                                ("without the first entry", without(begin), behind),
                                ("with an entry behind the close",
                                 lambda r: [renumber(x, i) for i, x in enumerate(r[:begin] + [r[1]] + r[begin:])],
                                 behind),
                                ("with one entry less before", without(close - 1),
                                 "the close is not the log's last entry")):
        done = audit("verify", mutant(d, out, "x", change), "--log", old)
        said = done.stdout + done.stderr  # by its words: the tree's root is another too
        tap.check(f"an export {name} is named", done.returncode == 1 and words in said, said)


# --- crashes -----------------------------------------------------------------------------------------------

WRITES = "fdatasync,fsync,pwrite64,renameat,renameat2,mkdirat,unlinkat"


def killed_at(d, n):
    """Start with whatever process comes to its n-th write-side call killed there; did it start all the same?"""
    d.before = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={WRITES}:signal=SIGKILL:when={n}"]
    try:
        d.start()
        d.stop()
        return True
    except domain.NotStarted:
        return False
    finally:
        d.before = []
        d.kill_all()
        domain.wait_until(lambda: not d.left() and is_free(d), 30)


def is_free(d):
    """Has the last process that shares the supervisor's lock of the domain's folder ended?"""
    run = os.open(d.folder / "run", os.O_RDONLY)
    try:
        fcntl.flock(run, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(run)


def goes_on(d, old):
    """The domain starts, and its log is closed once, and goes on once."""
    d.start()
    out = d.export("agency")
    d.stop()
    types = [e["type"] for e in events(out)]
    done = audit("replay", out, "--log", old)
    return types.count("close") == 1 and types.count("open") == 1 and done.returncode == 0, done.stdout + done.stderr


def test_lost_key(tap, d, base):
    """What agency and operator signed names a key that the key store, put back since, does not have."""
    keys, asked = d.work / "keys-before", (d.folder / "close.req").read_bytes()
    later = d.work / "keys-later"
    shutil.copytree(d.folder / "keys", later)
    shutil.rmtree(d.folder / "keys")
    shutil.copytree(keys, d.folder / "keys")
    not_started(tap, d, "with keys of before it was asked: no close", ("close.req", "does not have the key"))
    (d.folder / "close.req").unlink()
    d.start()
    d.stop()
    tap.check("and the log goes on", "close" not in [e["type"] for e in events(d.work / "export")] and
              not (d.folder / "ledger/log").exists())
    shutil.rmtree(d.folder)
    shutil.copytree(base, d.folder)
    tap.check("put back as it was", (d.folder / "close.req").read_bytes() == asked)


def test_on_disk(tap, d, base):
    """What is written when: the name of a folder that a crash left half made is brought to the disk before an entry lies in it."""
    (d.folder / "ledger/log").mkdir(mode=0o700)
    (d.folder / "ledger/log/2").mkdir(mode=0o700)
    trace = d.work / "synced"
    d.before = ["strace", "-f", "-qq", "-y", "-o", str(trace), "-e", "trace=fsync,renameat,renameat2"]
    d.start()
    d.kill_all()
    domain.wait_until(lambda: not d.left(), 10)
    d.before = []
    synced = re.findall(r"fsync\(\d+<([^>]*)>", trace.read_text())
    named = re.findall(r"rename\w*\([^\n]*<" + re.escape(str(d.folder / "ledger/public")) + r'>, "(next|checkpoint)"',
                       trace.read_text())
    tap.check("no copier finds the close without what it is: the pointer is there first",
              "checkpoint" in named and named[0] == "next", named)
    for name in ("ledger", "ledger/log", "ledger/public/log"):
        tap.check(f"{name} is made durable", str(d.folder / name) in synced, synced[:40])
    shutil.rmtree(d.folder)
    shutil.copytree(base, d.folder)


def test_crashes(tap, d, old, origin):
    """Killed at every write of the start that closes the log; the next start ends what was begun."""
    d.stop()
    shutil.copytree(d.folder / "keys", d.work / "keys-before")
    ask_shard(d, origin)
    sign(d)
    base, n, bad, through = d.work / "base", 0, [], False
    shutil.copytree(d.folder, base)
    test_lost_key(tap, d, base)
    test_on_disk(tap, d, base)
    while not through and n < 120:
        n += 1
        shutil.rmtree(d.folder)
        shutil.copytree(base, d.folder)
        through = killed_at(d, n)
        good, said = goes_on(d, old)
        bad += [] if good else [(n, said)]
    tap.check(f"killed at each of {n - 1} writes, it ends where it was going", not bad and through and n > 10, bad[:3])
    shutil.rmtree(d.folder)
    shutil.copytree(base, d.folder)


def test_rollback(tap, d):
    """The closed log beside keys that know the next one; and the next one begun anew."""
    before = d.work / "before"
    shutil.copytree(d.folder / "ledger", before)
    shutil.rmtree(d.folder / "ledger/log")
    not_started(tap, d, "without the new log it does not begin another", ("older than the keys remember",))
    for name in ("segments", "snapshots"):  # the first log as it was before the close, the second one beside it
        shutil.rmtree(d.folder / "ledger" / name)
        shutil.copytree(d.work / "base/ledger" / name, d.folder / "ledger" / name)
    shutil.copytree(before / "log", d.folder / "ledger/log")
    shutil.copy(d.work / "base/ledger/public/checkpoint", d.folder / "ledger/public/checkpoint")
    not_started(tap, d, "nor does it go on from a first log that is not closed", ("is not closed",))
    shutil.rmtree(d.folder / "ledger")
    shutil.copytree(before, d.folder / "ledger")
    d.start()
    d.stop()
    tap.check("with both, it starts", True)


def put_back(d, folder):
    """The whole disk, keys and all, as it was then: nothing in the domain itself remembers more."""
    shutil.rmtree(d.folder)
    shutil.copytree(folder, d.folder)


def test_put_back(tap, d, model, new):
    """A disk from before the close is served: the domain cannot know, its clients do."""
    put_back(d, d.work / "base")
    (d.folder / "close.req").unlink()
    d.start()
    tap.check("a whole disk from before the close starts", d.shuyu("late", "status")["log"] != new)
    tap.refused("a client that followed the close believes no charge in the log that was closed", "rollback", d.run,
                model, "min_age=60")
    tap.refused("not after it is asked again", "rollback", d.run, model, "min_age=65")
    d.stop()
    again = ask_shard(d, NEXT)
    sign(d)
    d.start()
    tap.refused("who saw more of the log than is closed now does not follow", "rollback", d.shuyu, "late", "log",
                "follow")
    tap.check("and trusts the log's key as before", pin(d, "late", "log") != again and not pin(d, "late", "log_was"))
    d.stop()


def test_slow(tap, d, new):
    """Who saw the log's last entries but not its close follows, and what was seen is held against the close."""
    followed = d.shuyu("late-too", "log", "follow")
    tap.check("what a client saw of the log is a beginning of what was closed", followed["log"] == new, followed)
    tap.check("of which it keeps the last checkpoint",
              any("test.shuyu.example/log\n" in p.read_text() for p in (d.work / "late-too").glob("checked.*")))


def copier(*args):
    return subprocess.run([str(domain.BUILD / "enclave/copier/shuyu-copier"), *map(str, args)], capture_output=True,
                          text=True, check=False, timeout=domain.CALL_S, env=domain.environment(),
                          preexec_fn=domain.die_with_parent)


def make_standby(tap, d):
    standby = d.work / "standby"
    d.shuyu(None, "domain", "standby", "--standby", standby, "--genesis", d.folder / "genesis.req", "--master-key",
            d.folder / "keys/master.key")
    done = copier("copy", d.folder, standby, "--once")
    tap.check("before the close, a standby is copied", done.returncode == 0, done.stderr)
    return standby


def test_standby(tap, d, standby):
    done = copier("copy", d.folder, standby, "--once")
    tap.check("behind the close it is refused, and says why", done.returncode != 0 and "was closed" in done.stderr,
              done.stdout + done.stderr)


def test_standby_with_close(tap, d, standby):
    """It got the close all the same, from a folder without the pointer: it leads no more, and begins no log."""
    source = d.work / "source"
    shutil.copytree(d.folder, source)
    (source / "ledger/public/next").unlink()
    shutil.rmtree(source / "ledger/log")
    memory = standby / "keys/store/checkpoint.key"
    noted = memory.read_bytes()
    done = copier("copy", source, standby, "--once")
    memory.write_bytes(noted)  # a copier that had come at the close would know of no more either
    tap.check("a standby has the close", done.returncode == 0, done.stderr)
    segments = sorted((standby / "ledger/segments").iterdir())
    before = [s.read_bytes() for s in segments]
    asked = subprocess.run(d.command(None, "domain", "promote", "--standby", standby), capture_output=True, text=True,
                           check=False, timeout=domain.CALL_S, env=domain.environment())
    if (standby / "promote.req").exists():
        for party in ("agency", "operator"):
            d.shuyu(party, "sign", standby / "promote.req")
    leader, d.folder = d.folder, standby
    not_started(tap, d, "it can't be promoted", ("does not lead",))
    (standby / "standby").unlink()
    not_started(tap, d, "nor lead as a copy whose file is gone", ("the key store does not say",))
    d.folder = leader
    tap.check("and it has begun no log of its own", not (standby / "ledger/log").exists() and
              [s.read_bytes() for s in segments] == before, asked.stdout + asked.stderr)


def test_rotates(tap, d):
    """Another key of the second log, to the end: entries are numbered through both logs, its checkpoint is of one."""
    def both(*args):
        d.shuyu("operator", "log", "rotate", *args)
        return d.shuyu("agency", "log", "rotate", *args)
    key = both("announce")["next"]
    both("overlap", key)
    for party in ("agency", "operator", *domain.PARTIES):
        d.shuyu(party, "log", "follow")
    said = both("retire", key)
    tap.check("the second log's key is retired for another", said["stage"] == "single" and said["key"] == key, said)
    tap.check("of the same log", key.startswith(NEXT + "+") and pin(d, "acme", "log") == key, key)
    return key


def test_kept(tap, d, out, kept, old):
    """What an auditor kept of the old log, or of the new one, is a beginning of this export."""
    for name, note in (("old", kept), ("new", (d.folder / "ledger/public/log/2/checkpoint").read_text())):
        path = d.work / f"{name}.kept"
        path.write_text(note)
        done = audit("verify", out, "--log", old, "--kept", path)
        tap.check(f"a checkpoint kept of the {name} log", done.returncode == 0, done.stdout + done.stderr)
    followed = audit("follow", d.work / "copy", "--from", out, "--once", "--log", old)
    tap.check("an auditor follows over the boundary", followed.returncode == 0, followed.stdout + followed.stderr)


def body(tap):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        model = d.model(d.grant(d.scene()))
        old = pin(d, "acme", "log")
        first = d.run(model, "min_age=40")
        d.export()
        spent = d.spent()
        standby = make_standby(tap, d)
        kept = (d.folder / "ledger/public/checkpoint").read_text()
        test_crashes(tap, d, old, NEXT)
        (d.folder / "close.req").unlink()
        d.start()
        for age in (38, 42, 48):
            d.run(model, f"min_age={age}")
        for name in ("late", "late-too"):  # who follows later
            shutil.copytree(d.work / "acme", d.work / name)
        new = test_asking(tap, d)
        (d.folder / "close.req").unlink()
        tap.check("asked again", ask_shard(d, NEXT) == new)
        sign(d)
        d.start()
        tap.check("the request is carried out, and gone", not (d.folder / "close.req").exists())
        fresh = test_clients(tap, d, model, old, new, first)
        test_slow(tap, d, new)
        tap.check("what was spent is carried over", d.spent() > spent)
        test_served(tap, d, new)
        out = test_audit(tap, d, old, new)
        test_receipts(tap, d, out, first, fresh)
        test_kept(tap, d, out, kept, old)
        test_mutants(tap, d, out, old)
        test_standby(tap, d, standby)
        d.stop()
        test_standby_with_close(tap, d, standby)
        test_rollback(tap, d)
        d.start()
        tap.check("it starts again", d.run(model, "min_age=55")["rows"] == 16)
        rotated = test_rotates(tap, d)
        d.restart()
        tap.check("and with the key after it", d.run(model, "min_age=60")["rows"] == 16)
        done = audit("replay", d.export(), "--log", rotated)
        tap.check("which an auditor reads both logs under", done.returncode == 0, done.stdout + done.stderr)
        d.audit()
        d.stop()
        test_put_back(tap, d, model, new)


if __name__ == "__main__":
    domain.run_tests(body)
