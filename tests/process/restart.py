#!/usr/bin/env python3
"""Stopping, starting, and what must keep a domain from starting: an older ledger, changed bytes, an
open master key. What can be rebuilt is rebuilt; what was spoilt is never served."""
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess

import msgpack

import domain
import raw
import stranger

PRICE = 50_000_000  # rho of one run of the burden model


def flip(path):
    data = bytearray(pathlib.Path(path).read_bytes())
    used = len(data.rstrip(b"\0"))  # a segment ends in zeros that were never written
    data[used // 2] ^= 1
    pathlib.Path(path).write_bytes(bytes(data))


def same_answer(a, b):
    """The same bytes; the receipt may stand on a newer checkpoint."""
    return {k: v for k, v in a.items() if k != "receipt"} == \
        {k: v for k, v in b.items() if k != "receipt"}


def refuses(tap, d, name, words):
    """The domain does not start, and says why."""
    try:
        d.start()
    except domain.NotStarted as e:
        tap.check(name, any(w in str(e).lower() for w in words), e)
        return
    d.kill_all()
    tap.check(name, False, "it started")


def test_orderly(tap, d, model):
    answer = d.run(model, "min_age=40")
    before = (d.spent(), len(domain.read_entries(d.export())))
    tap.check("an orderly stop ends with status 0", d.stop() == 0)
    tap.check("and leaves no process", not d.left(), d.left())
    d.start()
    after = (d.spent(), len(domain.read_entries(d.export())))
    tap.check("after the start: the same budget and the same log", before == after, (before, after))
    again = d.run(model, "min_age=40")
    tap.check("the same question has its stored answer", same_answer(answer, again),
              (answer, again))
    tap.check("at no new charge", d.spent() == before[0], d.spent())
    tap.check("what is new works on", d.run(model, "min_age=42")["rows"] == 16)
    d.audit()


def test_second_supervisor(tap, d):
    done = subprocess.run([str(domain.SUPERVISOR), "--domain", str(d.folder), "--listen",
                           "127.0.0.1:0"], capture_output=True, text=True, timeout=60, check=False,
                          env=domain.environment(), preexec_fn=domain.die_with_parent)
    tap.check("a second supervisor of the same domain is refused",
              done.returncode != 0 and "another supervisor" in done.stderr, done.stderr)
    tap.check("and the first goes on", d.is_up() and d.entries() > 0)


def test_tiles(tap, d):
    d.stop()
    tiles = d.folder / "ledger/public/tile"
    n = sum(1 for p in tiles.rglob("*") if p.is_file())
    shutil.rmtree(tiles)
    d.start()
    back = sum(1 for p in tiles.rglob("*") if p.is_file())
    tap.check("public tiles that were lost are rebuilt", n > 0 and back > 0, (n, back))
    d.audit()


def test_rollback(tap, d):
    d.stop()
    old, new = d.work / "old", d.work / "new"
    shutil.copytree(d.folder / "ledger", old)
    d.start()
    d.enrol("late", "developer")
    d.run(d.shuyu("acme", "model", "list")[0]["id"], "min_age=45")
    d.stop()
    (d.folder / "ledger").rename(new)
    shutil.copytree(old, d.folder / "ledger")
    refuses(tap, d, "an older ledger put in its place: no start", ("rollback", "older"))
    shutil.rmtree(d.folder / "ledger")
    new.rename(d.folder / "ledger")
    d.start()
    tap.check("with the newer one back: start", d.entries() > 0)


def test_segment(tap, d):
    d.stop()
    segment = sorted((d.folder / "ledger/segments").iterdir())[0]
    flip(segment)
    refuses(tap, d, "a flipped byte in a segment: no start", ("damaged", "tampered"))
    flip(segment)
    d.start()
    tap.check("the byte flipped back: start", d.entries() > 0)


def test_master_key(tap, d):
    d.stop()
    key = d.folder / "keys/master.key"
    key.chmod(0o644)
    refuses(tap, d, "a master key that others can read: no start", ("0600", "master"))
    key.chmod(0o600)
    d.start()


def outcomes(d):
    """(inputs, whole body) of every answer event of the log."""
    events = [msgpack.unpackb(e["body"], raw=False, strict_map_key=False)
              for e in domain.read_entries(d.export())]
    return [e["inputs"] for e in events if e["type"] == "answer"]


def test_column(tap, d, model):
    files = [p for p in (d.folder / "data/nafld.persons").rglob("c0*") if p.is_file()]
    for path in files:
        flip(path)
    before, logged = d.spent(), d.log.stat().st_size
    e = tap.refused("a flipped byte in the columns: the run is refused", "refused", d.run, model,
                    "min_age=60")
    tap.check("in the one constant sentence", e is not None and "charged" in e.text, e)
    tap.check("and charged", d.spent() == before + PRICE, (before, d.spent()))
    last = outcomes(d)[-1]
    tap.check("the log's entry says `refused` and nothing of data",
              last["outcome"] == "refused" and
              set(last) <= {"charge", "commit", "outcome", "time", "salt"}, last)
    tap.note(d.log.read_text()[logged:])
    for path in files:
        flip(path)
    tap.check("the bytes flipped back: the next run is answered",
              d.run(model, "min_age=65")["rows"] == 16)
    d.audit()


def checkpoint_size(d):
    return int((d.folder / "ledger/public/checkpoint").read_text().split("\n")[1])


def test_unfinished(tap, d, grant, model):
    """The warden dies between charge and answer, and the client does not ask again."""
    acme = raw.Party(d, "acme")
    packet, _ = acme.envelope("model.run", raw.run_args(min_age=70), grant=bytes.fromhex(grant),
                              subject=bytes.fromhex(model))
    before, size = d.spent(), checkpoint_size(d)
    line = stranger.Line(d.address, acme.keys)
    line.process.stdin.write(msgpack.packb([0, 1, "model.run", [packet]], use_bin_type=True))
    tap.check("the charge is durable at once",
              domain.wait_until(lambda: checkpoint_size(d) > size, 20, step=0.001))
    os.kill(d.pid("warden"), signal.SIGKILL)
    line.close()
    domain.wait_until(lambda: not d.is_up(), 30)
    d.kill_all()
    d.start()
    tap.check("a charge without an answer stays charged", d.spent() == before + PRICE, d.spent())
    code, first = acme.send("model.run", packet)
    tap.check("the same envelope gets its answer", code == "", first)
    code, again = acme.send("model.run", packet)
    tap.check("the very same again", code == "" and first["result"] == again["result"], again)
    tap.check("for the one charge", d.spent() == before + PRICE, d.spent())
    d.audit()


def test_orphans(tap, d):
    """A warden that hangs when its supervisor is killed goes with it: no second one beside it."""
    d.remember()
    warden = d.pid("warden")
    os.kill(warden, signal.SIGSTOP)
    d.supervisor.kill()
    d.supervisor.wait()
    d.gone()
    tap.check("nothing outlives a killed supervisor, not even stopped",
              domain.wait_until(lambda: not d.left(), 10), d.left())
    d.start()
    tap.check("the domain starts again", d.pid("warden") != warden)
    d.audit()


def test_locked_ledger(tap, d):
    """Whoever else holds the ledger: the warden does not open it."""
    d.stop()
    holder = os.open(d.folder / "ledger", os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    refuses(tap, d, "a ledger that another process holds: no start", ("another", "lock", "busy"))
    os.close(holder)
    d.start()


def main(tap):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        grant = d.grant(d.scene())
        model = d.model(grant)
        test_orderly(tap, d, model)
        test_second_supervisor(tap, d)
        test_tiles(tap, d)
        test_rollback(tap, d)
        test_segment(tap, d)
        test_master_key(tap, d)
        test_column(tap, d, model)
        test_unfinished(tap, d, grant, model)
        test_orphans(tap, d)
        test_locked_ledger(tap, d)


if __name__ == "__main__":
    domain.run_tests(main)
