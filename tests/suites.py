#!/usr/bin/env python3
"""Which tests run in which build, and the closing line of ./run test.

    suites.py pick BUILD [NAME...]   writes BUILD/picked.txt: the tests to run there
    suites.py tally BUILD...         prints "N passed, N failed" over what was picked
    suites.py targets BUILD          the fuzz targets: name, program, corpus folder

A sanitized build runs every test but those of the suite `plain`; a plain build runs the suites
`plain` and `process` only (the real seccomp filter is tested there: sanitizers need more system
calls than it allows). The suite `slow` runs only when it, or one of its tests, is named.
"""
import json
import pathlib
import re
import subprocess
import sys

TAP = re.compile(r"^(not )?ok\b[^#\n]*(#\s*skip)?", re.IGNORECASE | re.MULTILINE)
GOOD = {"OK", "EXPECTEDFAIL"}


def introspect(build, what):
    out = subprocess.run(["meson", "introspect", what, str(build)], check=True,
                         stdout=subprocess.PIPE).stdout
    return json.loads(out)


def registered(build):
    """Every test of the build as (name, suites, command)."""
    return [(t["name"], {s.rpartition(":")[2] for s in t["suite"]}, t["cmd"])
            for t in introspect(build, "--tests")]


def sanitized(build):
    values = {o["name"]: o["value"] for o in introspect(build, "--buildoptions")}
    return values["b_sanitize"] != "none"


def wanted(name, suites, is_sanitized, asked):
    if is_sanitized and "plain" in suites:
        return False
    if not is_sanitized and not suites & {"plain", "process"}:
        return False
    if "slow" in suites:
        return name in asked or "slow" in asked
    return not asked or name in asked or bool(suites & asked)


def pick(build, asked):
    tests = registered(build)
    names = [name for name, _, _ in tests]
    for name in sorted({n for n in names if names.count(n) > 1}):
        sys.exit(f"run: two tests have the name '{name}': meson would stop before the last of them ended")
    known = set(names) | {s for _, suites, _ in tests for s in suites}
    for name in sorted(asked - known):
        sys.exit(f"run: no suite or test '{name}'; there are: {' '.join(sorted(known))}")
    is_sanitized = sanitized(build)
    picked = [n for n, suites, _ in tests if wanted(n, suites, is_sanitized, asked)]
    (build / "picked.txt").write_text("".join(f"{n}\n" for n in picked))


def count(test):
    """(passed, failed, skipped) of one entry of meson's log; TAP counts by its lines."""
    lines = TAP.findall(test.get("stdout") or "")
    skipped = sum(1 for bad, skip in lines if skip and not bad)
    failed = sum(1 for bad, _ in lines if bad)
    passed = len(lines) - failed - skipped
    if test["result"] == "SKIP":
        return passed, failed, max(1, skipped)
    if test["result"] in GOOD:
        return max(passed, 0 if skipped else 1), failed, skipped
    return passed, max(1, failed), skipped


def show_attacks(ran):
    """The figures of the attack suite, one line each."""
    for test in ran:
        if "attack" in test["name"]:
            print("\n".join(line for line in (test.get("stdout") or "").splitlines()
                            if TAP.match(line) or "SHUYU_SEED" in line))


def show_failures(build, picked, ran):
    """Again at the end, where somebody looks first: which tests failed, and their failing lines."""
    for test in ran:
        if count(test)[1]:
            print(f"run: failed in {build.name}: {test['name']} ({test['result']})")
            lines = (test.get("stdout") or "").splitlines()
            print("".join(f"run:   {line}\n" for line in lines if line.startswith("not ok")), end="")
    if len(ran) < len(picked):
        print(f"run: {build.name}: {len(picked) - len(ran)} picked tests were not run")


def tally_build(build):
    picked = (build / "picked.txt").read_text().split()
    log = build / "meson-logs" / "testlog.json"
    ran = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    show_attacks(ran)
    show_failures(build, picked, ran)
    total = [sum(column) for column in zip((0, 0, 0), *map(count, ran))]
    total[1] += max(0, len(picked) - len(ran))  # picked, but meson never came to it
    return total


def tally(builds):
    passed, failed, skipped = (sum(c) for c in zip(*map(tally_build, builds)))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed or not passed else 0)


def targets(build):
    for name, suites, command in registered(build):
        if "fuzz" in suites:
            print(name, command[0], command[1], sep="\t")


def main(verb, *args):
    if verb == "pick":
        pick(pathlib.Path(args[0]), set(args[1:]))
    elif verb == "tally":
        tally([pathlib.Path(a) for a in args])
    elif verb == "targets":
        targets(pathlib.Path(args[0]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["help"]))
