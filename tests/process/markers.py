#!/usr/bin/env python3
"""Planted marker values leave no trace outside the worker and the vault.

The raw file holds a text marker in unit ids, in a text column and in a field that is rejected, and
an integer marker in an int64 column. They are ingested, mapped by a run, and looked for as ASCII
and UTF-16, as little- and big-endian 64-bit and as decimal digits: in every file of the domain and
of the temporary folders, in the memory of gateway, supervisor and zygote while all this goes on, in
the traffic between client and gateway, in what the command line printed, and in core files. That
the search can see is shown on the raw file, on a process that holds the markers, on the worker that
parses them, and on words that did pass the gateway.

Suite `plain`: sanitizers map terabytes of shadow memory, which cannot be searched.
"""
import contextlib
import os
import pathlib
import resource
import secrets
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import domain
import search
import stranger

ROWS = 60000
TRIES = 8  # to catch a worker at it
CATALOGUE = """
id: mark.people
title: planted
department: health
custodian: agency
encoding: utf-8
ns: person
unit: id
units: 200000
membership: 3
max_rows: 200000
dummy_rows: 100
fields:
  - {name: id, type: unit, ref: person, grade: 3}
  - {name: male, type: bool, grade: 2}
  - {name: note, type: text, klass: code, grade: 3}
  - {name: amount, type: int64, lo: 0, hi: 4600000000000000000, grade: 3}
"""
SCENE = """
scene: marked
title: planted
purpose: to see that nothing stays
mechanisms: [gauss]
rho: 1
delta: 1e-8
calls: 20
overruns: 9
term: 30d
datasets:
  - dataset: mark.people
    fields:
      - {name: id, reason: unit}
      - {name: male, reason: key}
      - {name: note, reason: read}
      - {name: amount, reason: read}
"""
MODEL = """
name: marked
title: planted
purpose: reads every column
mechanism: gauss
groups: 1
rows: 1
rho: 0.05
params:
  - {name: least, type: int, values: [0, 1, 2, 3], support: 60000}
sql: |
  SELECT p.male AS male, count(DISTINCT p.id) AS persons, count(*) AS entries
  FROM mark.people p
  WHERE p.amount > $least AND p.note IS NOT NULL
  GROUP BY 1
"""


def plant():
    """(text marker, integer marker, patterns)."""
    text = "MARKER" + "".join(secrets.choice("QXZ7K9VW") for _ in range(10))
    number = 0x3E00000000000000 | secrets.randbits(56)
    patterns = {
        "ascii": text.encode(),
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "int64-le": struct.pack("<q", number),
        "int64-be": struct.pack(">q", number),
        "digits": str(number).encode(),
    }
    return text, number, patterns


def raw_rows(text, number):
    yield ["id", "male", "note", "amount"]
    for i in range(ROWS):
        yield [f"{text}-{i:06d}", i % 2, f"{text} {i % 50}", number]
    yield [f"{text}-bad1", 1, text, text]
    yield [f"{text}-bad2", text, text, number]


class Recorder:
    """A TCP proxy that keeps what passes, both ways."""

    def __init__(self, to_port):
        self.to_port = to_port
        self.bytes = bytearray()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.server.accept()
                gateway = socket.create_connection(("127.0.0.1", self.to_port))
                for a, b in ((client, gateway), (gateway, client)):
                    threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    def pump(self, a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                self.bytes += data
                b.sendall(data)
        with contextlib.suppress(OSError):
            b.shutdown(socket.SHUT_WR)


def control_process(tap, text, number, patterns):
    """The search sees the markers in a process that holds them, and does not without."""
    code = "import signal, sys; held = sys.stdin.buffer.read(); print('r', flush=True); " \
           "signal.pause()"
    for held, want in ((text.encode() + struct.pack("<q", number), {"ascii", "int64-le"}),
                       (b"nothing", set())):
        process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, preexec_fn=domain.die_with_parent)
        process.stdin.write(held)
        process.stdin.close()
        process.stdout.read(1)
        found = search.in_memory(process.pid, patterns)
        process.kill()
        process.wait()
        process.stdout.close()
        tap.check(f"control: a process that holds {'them' if want else 'none'}",
                  found == want, found)


def watched(d):
    """The processes that never may hold a marker."""
    pids = {"supervisor": d.supervisor.pid if d.supervisor else None, "zygote": d.pid("zygote"),
            "gateway": d.pid("gateway")}
    return {name: pid for name, pid in pids.items() if pid}


def look_into_worker(d, patterns, found, ended):
    """Stop the worker now and then and look: at some moment it holds the markers."""
    while not ended.is_set() and not {"ascii", "int64-le"} <= found:
        for pid in d.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                found |= search.in_memory(pid, patterns, "rw")
                os.kill(pid, signal.SIGCONT)
        time.sleep(0.002)


