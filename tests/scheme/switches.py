#!/usr/bin/env python3
"""Every control of the scheme switched off, one at a time, and its test seen to fail.

    switches.py SOURCE_ROOT WEAK_BUILD             TAP
    switches.py SOURCE_ROOT WEAK_BUILD property    TAP: what the random lives notice (test_scheme_property.c)

WEAK_BUILD is configured with -Dweak=true, and has the programs of the target `control-programs`. The test function
of a control, control_x, must pass as it is built, and fail under SHUYU_WEAK=control.x; no other way of passing or
failing counts, least of all a crash. Which program holds which function comes from the build's own list of sources.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import articles  # noqa: E402  pylint: disable=wrong-import-position

AT_ONCE = 2
# Without one of these a run without a complete, current chain is reached, and the oracle sees it.
NOTICED = ("access_closed", "agreement_in_force", "all_must_start", "ban", "cascade", "consent", "correction_closes",
           "custody", "expert_opinion", "final_review", "first_review", "grant_expired", "grant_stopped",
           "incident_freezes", "model_of_grant", "model_reviewed", "notice_window", "own_grant", "registered",
           "security_review", "agency_release", "withdrawn_stops", "buyer_subscribed")
LIMIT_S = 120
LINE = re.compile(r"^(not )?ok \d+ - control_([a-z0-9_]+)", re.MULTILINE)


def programs(root, build):
    """Program by source file, of every executable of the build."""
    found = {}
    targets = json.loads((build / "meson-info/intro-targets.json").read_text(encoding="utf-8"))
    for target in targets:
        if target["type"] != "executable":
            continue
        for group in target["target_sources"]:
            for source in group.get("sources", []):
                path = pathlib.Path(os.path.normpath(build / source))
                if path.name.startswith(("test_",)) and path.is_relative_to(root):
                    found.setdefault(str(path.relative_to(root)), []).append(pathlib.Path(target["filename"][0]))
    return found


def run(program, weakness):
    """{control: passed?} of a program's run; what went wrong otherwise."""
    env = {k: v for k, v in os.environ.items() if k != "SHUYU_WEAK"}
    env["CMOCKA_MESSAGE_OUTPUT"] = "TAP"
    if weakness:
        env["SHUYU_WEAK"] = f"control.{weakness}"
    try:
        done = subprocess.run([str(program)], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as e:
        return {}, str(e)
    verdicts = {name: not bad for bad, name in LINE.findall(done.stdout)}
    crashed = done.returncode < 0
    return verdicts, f"exit {done.returncode}: {done.stdout[-600:]}" if crashed or not verdicts else ""


def judge(control, program):
    """(good, what there is to say)."""
    verdicts, trouble = run(program, control.name)
    if trouble or control.name not in verdicts:
        return False, trouble or "the program has no such test"
    return not verdicts[control.name], "its test passes with the control off"


def lives(program, weakness):
    """Do the random lives notice that this control is off?"""
    env = {**os.environ, "SHUYU_WEAK": f"control.{weakness}" if weakness else "", "SHUYU_LIVES": "300"}
    done = subprocess.run([str(program)], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S * 10, check=False)
    return "SHUYU_SEED=" in done.stdout, done.stdout[-400:]


def check_lives(tap, root, build):
    found = programs(root, build)["policies/rules/test_scheme_property.c"]
    noticed, said = lives(found[0], "")
    tap.check("with every control on, no life reaches a run that it should not", not noticed, said)
    for name in NOTICED:
        noticed, said = lives(found[0], name)
        tap.check(f"{name}: switched off, a life reaches a run without a chain", noticed, said)
    return tap.end()


def main():
    root, build = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
    tap, tree = articles.Tap(), articles.Tree(root)
    if not (build / "meson-info/intro-targets.json").exists():
        tap.check(f"{build.name} is configured", False, "meson setup -Dweak=true")
        return tap.end()
    if sys.argv[3:] == ["property"]:
        return check_lives(tap, root, build)
    sources = programs(root, build)
    by_control = {}
    for control in tree.controls:
        found = sources.get(tree.test(control), [])
        tap.check(f"{control.name} has one test in one program", len(found) == 1 and found[0].exists(),
                  f"{tree.test(control) or 'no test'}: {[str(p) for p in found]}: ninja -C BUILD control-programs")
        if len(found) == 1:
            by_control[control] = found[0]
    plain = {p: run(p, "") for p in sorted(set(by_control.values()))}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        off = dict(zip(by_control, pool.map(judge, by_control, by_control.values())))
    for control, program in by_control.items():
        verdicts, trouble = plain[program]
        tap.check(f"{control.name}: its test passes", verdicts.get(control.name, False), trouble)
        tap.check(f"{control.name}: switched off, its test fails", *off[control])
    return tap.end()


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    sys.exit(main())
