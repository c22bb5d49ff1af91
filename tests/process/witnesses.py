#!/usr/bin/env python3
"""A domain under three witnesses, of which two are enough: whom it asks, what it tells when, what it says of the
exposed window; and what the operator gains by an older disk, keys and all, or by a second domain with the same
keys: a domain that stops."""
import http.server
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import domain
import stranger
import tlog
import witness

PRICE = 50_000_000  # rho of one run of the burden model
PATIENCE_S = 60
OUTAGE_S = 14  # longer than an answer waits before it is "not yet"


class Watched(domain.Domain):
    """Answers from grade 2 on wait for the quorum."""

    quorum_from = 2
    version = 1

    def pack(self, **changes):
        path = super().pack(version=self.version, **changes)
        line = f"quorum_from: {self.quorum_from}\n" if self.quorum_from else ""
        path.write_text(line + path.read_text(encoding="utf-8"), encoding="utf-8")
        return path

    def log_vkey(self):
        invite = stranger.unpack(self.invite("pin", "developer").read_bytes())
        return stranger.unpack(invite["invite"])["log"]

    def witnesses(self, party="agency"):
        return self.shuyu(party, "log", "witnesses")

    def size(self):
        """Of the log, by the warden; a ping's is the gateway's, a moment late."""
        return self.witnesses()["size"]

    def states(self):
        return [w["state"] for w in self.witnesses()["witnesses"]]

    def covered(self):
        """Have the witnesses caught up?"""
        status = self.witnesses()
        return status.get("quorum_size", 0) == status["size"]


class Others:
    """The three witnesses' machines."""

    def __init__(self, folder, log):
        self.all = [witness.Witness(folder / f"w{i}", [log]) for i in range(3)]
        self.ports = [None] * 3
        for i in range(3):
            self.start(i)
        self.policy = folder / "policy"
        self.policy.write_text(
            f"log {log}\n" + "".join(f"witness w{i} {w.vkey} http://127.0.0.1:{w.port}\n"
                                     for i, w in enumerate(self.all)) +
            "group two 2 w0 w1 w2\nquorum two\n")

    def start(self, i):
        w = self.all[i]
        assert w.start(listen=f"127.0.0.1:{self.ports[i] or 0}"), w.said.read_text()
        self.ports[i] = w.port

    def end(self, *which):
        for i in which:
            self.all[i].end(signal.SIGKILL)


class Asking(threading.Thread):
    """A run in the background: what it gave, and how long it took."""

    def __init__(self, d, *args):
        super().__init__(daemon=True)
        self.d, self.args, self.answer, self.error = d, args, None, None
        self.start()

    def run(self):
        try:
            self.answer = self.d.run(*self.args)
        except domain.Refused as e:
            self.error = e


def wait(tap, name, condition):
    return tap.check(name, domain.wait_until(condition, PATIENCE_S, 0.1))


# --- nobody named yet ------------------------------------------------------------------------------------

def test_unnamed(tap, d, model):
    tap.check("without a policy nobody is asked", d.witnesses().get("witnesses", []) == [] and
              not d.witnesses().get("quorum"), d.witnesses())
    tap.refused("a run that would wait for ever is not charged", "state", d.run, model, "min_age=40")
    tap.check("... indeed not", d.spent() == 0, d.spent())


def test_adopt(tap, d, others):
    tap.refused("the operator does not choose the witnesses", "role", d.shuyu, "operator", "log",
                "adopt-witnesses", others.policy)
    wrong = others.policy.with_name("wrong")
    wrong.write_text(others.policy.read_text().replace("quorum two", "quorum three"))
    tap.refused("a policy that does not read", "field", d.shuyu, "agency", "log", "adopt-witnesses",
                wrong)
    d.shuyu("agency", "log", "adopt-witnesses", others.policy)
    wait(tap, "all three cosign", lambda: d.states() == ["good"] * 3)
    wait(tap, "and have seen all there is", d.covered)


def test_status(tap, d):
    command = [a for a in d.command("acme", "status") if a != "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60,
                          env=domain.environment())
    tap.check("status shows the quorum and each witness", done.returncode == 0 and
              "quorum   " in done.stdout and done.stdout.count(" good ") == 3, done)


def check_public(tap, d, others):
    note = (d.folder / "ledger/public/checkpoint.cosigned").read_text()
    text, _, lines = note.partition("\n\n")
    found = [len(tlog.times(text + "\n", lines, w.vkey)) for w in others.all]
    tap.check("the public checkpoint.cosigned carries valid lines of two at least", sum(
        1 for n in found if n) >= 2, (found, note))
    tap.check("and is the log's own", tlog.signed_by(note, d.log_vkey()), note)


