#!/usr/bin/env python3
"""Logs of the real ledger before an independent verifier: independent.py MAKE_LOG

The verifier in verify/ is Go, with golang.org/x/mod/sumdb/{note,tlog} from the distribution's own
folder of sources, and needs no network. It must accept logs of 0 to 70,000 entries with their receipts and
the checkpoints of their past, and refuse whatever was changed, cut, put elsewhere, rolled back or forked.
SHUYU_SEED sets the seed of logs and mutants.
"""
import json
import os
import pathlib
import random
import shutil
import string
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "process"))
import domain  # noqa: E402 (its Tap and seed)

# entries of a log, mutants of it
SIZES = {0: 200, 1: 300, 2: 300, 255: 700, 256: 700, 257: 700, 70000: 600}
LARGE = 70000
ON_DISK = 40  # changes of files, each judged by a run of the program
# The check that is left out, and how many mutants of which log must notice.
CONTROLS = {"cosignatures": (2, 1000), "partials": (255, 1000), "receipts": (257, 1000),
            "tiles": (LARGE, 60)}
BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
GO_ROOT = "/usr/share/gocode"  # where the distribution keeps sources of Go packages


def build_verifier(work):
    env = dict(os.environ, GO111MODULE="off", GOPATH=GO_ROOT, GOCACHE=str(work / "cache"),
               GOFLAGS="", GOPROXY="off")
    program = work / "verify"
    subprocess.run(["go", "build", "-o", program, "."], cwd=HERE / "verify", check=True, env=env)
    return program


class Bench:
    """The two programs, and the logs that were made."""

    def __init__(self, work, make_log, seed):
        self.work, self.make_log, self.seed = work, make_log, seed
        self.verifier = build_verifier(work)

    def log(self, size, fork_at=None, name=None):
        path = self.work / (name or f"log-{size}")
        fork = [] if fork_at is None else [str(fork_at)]
        subprocess.run([self.make_log, path, str(self.seed), str(size), *fork], check=True)
        return path

    def verify(self, log, *more, folder=None, receipts=None, older=None, witness=True, key="log"):
        """(status, what it printed) for a log, or with parts of another in place of its own."""
        command = [self.verifier, "-log", (log / f"{key}.vkey").read_text(),
                   "-receipts", receipts or log / "receipts", "-older", older or log / "older"]
        if witness:
            command += ["-witness", (log / "witness.vkey").read_text()]
        done = subprocess.run([*command, *more, folder or log / "public"], check=False,
                              stdout=subprocess.PIPE, text=True)
        return done.returncode, json.loads(done.stdout)


def refused(tap, name, outcome, *codes):
    status, said = outcome
    tap.check(name, status == 1 and not said["ok"] and said.get("code") in codes, outcome)


# --- accepted, and every mutant refused ------------------------------------------------------------

def test_accepted(tap, bench, log, size):
    status, said = bench.verify(log)
    older, receipts = (len(list((log / d).iterdir())) for d in ("older", "receipts"))
    counts = [said.get(k) for k in ("size", "receipts", "checkpoints", "pairs")]
    tap.check(f"{size} entries, {receipts} receipts, {older} checkpoints: accepted",
              status == 0 and counts == [size, receipts, older, older + receipts], said)


def test_mutants(tap, bench, log, size, n):
    status, said = bench.verify(log, "-mutate", str(n), "-seed", str(bench.seed))
    tap.check(f"{size} entries: {said.get('mutants')} mutants, {said.get('single')} of a single "
              "byte: all refused", status == 0 and said["mutants"] == n and not said["survivors"],
              said.get("survivors", said))
    tap.note(f"kinds {said.get('kinds')}, refused for {said.get('codes')}")
    return said.get("single", 0)


def test_controls(tap, bench):
    for check, (size, n) in CONTROLS.items():
        status, said = bench.verify(bench.work / f"log-{size}", "-mutate", str(n), "-seed",
                                    str(bench.seed), "-without", check)
        tap.check(f"control: without the check of {check} mutants survive "
                  f"({len(said['survivors'])} of {n})", status == 1 and said["survivors"])


# --- on disk ------------------------------------------------------------------------------------------

def change_byte(chance, path):
    b = bytearray(path.read_bytes())
    b[chance.randrange(len(b))] ^= chance.randrange(1, 256)
    path.write_bytes(bytes(b))


