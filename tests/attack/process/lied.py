#!/usr/bin/env python3
"""RERUN: a warden noised its answers otherwise than it says, and logged them like any other: a replay of the log
finds nothing wrong, because the log never says what the figures are. Then an honest build serves the same
domain, and an auditor has every answer run again inside. lied.py RERUN
"""
import json
import os
import subprocess

import kit
import domain  # kit has put its folder in the path

ANSWERS = 40 if kit.FULL else 8
VALUES = 64
SQL = "SELECT kind, count(*) AS n, sum(cost) AS s FROM {w}.visits WHERE day >= $n GROUP BY 1"
PARAM = (f"params:\n  - {{name: n, type: int, values: [{', '.join(map(str, range(VALUES)))}], "
         "support: 1}\n")


def rerun(bed):
    """(exit status, what the auditor is told)."""
    done = subprocess.run(bed.command("auditor", "audit", "rerun", "--all", local=True),
                          capture_output=True, text=True, timeout=600, check=False,
                          env=domain.environment(), preexec_fn=domain.die_with_parent)
    return done.returncode, json.loads(done.stdout)


def lied(chance):
    with kit.Bed(chance) as bed:
        bed.ready(slot=300)
        model = bed.register(bed.scene_of(), "a", SQL, rho="5", groups=8, rows=40, more=PARAM)[1]
        for n in chance.sample(range(VALUES), ANSWERS):
            bed.run(model, f"n={n}")
        bed.stop()
        os.environ.pop("SHUYU_WEAK", None)
        bed.start()
        status, said = rerun(bed)
        bed.audit()  # what happened is no secret, and the log still replays
    wrong = [a["answer"] for a in said["answers"] if a["outcome"] == "mismatch"]
    fine = status == 0 and said["match"] == ANSWERS
    named = status == 1 and len(wrong) == said["mismatch"] > 0
    return len(wrong), 0, fine and not wrong, [] if fine or named else [(status, said)]


TABLE = {"RERUN": ("a warden that noised answers otherwise than it says", f"answers of {ANSWERS} that "
                   "an auditor's re-run names", lied)}

if __name__ == "__main__":
    kit.attack(TABLE)
