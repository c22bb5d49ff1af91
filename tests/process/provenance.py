#!/usr/bin/env python3
"""What an auditor finds in a real domain's log: the index, filters, every line against its schema, syslog, and
an answer traced from its receipt back to the data and everybody who approved it."""
import json
import re
import shutil
import subprocess

import jsonschema

import domain

SYSLOG = re.compile(r'<1(0[7-9]|10)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [!-~]{1,255} shuyu - [!-~]{1,32} '
                    r'\[shuyu@32473( [a-z]+="(\\["\\\]]|[^"\\\]])*")+\] \ufeff[^\x00-\x1f\x7f]+')
PIPELINE = ["data", "mask", "model", "proposal", "first_review", "consent", "final_review", "charge",
            "release", "receipt"]


def audit(*words, status=0, lang="C.UTF-8"):
    command = [str(domain.AUDIT), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=domain.CALL_S,
                          env={**domain.environment(), "LC_ALL": lang},
                          preexec_fn=domain.die_with_parent)
    if done.returncode != status:
        raise domain.Refused(command, done.returncode, {}, done.stdout + done.stderr)
    return done.stdout


def lines(*words):
    return [json.loads(line) for line in audit("show", "--json", *words).splitlines()]


def live(d):
    """A grant, a model, three runs of which one is answered again and one refused, a suspension."""
    grant = d.grant(d.scene())
    model = d.model(grant)
    answers = [d.run(model, "min_age=40"), d.run(model, "min_age=60"), d.run(model, "min_age=40")]
    try:
        d.run(model, "min_age=41")
    except domain.Refused:
        pass
    d.shuyu("agency", "scene", "suspend", grant, "--ground", "incident", "--text", "\"a] \\ 暂停")
    return grant, model, answers


def test_schemas(tap, shown):
    """Each line is what its schema says; and a schema says no to what is not."""
    schemas = {s["title"]: s for s in map(json.loads, audit("schema").splitlines())}
    for s in schemas.values():
        jsonschema.Draft202012Validator.check_schema(s)
    wrong = []
    for line in shown:
        for e in jsonschema.Draft202012Validator(schemas[line["schema"]]).iter_errors(line):
            wrong.append((line["entry"], line["schema"], list(e.absolute_path), e.message[:200]))
    tap.check(f"{len(shown)} lines of {len({s['schema'] for s in shown})} schemas are valid", not wrong, wrong[:5])
    charge = next(s for s in shown if s["schema"] == "shuyu.charge/1")
    check = jsonschema.Draft202012Validator(schemas["shuyu.charge/1"])
    spoiled = [{**charge, "more": 1}, {**charge, "commitment": "00"},
               {**charge, "time": "yesterday"}, {k: v for k, v in charge.items() if k != "event"},
               {**charge, "event": {**charge["event"], "verdict": {"spends": [{"rho": "many"}]}}}]
    tap.check("spoiled lines are not", not any(check.is_valid(s) for s in spoiled),
              [check.is_valid(s) for s in spoiled])
    tap.check("the plan and the pack are objects",
              all(isinstance(s["event"]["inputs"]["plan"], dict) for s in shown if s["type"] == "model")
              and all(isinstance(s["event"]["request"]["args"]["pack"], dict) for s in shown
                      if s["type"] == "pack"))


def test_filters(tap, out, shown, grant, model):
    def of(*words):
        return [s["entry"] for s in lines(*words, out)]

    def by(test):
        return [s["entry"] for s in shown if test(s)]

    tap.check("by party", of("--party", "acme") == by(lambda s: s["party"] == "acme"))
    tap.check("by type and verdict", of("--type", "refuse", "--verdict", "refused") ==
              by(lambda s: s["verdict"] != "allowed") != [])
    tap.check("by role", of("--role", "auditor") == by(lambda s: s["party"] == "auditor") != [])
    runs = of("--model", "burden", "--type", "charge")
    tap.check("by model's name", runs == by(lambda s: s["type"] == "charge" and s.get("model") == model)
              and len(runs) == 2, runs)
    tap.check("a scene has its answers", set(of("--scene", "burden-2026", "--type", "answer")) ==
              set(by(lambda s: s["type"] == "answer")))
    tap.check("by grant", of("--grant", grant[:12]) == of("--scene", "burden-2026"))
    tap.check("by dataset", of("--dataset", "nafld.persons", "--type", "publish") ==
              by(lambda s: s["type"] == "publish" and
                 s["event"]["inputs"]["version"][0]["dataset"] == "nafld.persons") != [])
    tap.check("by number", of("--entry", "3..5", "--limit", "2") == [3, 4])
    for wrong in (["show", "--entry", "x"], ["show", "--since", "yesterday"], ["show", "--limit", "0"],
                  ["trace"], ["show", "--lang", "fr"]):
        audit(*wrong, out, status=2)
    audit("show", "--verdict", "maybe", out, status=1)
    audit("schema", "nonsense", status=2)
    tap.check("the same without the index", of("--scan", "--grant", grant) == of("--grant", grant))


