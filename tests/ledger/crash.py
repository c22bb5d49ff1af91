#!/usr/bin/env python3
"""The ledger's library, killed and failed from outside.

    crash.py LOAD kill ROUNDS     SIGKILL at a random moment under load, again and again
    crash.py LOAD faults all|one  EIO, ENOSPC and SIGKILL at each write-side system call (strace);
                                  `one`: at one call of each kind, by chance

LOAD is the program ledger_load. After each round what is left is opened, with no repair by hand, and
must hold every acknowledged entry, receipt and checkpoint; the public folder must be whole before
and after. A writer that acknowledges too early must be found out by both campaigns.
"""
import collections
import contextlib
import ctypes
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import public

FRESH_EVERY = 10   # rounds; a new ledger
MOST_S = 0.12      # a load lives no longer than this before it is killed
LATE_S = 120
CALLS = ("openat", "mkdirat", "renameat", "linkat", "unlinkat", "fallocate", "ftruncate", "pwrite64",
         "write", "fdatasync", "fsync", "close")
USED = set(CALLS) - {"linkat", "ftruncate"}  # the ledger makes no use of these two
FAULTS = {"EIO": "error=EIO", "ENOSPC": "error=ENOSPC", "SIGKILL": "signal=SIGKILL"}
BATCHES, EVERY = 48, 12  # of a load under strace: several segments, few files
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # many runs, and no power is cut
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
# A leak check is impossible under strace, and a killed process leaks by definition.
ENVIRONMENT = {**os.environ,
               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


class Broken(Exception):
    """A claim does not hold."""


class World:
    """A ledger in a folder of its own, and all that was seen of it from outside."""

    def __init__(self, program, where=None):
        self.program = program
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="ledger-crash-", dir=where))
        self.folder = self.base / "ledger"
        self.folder.mkdir()
        self.history = []  # records, in the order in which they were seen
        self.run = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.base, ignore_errors=True)

    def start(self, verb, batches, every, before=()):
        """(process, socket on which it speaks)."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.run += 1
        command = [*before, self.program, verb, str(self.folder), str(self.run), str(batches),
                   str(every)]

        def in_child():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            os.dup2(theirs.fileno(), 3)
        process = subprocess.Popen(command, pass_fds=(3,), preexec_fn=in_child, env=ENVIRONMENT,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        theirs.close()
        return process, ours

    def keep(self, record):
        if record.startswith(b"ack "):
            self.history.append(record)

    def see_public(self):
        """The public folder as it is must be whole, and its checkpoint is seen from now on."""
        try:
            found = public.verify(self.folder / "public")
        except (AssertionError, OSError, ValueError, IndexError) as e:
            raise Broken(f"the public folder: {e!r}") from e
        if found is not None:
            self.history.append(b"note\n" + public.read_checkpoint(self.folder / "public")[2])
        return found

    def check(self):
        """Open, compare with what was seen, publish; then look at the public folder again."""
        self.see_public()
        path = self.base / "history"
        path.write_bytes(b"".join(len(r).to_bytes(4, "little") + r for r in self.history))
        done = subprocess.run([self.program, "check", str(self.folder), str(path)], text=True,
                              capture_output=True, timeout=LATE_S, check=False, env=ENVIRONMENT)
        if done.returncode != 0:
            raise Broken(f"status {done.returncode}: {done.stderr.strip()[-600:]}")
        size, root = done.stdout.split()
        found = self.see_public()
        if found != (int(size), bytes.fromhex(root)):
            raise Broken(f"published {found}, the ledger has {size}")

    def acknowledged(self):
        return sum(int(r.split(b" ", 4)[3]) for r in self.history if r.startswith(b"ack "))


def messages(line):
    """What comes on the socket until its other end is gone."""
    while True:
        record = line.recv(1 << 16)
        if not record:
            return
        yield record


# --- SIGKILL under load --------------------------------------------------------------------------

def load_and_kill(world, chance, verb):
    """One load, killed a random while after it began. What it said is kept."""
    process, line = world.start(verb, 1 << 40, chance.choice((1, 3, 20)))
    heard = messages(line)
    if next(heard, b"") != b"begin":
        raise Broken(f"no load: {process.stderr.read().decode()[-600:]}")
    delay = chance.uniform(0, MOST_S)
    killer = threading.Timer(delay, process.kill)
    killer.start()
    for record in heard:
        world.keep(record)
    said = process.stderr.read().decode()
    status = process.wait()
    killer.cancel()
    process.stderr.close()
    line.close()
    if status != -signal.SIGKILL:
        raise Broken(f"the load ended by itself, status {status}: {said[-600:]}")
    return delay


def kill_rounds(program, chance, rounds, verb="load"):
    """(rounds done, entries acknowledged, what broke or None)."""
    done = total = 0
    while done < rounds:
        with World(program) as world:
            for _ in range(min(FRESH_EVERY, rounds - done)):
                done += 1
                delay = 0.0
                try:
                    delay = load_and_kill(world, chance, verb)
                    world.check()
                except Broken as e:
                    return done, total, f"round {done}, killed after {delay:.4f} s: {e}"
            total += world.acknowledged()
    return done, total, None


def campaign_kill(tap, program, chance, rounds):
    done, total, broken = kill_rounds(program, chance, rounds)
    tap(f"{rounds} kills under load: nothing acknowledged is lost, nothing forks",
        broken is None and done == rounds, broken)
    print(f"# {done} kills, {total} entries acknowledged")
    tap("the loads were loads", total >= rounds, total)
    done, _, broken = kill_rounds(program, chance, 200, "early")
    tap("acknowledging before the commit is found out", broken is not None, done)
    print(f"# {broken}")


# --- faults at system calls ----------------------------------------------------------------------

class Trace:
    """A load under strace, with at most one fault."""

    def __init__(self, world, verb="load", inject=None):
        log = world.base / "trace"
        before = ["strace", "-qq", "-o", str(log), "-s", "8", "-e", "signal=none", "-e",
                  f"trace={','.join(CALLS)},sendto"]
        if inject is not None:
            before += ["-e", f"inject={inject}"]
        process, line = world.start(verb, BATCHES, EVERY, before)
        for record in messages(line):
            world.keep(record)
        self.said = process.stderr.read().decode(errors="replace")
        process.stderr.close()
        self.status = process.wait(timeout=LATE_S)
        line.close()
        self.lines = log.read_text(encoding="utf-8", errors="replace").splitlines()

    def calls(self):
        """For each call, (number of the first after `begin`, how many until `end`)."""
        before, within = collections.Counter(), collections.Counter()
        at = before
        for text in self.lines:
            name = text.partition("(")[0]
            if name == "sendto":
                at = within if '"begin"' in text else None if '"end"' in text else at
            elif at is not None:
                at[name] += 1
        return {name: (before[name] + 1, within[name]) for name in CALLS}

    def injected_at(self):
        """The line of the call that failed by our doing; None when there is none."""
        return next((i for i, t in enumerate(self.lines) if "(INJECTED)" in t), None)

    def acknowledges_after(self, at):
        return any(re.match(r'sendto\(3, "ack ', t) for t in self.lines[at:])


def judge_trace(world, trace, name, fault):
    """The claims, after a load whose one call failed."""
    if fault == "SIGKILL":
        if trace.status not in (-signal.SIGKILL, 128 + signal.SIGKILL):
            raise Broken(f"not killed: status {trace.status}")
    else:
        at = trace.injected_at()
        if at is None:
            raise Broken("the call did not fail")
        if trace.status not in (0, 3, 4):
            raise Broken(f"status {trace.status}: {trace.said[-600:]}")
        no_more = name == "fdatasync" or (name == "fsync" and fault == "EIO")
        if no_more and trace.acknowledges_after(at):
            raise Broken("it acknowledged after a failed sync")
    world.check()


def one_fault(program, name, number, fault, verb="load"):
    with World(program, MEMORY) as world:
        trace = Trace(world, verb, f"{name}:{FAULTS[fault]}:when={number}")
        judge_trace(world, trace, name, fault)
        return trace.status


def count_calls(program):
    """A run without fault: its calls, by kind. It must itself be in order."""
    with World(program, MEMORY) as world:
        trace = Trace(world)
        if trace.status != 0:
            raise Broken(f"no fault, and status {trace.status}: {trace.said[-600:]}")
        world.check()
        return trace.calls()


def chosen(calls, every, chance):
    for name, (first, n) in calls.items():
        numbers = range(first, first + n)
        for fault in FAULTS if n > 0 else ():
            for number in numbers if every else [chance.choice(numbers)]:
                yield name, number, fault


def campaign_faults(tap, program, chance, every):
    calls = count_calls(program)
    print("# calls:", ", ".join(f"{n} {name}" for name, (_, n) in calls.items()))
    tap("the load makes every kind of write-side call",
        {name for name, (_, n) in calls.items() if n > 0} == USED, calls)
    bad, ends = [], collections.Counter()
    for name, number, fault in chosen(calls, every, chance):
        try:
            ends[one_fault(program, name, number, fault)] += 1
        except Broken as e:
            bad.append(f"{fault} at {name} {number}: {e}")
    ran = sum(ends.values()) + len(bad)
    tap(f"{ran} faults, each at one call: all claims hold", not bad, "\n".join(bad[:20]))
    print(f"# statuses: {dict(ends)} (0 went on, 3 stopped, 4 did not open, -9 killed)")
    tap("faults stop it, and are survived", ends[0] > 0 and ends[3] > 0, ends)
    first = calls["fdatasync"][0] + 8
    with contextlib.suppress(Broken):
        one_fault(program, "fdatasync", first, "EIO", "early")
        tap("acknowledging after a failed sync is found out", False)
        return
    tap("acknowledging after a failed sync is found out", True)


# --- reporting -----------------------------------------------------------------------------------

class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def __call__(self, name, fine, detail=None):
        self.n += 1
        self.failed += not fine
        print(f"{'ok' if fine else 'not ok'} {self.n} - {name}", flush=True)
        if not fine and detail is not None:
            print("\n".join(f"# {line}" for line in str(detail).splitlines()), flush=True)


def main(program, campaign, amount):
    tap = Tap()
    seed = int(os.environ.get("SHUYU_SEED", 0)) or random.SystemRandom().randrange(1, 1 << 31)
    print(f"# SHUYU_SEED={seed}", flush=True)
    start = time.monotonic()
    try:
        if campaign == "kill":
            campaign_kill(tap, program, random.Random(seed), int(amount))
        else:
            campaign_faults(tap, program, random.Random(seed), amount == "all")
    except (Broken, OSError, subprocess.TimeoutExpired) as e:
        tap("the campaign ran to its end", False, repr(e))
    print(f"# {time.monotonic() - start:.1f} s\n1..{tap.n}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
