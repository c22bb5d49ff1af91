#!/usr/bin/env python3
"""The stranger's client (stranger.py, which has nothing of our code) against a live domain."""
import subprocess
import sys

import domain


def main():
    with domain.Domain() as d:
        d.birth()
        d.start()
        invitation = d.invite("stranger", "developer")
        command = [sys.executable, str(domain.SOURCE / "tests/process/stranger.py"), d.address,
                   str(invitation), str(d.work / "stranger")]
        return subprocess.run(command, check=False, timeout=240,
                              preexec_fn=domain.die_with_parent).returncode


if __name__ == "__main__":
    sys.exit(main())
