#!/usr/bin/env python3
"""T20: the budget under races, crashes, a clock that steps and a full disk. race.py T20"""
import collections
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import struct
import threading
import time

import kit

CLIENTS, CHEAP, ASKED = 64, 10, 640
PRICE = "0.5"
NANO = kit.domain.nano(PRICE)
COUNT = "SELECT count(*) AS n FROM {w}.people WHERE age > $n AND score > $m"
SIDE = 64
PARAMS = "params:\n" + "".join(
    f"  - {{name: {p}, type: int, values: [{', '.join(map(str, range(SIDE)))}], support: 1}}\n"
    for p in "nm")
DAY = 86400
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000
CLOCK = kit.domain.BUILD / "tests/attack/libattack_clock.so"


def events(bed):
    """Bodies of the whole log, as the auditor has it."""
    return [kit.msgpack.unpackb(e["body"], raw=False, strict_map_key=False)
            for e in kit.domain.read_entries(bed.export())]


def balanced(claims, what, bed, envelopes=None):
    """Spent is what the charges cost, each has its one answer, and the log replays."""
    found = events(bed)
    charges = [i for i, e in enumerate(found) if e["type"] == "charge"]
    answered = collections.Counter(e["inputs"]["charge"] for e in found if e["type"] == "answer"
                                   and "charge" in e["inputs"])
    claims.claim(f"{what}: spent is what was charged", bed.spends("a") == len(charges) * NANO,
                 (bed.spends("a"), len(charges)))
    claims.claim(f"{what}: every charge has its one answer",
                 answered == collections.Counter(charges), (answered, charges))
    if envelopes is not None:
        claims.claim(f"{what}: one charge an envelope", len(charges) == envelopes,
                     (len(charges), envelopes))
    times = [e["inputs"]["time"] for e in found]
    claims.claim(f"{what}: time never goes back in the log", times == sorted(times), times)
    try:
        bed.audit()
    except kit.domain.Refused as e:
        claims.claim(f"{what}: the auditor replays it", False, e)


def same_again(claims, what, client, packets, outcomes):
    """The same envelopes once more: their recorded outcomes."""
    for (packet, header), first in zip(packets, outcomes):
        again = client.insist("model.run", packet, header)
        claims.claim(f"{what}: the recorded outcome", (again.code, again.result, again.indexes) ==
                     (first.code, first.result, first.indexes), (first.status(), again.status()))