def test_on_disk(tap, bench, log):
    """The reading of files, too: a byte changed on disk, a file gone, a file too many."""
    chance, bad = random.Random(bench.seed), []
    copy = bench.work / "copy"
    for i in range(ON_DISK):
        shutil.copytree(log, copy)
        paths = sorted(p for d in ("public", "receipts", "older") for p in (copy / d).rglob("*")
                       if p.is_file())
        path = paths[chance.randrange(len(paths))]
        change_byte(chance, path)
        status, said = bench.verify(copy)
        if status != 1:
            bad.append((i, str(path), said))
        shutil.rmtree(copy)
    tap.check(f"{ON_DISK} files changed on disk: each refused", not bad, bad)


def test_files(tap, bench, log):
    for name, code in (("checkpoint", "signature"), ("tile/0/000", "missing"),
                       ("tile/entries/000", "missing"), ("tile/1/000.p/1", "missing")):
        copy = bench.work / "copy"
        shutil.copytree(log, copy)
        (copy / "public" / name).unlink()
        refused(tap, f"without {name}", bench.verify(copy), code)
        shutil.rmtree(copy)
    for name, other in (("tile/0/001.p/2", "tile"), ("tile/8/000", "tile"), ("tile/0/0", None),
                        ("checkpoint.old", None)):
        copy = bench.work / "copy"
        shutil.copytree(log, copy)
        (copy / "public" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(copy / "public/checkpoint", copy / "public" / name)
        refused(tap, f"with {name}, which it cannot have", bench.verify(copy), "name")
        status, said = bench.verify(copy, "-without", "names")
        tap.check(f"control: without the check of names {other or 'nothing'} refuses it",
                  (status, said.get("code")) == (1 if other else 0, other), said)
        shutil.rmtree(copy)


def swap(log, a, b):
    one, two = (log / "public" / a).read_bytes(), (log / "public" / b).read_bytes()
    (log / "public" / a).write_bytes(two)
    (log / "public" / b).write_bytes(one)


def test_order(tap, bench, log):
    for a, b, codes in (("tile/entries/000", "tile/entries/001", ("root",)),
                        ("tile/entries/100", "tile/entries/273.p/112", ("bundle",)),
                        ("tile/0/005", "tile/0/200", ("tile",)),
                        ("tile/1/000", "tile/0/000", ("tile",))):
        swap(log, a, b)
        refused(tap, f"{a} and {b} exchanged", bench.verify(log), *codes)
        swap(log, a, b)


# --- histories -----------------------------------------------------------------------------------------

def test_rollback(tap, bench, log):
    """The operator restores an older disk; somebody holds a newer receipt or checkpoint."""
    older = bench.log(40000, name="restored")
    none = bench.work / "none"
    none.mkdir(exist_ok=True)
    status, said = bench.verify(older)
    tap.check("the restored log alone is a log", status == 0, said)
    refused(tap, "beside newer receipts: rolled back",
            bench.verify(older, receipts=log / "receipts", older=none), "rollback")
    refused(tap, "beside newer checkpoints: rolled back",
            bench.verify(older, receipts=none, older=log / "older"), "rollback")
    status, said = bench.verify(log, receipts=older / "receipts", older=older / "older")
    tap.check("the other way round all is well", status == 0, said)


def test_fork(tap, bench, log, size, fork_at):
    """Two histories under one key, the same up to an entry: each is a log, together they are not."""
    other = bench.log(size, fork_at, name=f"fork-{size}-{fork_at}")
    none = bench.work / "none"
    status, said = bench.verify(other)
    tap.check(f"a second history from entry {fork_at} of {size} is a log by itself", status == 0, said)
    for name, kinds in (("checkpoints", {"receipts": none, "older": log / "older"}),
                        ("receipts", {"receipts": log / "receipts", "older": none})):
        refused(tap, f"beside the first one's {name}: forked", bench.verify(other, **kinds), "fork")
    status, said = bench.verify(other, "-without", "older", receipts=none, older=log / "older")
    tap.check("control: without the check of older ones it is accepted", status == 0, said)
    shutil.rmtree(other)


def test_keys(tap, bench, log):
    other = bench.work / "other-key"
    subprocess.run([bench.make_log, other, str(bench.seed + 1), "2"], check=True)
    refused(tap, "signed by another key", bench.verify(log, folder=other / "public"), "signature")
    path = log / "public/checkpoint"
    signed = path.read_bytes()
    path.write_bytes(b"".join(signed.splitlines(keepends=True)[:-1]))
    refused(tap, "the witness's line is gone", bench.verify(log), "signature")
    status, said = bench.verify(log, witness=False)
    tap.check("who asks for no witness misses none", status == 0, said)
    path.write_bytes(signed)


def kept(bench, log, name, sizes):
    """A folder with the older checkpoints of these sizes."""
    folder = bench.work / name
    folder.mkdir()
    for path in (log / "older").iterdir():
        if int(path.name) in sizes:
            shutil.copy(path, folder)
    return folder


def test_rotation(tap, bench):
    """Two lines on a checkpoint: whoever knows one key passes over the other's line."""
    none, never = bench.work / "none", 2**64 - 1
    for name, retire in (("overlap", never), ("retired", 200)):
        log = bench.work / name
        subprocess.run([bench.make_log, log, str(bench.seed), "257", str(never), "100", str(retire)],
                       check=True)
        before, both, after = (kept(bench, log, f"{name}-{part}", sizes) for part, sizes in (
            ("before", range(100)), ("both", range(100, min(retire, 258))),
            ("after", range(min(retire, 258), 258))))
        tap.check(f"{name}: there are checkpoints of each kind", list(before.iterdir()) and
                  list(both.iterdir()) and (retire == never or list(after.iterdir())))
        if retire == never:
            status, said = bench.verify(log)
            tap.check("in the overlap the old key accepts the log and all its past", status == 0, said)
        else:
            refused(tap, "after it the old key does not", bench.verify(log, receipts=none, older=none),
                    "signature")
        for part, good in (("before", False), ("both", True), ("after", True)):
            older = bench.work / f"{name}-{part}"
            outcome = bench.verify(log, receipts=none, older=older, key="next")
            if good:
                tap.check(f"{name}: the new key accepts the log beside what was signed {part}",
                          outcome[0] == 0, outcome)
            else:
                refused(tap, f"{name}: but nothing from {part}", outcome, "signature")


def test_canonical(tap, bench, log):
    """The bits that the last character of a base64 text has to spare: other bytes, the same signature."""
    path = log / "public/checkpoint"
    signed = path.read_text()
    lines = signed.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith("\u2014") and line.endswith("=\n"))
    last = lines[at][-3]
    lines[at] = lines[at][:-3] + BASE64[BASE64.index(last) + 1] + "=\n"
    path.write_text("".join(lines))
    refused(tap, "another spelling of the log's signature", bench.verify(log), "note")
    status, said = bench.verify(log, "-without", "canonical")
    tap.check("control: without the check of canonical forms accepted", status == 0, said)
    path.write_text(signed)


