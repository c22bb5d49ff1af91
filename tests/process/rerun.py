#!/usr/bin/env python3
"""Answers run again inside the domain: every kind of released figure comes out bit for bit, after new data, a new
pack, a restart and a crash; what cannot be run again says so; nothing is charged, and no figure is told."""
import json
import os
import random
import signal
import socket
import subprocess
import time

import msgpack

import domain
import models
import raw
import restart
import risk
import stranger

CELLS = """\
name: by-town
title: residents by town
mechanism: cellkey
groups: 1
rows: 1
sql: SELECT town, count(*) AS n FROM city.residents GROUP BY town
"""


def events(d):
    """(entry, body) of the log."""
    return [(e.get("index", 0), msgpack.unpackb(e["body"], raw=False, strict_map_key=False))
            for e in domain.read_entries(d.export())]


def released(d):
    """(answer's entry, charge's entry) of every answer that a worker was asked for."""
    return [(i, e["inputs"]["charge"]) for i, e in events(d)
            if e["type"] == "answer" and e["inputs"].get("outcome") == "ok"]


def again(d, *args, party="auditor", local=True):
    """(exit status, what was printed with --json)."""
    done = models.call(d.command(party, "audit", "rerun", *args, local=local))
    said = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    return done.returncode, said, done.stderr


def tally(said):
    return {k: said.get(k) for k in ("match", "mismatch", "unable", "refused", "grant_over")}


def all_match(tap, d, name, n):
    status, said, err = again(d, "--all")
    tap.check(name, status == 0 and
              tally(said) == {"match": n, "mismatch": 0, "unable": 0, "refused": 0, "grant_over": 0},
              (status, said, err))


def test_kinds(tap, d, grant):
    """Several namespaces and a post stage, parameters, quantiles, moments, open keys, shapes."""
    ward = d.model(grant, models.write(d, "ward", models.WARD))
    for year in ("2019", "2020"):
        d.run(ward, f"year={year}")
    for name in ("FIGURES", "DAYS", "MATRIX"):
        d.run(d.model(grant, models.write(d, name.lower(), getattr(models, name))))
    d.run(ward, "year=2019")  # its stored answer
    spent = {ns: d.spent(ns) for ns in ("person", "staff")}
    all_match(tap, d, "answers of every kind come out as they were given", 5)
    tap.check("at no charge", spent == {ns: d.spent(ns) for ns in spent})
    return ward


def test_named(tap, d):
    """By the entry of the answer, of its charge, or of the same answer given again."""
    log = events(d)
    answer, charge = released(d)[0]
    stored = next(i for i, e in log if e["type"] == "answer" and e["verdict"].get("stored"))
    status, said, err = again(d, answer, charge, stored)
    tap.check("an answer, its charge, and the answer given again lead to one charge", status == 0 and
              [a["charge"] for a in said["answers"]] == [charge] * 3 and said["match"] == 3,
              (status, said, err))
    tap.check("and are said by the answer's entry", {a["answer"] for a in said["answers"]} ==
              {answer}, said)
    status, _, err = again(d, "0")
    tap.check("what is no answer is a wrong call", status == 2 and "neither an answer" in err, err)
    done = models.call([w for w in d.command("agency", "audit", "rerun", answer, local=True)
                        if w != "--json"])
    tap.check("in words, for the agency", done.returncode == 0 and
              f"entry {answer} (charge {charge}): match" in done.stdout, done.stdout + done.stderr)


def test_who(tap, d):
    charge = released(d)[0][1]
    status, said, err = again(d, charge, local=False)
    tap.check("over the gateway: denied", status == 1 and "denied" in err, (status, said, err))
    status, said, err = again(d, charge, party="operator")
    tap.check("for the operator: another role's", status == 1 and "role" in err, (status, said, err))


def test_told(tap, d):
    """What the log keeps of a re-run, and what anybody could learn from it."""
    log = events(d)
    asked = [e for _, e in log if e["type"] == "rerun"]
    outcomes = [e for _, e in log if e["type"] == "reran"]
    args = [msgpack.unpackb(e["request"]["args"], raw=False) for e in outcomes]
    tap.check("each outcome is an entry, with nothing but the outcome", asked and outcomes and
              all(set(a) == {"charge", "outcome", "rerun"} and a["outcome"] == "match"
                  for a in args), args)
    tap.check("each request is answered once", len({a["rerun"] for a in args}) == len(args) ==
              len(asked), (len(args), len(asked)))


def test_inside(tap, d, n):
    """shuyu-audit asks for every released answer of an export."""
    command = [str(domain.AUDIT), "replay", str(d.export()), "--inside", "--home",
               str(d.work / "auditor"), "--local", str(d.folder / "run/local.sock")]
    done = models.call(command)
    tap.check("replay --inside: decisions and figures agree", done.returncode == 0 and
              "replayed:" in done.stdout and f"{n} match, 0 mismatch" in done.stdout,
              done.stdout + done.stderr)
    done = models.call([*command, "--json"])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    tap.check("and as JSON lines", done.returncode == 0 and
              [li["outcome"] for li in lines if "outcome" in li] == ["match"] * n and
              lines[-1]["ok"] and lines[-1]["match"] == n, done.stdout)
    done = models.call(command[:-2])
    tap.check("without the local socket: a wrong call", done.returncode == 2, done.stderr)


