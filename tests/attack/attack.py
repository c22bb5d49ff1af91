#!/usr/bin/env python3
"""Every attack of the table against a build, and against the same build with each weakness it must expose.

    attack.py BUILD WEAKBUILD [--full] [--list] [ID...]

An attack is run as `PROGRAM ID` with SHUYU_BUILD, SHUYU_SOURCE_ROOT, SHUYU_SEED, and SHUYU_FULL=1 for full
numbers; it prints one line of JSON with id, title, figure, value, limit, pass and seed, and ends with 0
whenever it could be carried out. It does not know which build it faces. Here: it must pass against BUILD,
and fail against WEAKBUILD under SHUYU_WEAK, with reduced numbers always: tolerances are wider there, so
that what is caught is caught by the full ones too. Output is TAP, one line a verdict, in the table's order.
"""
import concurrent.futures
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

import table  # noqa: E402  pylint: disable=wrong-import-position

AT_ONCE = 2
LIMIT_S = {False: 300, True: 2400}


def weaknesses():
    """The names in base/weak.h."""
    text = (ROOT / "sdk/base/include/base/weak.h").read_text()
    return re.findall(r'X\([A-Z0-9_]+, "([a-z0-9_]+)"\)', text)


def command(build, program, name):
    kind, _, path = program.partition(":")
    if kind == "bin":
        return [str(build / "tests" / "attack" / path), name]
    return ["/usr/bin/python3", str(HERE / path), name]


def run(build, program, name, weakness, full, seed):
    """(verdict or None, what there is to say when there is none)."""
    env = {k: v for k, v in os.environ.items() if k not in ("SHUYU_WEAK", "SHUYU_FULL")}
    env.update(SHUYU_BUILD=str(build), SHUYU_BUILD_ROOT=str(build), SHUYU_SOURCE_ROOT=str(ROOT),
               SHUYU_SEED=str(seed), PYTHONDONTWRITEBYTECODE="1")
    if full:
        env["SHUYU_FULL"] = "1"
    if weakness:
        env["SHUYU_WEAK"] = weakness
    begun = time.monotonic()
    try:
        done = subprocess.run(command(build, program, name), env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=LIMIT_S[full], check=False)
    except (OSError, subprocess.TimeoutExpired) as e:
        return None, str(e)
    noise = done.stderr.strip()[-800:]
    try:
        verdict = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return None, f"exit {done.returncode}: {done.stdout.strip()[-300:]} {noise}"
    if done.returncode != 0 or verdict["id"] != name or not isinstance(verdict["pass"], bool):
        return None, f"exit {done.returncode}: {verdict} {noise}"
    verdict["seconds"] = time.monotonic() - begun
    verdict["noise"] = noise
    return verdict, ""


def jobs(rows):
    """(id, title, program, weakness or "") of every run."""
    for name, title, parts in rows:
        for program, exposes in parts:
            yield name, title, program, ""
            for weakness in exposes:
                yield name, title, program, weakness


def shown(value):
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def line(job, verdict, trouble):
    """(good, text, more)."""
    name, title, program, weakness = job
    label = f"{name} {title}" + (f" exposes {weakness}" if weakness else "")
    if verdict is None:
        return False, f"{label} ({program}): not carried out", trouble
    good = verdict["pass"] != bool(weakness)
    more = "" if good else f"seed {verdict['seed']}: {verdict['noise']}"
    return good, (f"{label}: {verdict['figure']} {shown(verdict['value'])}, limit "
                  f"{shown(verdict['limit'])} ({verdict['seconds']:.0f} s)"), more


class Tap:
    def __init__(self):
        self.n = self.bad = 0

    def say(self, good, text, more=""):
        self.n += 1
        self.bad += not good
        print(f"{'ok' if good else 'not ok'} {self.n} {text.replace('#', '')}", flush=True)
        for part in more.splitlines() if not good else ():
            print(f"# {part}", flush=True)

    def end(self):
        print(f"1..{self.n}", flush=True)
        return 1 if self.bad else 0


def check_table(tap):
    """Every weakness has its exposure, every row something that it must expose."""
    used = {w for _, _, _, w in jobs(table.ROWS) if w}
    known = set(weaknesses())
    tap.say(known == used, "every weakness is exposed by an attack, and every name is one",
            f"not used: {sorted(known - used)}; unknown: {sorted(used - known)}"
            if known != used else "")
    bare = [name for name, _, parts in table.ROWS if not any(exposes for _, exposes in parts)]
    wanted = {f"T{i:02}" for i in range(1, 47)}
    missing = sorted(wanted - {name for name, _, _ in table.ROWS})
    tap.say(not bare and not missing, "every attack is there and must expose something",
            f"bare: {bare}; missing: {missing}")


def check_page(tap):
    """docs/privacy/attacks.md has a row for every attack, with every weakness it must expose."""
    page = (ROOT / "docs/privacy/attacks.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(): line for line in page.splitlines()
            if line.startswith("| ")}
    gone = [f"{name}: {w or 'no row'}" for name, _, _, w in jobs(table.ROWS)
            if name not in rows or not re.search(rf"\b{w}\b", rows[name])]
    tap.say(not gone, "docs/privacy/attacks.md names every attack and what it exposes",
            "\n".join(gone))


def traces(build):
    """What is left of the switches in a build's programs: symbols, and the names that SHUYU_WEAK takes."""
    found = []
    words = [b"SHUYU_WEAK"] + [w.encode() for w in weaknesses() if len(w) > 12 and "_" in w]
    for path in sorted((*build.glob("enclave/*/shuyu-*"), *build.glob("gateway/shuyu-*"),
                        *build.glob("sdk/cli/shuyu*"), *build.glob("policies/audit/shuyu*"))):
        if path.is_file() and os.access(path, os.X_OK):
            data = path.read_bytes()
            found += [f"{path.name}: {w.decode()}" for w in words if w in data]
            symbols = subprocess.run(["nm", str(path)], stdout=subprocess.PIPE, text=True,
                                     check=True).stdout
            found += [f"{path.name}: {s}" for s in re.findall(r" (sy_weak\w*|weak_\w+)$", symbols,
                                                              re.MULTILINE)]
    return found


def check_traces(tap, build, weak):
    left, control = traces(build), traces(weak)
    tap.say(not left, "no program that ships has a trace of the switches", "\n".join(left[:20]))
    tap.say(len(control) > 10, "which are seen where they are", f"{control}")


def main(arguments):
    full = "--full" in arguments
    names = [a for a in arguments if not a.startswith("--")]
    if len(names) < 2:
        sys.exit(__doc__)
    build, weak = (pathlib.Path(a).resolve() for a in names[:2])
    rows = [r for r in table.ROWS if len(names) == 2 or r[0] in names[2:]]
    seed = int(os.environ.get("SHUYU_SEED", 0)) or random.SystemRandom().randrange(1, 1 << 31)
    print(f"# SHUYU_SEED={seed}{', full numbers' if full else ''}", flush=True)
    tap = Tap()
    if len(names) == 2:
        check_table(tap)
        check_page(tap)
        check_traces(tap, build, weak)
    todo = list(jobs(rows))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [pool.submit(run, weak if w else build, program, name, w, full and not w, seed)
                   for name, _, program, w in todo]
        for job, future in zip(todo, futures):
            tap.say(*line(job, *future.result()))
    return tap.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
