"""What the process-level attacks share: a domain that holds two neighbouring worlds, parties who
approve everything at once, and fast clients that measure.

World `a` is D, world `b` is D': the same tables under names of the same length and in two unit
namespaces, but for one planted unit, all of whose rows stand in `a` only. Both live in one domain, so
whatever differs between them differs because of the data, not because of the machine.

An attack is run as `PROGRAM TNN` and prints one line of JSON; it does not know which build it faces.
Environment: SHUYU_BUILD (the build folder), SHUYU_FULL=1 (full numbers), SHUYU_SEED.
"""
import contextlib
import ctypes
import dataclasses
import json
import os
import pathlib
import random
import socket
import ssl
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "process"))
if "SHUYU_BUILD" in os.environ:
    os.environ["SHUYU_BUILD_ROOT"] = os.environ["SHUYU_BUILD"]

import msgpack  # noqa: E402  pylint: disable=wrong-import-position

import domain  # noqa: E402  pylint: disable=wrong-import-position
import raw  # noqa: E402  pylint: disable=wrong-import-position
import stranger  # noqa: E402  pylint: disable=wrong-import-position
from restart import flip  # noqa: E402  pylint: disable=wrong-import-position
from verdicts import (  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import
    Violations, auc, same_distribution)

FULL = os.environ.get("SHUYU_FULL") == "1"
SODIUM = stranger.SODIUM
WORLDS = ("a", "b")
TARGET = "target-zz"
RHO_QUIET = "500"  # the least noise there is: a count's has scale 1
AGAIN = {"busy", "rate", "starting", "stopping"}  # codes of "send the same envelope again"


# --- the frame -----------------------------------------------------------------------------------

