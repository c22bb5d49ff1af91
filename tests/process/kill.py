#!/usr/bin/env python3
"""SIGKILL at a random moment, to a random process: kill.py [ROUNDS]

Each round makes a domain and walks a scripted session through it, as the demo does. Somewhere in it
one process is killed and the domain, if it went down, is started again at once. Clients go on as
the SDK does: with the same envelope. At the end everything that was ever acknowledged must be in
the log, every charge in the budget, and the log must verify and replay.
"""
import contextlib
import os
import random
import signal
import sys
import threading
import time
import traceback

import msgpack

import domain
import raw
import stranger
from restart import PRICE, same_answer

VICTIMS = ("supervisor", "warden", "courier", "gateway", "zygote", "worker")
LATER = (4, -1)  # statuses of a command that did not reach the domain
PATIENCE_S = 60


class Session:
    """The script. What was acknowledged is kept: answers, and the log's numbers of refusals."""

    def __init__(self, d):
        self.d = d
        self.answers = {}   # question -> answer
        self.refused = []   # questions refused after their charge
        self.entries = []   # of refusals that were logged
        self.tries = []     # what had to be asked again
        self.grant = self.model = self.packet = self.reply = None
        self.at = threading.Condition()
        self.step = -1
        persons, events = domain.synthetic()
        self.files = {"persons": d.raw("persons", persons), "events": d.raw("events", events)}

    def script(self):
        """(name, call) in order; a call may be made again when it did not reach the domain."""
        yield "pack", lambda: self.sure("agency", "pack", "adopt", self.d.pack())
        for party, role in domain.PARTIES.items():
            yield f"enrol {party}", lambda p=party, r=role: self.enrol(p, r)
        for table in ("persons", "events"):
            yield f"define {table}", lambda t=table: self.sure(
                "health", "dataset", "define", domain.PACKS / f"{t}.yaml")
            yield f"ingest {table}", lambda t=table: self.ingest(t)
        yield "apply", self.apply
        yield "first review", lambda: self.review("operator", "first-review")
        yield "consent", lambda: self.review("health", "consent")
        yield "final review", lambda: self.review("agency", "final-review")
        yield "register", self.register
        yield "model review", lambda: self.sure("operator", "model", "review", self.model,
                                                "--approve")
        for age in (18, 20, 22):
            yield f"run {age}", lambda a=age: self.run(a)
        yield "by hand", self.by_hand
        yield "refusal", self.refusal
        yield "suspend", lambda: self.order("suspend")
        yield "resume", lambda: self.order("resume")
        for age in (25, 28):
            yield f"run {age}", lambda a=age: self.run(a)

    def walk(self):
        for number, (name, call) in enumerate(self.script()):
            with self.at:
                self.step = number
                self.at.notify_all()
            self.name = name
            call()
        with self.at:
            self.step = 1 << 30
            self.at.notify_all()

    def await_step(self, number):
        with self.at:
            self.at.wait_for(lambda: self.step >= number, timeout=PATIENCE_S)

    # --- steps

    def persist(self, call, done=(), again=()):
        """call() until it reaches the domain. done: codes by which a second try says that the
        first one was recorded; again: codes that are worth another try."""
        end = time.monotonic() + PATIENCE_S
        tried = 0
        while True:
            try:
                return call()
            except domain.Refused as e:
                if tried > 0 and e.code in done:
                    return None
                if (e.status not in LATER and e.code not in again) or time.monotonic() > end:
                    raise
                self.tries.append(f"{self.name}: {e.status} {e.code}")
            tried += 1
            time.sleep(0.1)

    def sure(self, *command, again=()):
        return self.persist(lambda: self.d.shuyu(*command), ("exists", "state"), again)

    def enrol(self, party, role):
        self.d.shuyu(party, "party", "new", "--party", party)
        invite = self.d.invite(party, role)
        self.sure(party, "party", "enrol", "--invite", invite)

    def ingest(self, table):
        """`data`: the ingest's worker was killed; nothing was published."""
        self.persist(lambda: self.d.ingest("health", f"nafld.{table}", self.files[table]),
                     again=("data", "closed"))

    def apply(self):
        found = self.sure("acme", "scene", "apply", self.d.scene())
        found = found or self.d.shuyu("acme", "scene", "list")[0]
        self.grant = found.get("proposal") or found["id"]

    def review(self, party, verb):
        self.sure(party, "scene", verb, self.grant, "--approve", again=("share",))

    def register(self):
        """A lowering whose worker was killed is refused with `sql`, `limit` or `refused`, and logged."""
        found = self.sure("acme", "model", "register", domain.PACKS / "models/burden.yaml",
                          "--grant", self.grant, again=("sql", "limit", "refused", "internal"))
        self.model = found["model"] if found else self.d.shuyu("acme", "model", "list")[0]["id"]

    def ask(self, age):
        """A review or a resumption may be recorded and its key shares lost: then runs are refused, uncharged, and the
        agency stops the scene and starts it again, which sends them again."""
        try:
            return self.persist(lambda: self.d.run(self.model, f"min_age={age}"))
        except domain.Refused as e:
            if e.code != "share" or "suspend and resume" not in str(e):
                raise
            self.tries.append(f"{self.name}: share")
        self.order("suspend")
        self.order("resume")
        return self.ask(age)

    def run(self, age):
        try:
            self.answers[age] = self.ask(age)
        except domain.Refused as e:
            if e.code != "refused":
                raise
            self.refused.append(age)

    def by_hand(self):
        """One envelope, sent until there is an answer; the very same one is sent again later."""
        acme = raw.Party(self.d, "acme")
        self.packet, _ = acme.envelope("model.run", raw.run_args(min_age=30),
                                       grant=bytes.fromhex(self.grant),
                                       subject=bytes.fromhex(self.model))
        self.reply = self.send(acme)

    def send(self, acme):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                code, reply = acme.send("model.run", self.packet)
                if code in ("", "refused") and isinstance(reply, dict) and "proofs" in reply:
                    return reply
            time.sleep(0.1)
        raise TimeoutError("no outcome of the envelope made by hand")

    def refusal(self):
        try:
            self.persist(lambda: self.d.run(self.model, "min_age=19"))
        except domain.Refused as e:
            if e.logged:
                self.entries.append(e.entry)

    def order(self, verb):
        self.sure("agency", "scene", verb, self.grant, "--ground", "incident", again=("share",))


