#!/usr/bin/env python3
"""Words that do not belong in the tree, and the sizes that matter: lint.py ROOT

A rule is a row: name, pattern, which files, where the pattern is allowed, what to do instead.
Rules on code look at C with its comments and string literals blanked; the others at whole files.
"""
import collections
import fnmatch
import pathlib
import re
import subprocess
import sys

Rule = collections.namedtuple("Rule", "name pattern files allowed advice")
CODE, TEXT = ("*.c", "*.h"), ("*",)
PURE = ("policies/rules/src/*.c", "policies/rules/include/*.h")
SELF = "tests/layering/lint.py"
RULES = [
    Rule("raw-alloc", r"\b(malloc|realloc|reallocarray|aligned_alloc)\s*\(", CODE,
         ("sdk/base/*", "policies/rules/src/state.c", "policies/rules/src/effect.c", "tests/*",
          "*/test_*.c", "*/fuzz_*.c"),
         "grow a sdk/base buffer or arena; a single object is calloc(1, size)"),
    Rule("unbounded", r"\b(strcpy|stpcpy|strcat|sprintf|vsprintf|gets|alloca)\s*\(", CODE,
         (), "use sdk/base buffers, or snprintf"),
    Rule("shell", r"\b(system|popen)\s*\(", CODE, (), "posix_spawn a fixed argument vector"),
    Rule("weak-random", r"\b(rand|srand|random|srandom|drand48)\s*\(", CODE,
         (), "randomness comes from libsodium"),
    Rule("impure", r"\b(f?printf|puts|fopen|open|read|write|getenv|time|clock|clock_gettime)\s*\("
         r"|\b(float|double)\b", PURE, (), "decide and apply see their arguments only, in integers"),
    Rule("engine-message", r"\bduckdb_(result|prepare|appender)_error\s*\(\s*&?\w+\s*\)",
         ("enclave/*.c",), ("*/test_*.c",), "an engine message may quote cells: nobody reads it"),
    Rule("unfinished", r"\b(TODO|FIXME|XXX|HACK)\b", TEXT, (SELF,), "finish it, or file an issue"),
    Rule("machine-path", r"(?<![\w.*-])/(work|root|home|Users)/[\w.-]", TEXT,
         (SELF,), "a path of one machine: use a path relative to the tree"),
    Rule("registry-host",
         r"\bregistry\.[a-z0-9-]+\.[a-z]|://[^\s/\"]*(registry|npm|mirror|pypi|nexus)[^\s/\"]*"
         r"|\b(deb|security)\.debian\.", TEXT, (SELF,), "no package registry is named in the tree"),
    Rule("lock-host", r'"resolved"\s*:', ("*package-lock.json",),
         (), "entries are pinned by integrity alone"),
    Rule("blank-end", r"[ \t]+$", CODE + ("*.py", "*.md", "meson.build", "run"), (),
         "no blanks at the end of a line"),
]
BINARY = ("*.zst", "*.gz", "*.png", "*.pdf", "tests/fuzz/corpus/*", "tests/golden/*.bin")
LICENCES = ("LICENSE", "*/LICENSE*")
TESTS = ("*/test_*", "*/fuzz_*")
LONG_FILE = 600

# The warden, and everything that is linked into it (DESIGN section 2: it stays small).
WARDEN = ("enclave/warden", "enclave/vault", "enclave/ledger", "enclave/mechanisms",
          "enclave/sandbox", "policies/rules", "sdk/base", "sdk/wire", "sdk/proof")


def matches(path, patterns):
    return any(fnmatch.fnmatch(path, p) for p in patterns)


def tree(root):
    """Every file that is, or could be, committed."""
    out = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "-z", "--exclude-standard"],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    paths = sorted(set(out.split("\0")) - {""})
    return [p for p in paths if (root / p).is_file() and not matches(p, BINARY + LICENCES)]


COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.DOTALL)


def blank(text):
    """C without its comments and literals, line for line."""
    return COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def lint_file(path, text):
    code = blank(text) if matches(path, CODE) else text
    for rule in RULES:
        if not matches(path, rule.files) or matches(path, rule.allowed):
            continue
        for i, line in enumerate((code if rule.files in (CODE, PURE) else text).splitlines(), 1):
            if re.search(rule.pattern, line):
                yield f"{path}:{i}: {rule.name}: {line.strip()[:60]} ({rule.advice})"


def code_lines(text):
    """Lines that hold code: neither blank nor only comment."""
    without = re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: "\n" * m.group().count("\n"), text,
                     flags=re.DOTALL)
    return sum(1 for line in without.splitlines() if line.strip())


def in_warden(path):
    return matches(path, CODE) and path.startswith(tuple(f + "/" for f in WARDEN)) \
        and not matches(path, TESTS)


def report_sizes(texts):
    by_folder = collections.Counter()
    for path, text in texts.items():
        if in_warden(path):
            by_folder["/".join(path.split("/")[:2])] += code_lines(text)
        if matches(path, CODE) and text.count("\n") > LONG_FILE and not matches(path, TESTS):
            print(f"{path}: warning: {text.count(chr(10))} lines, more than {LONG_FILE}")
    parts = ", ".join(f"{folder} {by_folder[folder]}" for folder in WARDEN)
    print(f"enclave/warden: {sum(by_folder.values())} lines (of code, with what it links: {parts})")
    print(f"BOUNDARY: {sum(t.count('BOUNDARY:') for p, t in texts.items() if matches(p, CODE))} "
          "re-checks marked")


def main(root):
    texts, faults = {}, []
    for path in tree(root):
        try:
            texts[path] = (root / path).read_text()
        except UnicodeDecodeError:
            continue
        faults += lint_file(path, texts[path])
    for fault in faults:
        print(fault)
    report_sizes(texts)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
