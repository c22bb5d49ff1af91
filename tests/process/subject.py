#!/usr/bin/env python3
"""Answers about one consenting subject, over a whole domain: what is answered, what a token is refused
for, that neither time nor length tells the answers apart, and that neither the identifier nor the
asserted value is found anywhere outside the worker and the vault.
"""
import os
import random
import secrets
import signal
import statistics
import subprocess
import time

import msgpack

import domain
import raw
import search
import stranger

ROUNDS = 10  # of the four outcomes, timed
LIMIT = 12  # questions about one subject in a window: the demo pack's
NEAR_S = 0.15  # of a slot of a second, on a busy machine; attack S02 compares the times themselves
MARK = "MARKER" + "".join(secrets.choice("QXZ7K9VW") for _ in range(10))
VALUE = 700000 + secrets.randbelow(100000)  # asserted of the marked subject

CATALOGUE = f"""
id: tax.register
title: made up
department: health
custodian: agency
encoding: utf-8
ns: taxpayer
unit: id
units: 20000
membership: 3
max_rows: 20000
fields:
  - {{name: id, type: unit, ref: taxpayer, rows: 1, grade: 3}}
  - {{name: income, type: int32, lo: 0, hi: 1000000, nullable: true, measure: 元, grade: 4}}
"""
SCENE = """
scene: {name}
title: made up
purpose: is the income at least what the applicant says?
mechanisms: [subject]
calls: {calls}
overruns: 5
term: 30d
datasets:
  - dataset: tax.register
    fields:
      - {{name: id, reason: whom it is about}}
      - {{name: income, reason: compared with what is asserted}}
"""
VERIFY = """
name: verify-income
title: made up
purpose: is the income at least the asserted one?
mechanism: subject
params:
  - {name: least, type: int, asserted: true, values: [0, 1000000]}
sql: |
  SELECT r.income >= $least AS ok FROM tax.register r GROUP BY 1
"""
BAND = """
name: income-band
title: made up
purpose: a declared band of the income
mechanism: subject
sql: |
  SELECT CASE WHEN r.income < 2000 THEN 'low' WHEN r.income < 4000 THEN 'middle'
              WHEN r.income >= 4000 THEN 'high' END AS band
  FROM tax.register r GROUP BY 1
"""
# An identifier of two columns, and one that has a form of its own (the 15 digits of 1989 are the 18).
OTHERS = {"firms": ("firm", "{name: id, type: unit, ref: firm, rows: 1, grade: 3, "
                            "sources: [kind, number]}",
                    [["kind", "number", "income"], ["a", "17", 100], ["a1", "7", 900]]),
          "citizens": ("citizen", "{name: id, type: unit, ref: citizen, rows: 1, grade: 3, "
                                  "klass: idno}",
                       [["id", "income"], ["11010519491231002X", 700]])}
RICH, POOR, SILENT, NOBODY = "AB-1001", "AB-1002", "AB-1003", "ZZ-9999"


def rows():
    yield ["id", "income"]
    yield from ([RICH, 5000], [POOR, 1200], [SILENT, ""], [MARK, VALUE])
    for i in range(9000):
        yield [f"CD-{i:05d}", i * 100]


def write(d, name, text):
    path = d.work / name
    path.write_text(text, encoding="utf-8")
    return path


class Asker:
    """An issuer and a developer, by the command line."""

    def __init__(self, d, grant, model):
        self.d, self.grant, self.model = d, grant, model

    def issue(self, who, *asserted, model=None, party="issuer"):
        path = self.d.work / f"{secrets.token_hex(8)}.consent"
        self.d.shuyu(party, "consent", "issue", *asserted, "--grant", self.grant, "--model",
                     model or self.model, "--id", who, "--out", path)
        return path

    def ask(self, token, who, *asserted, party="acme"):
        return self.d.shuyu(party, "subject", "ask", *asserted, "--token", token, "--id", who)

    def answer(self, who, *asserted, model=None):
        return self.ask(self.issue(who, *asserted, model=model), who, *asserted)["answer"]