# --- answers -------------------------------------------------------------------------------------------------

def test_answer(tap, d, model, others):
    answer = d.run(model, "min_age=40")
    tap.check("an answer comes when a quorum has seen it", answer["witnessed"]["size"] > 0 and
              not answer["witnessed"]["judged"], answer["witnessed"])
    d.shuyu("acme", "log", "trust-witnesses", others.policy)
    again = d.run(model, "min_age=40")
    tap.check("a client that counts the witnesses itself: cosigned", again["witnessed"]["cosigned"]
              and again["witnessed"]["judged"], again["witnessed"])
    stingy = others.policy.with_name("stingy")
    stingy.write_text(others.policy.read_text().replace("group two 2", "group two all"))
    d.shuyu("auditor", "log", "trust-witnesses", stingy)
    others.end(2)
    answer = d.run(model, "min_age=42")
    tap.check("one witness is down: answers come", answer["witnessed"]["cosigned"], answer["witnessed"])
    wait(tap, "and it is said who is silent", lambda: d.states() == ["good", "good", "silent"])
    entry = index_of(answer["receipt"])
    mine = d.shuyu("acme", "log", "receipt", entry)
    tap.check("a receipt by its number, upgraded: cosigned", mine["cosigned"] and
              index_of(mine["receipt"]) == entry, mine)
    strict = d.shuyu("auditor", "log", "receipt", entry)
    tap.check("an auditor who wants all three: not cosigned", strict["judged"] and
              not strict["cosigned"], strict)
    tap.refused("an entry that is not there", "not_found", d.shuyu, "acme", "log", "receipt", 99999)


def index_of(receipt):
    return int(next(line for line in receipt.split("\n") if line.startswith("index ")).split(" ")[1])


def test_waiting(tap, d, model, others):
    """Two of three are away: the run is charged, and nothing is told."""
    others.end(0)
    before, begun = d.spent(), time.monotonic()
    asked = Asking(d, model, "min_age=45")
    wait(tap, "two are away: the run is charged", lambda: d.spent() == before + PRICE)
    asked.join(OUTAGE_S)
    tap.check("... and nothing is told, also after \"not yet\"", asked.is_alive() and
              asked.answer is None, (asked.answer, asked.error))
    others.start(0)
    asked.join(PATIENCE_S)
    tap.check("one is back: the answer comes", asked.answer is not None and
              asked.answer["witnessed"]["cosigned"], asked.error)
    tap.check("after the outage, not before", time.monotonic() - begun >= OUTAGE_S)
    tap.check("charged once", d.spent() == before + PRICE, (before, d.spent()))
    others.start(2)
    wait(tap, "all three cosign again", lambda: d.states() == ["good"] * 3)


def test_window(tap, d, model, others):
    """A pack that waits for nobody: the reply says what is exposed."""
    d.quorum_from, d.version = 0, 2
    d.shuyu("agency", "pack", "adopt", d.pack())
    wait(tap, "all is covered", d.covered)
    seen = d.witnesses()["quorum_size"]
    others.end(0, 1)
    answer = d.run(model, "min_age=48")
    w = answer["witnessed"]
    tap.check("nobody waits: the answer comes without a quorum", not w["cosigned"] and w["judged"], w)
    tap.check("... and states the exposed window", seen <= w["size"] <= index_of(answer["receipt"])
              and abs(w["time"] - time.time()) < 300, (seen, w))
    others.start(0)
    others.start(1)
    wait(tap, "later its receipt is upgraded", lambda: d.shuyu(
        "acme", "log", "receipt", index_of(answer["receipt"]))["cosigned"])


# --- starting ------------------------------------------------------------------------------------------------

def test_restart(tap, d, others):
    d.stop()
    others.end(0, 1, 2)
    begun = time.monotonic()
    d.start()
    tap.check("a start without witnesses: soon", time.monotonic() - begun < 30)
    wait(tap, "... and said", lambda: d.states() == ["silent"] * 3)
    for i in range(3):
        others.start(i)
    wait(tap, "they are asked on", lambda: d.states() == ["good"] * 3)


class Liar(http.server.BaseHTTPRequestHandler):
    """A witness that claims to have seen far more, and has nothing to show."""

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.answer(409, b"999999\n")

    def do_GET(self):
        self.answer(404, b"")

    def log_message(self, *args):
        pass