def attack(table):
    """Run the attack that the command line names: table[id] = (title, figure, function), where
    function(chance) returns (value, limit, passed, notes)."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in table:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(table)}")
    seed = int(os.environ.get("SHUYU_SEED", 0)) or random.SystemRandom().randrange(1, 1 << 31)
    title, figure, body = table[name]
    value, limit, passed, notes = body(random.Random(seed))
    for note in notes:
        print("# " + str(note)[:600], file=sys.stderr)
    print(json.dumps({"id": name, "title": title, "figure": figure, "value": value, "limit": limit,
                      "pass": bool(passed), "seed": seed}, ensure_ascii=False), flush=True)


# --- a fast client -------------------------------------------------------------------------------

class FastKeys(raw.ProfileKeys):
    """Signing and verifying in this process instead of by the openssl command."""

    def __init__(self, home, folder):
        super().__init__(home, folder)
        public, self.secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        SODIUM.crypto_sign_seed_keypair(public, self.secret,
                                        (pathlib.Path(home) / "sign.key").read_bytes())

    def signature(self, message):
        out = ctypes.create_string_buffer(64)
        SODIUM.crypto_sign_detached(out, None, message, ctypes.c_ulonglong(len(message)),
                                    self.secret)
        return out.raw


@dataclasses.dataclass
class Outcome:
    """Everything that a developer sees of one call."""
    code: str        # "" for an answer
    field: str
    reason: str
    size: int        # of the sealed reply
    seconds: float
    clear: bool      # an error in clear, unsigned
    result: bytes = b""
    indexes: tuple = ()

    @property
    def answer(self):
        return stranger.unpack(self.result)

    def status(self):
        return self.code, self.field, self.reason, self.size


class Line:
    """One TLS connection of a party, used by one thread."""

    def __init__(self, client):
        host, _, port = client.address.rpartition(":")
        plain = socket.create_connection((host, int(port)), timeout=domain.CALL_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = client.tls.wrap_socket(plain)
        self.unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, max_buffer_size=64 << 20)
        self.number = 0

    def send(self, method, packet):
        self.number += 1
        self.sock.sendall(msgpack.packb([0, self.number, method, [packet]], use_bin_type=True))
        return self.number

    def receive(self):
        """(error, result) of the next response; ConnectionError when there is none."""
        while True:
            for frame in self.unpacker:
                if frame[0] == 1:
                    return frame[2], frame[3]
            data = self.sock.recv(1 << 16)
            if not data:
                raise ConnectionError("closed")
            self.unpacker.feed(data)

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.close()


class Client(raw.Party):
    """A developer (or any party) of a bed. Lines are per thread."""

    def __init__(self, d, party):  # pylint: disable=super-init-not-called
        super().__init__(d, party)
        self.keys = FastKeys(d.work / party, self.folder)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE  # the domain is known by its keys: docs/gateway.md
        self.tls.load_cert_chain(self.keys.tls_cert, self.keys.tls_key)
        self.local = threading.local()

    def line(self):
        if getattr(self.local, "line", None) is None:
            self.local.line = Line(self)
        return self.local.line

    def drop(self):
        if getattr(self.local, "line", None) is not None:
            self.local.line.close()
            self.local.line = None

    def opened(self, header, error, result, seconds):
        if error is not None:
            return Outcome(error["code"], error["field"], error["reason"], 0, seconds, True)
        reply = stranger.unpack(stranger.unpad(stranger.unseal(result, self.keys)))
        signature = reply.pop("sig", b"")
        message = b"shuyu-reply-1" + stranger.sha256(header) + stranger.sha256(
            stranger.canonical(reply))
        if len(signature) != 64 or SODIUM.crypto_sign_verify_detached(
                signature, message, ctypes.c_ulonglong(len(message)), self.pins["warden"]) != 0:
            raise ValueError("the reply is not the warden's answer to this request")
        return Outcome(reply.get("error", ""), reply.get("field", ""), reply.get("reason", ""),
                       len(result), seconds, False, reply.get("result", b""),
                       tuple(p.get("index", 0) for p in reply.get("proofs", ())))

    def once(self, method, packet, header):
        """One try: the outcome, timed from the last byte sent to the last byte read."""
        line = self.line()
        begun = time.monotonic()
        line.send(method, packet)
        error, result = line.receive()
        return self.opened(header, error, result, time.monotonic() - begun)

    def insist(self, method, packet, header, patience=domain.CALL_S):
        """The same envelope until its outcome is there."""
        end = time.monotonic() + patience
        while True:
            with contextlib.suppress(OSError):
                got = self.once(method, packet, header)
                if got.code not in AGAIN or time.monotonic() > end:
                    return got
                time.sleep(0.02)
                continue
            self.drop()
            if time.monotonic() > end:
                raise TimeoutError("no outcome")
            time.sleep(0.05)

    def ask_fast(self, method, args=b"", **about):
        packet, header = self.envelope(method, args, **about)
        return self.insist(method, packet, header)

    def run_envelope(self, model, **params):
        """(packet, header) of a run; model: (grant, model id)."""
        args = raw.run_args(**params) if params else stranger.canonical({})
        return self.envelope("model.run", args, grant=bytes.fromhex(model[0]),
                             subject=bytes.fromhex(model[1]))

    def run(self, model, **params):
        packet, header = self.run_envelope(model, **params)
        return self.insist("model.run", packet, header)


def in_parallel(jobs, n_threads):
    """[job() for job in jobs], by so many threads, each of which takes the next one."""
    results, queue, lock = [None] * len(jobs), iter(range(len(jobs))), threading.Lock()
    failed = []

    def work():
        while not failed:
            with lock:
                i = next(queue, None)
            if i is None:
                return
            try:
                results[i] = jobs[i]()
            except Exception as e:  # pylint: disable=broad-except
                failed.append(e)
    threads = [threading.Thread(target=work, daemon=True) for _ in range(n_threads)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failed:
        raise failed[0]
    return results


# --- the two worlds ------------------------------------------------------------------------------

PACK = """
id: attack
version: {version}
title: two neighbouring worlds
consent: false
term_max: 365d
rho_run_max: 1000
groups_max: 64
rows_max: 5000
cells_max: 8192
support_min: {support}
budgets:
  - {{ns: na, rho: {rho}, delta: 1e-6{recover}}}
  - {{ns: nb, rho: {rho}, delta: 1e-6}}
grades:
  - {{grade: 1, title: public, mechanisms: [exact, gauss, laplace]}}
  - {{grade: 2, title: internal, mechanisms: [gauss, laplace]}}
  - {{grade: 3, title: sensitive, mechanisms: [gauss, laplace]}}
  - {{grade: 4, title: core, mechanisms: []}}
