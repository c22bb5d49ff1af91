#!/usr/bin/env python3
"""The demo runs to its end, quickly, and shows what it promises."""
import os
import subprocess
import time

import domain

LIMIT_S = 60


def main(tap):
    begun = time.monotonic()
    done = subprocess.run([str(domain.SOURCE / "tests/demo/demo.sh"), str(domain.BUILD)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
                          check=False, env=domain.environment(), stdin=subprocess.DEVNULL,
                          preexec_fn=domain.die_with_parent)
    took = time.monotonic() - begun
    text = done.stdout
    tap.note(f"{took:.1f} s")
    tap.check("the demo ends well", done.returncode == 0, text[-3000:])
    tap.check(f"in less than {LIMIT_S} s", took < LIMIT_S, took)
    tap.check("the C program's table: 16 cells, each with its interval",
              sum(1 for line in text.splitlines()
                  if line.split()[1:2] and line.split()[1] in "男女" and "[" in line and
                  line.split()[2] in ("htn", "diabetes")) == 16, text)
    tap.check("and its receipt", "c2sp.org/tlog-proof@v1" in text)
    tap.check("the command line's table, verified", "mean_sbp" in text and
              "receipt and commitment verified" in text, text)
    codes = [line.split("(")[1].split(")")[0] for line in text.splitlines()
             if line.startswith("refused (")]
    tap.check("three refusals, each proven by the log",
              codes == ["field_denied", "row_level", "suspended"] and
              text.count("proof verified") == 3, codes)
    tap.check("the log verifies", "\nverified: " in text)
    tap.check("the log replays", "\nreplayed: " in text)


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    domain.run_tests(main)
