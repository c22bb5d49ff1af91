"""A live domain for the process tests: made in a temporary folder, driven through the `shuyu`
command line with --json, killed, started again, exported and replayed.

Every process started here dies with the test (PR_SET_PDEATHSIG), every folder goes at its end.
Environment: SHUYU_BUILD_ROOT, SHUYU_SOURCE_ROOT (meson sets both).
"""
import atexit
import contextlib
import csv
import ctypes
import decimal
import json
import os
import pathlib
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

import msgpack

SOURCE = pathlib.Path(os.environ.get("SHUYU_SOURCE_ROOT",
                                     pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("SHUYU_BUILD_ROOT", SOURCE / "build")).resolve()
PACKS = SOURCE / "policies/packs/demo"
DATA = SOURCE / "tests/data"
SHUYU = BUILD / "sdk/cli/shuyu"
AUDIT = BUILD / "policies/audit/shuyu-audit"
SUPERVISOR = BUILD / "enclave/supervisor/shuyu-supervisor"

START_S = 60  # a sanitized domain on a busy machine
CALL_S = 120
SLOT_S = 1  # of the tests' pack: the demo's slot is for an idle machine, and an overrun costs
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
PARTIES = {"health": "department", "acme": "developer", "auditor": "auditor"}


class Refused(Exception):
    """A command that ended with another status than 0; the fields of its JSON error, if any."""

    def __init__(self, command, status, error, text):
        super().__init__(f"{' '.join(map(str, command))}: status {status}: {text.strip()[:400]}")
        self.status = status
        self.code = error.get("error", "")
        self.logged = error.get("logged", False)
        self.entry = error.get("entry")
        self.text = text


class NotStarted(Exception):
    """The supervisor ended before it was ready; str() is what it wrote."""


# --- TAP -----------------------------------------------------------------------------------------

class Tap:
    """Test Anything Protocol: one line a check, the plan at the end."""

    def __init__(self):
        self.n = 0
        self.failed = 0

    def check(self, name, fine, detail=None):
        self.n += 1
        self.failed += not fine
        print(f"{'ok' if fine else 'not ok'} {self.n} - {name}", flush=True)
        if not fine and detail is not None:
            self.note(detail)
        return bool(fine)

    def note(self, text):
        for line in str(text)[:4000].splitlines():
            print("# " + line, flush=True)

    def refused(self, name, code, call, *args, **kwargs):
        """The call is refused with this code (or one of these)."""
        codes = (code,) if isinstance(code, str) else code
        try:
            result = call(*args, **kwargs)
        except Refused as e:
            self.check(name, e.code in codes, e)
            return e
        self.check(name, False, f"not refused: {result!r}"[:600])
        return None

    def done(self):
        print(f"1..{self.n}")
        return 1 if self.failed else 0


def run_tests(body):
    """body(tap), with a failing line instead of a silent end when it raises."""
    tap = Tap()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        body(tap)
    except Exception as e:  # pylint: disable=broad-except
        tap.check("the test ran to its end", False, traceback.format_exc() + str(e))
    sys.exit(tap.done())


def seed():
    """The random seed: SHUYU_SEED, or a fresh one; printed, so that a failure can be repeated."""
    value = int(os.environ.get("SHUYU_SEED", 0)) or random.SystemRandom().randrange(1, 1 << 31)
    print(f"# SHUYU_SEED={value}", flush=True)
    return value


# --- processes -----------------------------------------------------------------------------------

def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def environment():
    """No leak check in what we start: a killed process leaks by definition, and a worker may not
    look at itself. Leaks are looked for by the unit tests."""
    options = os.environ.get("ASAN_OPTIONS", "")
    return {**os.environ, "ASAN_OPTIONS": f"{options}:detect_leaks=0", "LC_ALL": "C.UTF-8"}


def stat_of(pid):
    """Fields of /proc/PID/stat from the state on; [] for a process that has ended."""
    with contextlib.suppress(OSError):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return [] if fields[0] in "ZX" else fields
    return []


def birth_of(pid):
    """When it was started, in ticks; with its id that names a process for good."""
    fields = stat_of(pid)
    return int(fields[19]) if fields else None


def children(pid):
    with contextlib.suppress(OSError):  # fast, where the kernel has it
        return [int(p) for p in
                pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                if stat_of(p)]
    pids = [int(p.name) for p in pathlib.Path("/proc").glob("[0-9]*")]
    return [p for p in pids if stat_of(p)[1:2] == [str(pid)]]


def free_port():
    """A port that nobody listens on, below those that connections are given: it is still free when a domain starts
    again on it, whatever other tests do meanwhile."""
    while True:
        with socket.socket() as s, contextlib.suppress(OSError):
            port = random.randint(12000, 32000)
            s.bind(("127.0.0.1", port))
            return port


def wait_until(condition, seconds, step=0.02):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(step)
    return bool(condition())


def nano(text):
    """A printed rho in units of 1e-9."""
    return int(decimal.Decimal(text) * 10**9)


# --- the domain ----------------------------------------------------------------------------------

class Domain:
    def __init__(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="shuyu-test-"))
        self.folder = self.work / "domain"
        self.log = self.work / "domain.log"
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"  # where clients go; a test may put a proxy there
        self.supervisor = None
        self.arguments = []  # more of the supervisor's
        self.before = []  # what the supervisor's command is given to: `unshare`, say
        self.known = {}  # processes of this domain: id, birth
        atexit.register(self.remove)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        said = self.log.read_text(errors="replace") if self.log.exists() else ""
        self.remove()
        if kind is None and ("Sanitizer" in said or "runtime error:" in said):
            raise AssertionError(f"a sanitizer complained:\n{said[-3000:]}")

    def remove(self):
        self.kill_all()
        shutil.rmtree(self.work, ignore_errors=True)

    # --- the command line

    def command(self, party, *args, local=False):
        where = ["--local", self.folder / "run/local.sock"] if local else ["--address",
                                                                           self.address]
        command = [SHUYU, *where, "--json"]
        if party is not None:
            command += ["--home", self.work / party]
        return [str(a) for a in [*command, *args]]

    def shuyu(self, party, *args, local=False, timeout=CALL_S):
        """What the command printed: parsed JSON, or text; Refused for another status than 0."""
        command = self.command(party, *args, local=local)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout,
                                  check=False, env=environment(), stdin=subprocess.DEVNULL,
                                  preexec_fn=die_with_parent)
        except subprocess.TimeoutExpired:
            raise Refused(command, -1, {"error": "timeout"}, f"no end in {timeout} s") from None
        if done.returncode != 0:
            raise Refused(command, done.returncode, last_json(done.stderr), done.stderr)
        return json.loads(done.stdout) if done.stdout[:1] in ("{", "[") else done.stdout

    # --- life

    def birth(self):
        """Keys of agency and operator, the domain's folder, both signatures."""
        for party in ("agency", "operator"):
            self.shuyu(party, "party", "new", "--party", party)
            self.shuyu(party, "party", "record", "--name", party, "--role", party, "--out",
                       self.work / f"{party}.record")
        self.shuyu(None, "init", "--domain", self.folder, "--agency", self.work / "agency.record",
                   "--operator", self.work / "operator.record", "--name", "test.shuyu.example/log",
                   "--purpose", "test")
        for party in ("agency", "operator"):
            self.shuyu(party, "sign", self.folder / "genesis.req")
            self.shuyu(party, "party", "pin", "--genesis", self.folder / "genesis.req", "--role",
                       party)

    def start(self):
        command = [*self.before, str(SUPERVISOR), "--domain", str(self.folder), "--listen",
                   f"127.0.0.1:{self.port}", *self.arguments]
        with open(self.log, "ab") as log:
            before = log.tell()
            self.supervisor = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log,
                                               stdin=subprocess.DEVNULL, env=environment(),
                                               cwd=self.work, preexec_fn=die_with_parent)
        ready, _, _ = select.select([self.supervisor.stdout], [], [], START_S)
        line = self.supervisor.stdout.readline() if ready else b""
        if not line.startswith(b"ready"):
            self.kill_all()
            with open(self.log, "rb") as log:
                log.seek(before)
                raise NotStarted(log.read().decode(errors="replace"))
        self.remember()

    def stop(self):
        """An orderly stop; the supervisor's exit status."""
        self.remember()
        self.supervisor.terminate()
        status = self.supervisor.wait(timeout=30)
        self.gone()
        return status

    def gone(self):
        if self.supervisor is not None:
            self.supervisor.stdout.close()
        self.supervisor = None

    def restart(self):
        self.stop()
        self.start()

    def pid(self, role):
        """The process id of supervisor, zygote, warden or gateway; None when it is not there."""
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / f"run/{role}.pid").read_text())
        return None

    def workers(self):
        zygote = self.pid("zygote")
        return [] if zygote is None else children(zygote)

    def is_up(self):
        return self.supervisor is not None and self.supervisor.poll() is None

    def remember(self):
        """Note the supervisor's children, so that they can be found when it is gone."""
        if self.supervisor is not None:
            for pid in children(self.supervisor.pid):
                self.known[pid] = birth_of(pid)

    def left(self):
        """Children of supervisors of this domain that still run."""
        return [pid for pid, birth in self.known.items() if birth_of(pid) == birth]

    def kill_all(self):
        """SIGKILL for whatever of this domain runs. Workers go with their zygote."""
        self.remember()
        if self.supervisor is not None:
            self.supervisor.kill()
            self.supervisor.wait()
        for pid in self.left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.gone()

    # --- what parties do

    def invite(self, party, role):
        path = self.work / f"{party}.invite"
        self.shuyu("agency", "party", "invite", "--party", party, "--role", role, "--name", party,
                   "--out", path)
        return path

    def enrol(self, party, role):
        self.shuyu(party, "party", "new", "--party", party)
        self.shuyu(party, "party", "enrol", "--invite", self.invite(party, role))

    def ingest(self, party, dataset, path):
        return self.shuyu(party, "dataset", "ingest", dataset, path, local=True)

    def grant(self, scene=PACKS / "scene.yaml", developer="acme", departments=("health",)):
        """Applied for, reviewed by all, granted; its id."""
        grant = self.shuyu(developer, "scene", "apply", scene)["proposal"]
        self.shuyu("operator", "scene", "first-review", grant, "--approve")
        for department in departments:
            self.shuyu(department, "scene", "consent", grant, "--approve")
        self.shuyu("agency", "scene", "final-review", grant, "--approve")
        return grant

    def model(self, grant, path=PACKS / "models/burden.yaml", developer="acme"):
        model = self.shuyu(developer, "model", "register", path, "--grant", grant)["model"]
        self.shuyu("operator", "model", "review", model, "--approve")
        return model

    def run(self, model, *params, party="acme", timeout=CALL_S):
        return self.shuyu(party, "run", model, *params, timeout=timeout)

    def spent(self, ns="person"):
        rows = {r["namespace"]: r for r in self.shuyu("agency", "budget")}
        return nano(rows[ns]["spent_rho"]) if ns in rows else 0

    def entries(self):
        return self.shuyu("agency", "status")["entries"]

    # --- whole domains

    def raw(self, name, rows=None):
        """A raw file made of rows, or one of tests/data; the caller removes it."""
        path = self.work / f"{name}.csv"
        if rows is None:
            with open(path, "wb") as out:
                subprocess.run(["zstd", "-dcq", str(DATA / f"{name}.csv.zst")], stdout=out,
                               check=True)
        else:
            with open(path, "w", newline="", encoding="utf-8") as out:
                csv.writer(out).writerows(rows)
        return path

    def variant(self, source, **changes):
        """A copy of a YAML file with the values of these keys (at any place) replaced."""
        text = pathlib.Path(source).read_text(encoding="utf-8")
        for key, value in changes.items():
            text, n = re.subn(rf"(?<![\w-]){key}: [^,}}\n]*", f"{key}: {value}", text)
            if n == 0:
                raise ValueError(f"{source}: no {key}")
        path = self.work / f"variant-{random.getrandbits(64):x}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def pack(self, **changes):
        """The demo's pack with a longer response slot, as a file."""
        return self.variant(PACKS / "pack.yaml", **{"slot": f"{SLOT_S * 1000}ms", **changes})

    def populate(self, persons=None, events=None):
        """Pack, parties, persons and events (synthetic when no rows are given)."""
        self.shuyu("agency", "pack", "adopt", self.pack())
        for party, role in PARTIES.items():
            self.enrol(party, role)
        made_persons, made_events = synthetic()
        self.table("persons", persons or made_persons)
        self.table("events", events or made_events)
        return self

    def table(self, name, rows):
        self.shuyu("health", "dataset", "define", PACKS / f"{name}.yaml")
        path = self.raw(name, rows)
        quality = self.ingest("health", f"nafld.{name}", path)
        path.unlink()
        return quality

    def scene(self, **changes):
        """The demo's scene without the measurements, as a file."""
        path = self.variant(PACKS / "scene.yaml", **changes)
        text = path.read_text(encoding="utf-8")
        path.write_text(text[:text.index("  - dataset: nafld.measurements")], encoding="utf-8")
        return path

    # --- the log

    def export(self, party="auditor"):
        out = self.work / "export"
        shutil.rmtree(out, ignore_errors=True)
        self.shuyu(party, "log", "export", "--out", out)
        return out

    def audit(self):
        """Export, verify and replay; the two lines that the tool prints. Raises Refused."""
        out = self.export()
        lines = []
        for verb in ("verify", "replay"):
            command = [str(AUDIT), verb, str(out)]
            done = subprocess.run(command, capture_output=True, text=True, check=False,
                                  timeout=CALL_S, env=environment(), preexec_fn=die_with_parent)
            if done.returncode != 0:
                raise Refused(command, done.returncode, {}, done.stdout + done.stderr)
            lines.append(done.stdout)
        return lines


def last_json(text):
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            with contextlib.suppress(ValueError):
                return json.loads(line)
    return {}


def synthetic(n=400, chance=None):
    """(persons, events) with headers, as the demo's catalogue wants them; the same each time."""
    chance = chance or random.Random(7)
    persons = [["id", "age", "male", "weight", "height", "bmi", "futime", "status"]]
    events = [["id", "days", "event"]]
    for i in range(1, n + 1):
        persons.append([i, chance.randint(18, 95), chance.randint(0, 1), "", "", "",
                        chance.randint(1, 5000), 0])
        for event in ("htn", "diabetes", "stroke"):
            if chance.random() < 0.4:
                events.append([i, chance.randint(-1000, 3000), event])
    return persons, events


def column(answer, name):
    return next(c for c in answer["columns"] if c["name"] == name)


def read_entries(export):
    """The records of an export's `entries` file."""
    data = (pathlib.Path(export) / "entries").read_bytes()
    found, at = [], 0
    while at < len(data):
        n = int.from_bytes(data[at:at + 4], "little")
        found.append(msgpack.unpackb(data[at + 4:at + 4 + n], raw=False))
        at += 4 + n
    return found