def test_trace(tap, d, out, answers, model, grant):
    path = d.work / "answer.receipt"
    path.write_text(answers[0]["receipt"], encoding="utf-8")
    said = json.loads(audit("trace", "--json", out, path))
    steps = said["steps"]
    kinds = [s["step"] for s in steps]
    tap.check("a receipt leads to all of it", set(PIPELINE) <= set(kinds), kinds)
    by_kind = {k: next(s for s in steps if s["step"] == k) for k in kinds}
    tap.check("who answers for it", [by_kind[k].get("party") for k in PIPELINE] ==
              ["warden", "acme", "acme", "acme", "operator", "health", "agency", "acme", "warden", None],
              by_kind)
    tap.check("digests of model and grant", (by_kind["model"]["id"], by_kind["final_review"]["id"]) ==
              (model, grant))
    read = {(x["dataset"], x["version"]) for x in answers[0]["data"]}
    seen = {tuple(s["detail"].split(" @ ")) for s in steps if s["step"] == "data"}
    tap.check("every version that was read", seen == {(n, str(v)) for n, v in read}, (seen, read))
    reached, todo = set(), [len(steps) - 1]
    while todo:
        i = todo.pop()
        reached.add(i)
        todo += [k for k in steps[i]["from"] if k not in reached]
    tap.check("from the receipt back to the data", {i for i, s in enumerate(steps) if s["step"] == "data"}
              <= reached, sorted(reached))
    again = json.loads(audit("trace", "--json", out, by_kind["charge"]["entry"]))
    tap.check("the charge has the same trace", again["steps"][:-1] == steps[:-1])
    tap.check("in Chinese", "出域" in audit("trace", "--lang", "zh", out, path) and
              "出域" in audit("trace", out, path, lang="zh_CN.UTF-8"))
    dot = audit("trace", "--dot", out, path)
    tap.check("as a picture", dot.startswith("digraph") and dot.count("->") == sum(len(s["from"]) for s in steps)
              + sum(s["detail"].count("->") for s in steps), dot)
    path.write_text(answers[0]["receipt"].replace("index ", "index 1", 1), encoding="utf-8")
    tap.check("a changed receipt leads nowhere", "FAILED" in audit("trace", out, path, status=1))


def copy_log(source, target):
    """What an export brings, beside whatever is there."""
    target.mkdir(exist_ok=True)
    for name in ("entries", "checkpoint", "log.vkey"):
        shutil.copy(source / name, target / name)


def test_index(tap, d, out, grant, model):
    old, grown = d.work / "older", d.work / "grown"
    copy_log(out, old)
    copy_log(out, grown)
    first = json.loads(audit("--json", "index", grown))
    tap.check("made", first["new"] == first["entries"] > 20, first)
    d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")
    d.run(model, "min_age=60")
    copy_log(d.export(), grown)
    more = json.loads(audit("--json", "index", grown))
    tap.check("continued", 0 < more["new"] == more["entries"] - first["entries"], more)
    copy_log(old, grown)
    said = audit("index", grown, status=1)
    tap.check("a log that was rolled back is refused", "rollback" in said, said)
    said = audit("show", grown, status=1)
    tap.check("by show too", "rollback" in said, said)
    audit("index", "--rebuild", grown)
    tap.check("until it is made anew", len(lines(grown)) == first["entries"])


def test_partial(tap, d):
    """What a developer may not read is a line with its digest."""
    out = d.export("rival")
    shown = lines(out)
    schema = json.loads(audit("schema", "closed"))
    closed = [s for s in shown if s["schema"] == "shuyu.closed/1"]
    tap.check("closed entries are shown, by their digests", len(closed) > 5 and
              all(jsonschema.Draft202012Validator(schema).is_valid(s) for s in closed), closed[:3])
    tap.check("and none has a body", not any("event" in s for s in closed))
    said = audit("trace", out, closed[-1]["entry"], status=1)
    tap.check("nor a trace", "denied" in said, said)


def main(tap):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        d.enrol("rival", "developer")
        grant, model, answers = live(d)
        out = d.export()
        audit("index", out)
        shown = lines(out)
        tap.check("every entry is shown", [s["entry"] for s in shown] == list(range(len(shown))) and
                  len(audit("show", out).splitlines()) == len(shown))
        test_schemas(tap, shown)
        test_filters(tap, out, shown, grant, model)
        said = audit("show", "--syslog", out).splitlines()
        tap.check("syslog lines are of RFC 5424", len(said) == len(shown) and all(map(SYSLOG.fullmatch, said)),
                  [s for s in said if not SYSLOG.fullmatch(s)][:2])
        test_trace(tap, d, out, answers, model, grant)
        for i in range(len(shown)):
            audit("trace", out, i)
        tap.check("every entry has a trace", True)
        test_index(tap, d, out, grant, model)
        test_partial(tap, d)


if __name__ == "__main__":
    domain.run_tests(main)
