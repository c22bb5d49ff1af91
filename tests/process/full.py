#!/usr/bin/env python3
"""A full disk: the domain lies on a small file system of its own, which is filled up and made free
again. New work is refused, and nothing else: what was answered can be read, the log exported,
verified and replayed; with room again everything goes on, and nobody has paid twice. The domain asks no platform
for news meanwhile, for it could not keep them."""
import contextlib
import subprocess
import time

import domain
from restart import PRICE, refuses, same_answer
from sync import Platform, WAIT_S

SECTION = """
scheme:
  sync:
    platforms:
      - {{code: district, title: 全区一体化大数据平台, url: "{url}", key: {key}, pull_every: 1s}}
"""

DISK_BYTES = 160 << 20
# free bytes: less than the domain wants to have, and none; ages asked for before, and for new
ROUNDS = ((20 << 20, 40, 50), (0, 42, 60))


class Disk:
    """A file system in memory, mounted for as long as the test lives."""

    def __init__(self, path):
        self.path = path
        self.ballast = path / "ballast"
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(path)],
                       check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", str(self.path)], check=True)

    def fill(self, left):
        """Until `left` bytes are free."""
        with open(self.ballast, "ab") as f, contextlib.suppress(OSError):
            while self.free() > left:
                f.write(b"\1" * min(1 << 16, self.free() - left))
                f.flush()

    def free(self):
        out = subprocess.run(["stat", "-f", "-c", "%a %S", str(self.path)], check=True, text=True,
                             capture_output=True).stdout
        blocks, size = map(int, out.split())
        return blocks * size

    def empty(self):
        self.ballast.unlink()


def entries(d):
    return len(domain.read_entries(d.export()))


def test_full(tap, d, disk, model, left, old, new):
    answer = d.run(model, f"min_age={old}")
    before = (d.spent(), entries(d))
    disk.fill(left)
    name = f"{disk.free() >> 20} MiB left"
    e = tap.refused(f"{name}: a new question is refused", "read_only", d.run, model,
                    f"min_age={new}")
    tap.check("and says why", e is not None and "disk" in e.text, e)
    tap.refused("so is an order", "read_only", d.shuyu, "agency", "scene", "suspend",
                d.shuyu("acme", "scene", "list")[0]["id"], "--ground", "incident")
    tap.check("nothing was recorded, nothing charged", before == (d.spent(), entries(d)),
              (before, d.spent(), entries(d)))
    d.audit()
    tap.check("the log can be exported, verified and replayed", True)
    tap.check("the domain is up", d.is_up())
    disk.empty()
    tap.check("with room again: the same question has its stored answer",
              same_answer(answer, d.run(model, f"min_age={old}")))
    tap.check("at no new charge", d.spent() == before[0], d.spent())
    tap.check("and the new one is answered", d.run(model, f"min_age={new}")["rows"] > 0)
    tap.check("at its price", d.spent() == before[0] + PRICE, d.spent())


def test_platforms(tap, d, disk):
    """Last but for the starts: the pack is another one from here on."""
    district = Platform()
    path = d.pack(version=2)
    with open(path, "a", encoding="utf-8") as out:
        out.write(SECTION.format(url=district.url, key=district.public.raw.hex()))
    d.shuyu("agency", "pack", "adopt", path)
    tap.check("a platform is asked for its news",
              domain.wait_until(lambda: len(district.paged) > 1, WAIT_S), district.paged)
    disk.fill(ROUNDS[0][0])
    time.sleep(1.5)  # what was under way
    asked = len(district.paged)
    district.announce("307-1/000001", 1)
    before = entries(d)
    time.sleep(4)
    tap.check("not while the disk is full", (asked, before) == (len(district.paged), entries(d)),
              (asked, len(district.paged)))
    disk.empty()
    tap.check("with room again its news are read", domain.wait_until(
        lambda: len(d.shuyu("health", "sync", "district")) == 1, WAIT_S))


def test_start(tap, d, disk):
    """Started with little room a domain can be read; with none at all it says why it cannot start."""
    d.stop()
    disk.fill(ROUNDS[0][0])
    d.start()
    tap.check("started with little room: it can be read", entries(d) > 0)
    d.audit()
    d.stop()
    disk.fill(0)
    refuses(tap, d, "no room at all: no start", ("no_space",))
    disk.empty()
    d.start()
    d.audit()
    tap.check("with room again: start", d.is_up())


def main(tap):
    with domain.Domain() as d, Disk(d.work / "disk") as disk:
        d.folder = disk.path / "domain"
        d.birth()
        d.start()
        d.populate()
        model = d.model(d.grant(d.scene()))
        for left, old, new in ROUNDS:
            test_full(tap, d, disk, model, left, old, new)
        test_platforms(tap, d, disk)
        test_start(tap, d, disk)
        d.kill_all()


if __name__ == "__main__":
    domain.run_tests(main)