# --- by hand ---------------------------------------------------------------------------------------

def normal(text):
    return text.strip().upper().encode()


class Forge:
    """Tokens and requests that the SDK would not make."""

    def __init__(self, d, grant, model):
        self.d = d
        self.acme, self.rival = raw.Party(d, "acme"), raw.Party(d, "rival")
        self.keys = {p: raw.Party(d, p).keys for p in ("issuer", "acme", "health")}
        self.grant, self.model = bytes.fromhex(grant), bytes.fromhex(model)

    def request(self, who=RICH, least="4000", signer="issuer", **changes):
        """(args, secret, grant, model). changes: of the token; said_id, said, said_salt: of the secret;
        salt: of both."""
        salt = changes.pop("salt", None) or os.urandom(32)
        said = changes.pop("said", [{"name": "least", "value": least}])
        said_id, said_salt = changes.pop("said_id", [who]), changes.pop("said_salt", salt)
        asserted = stranger.canonical({"values": [{"name": "least", "value": least}]})
        now = int(time.time())
        token = {"asserted": stranger.sha256(b"shuyu-asserted-1", salt, asserted),
                 "ctx": "shuyu-consent-1", "domain": self.acme.pins["domain"],
                 "grant": self.grant, "issuer": "issuer", "model": self.model,
                 "nonce": os.urandom(16), "not_after": now + 300, "not_before": now - 5,
                 "subject": stranger.sha256(b"shuyu-subject-1", salt, normal(who)), **changes}
        data = stranger.canonical(token)
        args = stranger.canonical({"sig": self.keys[signer].signature(data), "token": data})
        secret = stranger.canonical({"asserted": {"values": said}, "id": said_id,
                                     "salt": said_salt})
        return args, secret

    def send(self, args, secret, party=None, **about):
        party = party or self.acme
        about = {"grant": self.grant, "subject": self.model, **about}
        packet, header = party.envelope("subject.ask", args, secret=secret, **about)
        code, reply = party.send("subject.ask", packet)
        return code, reply, packet, header


# --- what is answered ------------------------------------------------------------------------------

def test_answers(tap, a, band):
    shown = str(a.d.shuyu("issuer", "model", "list"))
    tap.check("an issuer can read what it asks consent to", a.model in shown and band in shown, shown)
    tap.check("enough: yes", a.answer(RICH, "least=4000") == "yes")
    tap.check("exactly enough: yes", a.answer(RICH, "least=5000") == "yes")
    tap.check("too little: no", a.answer(POOR, "least=4000") == "no")
    tap.check("not known there: unknown", a.answer(SILENT, "least=4000") == "unknown")
    tap.check("not in the data: unknown", a.answer(NOBODY, "least=4000") == "unknown")
    wide = "ａｂ－１００１"
    token = a.issue("  ab-1001 ", "least=4000")
    tap.check("written another way, the same subject",
              a.ask(token, wide, "least=4000")["answer"] == "yes")
    got = [a.answer(who, model=band) for who in (POOR, RICH, "CD-00030", SILENT, NOBODY)]
    tap.check("bands", got == ["low", "high", "middle", "unknown", "unknown"], got)


