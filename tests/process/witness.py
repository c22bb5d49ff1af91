#!/usr/bin/env python3
"""The witness, for real: a log grows, rolls back, forks and races; the program is stopped, killed at every
write-side system call and started again; strangers send anything. What it cosigns must be one history."""
import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import domain
import stranger
import tlog

WITNESS = domain.BUILD / "gateway/witness/shuyu-witness"
START_S = 30
NAME = "witness.example/w1"
STRACE = shutil.which("strace")


class Witness:
    """One folder, and the program on it."""

    def __init__(self, folder, logs):
        self.folder = folder
        self.list = folder.parent / f"{folder.name}.logs"
        self.list.write_text("# followed\n" + "".join(f"log {vkey}\n" for vkey in logs))
        self.process = self.port = None
        self.said = folder.parent / f"{folder.name}.said"
        self.vkey = self.call("--init", NAME).stdout.strip()

    def call(self, *args):
        return subprocess.run([WITNESS, "--state", self.folder, *args], capture_output=True,
                              text=True, check=False, env=domain.environment(), timeout=START_S)

    def start(self, before=(), env=None, listen="127.0.0.1:0"):
        """False when it ended before it was ready."""
        command = [*before, WITNESS, "--state", self.folder, "--logs", self.list, "--listen", listen]
        with open(self.said, "ab") as said:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said,
                                            env={**domain.environment(), **(env or {})},
                                            preexec_fn=domain.die_with_parent)
        ready, _, _ = select.select([self.process.stdout], [], [], START_S)
        line = self.process.stdout.readline().decode() if ready else ""
        if not line.startswith("ready "):
            self.end()
            return False
        self.port = int(line.rpartition(":")[2])
        return True

    def end(self, sig=signal.SIGKILL):
        """Its exit status."""
        if self.process is None:
            return None
        for pid in domain.children(self.process.pid) or [self.process.pid]:  # under strace: its child
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sig)
        status = self.process.wait(START_S)
        self.process.stdout.close()
        self.process = None
        return status

    def ask(self, method, path, body=None, headers=None):
        """(status, body, headers); status 0 when the connection broke."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_S)
        try:
            line.request(method, path, body, headers or {})
            answer = line.getresponse()
            return answer.status, answer.read().decode(), answer.headers
        except (OSError, http.client.HTTPException):
            return 0, "", {}
        finally:
            line.close()

    def add(self, body):
        return self.ask("POST", "/add-checkpoint", body)

    def size(self, log):
        """The size that it has cosigned last."""
        status, text, _ = self.ask("GET", f"/{log.hex}/checkpoint")
        return int(text.split("\n")[1]) if status == 200 else 0


def grow(tap, w, log, old, new, name):
    """One request that must be cosigned; the time stated."""
    status, lines, headers = w.add(log.request(old, new))
    found = tlog.times(log.text(new), lines, w.vkey) if status == 200 else []
    tap.check(f"{name}: 200", status == 200, (status, lines))
    tap.check("... with one valid cosignature, of now", len(found) == 1 and
              abs(found[0] - time.time()) < 60, (lines, found))
    tap.check("... as text", headers.get("Content-Type", "").startswith("text/plain"), headers)
    return found[0] if found else 0


def test_key(tap, w):
    mode = (w.folder / "key").stat().st_mode & 0o7777
    tap.check("--init makes a key that only its owner may read", mode == 0o600, oct(mode))
    name, kind, _, _ = tlog.parse_vkey(w.vkey)
    tap.check("and prints its vkey, of type 04", (name, kind) == (NAME, tlog.COSIGNATURE), w.vkey)
    tap.check("as --vkey does", w.call("--vkey").stdout.strip() == w.vkey)
    done = w.call("--init", NAME)
    tap.check("--init again: refused, 70", done.returncode == 70 and "already" in done.stderr, done)
    tap.check("a wrong call: 64", w.call().returncode == 64)


def test_growth(tap, w, log):
    tap.check("before the first checkpoint: 404", w.ask("GET", f"/{log.hex}/checkpoint")[0] == 404)
    grow(tap, w, log, 0, 0, "the empty log")
    grow(tap, w, log, 0, 1, "from nothing")
    first = grow(tap, w, log, 1, 3, "from 1 to 3")
    status, text, headers = w.add(log.request(0, 5))
    tap.check("old 0 where 3 is known: 409", status == 409, (status, text))
    tap.check("... with the size, as its own type", text == "3\n" and
              headers.get("Content-Type") == "text/x.tlog.size", (text, headers))
    again = grow(tap, w, log, 3, 3, "the same size again")
    tap.check("... at a time that is not before", again >= first, (first, again))
    status, note, _ = w.ask("GET", f"/{log.hex}/checkpoint")
    tap.check("the last checkpoint is there for monitors, signed by both", status == 200 and
              tlog.signed_by(note, log.vkey) and
              tlog.times(log.text(3), note.partition("\n\n")[2], w.vkey) == [again], note)
    stored = (w.folder / f"{log.hex}.checkpoint").read_text()
    tap.check("and on the disk in the same bytes", stored == note, (stored, note))
    tap.check("the front page names the key", w.vkey in w.ask("GET", "/")[1])
    tap.check("HEAD has no body", w.ask("HEAD", "/")[1] == "")


def test_restart(tap, w, log):
    tap.check("SIGTERM: ends with 0", w.end(signal.SIGTERM) == 0)
    tap.check("starts again", w.start())
    tap.check("and knows what it cosigned", w.size(log) == 3, w.size(log))
    tap.check("SIGKILL", w.end() == -signal.SIGKILL)
    w.start()
    tap.check("and knows it still", w.size(log) == 3 and w.add(log.request(0, 5))[1] == "3\n")
    grow(tap, w, log, 3, 7, "growth goes on")


def test_refusals(tap, w, log):
    other = tlog.Log("log.example/unknown")
    forged = tlog.Log(log.origin)
    note = log.sign(log.text(9))
    proof = tlog.consistency(7, log.leaves(9))
    cases = [
        ("a log that is not followed", 404, other.request(0, 3)),
        ("another key's signature", 403, forged.request(7, 9)),
        ("a signature line that cannot be read", 403, tlog.body(7, proof, note[:-5] + "x\n")),
        ("old beyond the checkpoint", 400, log.request(9, 7)),
        ("rolled back", 409, log.request(3, 5)),
        ("rolled back, naming what is known", 400, log.request(7, 5)),
        ("no proof", 422, tlog.body(7, [], note)),
        ("a proof too long", 422, tlog.body(7, [*proof, bytes(32)], note)),
        ("a proof of something else", 422, tlog.body(7, [bytes(32)] * len(proof), note)),
        ("64 lines of proof", 400, tlog.body(7, [bytes(32)] * 64, note)),
        ("no signature", 400, tlog.body(7, proof, log.text(9))),
        ("extension lines", 400, tlog.body(7, proof, log.sign(log.text(9) + "more\n"))),
        ("nothing", 400, b""),
        ("no text", 400, bytes(range(256))),
        ("an empty tree with a root", 422,
         tlog.body(0, [], log.sign(f"{log.origin}\n0\n{tlog.b64(bytes(32))}\n"))),
    ]
    for name, want, request in cases:
        status, text, _ = w.add(request)
        tap.check(f"{name}: {want}", status == want and "\u2014" not in text, (status, text))
    tap.check("nothing of it moved what is known", w.size(log) == 7)


def evidence(w):
    return sorted((w.folder / "evidence").glob("*.fork")) if (w.folder / "evidence").exists() else []


def both_notes(path):
    """The two notes of an evidence file, by the lengths in its head."""
    data = path.read_bytes()
    head, _, rest = data.partition(b"\n\n")
    lines = head.decode().split("\n")
    n = int(lines[1].split(" ")[1])
    return lines, rest[:n].decode(), rest[n:].decode()


def test_fork(tap, w, log):
    tap.check("no evidence yet", not evidence(w))
    status, _, _ = w.add(log.request(7, 7, fork=6))
    tap.check("the same size with another root: 422", status == 422, status)
    tap.check("... and both checkpoints are kept", len(evidence(w)) == 1, evidence(w))
    for old, size, fork, want in ((7, 7, 6, 422), (7, 12, 6, 422), (7, 12, 7, 200)):
        status, text, _ = w.add(log.request(old, size, fork))
        tap.check(f"a history that differs from entry {fork} on, {old} to {size}: {want}",
                  status == want, (status, text))
    files = evidence(w)
    tap.check("what was seen before is kept once, the longer fork beside it", len(files) == 2, files)
    for path in files:
        lines, first, second = both_notes(path)
        tap.check("both notes of the evidence are signed by the log", lines[0] == "shuyu-fork@v1" and
                  tlog.signed_by(first, log.vkey) and tlog.signed_by(second, log.vkey), lines)
        tap.check("... and say different things", first.partition("\n\n")[0] !=
                  second.partition("\n\n")[0], first)
    same = [f for f in files if f"-{7}-" in f.name]
    tap.check("one of them two roots of one size", len(same) == 1 and
              len({n.split("\n")[1] for n in both_notes(same[0])[1:]}) == 1, same)


def test_race(tap, w, log, rng):
    """Two requests from the same old size, at once: one wins, and no cosigned tree is left behind."""
    size, twice = w.size(log), []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for _ in range(25):
            ends = [size + rng.randrange(1, 4), size + rng.randrange(4, 9)]
            rng.shuffle(ends)
            answers = [f.result() for f in
                       [pool.submit(w.add, log.request(size, end, fork=7)) for end in ends]]
            won = [end for end, a in zip(ends, answers) if a[0] == 200]
            lost = [a for a in answers if a[0] == 409]
            if len(won) != 1 or len(lost) != 1 or lost[0][1] != f"{won[0]}\n":
                twice.append((size, ends, answers))
            size = won[0] if won else size
    tap.check("25 races: one request each is cosigned, the other told its size", not twice, twice[:1])
    tap.check("and the last winner is what is known", w.size(log) == size, (w.size(log), size))


# --- anything ------------------------------------------------------------------------------------------

def talk(w, data, end=True):
    """What comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", w.port), timeout=START_S) as s:
        with contextlib.suppress(OSError):
            s.sendall(data)
            if end:
                s.shutdown(socket.SHUT_WR)
        got = b""
        with contextlib.suppress(OSError):
            while piece := s.recv(65536):
                got += piece
        return got