sizes:
  - {{max_rows: 1000000, slot: {slot}ms, wall: {wall}ms, cpu: {cpu}s, memory: {memory}MiB}}
grounds:
  - {{code: incident, title: incident, roles: [agency, operator, department, security]}}
"""
PEOPLE = """
id: {w}.people
title: made up
department: health
custodian: agency
encoding: utf-8
ns: n{w}
unit: id
units: 20000
membership: 3
max_rows: 20000
fields:
  - {{name: id, type: unit, ref: n{w}, rows: 1, grade: 3}}
  - {{name: age, type: int32, lo: 0, hi: 120, grade: 3}}
  - {{name: male, type: bool, grade: 3}}
  - {{name: score, type: int64, lo: -1000000000, hi: 1000000000, nullable: true, grade: 3}}
  - {{name: born, type: date, lo: 1900-01-01, hi: 9999-12-31, grade: 3}}
  - {{name: note, type: text, klass: code, grade: 3}}
"""
VISITS = """
id: {w}.visits
title: made up
department: health
custodian: agency
encoding: utf-8
ns: n{w}
unit: id
units: 20000
membership: 3
max_rows: 100000
fields:
  - {{name: id, type: unit, ref: n{w}, grade: 3}}
  - {{name: day, type: int32, lo: 0, hi: 20000, grade: 3}}
  - {{name: cost, type: decimal, scale: 2, lo: 0.00, hi: 90000000.00, grade: 3}}
  - {{name: kind, type: enum, grade: 3, values: [v0, v1, v2, v3, v4, v5, v6, v7]}}
"""
SCENE = """
scene: {scene}
title: made up
purpose: made up
mechanisms: [gauss, laplace]
rho: {rho}
delta: 1e-8
calls: {calls}
overruns: {overruns}
term: 30d
datasets:
"""
FIELDS = {"people": ("id", "age", "male", "score", "born", "note"),
          "visits": ("id", "day", "cost", "kind")}
MODEL = """
name: {name}
title: made up
mechanism: gauss
groups: {groups}
rows: {rows}
rho: {rho}
{more}sql: |
  {sql}
"""


def crowd(chance, n=300, visits=2):
    """(people, visits) without headers, of n ordinary units; the same for both worlds."""
    people, rows = [], []
    for i in range(n):
        unit = f"person-{i:05}"
        people.append([unit, chance.randrange(18, 95), chance.randrange(2),
                       chance.randrange(-500, 500),
                       f"{chance.randrange(1930, 2010)}-{chance.randrange(1, 13):02}-15", "x"])
        rows += [[unit, chance.randrange(0, 3000), f"{chance.randrange(1, 9000)}.50",
                  f"v{chance.randrange(3)}"] for _ in range(visits)]
    return people, rows


def planted(visits=40, day=19999, cost="89999999.99"):
    """(people, visits) of the one unit that D has and D' has not: extremes everywhere."""
    return ([[TARGET, 120, 1, 1000000000, "9999-12-31", "RAW-MARKER-7731"]],
            [[TARGET, day - i % 7, cost, f"v{3 + i % 5}"] for i in range(visits)])