def ingest_once(d, path, patterns):
    """(result, what was seen in the worker meanwhile)."""
    found, ended = set(), threading.Event()
    looker = threading.Thread(target=look_into_worker, args=(d, patterns, found, ended))
    looker.start()
    try:
        return d.ingest("health", "mark.people", path), found
    finally:
        ended.set()
        looker.join()


def ingest(tap, d, text, number, patterns):
    """Ingested while the worker is looked into, again if it was too fast for that; what the command
    line printed."""
    path = d.raw("marked", raw_rows(text, number))
    tap.check("control: the raw file", {"ascii", "digits"} <= search.in_file(path, patterns))
    for _ in range(TRIES):
        result, found = ingest_once(d, path, patterns)
        if {"ascii", "int64-le"} <= found:
            break
    path.unlink()
    tap.check("control: the worker holds them while it parses", {"ascii", "int64-le"} <= found,
              found)
    tap.check("all rows but two are in", result["quality"]["rows_kept"] == ROWS, result)
    return repr(result)


def crash_worker(d, text, number):
    """A worker that dies of SIGSEGV with the markers in its memory; the ingest is refused."""
    path = d.raw("marked", raw_rows(text, number))
    said = []

    def attempt():
        try:
            d.ingest("health", "mark.people", path)
            said.append("published")
        except domain.Refused as e:
            said.append(str(e).replace(str(path), ""))
    thread = threading.Thread(target=attempt)
    thread.start()
    found = []
    domain.wait_until(lambda: found.extend(d.workers()) or found, 20, step=0.002)
    time.sleep(0.05)
    for pid in found[:1]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSEGV)
    thread.join()
    path.unlink()
    return said[0]


def canary(tap, d):
    """What passes the gateway is found in its memory: a method name nobody has."""
    word = "canary." + secrets.token_hex(12)
    line = stranger.Line(d.address)
    line.call(1, word, [b""])
    seen = search.in_memory(d.pid("gateway"), {"canary": word.encode()})
    line.close()
    tap.check("control: a word that passed is found in the gateway", seen == {"canary"}, seen)


def questions(d):
    """Runs that map every column; what the developer gets."""
    scene, model = d.work / "scene.yaml", d.work / "model.yaml"
    scene.write_text(SCENE)
    model.write_text(MODEL)
    model_id = d.model(d.grant(scene), model)
    return "".join(repr(d.run(model_id, f"least={n}")) for n in range(4))


def crash_all(d):
    """Warden and gateway die of signals that dump core where that is allowed."""
    for role, number in (("gateway", signal.SIGABRT), ("warden", signal.SIGSEGV)):
        with contextlib.suppress(ProcessLookupError, TypeError):
            os.kill(d.pid(role), number)
    domain.wait_until(lambda: not d.is_up(), 20)


def core_files(d):
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    places = {d.work} | ({pathlib.Path(pattern).parent} if pattern[:1] == "/" else set())
    return [p for place in places if place.is_dir() for p in place.glob("**/*core*")
            if p.is_file() and p.stat().st_mtime > d.begun]


def search_files(tap, d, patterns):
    found, n = search.in_folder(d.work, patterns)
    tap.check(f"not in the {n} files of the domain, its log and its parties", not found and n > 40,
              found)
    for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run"):
        found, n = search.in_folder(folder, patterns, since=d.begun)
        tap.check(f"not in {folder}", not found, found)


def go(tap, d, text, number, patterns):
    d.birth()
    d.start()
    recorder = Recorder(d.port)
    d.address = recorder.address
    d.populate()
    (d.work / "people.yaml").write_text(CATALOGUE)
    d.shuyu("health", "dataset", "define", d.work / "people.yaml")
    sampler = search.Sampler(lambda: watched(d), patterns)
    said = ingest(tap, d, text, number, patterns)
    said += crash_worker(d, text, number)
    said += questions(d)
    canary(tap, d)
    d.audit()
    found = sampler.stop()
    once = search.in_memory(d.pid("courier"), patterns, "rw")  # large, by its threads' stacks
    tap.check("not in the memory of the courier", not once, once)
    tap.note(f"memory searched {sampler.rounds} times, {len(recorder.bytes)} bytes of traffic")
    tap.check("not in the memory of gateway, supervisor and zygote", not found, found)
    tap.check("searched often enough", sampler.rounds >= 10, sampler.rounds)
    passed = bytes(recorder.bytes)
    tap.check("not in the traffic", len(passed) > 20000 and
              not [n for n, p in patterns.items() if p in passed])
    tap.check("not in what the parties were told",
              not [n for n, p in patterns.items() if p in said.encode()], said)
    crash_all(d)
    tap.check("no core file", not core_files(d), core_files(d))
    search_files(tap, d, patterns)


def main(tap):
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    text, number, patterns = plant()
    control_process(tap, text, number, patterns)
    with domain.Domain() as d:
        d.begun = time.time() - 1
        go(tap, d, text, number, patterns)


if __name__ == "__main__":
    domain.run_tests(main)