def test_garbage(tap, w, log, rng):
    head = b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\n"
    request = log.request(0, 3)
    sized = b"Content-Length: %d\r\n" % len(request)
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(request[i:i + 50]), request[i:i + 50])
                       for i in range(0, len(request), 50)) + b"0\r\n\r\n"
    cases = [
        ("a body in chunks", head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked, b" 409 "),
        ("two lengths", head + sized + b"Content-Length: 5\r\n\r\n" + request, b" 400 "),
        ("a length and chunks", head + sized + b"Transfer-Encoding: chunked\r\n\r\n" + chunked,
         b" 400 "),
        ("a body too long", head + b"Content-Length: 65537\r\n\r\n", b" 413 "),
        ("a body too long, in chunks", head + b"Transfer-Encoding: chunked\r\n\r\n10001\r\n" +
         bytes(65537), b" 413 "),
        ("a head too long", head + b"X: " + b"y" * 9000 + b"\r\n\r\n", b" 431 "),
        ("many heads", head + b"X: y\r\n" * 9000 + b"\r\n", b" 431 "),
        ("a path too long", b"GET /" + b"x" * 200 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b" 414 "),
        ("another method", b"PUT /add-checkpoint HTTP/1.1\r\nHost: x\r\n\r\n", b" 405 "),
        ("GET add-checkpoint", b"GET /add-checkpoint HTTP/1.1\r\nHost: x\r\n\r\n", b" 405 "),
        ("another path", b"GET /../key HTTP/1.1\r\nHost: x\r\n\r\n", b" 404 "),
        ("the key", b"GET /key HTTP/1.1\r\nHost: x\r\n\r\n", b" 404 "),
        ("an origin in capitals", b"GET /%s/checkpoint HTTP/1.1\r\nHost: x\r\n\r\n" %
         log.hex.upper().encode(), b" 404 "),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b" 400 "),
        ("nothing", b"", b""),
        ("half a request", head, b""),
    ]
    for name, data, want in cases:
        got = talk(w, data)
        tap.check(f"{name}:{want.decode() or ' no answer'}", got.split(b"\r\n")[0].find(want) > 0 or
                  (want == b"" and (got == b"" or b" 400 " in got)), got[:200])
    two = talk(w, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + head + sized + b"\r\n" + request)
    tap.check("two requests in one piece: two answers, in order",
              two.count(b"HTTP/1.1 ") == 2 and two.find(b"200 OK") < two.find(b"409 Conflict"), two)
    before = w.size(log)
    for _ in range(300):
        data = bytearray(rng.choice([head + sized + b"\r\n" + request, rng.randbytes(400)]))
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        talk(w, bytes(data))
    tap.check("300 damaged requests: it serves, and knows what it knew", w.size(log) == before,
              w.process.poll())


