#!/usr/bin/env python3
"""The house plan of DESIGN section 5 as a test: who may include, link and contain what.

    layering.py check ROOT [BINARY...]   TAP: includes by folder; links and symbols by binary
    layering.py self-test                TAP: planted violations, which must be caught

The three tables below are the whole policy: a new edge is a new word in one of them, which a
reviewer sees. Everything not listed is refused. Test files beside the code (test_*.c, fuzz_*.c)
are linked into no program of ours and are not looked at.
"""
import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

LIBC = """argp arpa/ assert byteswap ctype dirent dlfcn elf endian errno fcntl fnmatch getopt glob grp
inttypes langinfo libgen limits link linux/ locale malloc math mntent net/ netdb netinet/ poll
pthread pwd regex sched semaphore signal spawn stdalign stdarg stdatomic stdbool stddef stdint stdio
stdlib stdnoreturn string strings sys/ syscall syslog termios threads time unistd wchar
wctype""".split()
# policies/rules is pure: no I/O, no clock, no randomness. (stdio.h is for snprintf; lint.py refuses
# the rest of it.)
PURE = "assert inttypes limits stdalign stdarg stdbool stddef stdint stdio stdlib string".split()

# folder: (prefix of its headers, prefixes it may include, external headers, system headers)
Folder = collections.namedtuple("Folder", "prefix uses external system")
PUBLIC = "sdk/include"
FOLDERS = {
    PUBLIC: Folder("shuyu", "", "", PURE),
    "sdk/base": Folder("base", "", "", LIBC),
    "sdk/wire": Folder("wire", "base", "msgpack.h", LIBC),
    "sdk/proof": Folder("proof", "base wire", "sodium.h openssl/sha.h openssl/evp.h", LIBC),
    "sdk/client": Folder("client", "shuyu base wire proof", "openssl/ uv.h sodium.h", LIBC),
    "sdk/cli": Folder("cli", "shuyu base wire proof",
                      "yaml.h jansson.h libsmartcols/libsmartcols.h", LIBC),
    "sdk/bridge": Folder("bridge", "shuyu base wire proof role", "uv.h llhttp.h jansson.h sodium.h", LIBC),
    "policies/rules": Folder("rules", "base wire proof", "", PURE),
    "policies/audit": Folder("audit", "base wire proof rules", "sqlite3.h jansson.h sodium.h", LIBC),
    "enclave/supervisor": Folder("supervisor", "base", "", LIBC),
    "enclave/vault": Folder("vault", "base wire", "openssl/ sodium.h", LIBC),
    "enclave/ledger": Folder("ledger", "base wire proof", "", LIBC),
    "enclave/copier": Folder("copier", "base wire proof ledger", "sodium.h", LIBC),
    "enclave/mechanisms": Folder("mechanisms", "base", "sodium.h", LIBC),
    "enclave/sandbox": Folder("sandbox", "base", "seccomp.h", LIBC),
    "enclave/warden": Folder("warden", "base wire proof rules supervisor vault ledger mechanisms "
                             "sandbox", "sodium.h", LIBC),
    "enclave/worker": Folder("worker", "base wire sandbox", "jansson.h csv.h iconv.h", LIBC),
    "gateway/role": Folder("role", "base", "openssl/", LIBC),
    "gateway": Folder("gateway", "base wire proof rules role", "uv.h openssl/ llhttp.h", LIBC),
    "gateway/courier": Folder("courier", "base wire role", "uv.h openssl/ llhttp.h", LIBC),
    "gateway/witness": Folder("witness", "base proof", "uv.h llhttp.h sodium.h", LIBC),
}
PREFIXES = {f.prefix for f in FOLDERS.values()}