# --- the killer ----------------------------------------------------------------------------------

def some_worker(d):
    """A worker, as soon as there is one."""
    found = []
    domain.wait_until(lambda: found.extend(d.workers()) or found, 2, step=0.001)
    return found[0] if found else None


def kill_one(d, victim):
    """SIGKILL; the name of what was hit."""
    d.remember()
    pid = d.supervisor.pid if victim == "supervisor" else \
        some_worker(d) if victim == "worker" else d.pid(victim)
    if pid is None:
        return f"{victim} (there was none)"
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return victim


def revive(d, victim):
    """Until the domain is up again. None, or what is wrong."""
    if victim in ("courier", "gateway", "worker"):
        return None if domain.wait_until(d.is_up, 1) else "the supervisor ended"
    if not domain.wait_until(lambda: not d.is_up(), 20):
        return f"the supervisor goes on without its {victim}"
    d.supervisor.wait()
    d.gone()
    for _ in range(50):  # at once, as a service manager would: the old warden may still be going
        try:
            d.start()
            return None
        except domain.NotStarted as e:
            why = str(e)
            time.sleep(0.2)
    return why


# --- the judgement -------------------------------------------------------------------------------

def events_of(d):
    return [(e["leaf"], msgpack.unpackb(e["body"], raw=False, strict_map_key=False))
            for e in domain.read_entries(d.export())]


def receipts_hold(d, s, entries):
    """Every answer's receipt proves, under the checkpoint it came with, the leaf that the log now
    has at its index."""
    folder = d.work / "acme.raw"
    log = raw.Party(d, "acme").pins["log"]
    for answer in s.answers.values():
        index = int(answer["receipt"].split("\n")[1].split(" ")[1])
        if index >= len(entries) or entries[index][1]["type"] != "answer" or \
                stranger.check_receipt(folder, answer["receipt"], entries[index][0],
                                       log) != index:
            return False
    return all(e < len(entries) and entries[e][1]["type"] == "refuse" for e in s.entries)


def judge(tap, d, s):
    entries = events_of(d)
    n_charges = sum(1 for _, e in entries if e["type"] == "charge")
    n_answers = sum(1 for _, e in entries if e["type"] == "answer")
    acknowledged = len(s.answers) + len(s.refused) + 1  # and the one by hand
    spent = d.spent()
    tap.check("every acknowledged answer and refusal is in the log", receipts_hold(d, s, entries))
    tap.check("no charge is lost", spent == n_charges * PRICE and n_charges >= acknowledged,
              (spent, n_charges, acknowledged))
    tap.check("every charge has its one answer", n_answers == n_charges, (n_answers, n_charges))
    reply = s.send(raw.Party(d, "acme"))
    tap.check("the same envelope: its recorded outcome",
              reply.get("result") == s.reply.get("result") and
              [p.get("index") for p in reply["proofs"]] ==
              [p.get("index") for p in s.reply["proofs"]], (reply, s.reply))
    tap.check("the same questions: their recorded answers",
              all(same_answer(a, d.run(s.model, f"min_age={q}")) for q, a in s.answers.items()))
    tap.check("nothing of it charged again", d.spent() == spent, (spent, d.spent()))
    try:
        d.audit()
        tap.check("the log verifies and replays", True)
    except domain.Refused as e:
        tap.check("the log verifies and replays", False, e)


def walk_in_thread(s):
    """(thread, list that gets the traceback if the walk fails)."""
    failure = []

    def body():
        try:
            s.walk()
        except Exception:  # pylint: disable=broad-except
            failure.append(traceback.format_exc())
    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    return thread, failure


def one_round(tap, number, chance):
    with domain.Domain() as d:
        d.arguments = ["--arg", "warden=--snapshot-every=10"]  # kills meet snapshots in the making
        d.birth()
        d.start()
        s = Session(d)
        steps = [name for name, _ in s.script()]
        at, delay = chance.randrange(len(steps)), chance.uniform(0, 0.4)
        victim = chance.choice(VICTIMS)
        thread, failure = walk_in_thread(s)
        s.await_step(at)
        time.sleep(delay)
        where = s.name
        hit = kill_one(d, victim)
        tap.note(f"round {number}: {hit} killed {delay:.3f} s after `{steps[at]}` began, in "
                 f"`{where}`")
        wrong = revive(d, victim)
        tap.check(f"round {number}: the domain is up again", wrong is None, wrong)
        thread.join(timeout=4 * PATIENCE_S)
        if s.tries:
            tap.note(f"asked again: {s.tries}")
        fine = not failure and not thread.is_alive()
        if tap.check("the session came to its end", fine, failure or f"stuck in {s.name}"):
            judge(tap, d, s)
        if tap.failed:
            tap.note(d.log.read_text(errors="replace")[-3000:])


def main(tap):
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    chance = random.Random(domain.seed())
    for number in range(1, rounds + 1):
        one_round(tap, number, chance)


if __name__ == "__main__":
    domain.run_tests(main)