def test_published(tap, bench):
    """A log that nobody here wrote: the verifier is no friend of ours alone."""
    vectors = pathlib.Path(os.environ.get("SHUYU_VECTORS", domain.SOURCE.parent / "shared/vectors"))
    theirs, log = vectors / "tlog/log", bench.work / "published"
    if not theirs.is_dir():
        tap.note("no published vectors here (set SHUYU_VECTORS)")
        return
    (log / "older").mkdir(parents=True)
    (log / "receipts").mkdir()
    (log / "log.vkey").write_text(
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
    shutil.copytree(theirs / "tile", log / "public/tile")
    for n in range(16):
        shutil.copy(theirs / f"checkpoint.{n}", log / "older")
    shutil.copy(theirs / "checkpoint.15", log / "public/checkpoint")
    status, said = bench.verify(log, witness=False)
    tap.check("a published log of 15 entries and its 16 checkpoints", status == 0 and
              [said[k] for k in ("size", "checkpoints", "pairs")] == [15, 16, 16], said)


def body(tap):
    with tempfile.TemporaryDirectory(prefix="independent-") as name:
        bench = Bench(pathlib.Path(name), sys.argv[1], domain.seed())
        single = 0
        for size, mutants in SIZES.items():
            log = bench.log(size)
            test_accepted(tap, bench, log, size)
            single += test_mutants(tap, bench, log, size, mutants)
        tap.check(f"{single} single bytes changed in all, 2,000 or more", single >= 2000)
        test_controls(tap, bench)
        test_on_disk(tap, bench, bench.work / "log-257")
        test_files(tap, bench, bench.work / "log-256")
        test_order(tap, bench, bench.work / f"log-{LARGE}")
        test_rollback(tap, bench, bench.work / f"log-{LARGE}")
        for size, fork_at in ((257, 0), (257, 256), (LARGE, LARGE - 1), (LARGE, 300)):
            test_fork(tap, bench, bench.work / f"log-{size}", size, fork_at)
        test_keys(tap, bench, bench.work / "log-257")
        test_rotation(tap, bench)
        test_canonical(tap, bench, bench.work / "log-257")
        test_published(tap, bench)


if __name__ == "__main__":
    domain.run_tests(body)