def asked(client, model, first, n):
    return [client.run_envelope(model, n=i % SIDE, m=i // SIDE) for i in range(first, first + n)]


def all_at_once(client, packets, n_threads):
    return kit.in_parallel([lambda p=p, h=h: client.insist("model.run", p, h) for p, h in packets],
                           n_threads)


# --- races -----------------------------------------------------------------------------------------

def budget_race(claims, bed, scene, affordable, n):
    """A grant's share for so many runs, n different questions at once by 64 clients."""
    grant = bed.scene_of(scene, rho=str(float(PRICE) * affordable), worlds="a")
    model = bed.register(grant, "a", COUNT, rho=PRICE, more=PARAMS)
    before = bed.spends("a")
    outcomes = all_at_once(bed.client(), asked(bed.client(), model, 0, n), CLIENTS)
    codes = collections.Counter(o.code for o in outcomes)
    charged = codes[""] + codes["refused"]  # on a busy machine a run may overrun its slot
    claims.claim(f"{scene}: exactly {affordable} charges", charged == affordable and codes[""] > 0,
                 codes)
    claims.claim(f"{scene}: all others refused for the budget",
                 codes["budget"] == n - affordable, codes)
    claims.claim(f"{scene}: charged for the answers, no more",
                 bed.spends("a") - before == affordable * NANO, bed.spends("a") - before)


def reservation_race(claims, bed):
    """Scenes that together want more than the namespace has left, granted at once."""
    left = 9 - bed.spends("a") / 10**9
    proposals = []
    for i in range(6):
        path = bed.scene_file(f"share-{i}", f"{left / 3:.6f}", 10, 10, "a")
        proposal = bed.shuyu("acme", "scene", "apply", path)["proposal"]
        bed.shuyu("operator", "scene", "first-review", proposal, "--approve")
        proposals.append(proposal)

    def grant(proposal):
        try:
            bed.shuyu("agency", "scene", "final-review", proposal, "--approve")
            return ""
        except kit.domain.Refused as e:
            return e.code
    codes = collections.Counter(kit.in_parallel([lambda p=p: grant(p) for p in proposals], 6))
    claims.claim("no more is reserved than there is", codes[""] <= 3 and
                 codes[""] + codes["budget"] == 6, codes)
    account = {r["namespace"]: r for r in bed.shuyu("agency", "budget")}["na"]
    total = kit.domain.nano(account["spent_rho"]) + kit.domain.nano(account["held_rho"])
    claims.claim("spent and reserved stay below the cap",
                 total <= kit.domain.nano(account["cap_rho"]), account)


def races(claims, chance):
    with kit.Bed(chance) as bed:
        bed.ready(slot=250, rho="9")
        budget_race(claims, bed, "one-query", 1, CLIENTS)
        budget_race(claims, bed, "ten-queries", CHEAP, ASKED if kit.FULL else 4 * CLIENTS)
        balanced(claims, "races", bed)
        reservation_race(claims, bed)


# --- crashes ---------------------------------------------------------------------------------------

def kill(bed, victim):
    """SIGKILL, and up again as a service manager would do it."""
    bed.remember()
    with contextlib.suppress(ProcessLookupError):
        os.kill(bed.supervisor.pid if victim == "supervisor" else bed.pid(victim), signal.SIGKILL)
    if victim == "gateway":
        return
    kit.domain.wait_until(lambda: not bed.is_up(), 20)
    bed.kill_all()
    for _ in range(50):
        try:
            bed.start()
            return
        except kit.domain.NotStarted:
            time.sleep(0.1)
    raise RuntimeError("does not start again")


def crashes(claims, chance):
    """Killed at random points between request and answer, the same envelopes until there is one."""
    rounds, each = (24 if kit.FULL else 3), 4
    with kit.Bed(chance) as bed:
        bed.ready(slot=250)
        model = bed.register(bed.scene_of(worlds="a"), "a", COUNT, rho=PRICE, more=PARAMS)
        client, packets, outcomes = bed.client(), [], []
        for i in range(rounds):
            now = asked(client, model, i * each, each)
            got = []
            walk = threading.Thread(target=lambda n=now, g=got: g.extend(all_at_once(client, n, each)))
            walk.start()
            time.sleep(chance.uniform(0, 0.3))
            kill(bed, chance.choice(("warden", "warden", "supervisor", "gateway")))
            walk.join()
            claims.claim("every envelope has its outcome", len(got) == each and
                         all(o.code in ("", "refused") for o in got), [o.status() for o in got])
            packets, outcomes = packets + now, outcomes + got
        client.drop()
        same_again(claims, "crashes", client, packets, outcomes)
        balanced(claims, "crashes", bed, rounds * each)


# --- the clock -------------------------------------------------------------------------------------

NEEDED = ("group", "hosts", "ld.so.cache", "localtime", "nsswitch.conf", "passwd", "ssl/openssl.cnf")


class Clock:
    """The clock of a bed's processes: they see an /etc of their own, which loads it (clock.c)."""

    def __init__(self, bed):
        etc = bed.work / "etc"
        for name in NEEDED:
            source, target = pathlib.Path("/etc") / name, etc / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.exists():
                shutil.copyfile(source, target)
        self.file = etc / "attack-clock"
        self.set(0)
        (etc / "ld.so.preload").write_text(f"{CLOCK}\n")
        bed.before = ["unshare", "-m", "sh", "-c", f"mount --bind {etc} /etc && exec \"$@\"", "sh"]

    def set(self, seconds):
        with open(self.file, "r+b" if self.file.exists() else "wb") as f:
            f.write(struct.pack("<q", seconds))


def clock_steps(claims, chance):
    with kit.Bed(chance) as bed:
        clock = Clock(bed)
        bed.ready(slot=250)
        grant = bed.scene_of(rho=str(float(PRICE) * CHEAP), worlds="a")
        model = bed.register(grant, "a", COUNT, rho=PRICE, more=PARAMS)
        client, stop = bed.client(), threading.Event()

        def step():
            while not stop.wait(0.02):
                clock.set(chance.randrange(-200, 200))
        stepping = threading.Thread(target=step)
        stepping.start()
        packets = asked(client, model, 0, 3 * CHEAP)
        outcomes = all_at_once(client, packets, 16)
        stop.set()
        stepping.join()
        codes = collections.Counter(o.code for o in outcomes)
        claims.claim("the clock steps: the budget's runs, no more", codes["budget"] == 2 * CHEAP and
                     codes[""] + codes["refused"] == CHEAP, codes)
        clock.set(200)
        same_again(claims, "the clock steps", client, packets[:CHEAP], outcomes[:CHEAP])
        balanced(claims, "the clock steps", bed, CHEAP)
        far_ahead(claims, bed, clock, model)


def far_ahead(claims, bed, clock, model):
    """Past the grant's term, and back: time does not go back in the log, nor does the grant revive."""
    client, then = bed.client(), int(time.time()) + 40 * DAY
    before = account(bed, int(time.time()) + 290)
    clock.set(40 * DAY)
    late = client.insist("model.run", *client.run_envelope(model, n=1, m=1))
    claims.claim("far ahead: an envelope of today is out of date", late.code == "expired",
                 late.status())
    claims.claim("and the grant's term is over", kit.domain.wait_until(
        lambda: account(bed, then + 100).get("held_rho", 0) == 0, 5), account(bed, then + 100))
    clock.set(0)
    client.drop()
    packet, header = client.envelope("model.run", kit.raw.run_args(n=2, m=1), expiry=then + 100,
                                     grant=bytes.fromhex(model[0]), subject=bytes.fromhex(model[1]))
    back = client.insist("model.run", packet, header)
    claims.claim("back again: what has expired stays so", back.code in ("expired", "grant"),
                 back.status())
    after = account(bed, then + 100)
    claims.claim("nothing was given back but what was never spent",
                 after["spent_rho"] == before["spent_rho"] == CHEAP * NANO, (before, after))


def account(bed, expiry):
    """The account of world a, asked for by an envelope of that expiry."""
    agency = bed.client("agency")
    packet, header = agency.envelope("state.list", kit.stranger.canonical({"prefix": "budget/na"}),
                                     expiry=expiry)
    rows = agency.insist("state.list", packet, header).answer["rows"]
    return kit.stranger.unpack(rows[0]["value"])


# --- the disk --------------------------------------------------------------------------------------

class SmallDisk:
    """The bed's folder on a file system of its own, in a mount namespace of this process."""

    def __init__(self, bed, mib):
        self.folder, self.filler = bed.folder, bed.folder / "filler"
        if LIBC.unshare(CLONE_NEWNS) != 0 or \
                LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
            raise OSError(ctypes.get_errno(), "no mount namespace")
        bed.folder.mkdir()
        if LIBC.mount(b"tmpfs", os.fsencode(bed.folder), b"tmpfs", 0, f"size={mib}m".encode()) != 0:
            raise OSError(ctypes.get_errno(), "no tmpfs")

    def fill(self):
        fd = os.open(self.filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        with contextlib.suppress(OSError):
            while True:
                os.write(fd, bytes(4096))
        os.close(fd)

    def free(self):
        with contextlib.suppress(FileNotFoundError):
            self.filler.unlink()

    def close(self):
        LIBC.umount2(os.fsencode(self.folder), 2)


def while_full(claims, bed, disk, model, stored):
    """Nothing is taken or charged; everything can be read."""
    client = bed.client()
    before = bed.spends("a")
    packets = asked(client, model, 100, 8)
    outcomes = kit.in_parallel([lambda p=p, h=h: client.once("model.run", p, h)
                                for p, h in packets], 4)
    claims.claim("full: refused, in clear, at no charge",
                 {o.code for o in outcomes} == {"read_only"} and bed.spends("a") == before,
                 [o.status() for o in outcomes])
    packet, header, first = stored
    again = client.insist("model.run", packet, header)
    claims.claim("full: a recorded outcome is given", again.result == first.result, again.status())
    time.sleep(1.5)  # the key store notes the ledger every second
    claims.claim("full: the domain is up", bed.is_up())
    got = client.ask_fast("log.entries", kit.stranger.canonical({"n": 100}))
    claims.claim("full: the log can be read", got.code == "" and got.answer["entries"], got.status())
    disk.free()
    retried = all_at_once(client, packets, 4)
    claims.claim("room again: the same envelopes are answered",
                 {o.code for o in retried} <= {"", "refused"}, [o.status() for o in retried])
    return len(packets)


def full_in_flight(claims, bed, disk, model):
    """The disk fills up between charge and answer: nothing is lost."""
    client = bed.client()
    before = bed.spends("a")
    packet, header = client.run_envelope(model, n=7, m=60)
    got = []
    run = threading.Thread(target=lambda: got.append(client.once("model.run", packet, header)))
    run.start()
    kit.domain.wait_until(lambda: bed.spends("a") > before, 5)
    disk.fill()
    run.join()
    claims.claim("filled in flight: ask again", got[0].code in ("busy", ""), got[0].status())
    disk.free()
    answer = client.insist("model.run", packet, header)
    claims.claim("filled in flight: its answer, for the one charge", answer.code == "" and
                 bed.spends("a") == before + NANO, (answer.status(), bed.spends("a") - before))


def full_disk(claims, chance):
    with kit.Bed(chance) as bed:
        disk = SmallDisk(bed, 120)
        try:
            bed.ready(slot=400)
            model = bed.register(bed.scene_of(worlds="a"), "a", COUNT, rho=PRICE, more=PARAMS)
            packet, header = bed.client().run_envelope(model, n=0, m=0)
            first = bed.client().insist("model.run", packet, header)
            full_in_flight(claims, bed, disk, model)
            disk.fill()
            n = while_full(claims, bed, disk, model, (packet, header, first))
            balanced(claims, "full disk", bed, n + 2)
        finally:
            bed.kill_all()
            disk.close()


def race(chance):
    claims = kit.Violations()
    for part in (races, crashes, clock_steps, full_disk):
        part(claims, chance)
    return claims.verdict()


TABLE = {"T20": ("budget race", "violations", race)}

if __name__ == "__main__":
    kit.attack(TABLE)