def attempts(d, dataset):
    return sum(1 for p in (d.folder / "data" / dataset).iterdir() if p.is_dir())


def test_history(tap, d, rng, ward, n):
    """The domain goes on; the charge stands on what it stood on."""
    born, _ = models.births(rng)
    d.ingest("health", "ward.births", d.raw("births", born))
    pack = models.pack(d)
    text = pack.read_text(encoding="utf-8").replace("version: 1", "version: 2", 1)
    pack.write_text(text, encoding="utf-8")
    d.shuyu("agency", "pack", "adopt", pack)
    d.run(ward, "year=2020")
    all_match(tap, d, "after new data and a new pack: the old answers, and the new one", n)
    d.restart()
    tap.check("the data that a live grant was answered from outlives a restart",
              attempts(d, "ward.births") == 2, attempts(d, "ward.births"))
    all_match(tap, d, "after a restart too", n)


def test_resumed(tap, d, rng, grant, ward, n):
    """A charge that a crash left open is resumed when the domain has other data and another pack."""
    acme = raw.Party(d, "acme")
    packet, _ = acme.envelope("model.run", raw.run_args(year=2019), grant=bytes.fromhex(grant),
                              subject=bytes.fromhex(ward))
    size = restart.checkpoint_size(d)
    line = stranger.Line(d.address, acme.keys)
    line.process.stdin.write(msgpack.packb([0, 1, "model.run", [packet]], use_bin_type=True))
    domain.wait_until(lambda: restart.checkpoint_size(d) > size, 20, step=0.001)
    os.kill(d.pid("warden"), signal.SIGKILL)
    line.close()
    domain.wait_until(lambda: not d.is_up(), 30)
    d.kill_all()
    d.start()
    born, _ = models.births(rng)
    d.ingest("health", "ward.births", d.raw("births", born))
    d.restart()
    code, reply = acme.send("model.run", packet)
    answer = msgpack.unpackb(reply["result"], raw=False) if code == "" else {}
    tap.check("an open charge is resumed on the data it was charged for", code == "" and
              {r["dataset"]: r["version"] for r in answer["data"]}["ward.births"] == 2, (code, reply))
    all_match(tap, d, "and comes out the same again", n)


def test_crash(tap, d, n):
    """The warden dies while a re-run is at work; whoever asked sends the same envelope again."""
    charge = released(d)[0][1]
    size = restart.checkpoint_size(d)
    asking = subprocess.Popen(d.command("auditor", "audit", "rerun", charge, local=True),
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env=domain.environment(), preexec_fn=domain.die_with_parent)
    domain.wait_until(lambda: restart.checkpoint_size(d) > size, 20, step=0.001)
    os.kill(d.pid("warden"), signal.SIGKILL)
    domain.wait_until(lambda: not d.is_up(), 30)
    d.kill_all()
    d.start()
    said = json.loads(asking.communicate(timeout=domain.CALL_S)[0] or "{}")
    tap.check("a warden that died during a re-run: it is run once more, and matches",
              asking.returncode == 0 and said.get("match") == 1, (asking.returncode, said))
    log = [(i, e) for i, e in events(d) if i >= size]
    asked = [i for i, e in log if e["type"] == "rerun"]
    outcomes = [msgpack.unpackb(e["request"]["args"], raw=False)["rerun"] for _, e in log
                if e["type"] == "reran"]
    tap.check("as one request with one outcome", len(asked) == 1 and outcomes == asked, log)
    all_match(tap, d, "and so do the next ones", n)
    d.audit()


def spoil(d, dataset):
    for path in (d.folder / "data" / dataset).rglob("c0*"):
        if path.is_file():
            restart.flip(path)


def test_spoilt(tap, d):
    """Stored bytes that were changed: no figure comes of them, and the entry is named."""
    answer, charge = released(d)[0]
    spoil(d, "ward.births")
    status, said, err = again(d, answer)
    tap.check("changed columns: the entry cannot be run again, status 1", status == 1 and
              said["answers"] == [{"answer": answer, "charge": charge, "outcome": "unable",
                                   "code": "tampered"}], (status, said, err))
    spoil(d, "ward.births")
    status, said, err = again(d, answer)
    tap.check("the bytes put back: match", status == 0 and said["match"] == 1, (status, said, err))


