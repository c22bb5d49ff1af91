#!/usr/bin/env python3
"""The model of charge, answer, recover and promote: model.py quick|full

charge.pml must hold in every setting below, and each mistake that it can make (-DMISTAKE_...) must break the
claim that is there to notice it. README.md says which function each step stands for; these must exist.
Needs spin and a C compiler.
"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "process"))
import domain  # noqa: E402 (its Tap)

MODEL = HERE / "charge.pml"
CLAIMS = {"uncharged": 1, "overspent": 2, "twice": 3, "unfenced": 4, "lost": 5, "stuck": 6}
DEPTH, TIME_S = 1000, 1500
CYCLES = "non-progress cycle"

ONE = "NONCES=1 "
CALM = "CRASHES=0 ROLLBACK=0 "
ALONE = "ROLLBACK=0 PROMOTE=0 "
# What must hold: what happens, and the switches.
QUICK = [
    ("one question, a promotion", ONE + CALM),
    ("two for one budget, a crash and an older disk", "CAP=1 PROMOTE=0"),
    ("two runs, a crash", "CAP=2 " + ALONE),
    ("two runs, three crashes, no witnesses", "CAP=2 CRASHES=3 QUORUM=0 " + ALONE),
    ("two for one budget, everything, no witnesses", "CAP=1 QUORUM=0"),
]
FULL = [
    ("one question, everything", ONE),
    ("one question, every witness is needed", ONE + "QUORUM=3 CRASHES=0"),
    ("two for one budget, a promotion", "CAP=1 " + CALM),
    ("two runs, two crashes", "CAP=2 CRASHES=2 " + ALONE),
    ("two runs, an older disk", "CAP=2 CRASHES=0 PROMOTE=0"),
    ("two runs, a promotion, no witnesses", "CAP=2 QUORUM=0 " + CALM),
]
# Nothing may go on for ever: then claim 6, which looks at the end, sees every run.
ENDS = ("nothing goes on for ever", ONE + "PROMOTE=0", ONE + CALM)
# A mistake, the claim it must break, where, and whether only the full test has time for it.
MISTAKES = [
    ("LATE_CHARGE", "uncharged", ONE + CALM + "PROMOTE=0", "quick"),
    ("COUNT_ANSWERS", "overspent", CALM + "PROMOTE=0", "quick"),
    ("FORGET_NONCE", "twice", ONE + CALM + "PROMOTE=0 CAP=2", "quick"),
    ("ACK_BEFORE_SYNC", "lost", ONE + ALONE + "QUORUM=0", "quick"),
    ("NO_RESUME", "stuck", ONE + ALONE, "quick"),
    ("NO_FENCE", "unfenced", ONE + CALM, "quick"),
    ("NO_CONSISTENCY", "unfenced", ONE + CALM, "quick"),
    ("SMALL_QUORUM", "unfenced", ONE + CALM + "QUORUM=1", "quick"),
    ("NO_WAIT", "lost", ONE + CALM, "quick"),
    ("FORGETFUL_CLIENT", "twice", ONE + CALM + "QUORUM=0", "quick"),
    ("FORGETFUL_CLIENT", "overspent", CALM + "QUORUM=0", "quick"),
    ("WITNESS_CHARGE", "lost", ONE + CALM, "full"),
    ("ROLE_OUTSIDE", "unfenced", ONE + "ROLLBACK=0", "full"),
]


def run(command, folder):
    return subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=TIME_S).stdout


def check(switches, optimise="-O2", cycles=False):
    """What the checker says of the model under these switches."""
    flags = ["-D" + s for s in switches.split()]
    with tempfile.TemporaryDirectory(prefix="model-") as folder:
        run(["spin", *flags, "-a", MODEL], folder)
        run(["cc", optimise, "-w", "-DNOFAIR", "-DCOLLAPSE", "-DNP" if cycles else "-DSAFETY",
             "-o", "pan", "pan.c"], folder)
        return run(["./pan", f"-m{DEPTH}", "-w20", *(["-l"] if cycles else [])], folder)


def holds(said):
    whole = "Search not completed" not in said and "too small" not in said
    return whole and re.search(r"errors: 0\b", said) and re.search(r"[1-9]\d* states, stored", said)


def broken(said):
    """The claim that does not hold, or None."""
    found = re.search(r"assertion violated +!?\(*(\w+)", said)
    return found[1] if found else CYCLES if CYCLES in said and "errors: 1" in said else None


def states(said):
    found = re.search(r"(\d+) states, stored", said)
    return found[1] if found else "?"


# --- the jobs: name, whether it went as it must, detail -------------------------------------------------

def must_hold(name, switches):
    said = check(switches)
    return f"{name}: all six claims hold ({states(said)} states)", holds(said), said


def must_break(mistake, claim, switches):
    said = check(f"MISTAKE_{mistake} {switches} ONLY={CLAIMS[claim]}", "-O0")
    return f"with {mistake} it is noticed: {claim}", broken(said) == claim, said


def must_end(name, switches):
    said = check(switches, "-O1", cycles=True)
    return f"{name} ({states(said)} states)", holds(said), said


def must_not_end():
    said = check("MISTAKE_ASK_AGAIN " + ONE + CALM, "-O0", cycles=True)
    return "with ASK_AGAIN something does", broken(said) == CYCLES, said


def jobs(full):
    every = [(must_hold, row) for row in QUICK + (FULL if full else [])]
    every += [(must_break, row[:3]) for row in MISTAKES if full or row[3] == "quick"]
    every += [(must_end, (ENDS[0], where)) for where in ENDS[1:2 + full]]
    return every + [(must_not_end, ())]


# --- what the steps stand for --------------------------------------------------------------------------

ROW = re.compile(r"^\| `(\w+)` \|[^|]*\| (?:`([\w/.]+)` \| `(\w+)`|(—) \| —) \|$", re.MULTILINE)


def absent(text, model):
    """Rows of README's table whose step or function is not there, and steps without a row."""
    rows = ROW.findall(text)
    steps = set(re.findall(r"^inline (\w+)\(", model, re.MULTILINE))
    helpers = {"compare", "agree", "copy", "fold", "forget", "won_quorum"}
    for step, path, function, _ in rows:
        if step not in steps:
            yield f"no step {step}"
        if path and not re.search(rf"\b{function}\(", (ROOT / path).read_text()
                                  if (ROOT / path).is_file() else ""):
            yield f"{step}: no {function} in {path}"
    for step in sorted(steps - helpers - {r[0] for r in rows}):
        yield f"{step} has no row"


def test_readme(tap):
    text, model = (HERE / "README.md").read_text(), MODEL.read_text()
    faults = list(absent(text, model))
    tap.check("every step stands for something that exists", not faults, faults)
    planted = list(absent(text.replace("`ledger_commit`", "`ledger_comit`"), model))
    tap.check("a function that does not exist is noticed", len(planted) > len(faults), planted)
    mistakes = set(re.findall(r"MISTAKE_([A-Z_]+[A-Z])", model)) | {"SMALL_QUORUM"}
    tested = {row[0] for row in MISTAKES} | {"ASK_AGAIN"}
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE))
    tap.check("every mistake is tested and told of", mistakes == tested == told,
              (mistakes ^ tested, tested ^ told))


def body(tap):
    test_readme(tap)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(f, *args) for f, args in jobs(sys.argv[1] == "full")]:
            tap.check(*done.result())


if __name__ == "__main__":
    domain.run_tests(body)
