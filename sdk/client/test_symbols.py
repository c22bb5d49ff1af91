#!/usr/bin/env python3
"""libshuyu exports shuyu_* and nothing else, and every function that a public header declares.

    test_symbols.py LIBRARY HEADER...      TAP
"""
import re
import subprocess
import sys


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    # "A" is the version node itself
    return {line.split()[-1].partition("@")[0] for line in lines if line.split()[-2] != "A"}


def declared(headers):
    text = "".join(open(h, encoding="utf-8").read() for h in headers)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return set(re.findall(r"SHUYU_API[^;({]*?\b(shuyu_\w+)\s*\(", text))


def main():
    out = exported(sys.argv[1])
    want = declared(sys.argv[2:])
    strange = sorted(s for s in out if not s.startswith("shuyu_"))
    missing = sorted(want - out)
    extra = sorted(out - want - set(strange))
    print("1..4")
    for number, (name, bad) in enumerate([("no other symbol is exported", strange),
                                          ("every declared function is exported", missing),
                                          ("every exported function is declared", extra),
                                          ("the headers declare functions",
                                           [] if len(want) > 40 else ["too few"])], 1):
        print(f"{'not ok' if bad else 'ok'} {number} - {name}")
        for symbol in bad:
            print(f"# {symbol}")
    return 0


sys.exit(main())