def audit_inside(d):
    """(exit status, last line of its JSON lines)."""
    done = models.call([str(domain.AUDIT), "replay", str(d.export()), "--inside", "--home",
                        str(d.work / "auditor"), "--local", str(d.folder / "run/local.sock"),
                        "--json"])
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def send_local(d, party, packet):
    """(code, reply) of a request over the local socket."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(domain.CALL_S)
        s.connect(str(d.folder / "run/local.sock"))
        s.sendall(msgpack.packb([0, 1, "audit.rerun", [packet]], use_bin_type=True))
        unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, max_buffer_size=64 << 20)
        frame = None
        while frame is None or frame[:2] != [1, 1]:
            frame = next(iter(unpacker), None)
            if frame is None:
                data = s.recv(1 << 16)
                if not data:
                    return "closed", {}
                unpacker.feed(data)
    if frame[2] is not None:
        return frame[2]["code"], frame[2]
    reply = stranger.signed_reply(party.folder, frame[3], party.keys,
                                  stranger.unpack(packet)["header"], party.pins["warden"])
    return reply.get("error", ""), reply


def cut_short(d, party, packet):
    """A re-run that is asked for, and that a crash keeps from its outcome."""
    size = restart.checkpoint_size(d)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(d.folder / "run/local.sock"))
        s.sendall(msgpack.packb([0, 1, "audit.rerun", [packet]], use_bin_type=True))
        domain.wait_until(lambda: restart.checkpoint_size(d) > size, 20, step=0.001)
        os.kill(d.pid("warden"), signal.SIGKILL)
    domain.wait_until(lambda: not d.is_up(), 30)
    d.kill_all()
    d.start()


def test_suspended(tap, d, grant, n):
    """A suspended grant is not run again, passes no audit, and spoils no re-run that was asked for before."""
    auditor = raw.Party(d, "auditor")
    args = stranger.canonical({"charge": released(d)[0][1]})
    packet, _ = auditor.envelope("audit.rerun", args)
    cut_short(d, auditor, packet)
    d.shuyu("agency", "scene", "suspend", grant, "--ground", "incident")
    code, reply = send_local(d, auditor, packet)
    tap.check("a re-run of before the suspension: refused, and nothing said of its answer",
              code == "suspended", (code, reply))
    status, said = audit_inside(d)
    tap.check("replay --inside of a suspended grant: not passed", status == 1 and
              said["ok"] is False and (said["match"], said["unable"], said["over"]) == (0, n, 0),
              (status, said))
    tap.check("and it says that nothing could be run", said.get("nothing") is True, said)
    status, said, err = again(d, "--all")
    tap.check("nor does rerun --all pass it", status == 1 and said["refused"] == n and
              said["grant_over"] == 0, (status, said, err))
    d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")
    code, reply = send_local(d, auditor, packet)
    result = msgpack.unpackb(reply["result"], raw=False) if code == "" else {}
    tap.check("resumed: the same envelope has its outcome", result.get("outcome") == "match",
              (code, reply))
    status, said = audit_inside(d)
    tap.check("and the audit passes", status == 0 and said["ok"] and said["match"] == n and
              said.get("nothing") is False, (status, said))


def test_over(tap, d, grant, n):
    """The end of a grant is the end of its re-runs."""
    charge = released(d)[0][1]
    d.shuyu("agency", "scene", "revoke", grant, "--ground", "incident")
    status, said, err = again(d, charge)
    tap.check("after the revocation: refused, and why", status == 1 and said["refused"] == 1 and
              said["answers"][0]["code"] == "grant" and "the grant is over" in err,
              (status, said, err))
    status, said, err = again(d, "--all")
    tap.check("--all does not ask for it", status == 0 and said["answers"] == [] and
              said["grant_over"] == n, (status, said, err))
    status, said = audit_inside(d)
    tap.check("replay --inside: nothing can be run, status 1", status == 1 and
              said["ok"] is False and said.get("nothing") is True and
              (said["match"], said["unable"], said["over"]) == (0, 0, n), (status, said))
    d.restart()
    tap.check("and the data that nothing needs any more is swept away",
              attempts(d, "ward.births") == 1, attempts(d, "ward.births"))
    d.audit()


def ward_domain(tap, rng):
    with domain.Domain() as d:
        d.birth()
        d.start()
        models.populate(d, rng)
        grant = d.grant(models.write(d, "scene", models.SCENE))
        ward = test_kinds(tap, d, grant)
        test_named(tap, d)
        test_who(tap, d)
        test_told(tap, d)
        test_inside(tap, d, 5)
        test_history(tap, d, rng, ward, 6)
        test_resumed(tap, d, rng, grant, ward, 7)
        test_crash(tap, d, 7)
        test_spoilt(tap, d)
        test_suspended(tap, d, grant, 7)
        test_over(tap, d, grant, 7)


def cellkey_domain(tap):
    """Noise that hangs on the contributors, not on the charge."""
    rng = random.Random(3)
    with domain.Domain() as d:
        risk.prepare(d, [(f"P{i}", rng.randrange(100), rng.choice("abcd")) for i in range(2000)])
        grant, model = risk.developer(d, "acme")
        d.run(model, "min=18")
        d.run(d.model(grant, risk.file_of(d, "by-town", CELLS)))
        all_match(tap, d, "cell-key figures, withheld cells included", 2)
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        status, said, err = again(d, "--all", "--since", since)
        tap.check("--since leaves out what is older", status == 0 and said["answers"] == [],
                  (status, said, err))


def main(tap):
    rng = random.Random(domain.seed())
    ward_domain(tap, rng)
    cellkey_domain(tap)


if __name__ == "__main__":
    domain.run_tests(main)