def test_slow(tap, w):
    """A request must arrive in time, an idle connection may wait longer."""
    with socket.create_connection(("127.0.0.1", w.port), timeout=START_S) as s, \
            socket.create_connection(("127.0.0.1", w.port), timeout=START_S) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        idle.recv(65536)
        begun = time.monotonic()
        s.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost")
        got = s.recv(100)
        tap.check("half a request is dropped after its time", got == b"" and
                  5 < time.monotonic() - begun < 20, (got, time.monotonic() - begun))
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        tap.check("a connection between requests is not", b"200 OK" in idle.recv(65536))


# --- crashes -------------------------------------------------------------------------------------------



def inject(w, call, nth, what, on_disk):
    """strace's words for: this happens at the nth such call; on_disk: only of the witness's folder."""
    where = ["-P", w.folder] if on_disk else []
    paths = [p for name in (f"{n}.checkpoint{t}" for n in w.hexes for t in ("", ".tmp"))
             for p in ("-P", w.folder / name)] if on_disk else []
    return [STRACE, "-f", "-qq", "-o", "/dev/null", *where, *paths, "-e",
            f"inject={call}:{what}:when={nth}"]


def crash_once(w, log, before, what, state):
    """Start under the injection, ask for one growth. (what happened, sizes that may be known then)"""
    old = state["size"]
    if not w.start(before=before):
        return "not started", {old}
    status, lines, _ = w.add(log.request(old, old + 1))
    if status == 200:
        state["cosigned"] = old + 1
        w.end()
        return "cosigned", {old + 1}
    if what.startswith("error"):
        with contextlib.suppress(subprocess.TimeoutExpired):
            w.process.wait(5)
    w.end()
    return f"status {status}" + (" WITH LINES" if "\u2014" in lines else ""), {old, old + 1}