# program: (libraries it must never need, prefixes of the symbols it must never contain)
Program = collections.namedtuple("Program", "never_needs never_contains")
PROGRAMS = {
    "shuyu-worker": Program("crypto ssl sodium uv yaml sqlite3 gcrypt", "vault ledger mech rules"),
    "shuyu-warden": Program("ssl uv duckdb yaml jansson csv sqlite3", ""),
    "shuyu-gateway": Program("duckdb yaml jansson csv sqlite3", "vault ledger mech"),
    "shuyu-witness": Program("ssl duckdb yaml jansson csv sqlite3", "vault ledger mech rules gw"),
    "shuyu-courier": Program("duckdb yaml jansson csv sqlite3", "vault ledger mech rules"),
    "shuyu-copier": Program("ssl uv duckdb yaml jansson csv sqlite3", "vault mech rules"),
    "shuyu-supervisor": Program("crypto ssl sodium uv duckdb yaml jansson csv sqlite3",
                                "vault mech rules"),
    "shuyu": Program("duckdb csv sqlite3", "vault mech"),
    "shuyu-bridge": Program("duckdb yaml csv sqlite3", "vault ledger mech rules gw"),
    "shuyu-audit": Program("duckdb uv ssl yaml csv", "vault mech"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>|(\w+))', re.MULTILINE)


# --- includes ---------------------------------------------------------------------------------

def folder_of(path):
    """The innermost folder of the table that holds this file; None for other files."""
    holders = [f for f in FOLDERS if path.startswith(f + "/")]
    return max(holders, key=len) if holders else None


def is_test(path):
    return os.path.basename(path).startswith(("test_", "fuzz_"))


def in_table(header, words):
    """A word is a header's name, or a folder when it ends in '/'; libc's are without '.h'."""
    return any(header == w or header == w + ".h" or (w.endswith("/") and header.startswith(w))
               for w in words)


def why_not(folder, quoted, header, own_headers):
    """Why a file of this folder may not include this header; None if it may."""
    rule = FOLDERS[folder]
    prefix = header.partition("/")[0]
    if ".." in header.split("/"):
        return "climbs out of its folder"
    if "/" in header and prefix in PREFIXES:
        allowed = [rule.prefix, *rule.uses.split()]
        return None if prefix in allowed else f"{folder} may use only: {' '.join(allowed)}"
    if quoted and header in own_headers:
        return None
    if in_table(header, rule.external.split()) or in_table(header, rule.system):
        return None
    return f"not a header that {folder} may use"


def sources(root):
    for folder in ("sdk", "policies", "enclave", "gateway"):
        for path in sorted((root / folder).rglob("*.[ch]")):
            yield path.relative_to(root).as_posix()


def own_headers(paths):
    """For each folder of the table, the ways in which its files may name its private headers."""
    names = collections.defaultdict(set)
    for path in paths:
        folder = folder_of(path)
        if folder and path.endswith(".h"):
            names[folder] |= {os.path.basename(path), path[len(folder) + 1:]}
            names[folder].add("/".join(path.split("/")[-2:]))
    return names


def include_faults(root):
    """Every forbidden include as (folder, text)."""
    paths = list(sources(root))
    own = own_headers(paths)
    for path in paths:
        folder = folder_of(path)
        if folder is None:
            yield None, f"{path}: lies in no folder of the house plan"
            continue
        if is_test(path):
            continue
        for quoted, angled, macro in INCLUDE.findall((root / path).read_text()):
            reason = "names its header by a macro" if macro else why_not(
                folder, bool(quoted), quoted or angled, own[folder])
            if reason:
                yield folder, f"{path}: {quoted or angled or macro}: {reason}"


# --- links ------------------------------------------------------------------------------------

def needed_faults(name, readelf_text):
    forbidden = PROGRAMS[name].never_needs.split()
    for library in re.findall(r"\(NEEDED\).*\[([^\]]+)\]", readelf_text):
        stem = re.sub(r"^lib|(-[\d.]+)?\.so.*$", "", library)
        if stem in forbidden:
            yield f"{name} needs {library}"


def symbol_faults(name, nm_text):
    forbidden = re.compile("(sy_)?(" + "|".join(PROGRAMS[name].never_contains.split()) + ")_")
    symbols = [line.split()[-1] for line in nm_text.splitlines() if line.strip()]
    if not symbols:
        yield f"{name} has no symbol table, so its contents cannot be checked"
    for symbol in symbols:
        if PROGRAMS[name].never_contains and forbidden.match(symbol):
            yield f"{name} contains {symbol}"


def tool(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def binary_faults(path):
    name = os.path.basename(path)
    if name not in PROGRAMS:
        return [f"{name}: no row in the table of programs"]
    if not os.path.exists(path):
        return [f"{path}: not built"]
    return [*needed_faults(name, tool("readelf", "-dW", path)),
            *symbol_faults(name, tool("nm", "--defined-only", path))]


# --- reporting --------------------------------------------------------------------------------

class Tap:
    def __init__(self):
        self.n = self.bad = 0

    def result(self, what, faults):
        self.n += 1
        self.bad += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {self.n} - {what}")
        for fault in faults:
            print(f"# {fault}", file=sys.stderr)

    def end(self):
        print(f"1..{self.n}")
        sys.exit(1 if self.bad else 0)


def check(root, binaries):
    tap = Tap()
    faults = collections.defaultdict(list)
    for folder, text in include_faults(pathlib.Path(root)):
        faults[folder].append(text)
    for folder in FOLDERS:
        tap.result(f"includes of {folder}", faults[folder])
    tap.result("every source file has its room", faults[None])
    for path in binaries:
        tap.result(f"links and symbols of {os.path.basename(path)}", binary_faults(path))
    absent = sorted(set(PROGRAMS) - {os.path.basename(b) for b in binaries})
    if absent:
        strict = os.environ.get("SHUYU_LAYERING_STRICT")
        print(f"# not built here: {' '.join(absent)}")
        tap.result("every program was given", absent if strict else [])
    tap.end()


# --- negative controls ------------------------------------------------------------------------

PLANTED = [  # file, its text, whether it must be caught
    ("sdk/base/src/a.c", '#include "wire/mp.h"', True),
    ("sdk/base/src/b.c", "#include <sodium.h>", True),
    ("sdk/base/src/c.c", '#include <stdio.h>\n#include <sys/mman.h>\n#include "base/buf.h"', False),
    ("sdk/wire/src/a.c", "#include <msgpack.h>", False),
    ("sdk/proof/src/a.c", "#include <openssl/ssl.h>", True),
    ("sdk/bridge/src/a.c", '#include "rules/rows.h"', True),
    ("sdk/bridge/src/b.c", '#include "client/call.h"', True),
    ("policies/rules/src/a.c", "#  include   <time.h>", True),
    ("policies/rules/src/b.c", '#include "rules/../../enclave/vault/x.h"', True),
    ("policies/audit/src/a.c", "#include <uv.h>", True),
    ("enclave/worker/src/a.c", '#include "vault/vault.h"', True),
    ("enclave/worker/src/b.c", "#include <openssl/evp.h>", True),
    ("enclave/worker/src/c.c", '#include "engine.h"', False),
    ("enclave/worker/src/engine.h", '#include "sandbox/seal.h"', False),
    ("enclave/worker/test_worker.c", "#include <cmocka.h>", False),
    ("enclave/warden/src/a.c", "#include <jansson.h>", True),
    ("enclave/warden/src/b.c", '#include "worker/plan.h"', True),
    ("enclave/warden/src/c.c", "#include SOME_HEADER", True),
    ("enclave/vault/src/a.c", '#include "engine.h"', True),
    ("enclave/new/src/a.c", "#include <stdio.h>", True),
    ("gateway/src/a.c", '#include "ledger/tiles.h"', True),
    ("gateway/courier/src/a.c", '#include "rules/decide.h"', True),
    ("gateway/witness/src/a.c", '#include "gateway/http.h"', True),
    ("sdk/include/shuyu/shuyu.h", '#include "base/status.h"', True),
]
NEEDED = " 0x0000000000000001 (NEEDED)  Shared library: [{}]\n"
SYMBOL = "0000000000001139 T {}\n"
PLANTED_LINKS = [  # program, library, whether it must be caught
    ("shuyu-worker", "libcrypto.so.3", True), ("shuyu-worker", "libsodium.so.23", True),
    ("shuyu-worker", "libduckdb.so", False), ("shuyu-warden", "libuv.so.1", True),
    ("shuyu-warden", "libyaml-0.so.2", True), ("shuyu-warden", "libcrypto.so.3", False),
    ("shuyu-gateway", "libduckdb.so", True), ("shuyu-gateway", "libssl.so.3", False),
]
PLANTED_SYMBOLS = [
    ("shuyu-worker", "vault_open", True), ("shuyu-worker", "rules_decide", True),
    ("shuyu-worker", "worker_main", False), ("shuyu-gateway", "ledger_append", True),
    ("shuyu-gateway", "rules_decide", False),
]


def same(caught, must):
    return [] if caught == must else ["was not caught" if must else "was refused"]


def self_test():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for path, text, _ in PLANTED:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text + "\n")
        faulty = {text.partition(":")[0] for _, text in include_faults(root)}
    for path, text, must in PLANTED:
        tap.result(f"{path}: {' '.join(text.split())}", same(path in faulty, must))
    for program, library, must in PLANTED_LINKS:
        caught = bool(list(needed_faults(program, NEEDED.format(library))))
        tap.result(f"{program} with {library}", same(caught, must))
    for program, symbol, must in PLANTED_SYMBOLS:
        caught = bool(list(symbol_faults(program, SYMBOL.format(symbol))))
        tap.result(f"{program} with {symbol}", same(caught, must))
    tap.result("a stripped program is refused", same(bool(list(symbol_faults("shuyu", ""))), True))
    tap.result("a program that is not there is refused",
               same(bool(binary_faults("/nonexistent/shuyu-worker")), True))
    tap.end()


if __name__ == "__main__":
    if sys.argv[1:2] == ["check"] and len(sys.argv) > 2:
        check(sys.argv[2], sys.argv[3:])
    elif sys.argv[1:] == ["self-test"]:
        self_test()
    else:
        sys.exit(__doc__)