def test_forms(tap, d):
    """Composite identifiers, and numbers that name people however they are written."""
    scene = SCENE.format(name="others", calls=50)
    head, datasets = scene.split("datasets:\n")
    head += "datasets:\n"
    for name, (ns, unit, data) in OTHERS.items():
        entry = CATALOGUE.replace("tax.register", f"tax.{name}").replace("taxpayer", ns)
        lines = [f"  - {unit}" if "{name: id" in line else line for line in entry.splitlines()]
        d.shuyu("health", "dataset", "define", write(d, f"{name}.yaml", "\n".join(lines) + "\n"))
        path = d.raw(name, data)
        d.ingest("health", f"tax.{name}", path)
        path.unlink()
        head += datasets.replace("tax.register", f"tax.{name}")
    grant = d.grant(write(d, "others.yaml", head))
    models = {name: d.model(grant, write(d, f"verify-{name}.yaml",
                                         VERIFY.replace("tax.register", f"tax.{name}")))
              for name in OTHERS}

    def ask(name, issued, said):
        path = d.work / f"{secrets.token_hex(8)}.consent"
        words = ["--grant", grant, "--model", models[name], "--out", path]
        d.shuyu("issuer", "consent", "issue", "least=500", *words, *ids(issued))
        return d.shuyu("acme", "subject", "ask", "least=500", "--token", path, *ids(said))["answer"]

    def ids(parts):
        return [w for part in parts for w in ("--id", part)]
    tap.check("a composite identifier", ask("firms", ["a1", "7"], [" A1", "7"]) == "yes")
    tap.check("whose parts stay apart", ask("firms", ["a", "17"], ["a", "17"]) == "no")
    tap.check("and in their order", ask("firms", ["7", "a1"], ["7", "a1"]) == "unknown")
    tap.check("an identity number", ask("citizens", ["11010519491231002x"],
                                        ["11010519491231002X"]) == "yes")
    tap.check("of 1989", ask("citizens", ["110105491231002"], ["110105491231002"]) == "yes")
    tap.check("with a wrong check character: nobody's",
              ask("citizens", ["110105194912310021"], ["110105194912310021"]) == "unknown")


def test_command_line(tap, d, a):
    token = a.issue(RICH, "least=4000")
    mode = token.stat().st_mode & 0o777
    tap.check("a consent is a file that its owner alone may read", mode == 0o600, oct(mode))
    tap.check("without identifier and asserted value in it",
              RICH.encode() not in token.read_bytes() and b"4000" not in token.read_bytes())
    done = subprocess.run(
        [w for w in d.command("acme", "subject", "ask", "least=4000", "--token", token, "--id", "-")
         if w != "--json"],
        input=RICH + "\n", capture_output=True, text=True, check=False, env=domain.environment())
    tap.check("an identifier from standard input; in words",
              done.returncode == 0 and done.stdout.splitlines()[0] == "yes", done)
    e = tap.refused("the same token again: replayed", "replayed", a.ask, token, RICH, "least=4000")
    tap.check("and logged", e is not None and e.logged, e)
    tap.refused("another value than was consented to", "denied", a.ask,
                a.issue(RICH, "least=4000"), RICH, "least=3000")
    tap.refused("another subject than consented", "denied", a.ask, a.issue(RICH, "least=4000"),
                POOR, "least=4000")
    tap.refused("a value that the model does not take", "denied", a.ask,
                a.issue(RICH, "least=1000001"), RICH, "least=1000001")
    tap.refused("a value that is not there", "denied", a.ask, a.issue(RICH), RICH)
    tap.refused("an issuer asks nothing", ("role", "denied"), a.ask, a.issue(RICH, "least=4000"),
                RICH, "least=4000", party="issuer")
    tap.refused("a developer consents for nobody", "role", a.ask,
                a.issue(RICH, "least=4000", party="acme"), RICH, "least=4000")
    tap.refused("a model about one subject is not run", "state", d.run, a.model)


