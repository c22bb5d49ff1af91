#!/usr/bin/env python3
"""The command line without a domain: usage, help, files and their positions, doctor.

    test_commands.py SOURCE_ROOT SHUYU SHUYU_DEV [live]      TAP; `live` tries shuyu-dev for real
"""
import csv
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT, SHUYU, DEV = (pathlib.Path(a).resolve() for a in sys.argv[1:4])
DEMO = ROOT / "policies/packs/demo"
COUNT = [0, 0]


def check(name, good, detail=""):
    COUNT[0] += 1
    COUNT[1] += not good
    print(f"{'ok' if good else 'not ok'} {COUNT[0]} - {name}")
    for line in [] if good else str(detail).splitlines():
        print("#", line)


def call(*words, program=SHUYU):
    """(exit status, standard output, standard error); no profile of this machine is used."""
    done = subprocess.run([str(w) for w in (program, *words)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120, check=False,
                          env={**os.environ, "SHUYU_HOME": "/nonexistent", "LC_ALL": "C.UTF-8"})
    return done.returncode, done.stdout, done.stderr


def commands():
    _, text, _ = call("--help")
    return [n.strip() for n in re.findall(r"^  ((?:[a-z-]+ )+) +\S", text, re.MULTILINE)
            if n.strip() not in ("audit", "dev")]


# Words, and what standard error must say; all end with status 2.
WRONG = [
    ("no command", [], "usage: shuyu"),
    ("an unknown command", ["frobnicate"], "usage: shuyu"),
    ("half a command", ["party"], "usage: shuyu"),
    ("an unknown option", ["party", "list", "--bogus", "x"], "party list takes no --bogus"),
    ("another command's option", ["status", "--grant", "aa"], "status takes no --grant"),
    ("an option without its value", ["party", "new", "--party"], "--party needs a value"),
    ("no second person for what acts at once", ["run", "ab", "--cosign", "f"], "acts at once"),
    ("a missing option", ["party", "new"], "--party is missing"),
    ("an empty option", ["party", "new", "--party="], "--party is missing"),
    ("a missing file argument", ["pack", "adopt"], "give one pack file"),
    ("too many arguments", ["pack", "show", "a", "b"], "give one pack file"),
    ("neither yes nor no", ["model", "review", "00"], "give --approve or --reject"),
    ("both yes and no", ["model", "review", "00", "--approve", "--reject"],
     "give --approve or --reject"),
    ("no id", ["model", "show"], "give one id"),
    ("a short id", ["model", "show", "12345"], "at least 6 digits"),
    ("a model to check, under nothing", ["model", "check", "m.yaml"], "either --grant ID or --scene"),
    ("under two things", ["model", "cost", "m.yaml", "--grant", "aa", "--scene", "s"],
     "either --grant ID or --scene"),
    ("no model to explain", ["model", "explain", "--grant", "aa"], "give one model file"),
    ("a test without a catalogue", ["model", "test", "m.yaml"], "--catalogue is missing"),
    ("a test without a model", ["model", "test", "--catalogue", "."], "give one model file"),
    ("a catalogue that holds no entries", ["model", "test", "m", "--catalogue", "/proc/self/fd"],
     "no catalogue entries"),
    ("a trail without its namespace", ["subject", "trail", "--id", "x"], "--ns is missing"),
    ("an erasure of nobody", ["payload", "erase", "--ns", "person"], "--id is missing"),
    ("an identifier that is no option", ["payload", "erase", "x"], "identifiers go with --id"),
    ("no entry to read", ["payload", "read"], "give the number of one entry"),
    ("an entry that is no number", ["payload", "read", "5x"], "give the number of one entry"),
    ("ingest without --local", ["dataset", "ingest", "a", "b"], "--local"),
    ("no answer to run again", ["audit", "rerun"], "give entries, or --all"),
    ("one, and all of them", ["audit", "rerun", "--all", "7"], "give entries, or --all"),
    ("since no time", ["audit", "rerun", "--all", "--since", "noon"], "--since noon: a date"),
    ("own data without its file", ["own", "define", "a.yaml"], "--file is missing"),
    ("own data that is none", ["own", "define", "--file", "a"], "give one file that defines"),
    ("a confirmation of nothing", ["own", "confirm", "--approve"], "give one own dataset"),
    ("a confirmation that says nothing", ["own", "confirm", "own.a"], "give --approve or --reject"),
    ("own data sent without its file", ["own", "put", "own.a"], "usage: shuyu own put"),
    ("a file that is not there", ["own", "put", "own.a", "/nonexistent"], "cannot be read"),
    ("no second person for a file in parts", ["own", "put", "own.a", "b", "--cosign", "f"], "acts at once"),
    ("own data of no name", ["own", "show"], "give one own dataset"),
    ("a description that is none", ["catalog", "describe"], "give one description"),
    ("an entry returned without a word", ["catalog", "approve", "a", "--return"], "--opinion is missing"),
    ("a withdrawal without a word", ["catalog", "withdraw", "a"], "--text is missing"),
    ("an offer of nothing", ["catalog", "offer"], "give one offer"),
    ("a search for nothing", ["catalog", "search"], "what are you looking for?"),
    ("a difference of one version", ["catalog", "diff", "a", "1"], "two versions or none"),
    ("a version that is no number", ["catalog", "show", "a", "x"], "give the number of one version"),
    ("an export in no form", ["catalog", "export"], "say in which form: --dcat"),
    ("a demand of nobody", ["demand", "file"], "--developer is missing"),
    ("a demand without its number", ["demand", "review", "x", "--approve"], "give the number of one demand"),
    ("a ticket without its quality", ["ticket", "open", "a", "--rule", "r"], "--quality is missing"),
    ("a fix without its data", ["ticket", "fix", "1"], "--data is missing"),
    ("a fix by no number", ["ticket", "fix", "1", "--data", "x"], "the number of the data version"),
    ("a ticket closed in two ways", ["ticket", "close", "1", "--solved", "--unsolved"], "give --solved"),
    ("an announcement of nothing", ["qualify", "announce"], "give one announcement file"),
    ("an announcement and another", ["qualify", "announce", "f", "--join", "aa"], "give one announcement file"),
    ("an application under nothing", ["qualify", "apply", "f"], "--announcement is missing"),
    ("an opinion of nobody", ["qualify", "opinion", "x"], "--experts is missing"),
    ("a decision without minutes", ["qualify", "decide", "x", "--approve"], "--minutes is missing"),
    ("a paper that is not there", ["qualify", "decide", "x", "--approve", "--minutes", "/none"],
     "no file that can be read"),
    ("an objection without a word", ["qualify", "object", "x"], "--text is missing"),
    ("an agreement for nobody", ["agreement", "offer", "f"], "--application is missing"),
    ("an agreement without its commitment", ["agreement", "accept", "x"], "--commitment is missing"),
    ("an agreement filed under nothing", ["agreement", "file", "x"], "--number is missing"),
    ("an agreement ended for nothing", ["agreement", "terminate", "x"], "--ground is missing"),
    ("a hundred arguments", ["run", *["a=b"] * 100], "too many arguments"),
]


def usage_errors():
    for name, words, want in WRONG:
        status, out, err = call(*words)
        check(f"{name}: status 2 and a word about it",
              status == 2 and want in err and not out, (status, out, err))


def help_texts():
    status, text, err = call("--help")
    check("--help lists the commands", status == 0 and "party new" in text and not err, err)
    for name in commands():
        status, text, err = call(*name.split(), "--help")
        check(f"{name} --help", status == 0 and text.startswith(f"usage: shuyu {name} ") and
              len(text.splitlines()) == 2 and not err, (status, text, err))
    status, text, _ = call("--version")
    check("--version", status == 0 and re.fullmatch(r"shuyu \d+\.\d+\.\d+\n", text), text)


def files(folder):
    pack = (DEMO / "pack.yaml").read_text()
    bad = folder / "bad.yaml"
    bad.write_text(pack.replace("groups_max: 64", "groups_max: sixty"))
    row = next(i for i, line in enumerate(pack.splitlines(), 1) if line.startswith("groups_max"))
    status, _, err = call("pack", "show", bad)
    check("a bad value: file, line, column, and what was expected",
          status == 2 and f"{bad}:{row}:13: groups_max: expected a whole number" in err, err)
    status, _, err = call("--json", "pack", "show", bad)
    check("the same as JSON", status == 2 and json.loads(err)["error"] == "field" and
          f":{row}:13:" in json.loads(err)["reason"], err)
    status, _, err = call("pack", "show", folder / "none.yaml")
    check("a missing file", status == 2 and "cannot be opened" in err, err)
    out = folder / "pack.bin"
    status, _, err = call("pack", "compile", DEMO / "pack.yaml", "--out", out)
    check("pack compile writes the record", status == 0 and out.stat().st_size > 100, err)
    status, _, err = call("pack", "compile", DEMO / "pack.yaml", "--out", folder / "no/such")
    check("an output that cannot be written", status == 2 and "cannot be written" in err, err)
    status, text, _ = call("--json", "pack", "show", DEMO / "pack.yaml")
    check("pack show --json parses", status == 0 and json.loads(text)["id"] == "demo", text)


def profiles(folder):
    home = folder / "me"
    status, _, err = call("status")
    check("no profile: said so", status != 0 and "not_found" in err, err)
    status, text, err = call("--home", home, "--json", "party", "new", "--party", "me")
    check("party new makes one", status == 0 and json.loads(text)["party"] == "me", err)
    status, _, err = call("--home", home, "party", "new", "--party", "me")
    check("and does not overwrite it", status == 1 and "exists" in err, (status, err))
    status, text, _ = call("--home", folder / "you", "--quiet", "party", "new", "--party", "you")
    check("--quiet says nothing", status == 0 and text == "", text)
    status, _, err = call("--home", home, "--address", "127.0.0.1:1", "status")
    check("nobody at the address: status 4", status == 4, (status, err))
    status, _, err = call("--home", home, "scene", "apply", DEMO / "scene.yaml")
    check("a profile that trusts no domain cannot apply", status != 0 and err, (status, err))


def doctor():
    status, text, _ = call("doctor", "--json")
    report = json.loads(text)
    check("doctor --json parses", all(set(c) == {"check", "ok", "needed"} for c in
                                      report["checks"]) and report["checks"], text)
    check("its exit status is its verdict", status == (0 if report["ready"] else 1), status)


def units_of(path, column):
    with open(path, newline="", encoding="utf-8") as file:
        return [row[column] for row in csv.DictReader(file)]


def registries(folder):
    """Of a district's tables, in whatever order: each namespace's own register lists its units."""
    status, _, err = call("data", ROOT / "policies/packs/health/catalogue", "--out",
                          folder / "health", program=DEV)
    people = units_of(folder / "health/health.pop.dummy.csv", "person_id")
    staff = units_of(folder / "health/health.staff.dummy.csv", "staff_id")
    check("the registers of people and of staff list every unit once", status == 0 and
          len(set(people)) == len(people) == 3000 and len(set(staff)) == len(staff) == 800, err)
    others = {"claim": "person_id", "birth": "mother_id", "imm": "child_id"}
    check("and other tables draw from them", all(
        set(units_of(folder / f"health/health.{t}.dummy.csv", c)) - {""} < set(people)
        for t, c in others.items()) and
        set(units_of(folder / "health/health.second.dummy.csv", "staff_id")) < set(staff))


def dev(folder):
    (folder / "empty").mkdir()
    entries = [DEMO / "persons.yaml", DEMO / "events.yaml"]
    for name, words, want in [("no entries", [], "give catalogue files"),
                              ("an empty folder", [folder / "empty"],
                               "no catalogue entries"),
                              ("no model", entries, "give `--` and a model file"),
                              ("an unknown option", ["--bogus", "1", *entries], "no --bogus"),
                              ("a bad seed", ["--seed", "x", *entries], "--seed takes"),
                              ("data without --out", ["data", *entries], "--out is missing"),
                              ("a parameter that is none",
                               [*entries, "--", DEMO / "models/burden.yaml", "x"], "NAME=VALUE"),
                              ("a model for an entry", [DEMO / "models/burden.yaml", "--", "x"],
                               "unknown key")]:
        status, _, err = call(*words, program=DEV)
        check(f"shuyu-dev, {name}: status 2", status == 2 and want in err, (status, err))
    status, text, _ = call("dev", "--help")
    check("shuyu dev runs shuyu-dev", status == 0 and text.startswith("usage: shuyu-dev"), text)
    sizes = {}
    for seed in ("1", "1", "2"):
        out = folder / f"dummy{len(sizes)}"
        status, text, err = call("data", *entries, "--out", out, "--seed", seed, program=DEV)
        sizes[out] = {p.name: p.read_bytes() for p in out.iterdir()}
    first, second, third = sizes.values()
    check("shuyu-dev data: one labelled file for each entry", status == 0 and
          set(first) == {"nafld.persons.dummy.csv", "nafld.events.dummy.csv"} and
          text.count("SYNTHETIC DUMMY DATA") == 2, (text, err))
    check("the same seed, the same bytes; another seed, others", first == second != third)


def dev_health():
    """A rate of three blocks over the whole catalogue of a district, its code tables real."""
    health = ROOT / "policies/packs/health"
    words = ["--json", "model", "test", health / "models/prem_ncd.yaml", "year=2020", "--catalogue",
             health / "catalogue", "--public", health / "public", "--pack", health / "pack.yaml"]
    status, text, err = call(*words)
    said = json.loads(text) if status == 0 else {"answer": {"columns": [], "spends": []}}
    columns = {c["name"]: c for c in said["answer"]["columns"]}
    check("model test: a health indicator on a folder of entries, in its own pack", status == 0 and
          set(columns) == {"value", "num", "den"}, (status, text[-600:], err))
    check("with its price", [(s["ns"], s["rho"]) for s in said["answer"]["spends"]] ==
          [("person", 20_500_000)], said["answer"]["spends"])
    check("from the tables it reads", [d["dataset"] for d in said["answer"].get("data", [])] ==
          ["health.death", "health.pop", "health.icd", "health.life_bands"], said["answer"])


def dev_custody(folder, entries, burden):
    """Under packs whose departments hold key shares: they deposit them in the throw-away domain too."""
    second = (ROOT / "policies/packs/second/pack.yaml").read_text(encoding="utf-8")
    packs = {"the second pack": second.replace("support_min: 200", "support_min: 100"),
             "two custodians": (DEMO / "pack.yaml").read_text(encoding="utf-8").replace(
                 "consent: true", "consent: true\ncustody: both")}
    for name, text in packs.items():
        pack = folder / "custody.yaml"
        pack.write_text(text, encoding="utf-8")
        status, text, err = call("--json", "--pack", pack, *entries, "--", burden, program=DEV)
        check(f"a model runs under {name}", status == 0 and json.loads(text)["answer"]["rows"] == 16,
              (status, text[-300:], err))


def dev_live(folder):
    entries = [DEMO / "persons.yaml", DEMO / "events.yaml"]
    burden = DEMO / "models/burden.yaml"
    status, text, err = call(*entries, "--", burden, "min_age=40", program=DEV)
    check("a model runs on dummy data", status == 0 and "verified" in text, (status, err))
    check("labelled before and after", text.count("合成数据 SYNTHETIC DUMMY DATA") == 2 and
          "min_age=40" in text, text)
    status, text, err = call("--json", *entries, DEMO / "streets.yaml", "--", burden, program=DEV)
    answer = json.loads(text) if status == 0 else {}
    check("--json parses, is labelled, and has the first declared value", status == 0 and
          answer["synthetic"] is True and answer["params"] == ["min_age=18"] and
          answer["answer"]["rows"] == 16 and not err, (status, text, err))
    status, _, err = call(*entries, "--", ROOT / "tests/demo/rows.yaml", program=DEV)
    check("a refusal of the dialect: the line and a caret", status == 1 and "row_level" in err and
          re.search(r"^ +\^$", err, re.MULTILINE), (status, err))
    status, _, err = call(*entries, "--", burden, "min_age=17", program=DEV)
    check("a value that is not declared is refused", status == 1 and "min_age" in err,
          (status, err))
    kept = folder / "kept"
    status, text, err = call("--keep", kept, *entries, "--", burden, program=DEV)
    check("--keep leaves the domain", status == 0 and (kept / "domain/ledger").is_dir(), err)
    status, _, err = call("--keep", kept, *entries, "--", burden, program=DEV)
    check("and takes new folders only", status == 2 and "new folder" in err, err)
    dev_custody(folder, entries, burden)
    dev_health()
    os.environ["TMPDIR"] = str(folder / "tmp")
    (folder / "tmp").mkdir()
    with subprocess.Popen([str(DEV), *map(str, entries), "--", str(burden)],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while not list((folder / "tmp").glob("*/domain/run/local.sock")) and child.poll() is None:
            time.sleep(0.01)
        child.terminate()
    check("a signal leaves nothing behind", child.returncode == 143 and
          not list((folder / "tmp").iterdir()), (child.returncode, os.listdir(folder / "tmp")))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if sys.argv[4:] == ["live"]:
            dev_live(folder)
        else:
            usage_errors()
            help_texts()
            files(folder)
            profiles(folder)
            doctor()
            dev(folder)
            registries(folder)
    print(f"1..{COUNT[0]}")
    return 1 if COUNT[1] else 0


if __name__ == "__main__":
    sys.exit(main())
