#!/usr/bin/env python3
"""What must not change unseen: figures of the packs, manual pages, the list of errors.

    golden.py SOURCE_ROOT SHUYU      TAP

SHUYU is the built command line; SOURCE_ROOT the tree.
"""
import difflib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


class Tap:
    """Numbered lines of the Test Anything Protocol."""

    def __init__(self):
        self.count = self.failed = 0

    def check(self, name, good, detail=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        if not good:
            for line in str(detail).splitlines():
                print("#", line)

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}")

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def output(*command):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


# --- packs ------------------------------------------------------------------------------------

def check_packs(tap, root, shuyu):
    """Every pack has a snapshot, and they agree."""
    packs = sorted((root / "policies/packs").glob("*/pack.yaml"))
    tap.check("there are packs", packs)
    for pack in packs:
        name = pack.parent.name
        snapshot = root / "policies/snapshots" / f"{name}.txt"
        status, now = output(shuyu, "pack", "show", pack)
        then = snapshot.read_text() if snapshot.exists() else ""
        diff = "\n".join(difflib.unified_diff(then.splitlines(), now.splitlines(), "snapshot",
                                              "pack", lineterm="", n=0))
        tap.check(f"pack {name} is as its snapshot says", status == 0 and now == then,
                  f"{diff}\nIf this is meant: shuyu pack show {pack.relative_to(root)} "
                  f"> {snapshot.relative_to(root)}")



def check_tables(tap, root):
    """The perturbation tables of the cell-key method are what they say; spoilt ones are noticed."""
    program = root / "policies/packs/ptable.py"
    packs = [p for p in sorted((root / "policies/packs").glob("*/pack.yaml"))
             if "\ncellkey:\n" in p.read_text()]
    tap.check("packs have cell-key tables", packs)
    for pack in packs:
        status, said = output(sys.executable, program, "--check", pack)
        tap.check(f"the table of {pack.parent.name} has mean 0, one variance, and hides small counts",
                  status == 0, said)
    status, made = output(sys.executable, program, "--units-min", "10", "--variance", "5", "--max", "12")
    tap.check("the generator makes the table of the demonstration again, to the last digit",
              status == 0 and made in (root / "policies/packs/demo/pack.yaml").read_text(), made[:200])
    text = packs[0].read_text()
    row = re.findall(r"^    - \{noise: .*\}$", text, re.M)[-1]
    cum = re.search(r"cum: \[(\d+)", row)[1]
    spoilt = {"mean": text.replace(f"cum: [{cum}", f"cum: [{int(cum) + 1}"),
              "small count": text.replace("noise: [-10, 0,", "noise: [-9, 0,", 1),
              "rows": text.replace(row + "\n", "")}
    with tempfile.TemporaryDirectory() as folder:
        for what, bad in spoilt.items():
            file = pathlib.Path(folder) / "pack.yaml"
            file.write_text(bad)
            status, said = output(sys.executable, program, "--check", file)
            tap.check(f"a table with a spoilt {what} is noticed", bad != text and status == 1, said)


# --- manual pages -----------------------------------------------------------------------------

def entries(page):
    """Commands of shuyu.1 with the options that each one's entry names."""
    found = {}
    for first, block in re.findall(r"^\.It (?:Xo\n)?\.?Cm ([^\n]+)\n(.*?)(?=^\.It|^\.El)", page,
                                   re.DOTALL | re.MULTILINE):
        head = block.split(".Xc")[0] if ".Xc" in block else ""
        found[first] = set(re.findall(r"Fl -([a-z-]+)", head))
    return found


def commands(shuyu):
    """Commands of `shuyu --help`, each with the options its own --help names."""
    _, text = output(shuyu, "--help")
    names = [n.strip() for n in re.findall(r"^  ((?:[a-z-]+ )+) +\S", text, re.MULTILINE)]
    found = {}
    for name in names:
        _, usage = output(shuyu, *name.split(), "--help")
        found[name] = set(re.findall(r"--([a-z-]+)", usage.splitlines()[0]))
    return found


def check_manual(tap, root, shuyu):
    page = entries((root / "docs/man/shuyu.1").read_text())
    program = commands(shuyu)
    tap.check("shuyu.1 has the commands of shuyu --help", set(page) == set(program),
              sorted(set(page) ^ set(program)))
    for name in sorted(set(page) & set(program)):
        tap.check(f"shuyu.1: {name}: the same options", page[name] == program[name],
                  f"page {sorted(page[name])}, program {sorted(program[name])}")


def check_other_manuals(tap, root, shuyu):
    build = shuyu.parent.parent.parent
    for page, program in (("shuyu-dev.1", shuyu.parent / "shuyu-dev"),
                          ("shuyu-bridge.1", build / "sdk/bridge/shuyu-bridge"),
                          ("shuyu-audit.1", build / "policies/audit/shuyu-audit"),
                          ("shuyu-supervisor.8", build / "enclave/supervisor/shuyu-supervisor")):
        text = (root / "docs/man" / page).read_text()
        if not program.exists():
            tap.skip(f"{page} against --help", f"{program.name} is not built")
            continue
        _, usage = output(program, "--help")
        said = set(re.findall(r"--([a-z][a-z-]*)", usage))
        written = set(re.findall(r"Fl -([a-z][a-z-]*)", text))
        extra = {"help", "version", "usage"}
        tap.check(f"{page} has the options of --help", said - extra == written - extra,
                  sorted((said ^ written) - extra))


def check_mandoc(tap, root):
    for page in sorted((root / "docs/man").iterdir()):
        if shutil.which("mandoc") is None:
            tap.skip(f"mandoc: {page.name}", "mandoc is not installed")
            continue
        status, text = output("mandoc", "-Tlint", "-W", "warning", page)
        tap.check(f"mandoc: {page.name}", status == 0 and not text, text)


# --- errors -----------------------------------------------------------------------------------

CATEGORIES = {"USAGE": 1, "DENIED": 2, "QUOTA": 3, "CRYPTO": 4, "IO": 5, "BUSY": 6, "INTERNAL": 7}


def check_errors(tap, root):
    header = (root / "sdk/base/include/base/status.h").read_text()
    table = re.findall(r'X\(SY_E_\w+, (\w+), (\d+), "(\w+)"', header)
    declared = {name: CATEGORIES[cat] << 8 | int(n) for cat, n, name in table}
    page = (root / "docs/errors.md").read_text()
    written = {name: int(n, 16) for name, n in
               re.findall(r"^\| `(\w+)` \| (0x[0-9a-f]+) \|", page, re.MULTILINE)}
    tap.check("errors.md lists every code with its number", declared and declared == written,
              sorted(set(declared.items()) ^ set(written.items())))


def main():
    root, shuyu = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    tap = Tap()
    check_tables(tap, root)
    check_packs(tap, root, shuyu)
    check_manual(tap, root, shuyu)
    check_other_manuals(tap, root, shuyu)
    check_mandoc(tap, root)
    check_errors(tap, root)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