def test_crashes(tap, w, log, what, calls, moments):
    """After each crash: what was cosigned is known, and the log goes on. moments: outcomes that must have
    been among them."""
    state, bad, seen = {"size": w.size(log), "cosigned": 0}, [], {}
    w.end()
    for call, nth, on_disk in calls:
        outcome, may = crash_once(w, log, inject(w, call, nth, what, on_disk), what, state)
        started = w.start()
        size = w.size(log) if started else -1
        outcome += ", stored" if size > state["size"] else ", not stored"
        seen.setdefault(outcome, []).append(f"{call}/{nth}")
        if size not in may or "LINES" in outcome:
            bad.append((call, nth, outcome, size, sorted(may)))
        status, lines, _ = w.add(log.request(size, size + 1)) if size >= 0 else (0, "", {})
        if status != 200:
            bad.append((call, nth, "does not go on", status, lines))
        state["size"] = w.size(log)
        w.end()
    tap.note({k: " ".join(v) for k, v in seen.items()})
    tap.check(f"{what} at {len(calls)} system calls: what was cosigned is known, nothing is twisted",
              not bad, bad[:3])
    for moment in moments:
        tap.check(f"... among them: {moment}", moment in seen, sorted(seen))
    w.start()


KILLS = [(call, nth, True) for call, most in (("openat", 7), ("write", 2), ("fsync", 3),
                                              ("fchmod", 1), ("renameat", 2))
         for nth in range(1, most + 1)] + [("write", nth, False) for nth in range(1, 10)]
ERRORS = [(call, nth, True) for call in ("write", "fsync", "renameat") for nth in (1, 2)]