def test_claimed(tap, d, model, others):
    """A word without evidence: the domain serves, and charges nothing until a quorum has seen the log. The pack
    waits for nobody."""
    d.stop()
    others.end(0, 1, 2)
    with http.server.ThreadingHTTPServer(("127.0.0.1", others.ports[0]), Liar) as liar:
        threading.Thread(target=liar.serve_forever, daemon=True).start()
        d.start()
        wait(tap, "a witness claims another log: no stop", lambda: d.states() == [
            "claims", "silent", "silent"])
        tap.check("... and it is said that nothing is charged", d.witnesses().get("held"), d.witnesses())
        before = d.spent()
        asked = Asking(d, model, "min_age=50")
        asked.join(OUTAGE_S)
        tap.check("a run is not charged, though the pack waits for nobody", d.spent() == before and
                  asked.answer is None, (asked.answer, before, d.spent()))
        tap.check("... and refused as busy, or asked again", asked.is_alive() or
                  (asked.error is not None and asked.error.code == "busy"), asked.error)
        d.enrol("meanwhile", "developer")
        others.start(1)
        others.start(2)
        wait(tap, "two others have seen all there is", d.covered)
        asked.join(PATIENCE_S)
        answer = asked.answer or d.run(model, "min_age=50")
        tap.check("... and the run is charged, once", answer and d.spent() == before + PRICE,
                  (before, d.spent()))
        liar.shutdown()
    others.start(0)
    wait(tap, "all three cosign again, and nothing is held", lambda: d.states() == ["good"] * 3 and
         not d.witnesses().get("held"))


def refuses(tap, d, name):
    try:
        d.start()
    except domain.NotStarted as e:
        tap.check(name, "a witness has seen another log" in str(e), e)
        return
    d.kill_all()
    tap.check(name, False, "it started")


def copy(d, name):
    """What an operator keeps aside: everything, keys included."""
    to = d.work / name
    shutil.copytree(d.folder, to, symlinks=True, ignore=shutil.ignore_patterns("*.sock"))
    return to


def put(d, kept):
    shutil.rmtree(d.folder)
    shutil.copytree(kept, d.folder, symlinks=True)
    shutil.rmtree(d.folder / "run", ignore_errors=True)
    (d.folder / "run").mkdir(mode=0o700)


def test_rollback(tap, d):
    d.stop()
    old = copy(d, "old")
    d.start()
    d.enrol("beta", "developer")
    if d.size() & (d.size() - 1) == 0:  # of such a size a longer fork leaves no evidence
        d.enrol("gamma", "developer")
    wait(tap, "a party more, seen by the witnesses", d.covered)
    d.stop()
    new = copy(d, "new")
    put(d, old)
    refuses(tap, d, "yesterday's disk, keys and all: a witness has seen more, no start")
    put(d, new)
    d.start()
    tap.check("the right disk starts", d.entries() > 0)
    return old


def test_fork(tap, d, others, old):
    """A second domain with the same keys goes on from yesterday, unseen at first."""
    d.stop()
    kept = copy(d, "kept")
    put(d, old)
    others.end(0, 1, 2)
    d.start()
    wait(tap, "yesterday's disk serves while no witness answers", lambda: d.states() == ["silent"] * 3)
    known, i = witness_size(others), 0
    while d.size() <= known and i < 20:
        d.enrol(f"fork{i}", "developer")
        i += 1
    tap.check("and comes to be longer than what they have seen", d.size() > known,
              (d.size(), known))
    for i in range(3):
        others.start(i)
    wait(tap, "as soon as one answers, it stops", lambda: not d.is_up())
    tap.check("and says why", "rolled back, or forked" in d.log.read_text(errors="replace"))
    d.kill_all()
    kept_evidence = [p for w in others.all for p in w.folder.glob("evidence/*.fork")]
    tap.check("the witness keeps the evidence", kept_evidence, known)
    put(d, kept)
    d.start()
    wait(tap, "the domain that they know serves", lambda: d.states() == ["good"] * 3)


def witness_size(others):
    """What the first of them has cosigned last, by its folder."""
    note = next(others.all[0].folder.glob("*.checkpoint")).read_text()
    return int(note.split("\n")[1])


def body(tap):
    with Watched() as d, tempfile.TemporaryDirectory(prefix="shuyu-witnesses-") as folder:
        d.birth()
        d.start()
        d.populate()
        model = d.model(d.grant(d.scene()))
        others = Others(pathlib.Path(folder), d.log_vkey())
        try:
            test_unnamed(tap, d, model)
            test_adopt(tap, d, others)
            test_status(tap, d)
            check_public(tap, d, others)
            test_answer(tap, d, model, others)
            test_waiting(tap, d, model, others)
            test_window(tap, d, model, others)
            test_restart(tap, d, others)
            test_claimed(tap, d, model, others)
            old = test_rollback(tap, d)
            test_fork(tap, d, others, old)
            d.audit()
        finally:
            others.end(0, 1, 2)


if __name__ == "__main__":
    domain.run_tests(body)