class Bed(domain.Domain):
    """A domain with both worlds in it. ready() makes it; grant() and model() approve at once."""

    def __init__(self, chance):
        super().__init__()
        self.chance = chance
        self.arguments = ["--arg", "gateway=--rate=1000000", "--arg", "gateway=--burst=1000000"]
        self.clients = {}
        self.lock = threading.Lock()
        self.version = 0
        self.limits = {"rho": "9000000", "slot": 200, "wall": 5000, "cpu": 4, "memory": 512,
                       "support": 1, "recover": ""}

    def write(self, text, name="file"):
        path = self.work / f"{name}-{random.getrandbits(64):x}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def adopt(self, **how):
        """slot, wall: ms; cpu: s; memory: MiB; rho: of each namespace; support: least of a parameter's
        values; recover: more of world a's account. What is given once stays for later versions."""
        self.version += 1
        self.limits.update(how)
        text = PACK.format(version=self.version, **self.limits)
        self.shuyu("agency", "pack", "adopt", self.write(text, "pack"))

    def ready(self, ordinary=None, extra=None, developers=("acme",), **pack):
        """Born, started, populated: `ordinary` in both worlds, `extra` in world a only."""
        self.birth()
        self.start()
        self.adopt(**pack)
        self.enrol("health", "department")
        self.enrol("auditor", "auditor")
        for developer in developers:
            self.enrol(developer, "developer")
        ordinary, extra = ordinary or crowd(self.chance), extra or planted()
        for w in WORLDS:
            self.load(w, *[o + (e if w == "a" else []) for o, e in zip(ordinary, extra)])
        return self

    def load(self, w, people, visits, define=True):
        """Rows of a world, as a new version; in an order of their own."""
        for name, header, rows, entry in (("people", FIELDS["people"], people, PEOPLE),
                                          ("visits", FIELDS["visits"], visits, VISITS)):
            if define:
                self.shuyu("health", "dataset", "define", self.write(entry.format(w=w), name))
            rows = sorted(rows)
            self.chance.shuffle(rows)
            path = self.raw(f"{w}-{name}", [header] + rows)
            self.ingest("health", f"{w}.{name}", path)
            path.unlink()

    def client(self, party="acme"):
        with self.lock:
            if party not in self.clients:
                self.clients[party] = Client(self, party)
            return self.clients[party]

    @contextlib.contextmanager
    def damaged(self, *datasets):
        """While this lasts, no column of these datasets can be read."""
        files = [p for d in datasets for p in (self.folder / "data" / d).rglob("c0*")
                 if p.is_file()]
        for path in files:
            flip(path)
        try:
            yield
        finally:
            for path in files:
                flip(path)

    def scene_file(self, scene, rho, calls, overruns, worlds=WORLDS):
        text = SCENE.format(scene=scene, rho=rho, calls=calls, overruns=overruns)
        for w in worlds:
            for table, fields in FIELDS.items():
                text += f"  - dataset: {w}.{table}\n    fields:\n"
                text += "".join(f"      - {{name: {f}, reason: test}}\n" for f in fields if f != "note")
        return self.write(text, "scene")

    def scene_of(self, scene="scene", rho="1000000", calls=100000, overruns=100000,
                 developer="acme", worlds=WORLDS):
        """A granted scene over both worlds; its id."""
        path = self.scene_file(scene, rho, calls, overruns, worlds)
        return self.grant(path, developer=developer, departments=())

    def model_file(self, w, sql, name="m", groups=1, rows=1, rho=RHO_QUIET, more="", **_):
        sql = " ".join(sql.format(w=w).split())
        return self.write(MODEL.format(name=name, groups=groups, rows=rows, rho=rho, sql=sql,
                                       more=more.replace("{w}", w)), "model")

    def register(self, grant, w, sql, developer="acme", **how):
        """(grant, model id), approved; Refused when the model is."""
        return grant, self.model(grant, self.model_file(w, sql, **how), developer)

    def twins(self, grant, sql, developer="acme", **how):
        """The same model over each world."""
        return {w: self.register(grant, w, sql, developer, **how) for w in WORLDS}

    def spends(self, w):
        return self.spent(f"n{w}")


def neutral(text):
    """A text of one world in words that are common to both."""
    if text in ("na", "nb"):
        return "nW"
    for w in WORLDS:
        for was, now in ((f"{w}.people", "W.people"), (f"{w}.visits", "W.visits"),
                         (f" n{w}", " nW"), (f'"n{w}"', '"nW"')):
            text = text.replace(was, now)
    return text


def figures(outcome):
    """Columns of an answer without what differs by draw (figures, and whether a noisy count is large
    enough to divide by): names, kinds, lengths, noise, and for keys their texts."""
    return [(c["name"], c["kind"], c.get("mechanism"), c.get("noise"), len(c.get("values", ())),
             tuple(c.get("texts", ()))) for c in outcome.answer["columns"]]


def values(outcome, name):
    return next(c for c in outcome.answer["columns"] if c["name"] == name).get("values", [])