def test_failed_store(tap, w, log):
    """EIO at the fsync: no cosignature, and the program ends, for its manager to start it again."""
    old = w.size(log)
    w.end()
    tap.check("starts under strace", w.start(before=inject(w, "fsync", 1, "error=EIO", True)))
    status, text, _ = w.add(log.request(old, old + 1))
    tap.check("what cannot be stored is not cosigned: 500", status == 500 and "\u2014" not in text,
              (status, text))
    with contextlib.suppress(subprocess.TimeoutExpired):
        w.process.wait(10)
    tap.check("and the witness ends with 1", w.process.poll() == 1, w.process.poll())
    w.end()
    tap.check("started again it goes on", w.start() and w.add(log.request(w.size(log), 200))[0] == 200)


# --- life -----------------------------------------------------------------------------------------------

def test_life(tap, w, log):
    second = subprocess.run([WITNESS, "--state", w.folder, "--logs", w.list, "--listen",
                             "127.0.0.1:0"], capture_output=True, text=True, check=False,
                            env=domain.environment(), timeout=START_S)
    tap.check("a second one on the same folder: 70", second.returncode == 70 and
              "another witness" in second.stderr, second)
    w.end(signal.SIGTERM)
    path = str(w.folder.parent / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(START_S)
        w.start(env={"NOTIFY_SOCKET": path})
        tap.check("the service manager is told", s.recv(100) == b"READY=1")
    w.end(signal.SIGINT)
    stored = w.folder / f"{log.hex}.checkpoint"
    good = stored.read_bytes()
    stored.write_bytes(good.replace(b"\n200\n", b"\n100\n"))
    tap.check("a checkpoint that was changed on the disk: no start", not w.start())
    stored.write_bytes(good)
    tap.check("put right: it starts", w.start(listen="[::1]:0") or w.start())
    w.end(signal.SIGTERM)
    tap.check("an address that is no address: no start", not w.start(listen="example:port"))


def test_domain(tap, folder):
    """A domain's own log, from what it publishes: two checkpoints and the proof between them."""
    with domain.Domain() as d:
        d.birth()
        d.start()
        public = d.folder / "ledger/public"
        pins = stranger.unpack(stranger.unpack(d.invite("acme", "developer").read_bytes())["invite"])
        w = Witness(folder / "of-domain", [pins["log"]])
        w.start()
        try:
            old, note = 0, ""
            for party in ("acme", "beta", "gamma"):
                d.enrol(party, "developer")
                before = note
                domain.wait_until(lambda b=before: (public / "checkpoint").read_text() != b, 20)
                note = (public / "checkpoint").read_text()
                size = int(note.split("\n")[1])
                leaves = tlog.published_leaves(public, size)
                proof = tlog.consistency(old, leaves) if 0 < old < size else []
                status, lines, _ = w.add(tlog.body(old, proof, note))
                tap.check(f"a domain's log from {old} to {size} entries: cosigned", status == 200 and
                          tlog.times(note.partition("\n\n")[0] + "\n", lines, w.vkey), (status, lines))
                old = size
        finally:
            w.end(signal.SIGTERM)


def body(tap):
    rng = random.Random(domain.seed())
    work = pathlib.Path(tempfile.mkdtemp(prefix="shuyu-witness-"))
    log = tlog.Log("log.example/one")
    w = Witness(work / "state", [log.vkey, tlog.Log("log.example/two").vkey])
    w.hexes = [log.hex]
    try:
        test_key(tap, w)
        tap.check("starts", w.start())
        test_growth(tap, w, log)
        test_restart(tap, w, log)
        test_refusals(tap, w, log)
        test_fork(tap, w, log)
        test_race(tap, w, log, rng)
        test_garbage(tap, w, log, rng)
        test_slow(tap, w)
        log.leaves = lambda size, fork=7, plain=log.leaves: plain(size, 7)
        if STRACE is None:
            tap.note("SKIPPED crashes: there is no strace")
        else:
            test_crashes(tap, w, log, "signal=KILL", KILLS,
                         ("status 0, not stored", "status 0, stored", "cosigned, stored"))
            test_crashes(tap, w, log, "error=ENOSPC", ERRORS, ("status 500, not stored",))
            test_failed_store(tap, w, log)
        test_life(tap, w, log)
        said = w.said.read_text(errors="replace")
        tap.check("no sanitizer complained", "Sanitizer" not in said and
                  "runtime error" not in said, said[-3000:])
    finally:
        w.end()
        shutil.rmtree(work, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="shuyu-witness-") as folder:
        test_domain(tap, pathlib.Path(folder))


if __name__ == "__main__":
    domain.run_tests(body)