def test_forged(tap, f, other_grant):
    cases = {
        "denied": {"domain": os.urandom(32), "grant": bytes.fromhex(other_grant),
                   "model": os.urandom(32)},
        "expired": {"not_after": int(time.time()) - 1, "not_before": int(time.time()) + 100},
        "field": {"not_after": int(time.time()) + 2 * 86400, "ctx": "shuyu-request-1"},
        "party": {"issuer": "nobody"},
        "role": {"issuer": "health"},
    }
    for want, changes in cases.items():
        for key, value in changes.items():
            args, secret = f.request(**{key: value})
            code, reply, _, header = f.send(args, secret)
            tap.check(f"token with another {key}: {want}", code == want, (code, reply))
            tap.check("logged, with a proof", code == want and
                      f.acme.is_proven(reply, header) is not None, reply)
    code, reply, _, _ = f.send(*f.request(signer="acme"))
    tap.check("signed by somebody else: signature", code == "signature", reply)
    code, reply, _, _ = f.send(*f.request(said_salt=os.urandom(32)))
    tap.check("another salt: denied", code == "denied", reply)
    code, reply, _, _ = f.send(*f.request(said_id=[POOR]))
    tap.check("another identifier: denied", code == "denied", reply)
    code, reply, _, _ = f.send(*f.request(said_id=["AB", "1001"]))
    tap.check("the identifier in parts: denied", code == "denied", reply)
    code, reply, _, _ = f.send(*f.request(said=[]))
    tap.check("no asserted value: denied", code == "denied", reply)
    code, reply, _, _ = f.send(f.request()[0], b"")
    tap.check("no secret at all: denied", code == "denied", reply)
    code, reply, _, _ = f.send(f.request()[0], b"\xc1")
    tap.check("a secret that is no record: denied", code == "denied", reply)
    code, reply, _, _ = f.send(*f.request(), party=f.rival)
    tap.check("by another developer: grant", code == "grant", reply)
    code, reply, _, _ = f.send(*f.request(), grant=bytes.fromhex(other_grant))
    tap.check("under another grant: refused", code in ("denied", "grant"), (code, reply))


def test_again(tap, f):
    args, secret = f.request()
    code, first, packet, _ = f.send(args, secret)
    tap.check("made by hand: answered", code == "", first)
    code, again = f.acme.send("subject.ask", packet)
    tap.check("the same envelope: the same answer", code == "" and again["result"] ==
              first["result"], (code, again))
    code, reply, _, _ = f.send(args, secret)
    tap.check("its token in another envelope: replayed", code == "replayed", reply)


def test_killed(tap, d, f):
    """The warden dies between charge and answer: who and what was asserted lives in the envelope only."""
    checkpoint = d.folder / "ledger/public/checkpoint"

    def size():
        return int(checkpoint.read_text().split("\n")[1])
    args, secret = f.request(who="CD-00044", least="4400")
    packet, _ = f.acme.envelope("subject.ask", args, secret=secret, grant=f.grant, subject=f.model)
    before = size()
    line = stranger.Line(d.address, f.acme.keys)
    line.process.stdin.write(msgpack.packb([0, 1, "subject.ask", [packet]], use_bin_type=True))
    tap.check("the charge is durable at once",
              domain.wait_until(lambda: size() > before, 20, step=0.001))
    os.kill(d.pid("warden"), signal.SIGKILL)
    line.close()
    domain.wait_until(lambda: not d.is_up(), 30)
    d.kill_all()
    d.start()
    code, first = f.acme.send("subject.ask", packet)
    answer = stranger.unpack(first["result"])["columns"][0]["texts"] if code == "" else first
    tap.check("the same envelope gets its answer", code == "" and answer == ["true"], answer)
    tap.check("for the one charge", size() == before + 2, (before, size()))
    code, reply, _, _ = f.send(args, secret)
    tap.check("and its token is used up: replayed", code == "replayed", reply)


# --- what may be seen ------------------------------------------------------------------------------

OUTCOMES = {"yes": (RICH, "4000"), "no": (POOR, "4000"), "not known": (SILENT, "4000"),
            "nobody": (NOBODY, "4000")}


