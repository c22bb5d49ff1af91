#!/usr/bin/env python3
"""Each role's page walks from its first key to its last report: roles.py SOURCE_ROOT SHUYU      TAP

A page must name the commands of its role's walk, in English and in 中文, the first of them before all others; and whatever
command a page of docs/roles or docs/scheme names is one that the program has.
"""
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import articles  # noqa: E402  pylint: disable=wrong-import-position

WALKS = {
    "agency": ("party new", "pack adopt", "party invite", "catalog approve", "qualify announce", "qualify decide",
               "agreement offer", "scene final-review", "scene resume", "product review", "product publish",
               "inspect open", "order correct", "incident close", "evaluate record", "disclose publish"),
    "operator": ("party new", "qualify apply", "agreement accept", "agreement file", "catalog offer",
                 "scene first-review", "own confirm", "model review", "incident report", "report annual", "disclose publish"),
    "department": ("party new", "party enrol", "dataset define", "catalog describe", "dataset ingest", "scene consent",
                   "ticket fix", "scene suspend", "incident report"),
    "developer": ("party new", "party enrol", "qualify apply", "agreement accept", "own define", "scene apply", "own put", "model register", "run",
                  "product submit", "product statement", "incident report"),
    "security": ("party new", "party enrol", "product report", "product review", "risk report", "incident report",
                 "inspect open"),
    "auditor": ("party new", "party enrol", "log export", "audit verify", "audit replay", "audit disclose"),
    "buyer": ("party new", "party enrol", "product list", "product subscribe", "product call", "product statement"),
}
PROGRAMS = {"audit", "bridge", "dev", "witness"}  # `shuyu audit VERB`: programs of their own


def commands(shuyu):
    text = subprocess.run([str(shuyu), "--help"], capture_output=True, text=True, check=False).stdout
    return {name.strip() for name in re.findall(r"^  ((?:[a-z-]+ )+) +\S", text, re.MULTILINE)}


def named(text):
    """(position, words) of what stands between backticks and begins like a command."""
    for m in re.finditer(r"`([^`\n]+)`", text):
        words = m[1].split()
        if words[0] in ("shuyu", "shuyu-audit"):
            words = words[1:] if words[0] == "shuyu" else ["audit", *words[1:]]
            while words[:1] and words[0].startswith("--"):
                words = words[2:]  # an option and its value
        yield m.start(), words


def says(text, command):
    """Where a page first names a command; -1: nowhere."""
    wanted = command.split()
    return next((at for at, words in named(text) if words[:len(wanted)] == wanted), -1)


def unknown(text, known):
    """Commands that a page names after `shuyu`, and the program does not have."""
    firsts = {k.split()[0] for k in known}
    for m in re.finditer(r"`shuyu ([a-z]+)((?: [a-z-]+)*)", text):
        words = [m[1], *m[2].split()]
        if m[1] in PROGRAMS and m[1] in firsts | PROGRAMS:
            continue
        if not any(words[:len(k.split())] == k.split() for k in known) and not any(
                k.split()[:len(words)] == words for k in known):
            yield " ".join(words)


def main():
    root, shuyu = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    tap, known = articles.Tap(), commands(shuyu)
    tap.check("the program has commands", len(known) > 100, known)
    for role, walk in WALKS.items():
        page = (root / f"docs/roles/{role}.md").read_text(encoding="utf-8")
        english, _, chinese = page.partition("\n## 中文\n")
        for name, text in (("English", english), ("中文", chinese)):
            places = {step: says(text, step) for step in walk}
            gone = [step for step, at in places.items() if at < 0]
            tap.check(f"{role}, {name}: from the first key to the last report", not gone and
                      min(places.values()) == places[walk[0]], f"not there: {gone}; {places}")
    for page in sorted([*(root / "docs/roles").glob("*.md"), *(root / "docs/scheme").glob("*.md")]):
        wrong = sorted(set(unknown(page.read_text(encoding="utf-8"), known)))
        tap.check(f"{page.parent.name}/{page.name} names commands that there are", not wrong, wrong)
    return tap.end()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main())
