#!/usr/bin/env python3
"""A write-side system call of the warden fails: faults.py all|some

Each round makes a domain and walks the session of kill.py through it. Somewhere in it strace comes
to the warden and has one system call fail with EIO or ENOSPC, or ends the warden there. The warden
may refuse, stop, or go on; a domain that went down is started again, with no repair by hand. Clients
go on as the SDK does. At the end the judgement of kill.py: everything acknowledged is in the log, no
charge is lost, the same envelope has its one outcome, and the log verifies and replays.
"""
import contextlib
import pathlib
import random
import signal
import subprocess
import sys
import time

import domain
import kill

# name: the latest call that is to fail. The warden makes no other write-side call in this session.
CALLS = {"fdatasync": 12, "fsync": 12, "pwrite64": 12, "write": 20, "renameat": 12, "openat": 40,
         "close": 40, "unlinkat": 4, "mkdirat": 2}
RARE = 4  # calls: those are waited for from the beginning
FAULTS = {"EIO": "error=EIO", "ENOSPC": "error=ENOSPC", "SIGKILL": "signal=SIGKILL"}
SOME = (("fdatasync", "EIO"), ("pwrite64", "ENOSPC"), ("fdatasync", "SIGKILL"), ("write", "EIO"))
STEPS = 23  # of a session
REFUSED = ("io", "no_space", "read_only", "internal", "closed", "data")  # worth another try


class Session(kill.Session):
    """A client that asks again after a refusal which says that the machine failed."""

    def persist(self, call, done=(), again=()):
        return super().persist(call, done, (*again, *REFUSED))


class Fault:
    """strace at the warden, with one call to fail."""

    def __init__(self, d, call, fault, number):
        self.log = d.work / "fault"
        pid = d.pid("warden")
        command = ["strace", "-f", "-q", "-o", str(self.log), "-e", "signal=none", "-e",
                   f"trace={call}", "-e", f"inject={call}:{FAULTS[fault]}:when={number}", "-p",
                   str(pid)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL,
                                        preexec_fn=domain.die_with_parent)
        self.there = domain.wait_until(lambda: traced(pid), 10)

    def end(self):
        """Whether the call came, and failed."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        said = self.log.read_text(errors="replace") if self.log.exists() else ""
        hit = "(INJECTED)" in said or "= ?" in said  # a call that never came back
        self.there = self.there or hit  # a first call can end the warden before anybody looks
        return hit


def traced(pid):
    with contextlib.suppress(OSError):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return "TracerPid:\t0\n" not in status
    return False


def keep_up(d, thread):
    """Start the domain again whenever it is down, until the session has ended. None, or what is
    wrong; and how often."""
    end, starts = time.monotonic() + 4 * kill.PATIENCE_S, 0
    while thread.is_alive() and time.monotonic() < end:
        if not d.is_up():
            starts += 1
            wrong = kill.revive(d, "warden")
            if wrong is not None or starts > 3:
                return wrong or "it goes down again and again", starts
        thread.join(timeout=0.05)
    return None, starts


def one_round(tap, at, call, fault, number):
    """Whether the fault came to pass."""
    with domain.Domain() as d:
        d.birth()
        d.start()
        s = Session(d)
        steps = [name for name, _ in s.script()]
        assert len(steps) == STEPS
        thread, failure = kill.walk_in_thread(s)
        s.await_step(at)
        broken = Fault(d, call, fault, number)
        wrong, starts = keep_up(d, thread)
        hit = broken.end()
        tap.note(f"{fault} at {call} {number} from `{steps[at]}` on: "
                 f"{'it came' if hit else 'it did not come'}, {starts} starts, asked again: {s.tries}")
        tap.check(f"{fault} at {call}: strace was there, and the domain is up",
                  broken.there and wrong is None, wrong)
        fine = not failure and not thread.is_alive()
        if tap.check("the session came to its end", fine, failure or f"stuck in {s.name}"):
            kill.judge(tap, d, s)
        if tap.failed:
            tap.note(d.log.read_text(errors="replace")[-3000:])
        return hit


def until_it_comes(tap, chance, call, fault):
    """How many calls of a kind a session makes depends on timing: if the one to fail did not come, an
    earlier one of an earlier step, in a new domain. Whether one came."""
    at = chance.randrange(STEPS - 3) if CALLS[call] > RARE else 0
    number = chance.randint(1, CALLS[call])
    while not one_round(tap, at, call, fault, number):
        if (at, number) == (0, 1):
            return False
        at, number = at // 2, max(1, number // 2)
    return True


def main(tap):
    every = [(c, f) for c in CALLS for f in FAULTS]
    chance = random.Random(domain.seed())
    rounds = every if sys.argv[1:] == ["all"] else SOME
    missed = [r for r in rounds if not until_it_comes(tap, chance, *r)]
    tap.check("every fault came to pass", not missed, missed)


if __name__ == "__main__":
    domain.run_tests(main)