def test_same(tap, d, f, chance):
    """Time on the line and length of the sealed reply, in random order; sizes of the stored answers."""
    times = {name: [] for name in OUTCOMES}
    lengths = set()
    order = [name for name in OUTCOMES for _ in range(ROUNDS)]
    chance.shuffle(order)
    for i, name in enumerate(order):
        who, least = OUTCOMES[name]
        if name == "nobody":
            who = f"{NOBODY}{i}"  # about one of the others more could not be asked
        elif name == "yes":
            who = f"CD-{1000 + i:05d}"
        elif name == "no":
            who = f"CD-{i % 40:05d}"
        args, secret = f.request(who=who, least=least)
        packet, _ = f.acme.envelope("subject.ask", args, secret=secret, grant=f.grant,
                                    subject=f.model)
        begun = time.monotonic()
        code, reply = f.acme.send("subject.ask", packet)
        times[name].append(time.monotonic() - begun)
        lengths.add(len(f.acme.sealed))
        if code != "":
            tap.check(f"{name}: answered", False, (code, reply))
            return
        if name == "not known" and times[name][LIMIT - 5:]:
            OUTCOMES[name] = (f"{NOBODY}s{i}", least)  # its limit is near
    medians = {name: statistics.median(t) for name, t in times.items()}
    tap.note(f"medians {medians}")
    tap.check("never before the slot ends", min(min(t) for t in times.values()) >= domain.SLOT_S,
              times)
    tap.check("equally long, whatever the answer",
              max(medians.values()) - min(medians.values()) < NEAR_S, medians)
    tap.check("equally large, whatever the answer", len(lengths) == 1, lengths)
    sizes = {p.stat().st_size for p in (d.folder / "answers").iterdir()}
    tap.check("stored equally large", len(sizes) == 1, sizes)


def test_limits(tap, a):
    answered = 0
    for _ in range(LIMIT):
        answered += a.answer("CD-00077", "least=4000") == "yes"
    tap.check(f"{LIMIT} questions about one subject", answered == LIMIT, answered)
    token = a.issue("CD-00077", "least=4000")
    e = tap.refused("one more: rate", "rate", a.ask, token, "CD-00077", "least=4000")
    tap.check("refused by the rules, in the log", e is not None and e.logged, e)
    tap.refused("also when it is written another way", "rate", a.ask,
                a.issue("cd-00077", "least=1"), "cd-00077", "least=1")


def logged(d):
    """The bodies of the log, as an auditor reads them."""
    return [stranger.unpack(e["body"]) for e in domain.read_entries(d.export())]


def guesses(answer, charge):
    """Commitments to every answer that this question may have had, made of an answer to another one."""
    made = {**answer, "time": charge["inputs"]["time"]}
    for label in ("true", "false", "unknown"):
        made["columns"][0]["texts"] = [label]
        for with_blind in (made, {k: v for k, v in made.items() if k != "blind"}):
            yield stranger.sha256(b"shuyu-answer-1", charge["inputs"]["salt"],
                                  stranger.canonical(with_blind))


def test_log_is_blind(tap, d, f):
    """Whoever reads the whole log tries the three answers, and has pseudonyms made of identifiers."""
    known = stranger.unpack(f.send(*f.request(who="CD-00120", least="4000"))[1]["result"])
    code, reply, _, _ = f.send(*f.request(who="CD-00121", least="4000"))
    tap.check("about somebody else: answered", code == "", reply)
    own = stranger.unpack(reply["result"])
    charge, answer = logged(d)[-2:]
    commit = answer["inputs"]["commit"]
    tap.check("control: the log commits to this answer", commit == stranger.sha256(
        b"shuyu-answer-1", charge["inputs"]["salt"], stranger.canonical(own)))
    tap.check("nobody else finds it by trying the answers that there are",
              commit not in set(guesses(known, charge)))
    who = charge["inputs"]["subject"][0]["who"]
    code, reply, _, _ = f.send(*f.request(who="CD-00121", signer="acme"))
    refused = logged(d)[-1]
    tap.check("a token that nobody signed: refused, and in the log", code == "signature" and
              refused["type"] == "refuse", (code, refused["type"]))
    tap.check("without the pseudonym of whom it named", who not in stranger.canonical(refused))
    code, reply, _, _ = f.send(*f.request(not_after=int(time.time()) - 1,
                                          not_before=int(time.time()) - 100, who="CD-00121"))
    tap.check("nor when an issuer signed one that is out of date", code == "expired" and
              who not in stranger.canonical(logged(d)[-1]), code)
    code, reply, _, _ = f.send(*f.request(who="CD-00121", salt=bytes(32)))
    tap.check("a commitment without a salt opens nothing", code == "denied", (code, reply))


def test_no_trace(tap, d, a):
    """The subject is marked and so is the value; the gateway is looked into while it is asked about."""
    patterns = {"id": MARK.encode(), "id-16": MARK.encode("utf-16-le"),
                "value": str(VALUE).encode()}
    held = search.in_file(write(d, "control", f"{MARK} {VALUE}"), patterns)
    (d.work / "control").unlink()
    tap.check("control: the search sees them", held == {"id", "value"}, held)
    sampler = search.Sampler(lambda: {"gateway": d.pid("gateway"), "zygote": d.pid("zygote"),
                                      "supervisor": d.supervisor.pid}, patterns)
    said = [a.answer(MARK, f"least={VALUE}"), a.answer(MARK, f"least={VALUE + 1}")]
    found = sampler.stop()
    tap.check("about the marked subject: yes, and no above it", said == ["yes", "no"], said)
    tap.check("not in the memory of gateway, zygote and supervisor", not found and
              sampler.rounds >= 3, (found, sampler.rounds))
    found, n = search.in_folder(d.work, patterns)
    tap.check(f"not in the {n} files of the domain and of the parties", not found and n > 40, found)
    found, n = search.in_folder(d.export(), {**patterns, "token": b"shuyu-consent-1"})
    seen = set().union(*found.values()) if found else set()
    tap.check(f"not in what the auditor gets ({n} files); the tokens are", seen == {"token"}, found)


def test_exports(tap, d):
    try:
        d.audit()
        tap.check("the auditor verifies and replays all of it", True)
    except domain.Refused as e:
        tap.check("the auditor verifies and replays all of it", False, e)


def found(d, calls, **changes):
    """A domain with the register in it; (grant, another grant, model, banded model). changes: of the
    pack."""
    d.birth()
    d.start()
    pack = d.pack(**changes).read_text(encoding="utf-8")
    pack = pack.replace("budgets:\n", "budgets:\n" + "".join(
        f"  - {{ns: {ns}, rho: 1, delta: 1e-9}}\n" for ns in ("taxpayer", "firm", "citizen")))
    d.shuyu("agency", "pack", "adopt", write(d, "pack.yaml", pack))
    for party, role in {**domain.PARTIES, "issuer": "issuer", "rival": "developer"}.items():
        d.enrol(party, role)
    d.shuyu("health", "dataset", "define", write(d, "register.yaml", CATALOGUE))
    path = d.raw("register", rows())
    d.ingest("health", "tax.register", path)
    path.unlink()
    grant = d.grant(write(d, "scene.yaml", SCENE.format(name="first", calls=calls)))
    other = d.grant(write(d, "other.yaml", SCENE.format(name="second", calls=5)))
    model = d.model(grant, write(d, "verify.yaml", VERIFY))
    return grant, other, model, d.model(grant, write(d, "band.yaml", BAND))


def main(tap):
    chance = random.Random(domain.seed())
    with domain.Domain() as d:
        grant, other, model, band = found(d, 400)
        a = Asker(d, grant, model)
        test_answers(tap, a, band)
        test_forms(tap, d)
        test_command_line(tap, d, a)
        forge = Forge(d, grant, model)
        test_forged(tap, forge, other)
        test_again(tap, forge)
        test_killed(tap, d, forge)
        test_log_is_blind(tap, d, forge)
        test_limits(tap, a)
        test_same(tap, d, forge, chance)
        test_no_trace(tap, d, a)
        d.restart()
        tap.refused("counted on after a restart: rate", "rate", a.ask,
                    a.issue("CD-00077", "least=4000"), "CD-00077", "least=4000")
        test_exports(tap, d)


if __name__ == "__main__":
    domain.run_tests(main)
