#!/usr/bin/env python3
"""Qualification from the command line: announced, applied for, heard, decided, objected to, agreed, filed, ended. The
pack's public notice has no days here, so that it is over at once; its windows are tested with the rules. The log
verifies and replays."""
import hashlib
import pathlib
import sys
import time

import domain

FILES = domain.PACKS / "scheme"
PAPERS = FILES / "papers"
CLAUSES = "duties scope term ownership revenue security evaluation breach exit dispute".split()
SECTION = """
scheme:
  qualify:
    term_years: 5
    renew_months: 3
    ban_years: 3
    incident_years: 3
    notice_days: 0
    scheme_ends: '2030-03-04T00:00:00+08:00'
    clauses:
""" + "".join(f"      - {{code: {c}}}\n" for c in CLAUSES) + """
    endings:
      - {code: request, own: true}
      - {code: unlawful, cause: true}
    lists: [{code: unlawful}, {code: dishonest}, {code: tax}]
    aspects: [{code: business}, {code: risk}]
"""
SCORES = "business=82,risk=75"


def pack(d, version):
    path = pathlib.Path(d.pack(version=version))
    path.write_text(path.read_text(encoding="utf-8") + SECTION, encoding="utf-8")
    return path


def edited(d, name, old, new):
    text = (FILES / name).read_text(encoding="utf-8")
    assert old in text, old
    path = d.work / name
    path.write_text(text.replace(old, new).replace("papers/", f"{PAPERS}/"), encoding="utf-8")
    return path


def next_second():
    """The notice of no days is over in the next second."""
    time.sleep(1.1)


def hear(d, party, application):
    return d.shuyu(party, "qualify", "opinion", application, "--opinion", PAPERS / "opinion.txt",
                   "--experts", 5, "--scores", SCORES)


def decide(d, party, application, word="--approve"):
    return d.shuyu(party, "qualify", "decide", application, word, "--minutes", PAPERS / "minutes.txt")


def sign(d, grantor, grantee, name, application, number):
    """Offered, accepted, filed; the agreement's id."""
    made = d.shuyu(grantor, "agreement", "offer", FILES / name, "--application", application)
    made = made["agreement"]
    d.shuyu(grantee, "agreement", "accept", made, "--commitment", PAPERS / "commitment.txt")
    d.shuyu("operator", "agreement", "file", made, "--number", number)
    return made


def check_whole(tap, d):
    tap.refused("a pack without the section asks for nothing", "state", d.shuyu, "agency", "qualify",
                "announce", FILES / "announcement-operator.yaml")
    d.shuyu("agency", "pack", "adopt", pack(d, 2))
    tap.refused("no scene without an agreement", "grant", d.shuyu, "acme", "scene", "apply", d.scene())
    made = d.shuyu("agency", "qualify", "announce", FILES / "announcement-operator.yaml")
    call = made["announcement"]
    bad = edited(d, "application.yaml", "{code: tax, clear: true", "{code: tax, clear: false")
    refused = tap.refused("who is on a list is refused", "denied", d.shuyu, "operator", "qualify",
                          "apply", bad, "--announcement", call)
    tap.check("with the list's name", "tax" in refused.text, refused)
    application = d.shuyu("operator", "qualify", "apply", FILES / "application.yaml", "--announcement",
                          call[:10])["application"]
    tap.refused("nobody decides before the experts", "review", decide, d, "agency", application)
    hear(d, "agency", application)
    decide(d, "agency", application)
    next_second()
    whole = sign(d, "agency", "operator", "agreement-whole.yaml", application, "兖数备〔2026〕1号")
    shown = d.shuyu("operator", "agreement", "show", whole)
    tap.check("the whole grant is on file", shown["status"] == "filed" and
              shown["filing_no"] == "兖数备〔2026〕1号" and shown["agreement"]["datasets"] == ["*"] and
              len(shown["agreement"]["clauses"]) == 10, shown)
    digest = hashlib.sha256((PAPERS / "commitment.txt").read_bytes()).hexdigest()
    tap.check("with the commitment's digest", shown["commitment"] == digest, shown)
    return whole


def check_notice(tap, d):
    """The agency announces, the operator joins; a developer is approved by both, and objected to."""
    call = d.shuyu("agency", "qualify", "announce", FILES / "announcement-developer.yaml")["announcement"]
    listed = {a["id"]: a for a in d.shuyu("acme", "qualify", "announced")}
    tap.check("one signature does not open it", listed[call]["status"] == "one signature", listed)
    tap.refused("nor does it take applications", "review", d.shuyu, "acme", "qualify", "apply",
                FILES / "application.yaml", "--announcement", call)
    joined = d.shuyu("operator", "qualify", "announce", "--join", call)
    tap.check("the operator signs the very same", joined["announcement"] == call, joined)
    application = d.shuyu("acme", "qualify", "apply", FILES / "application.yaml", "--announcement",
                          call)["application"]
    hear(d, "operator", application)
    decide(d, "operator", application)
    tap.check("no notice before both have decided",
              [n["party"] for n in d.shuyu("health", "qualify", "notices")] == ["operator"])
    decide(d, "agency", application)
    seen = {n["party"]: n for n in d.shuyu("health", "qualify", "notices")}
    tap.check("everybody reads the notice", seen["acme"]["id"] == application and
              seen["acme"]["until"] == seen["acme"]["from"], seen)
    tap.check("and not the application", d.shuyu("health", "qualify", "list") == [])
    return application


def check_agreement(tap, d, application):
    next_second()
    tap.refused("objections come in time", "expired", d.shuyu, "health", "qualify", "object", application,
                "--text", "数据曾外泄")
    made = sign(d, "operator", "acme", "agreement-developer.yaml", application, "兖数备〔2026〕2号")
    text = d.shuyu("operator", "qualify", "show", application)
    tap.check("the application tells its steps", text["status"] == "agreed" and
              text["opinions"][0]["points"] == 78 and len(text["decisions"]) == 2 and
              text["application"]["subject"] == "某数据服务有限公司", text)
    listed = {a["id"]: a["status"] for a in d.shuyu("health", "agreement", "list")}
    tap.check("a department sees who is granted its data", listed.get(made) == "filed", listed)
    tap.refused("the same number is not given twice", "state", d.shuyu, "operator", "agreement", "file",
                made, "--number", "兖数备〔2026〕2号")
    return made


def check_end(tap, d, whole):
    grant = d.grant(d.scene())
    model = d.model(grant)
    d.run(model, "min_age=40")
    tap.refused("not on any ground", "denied", d.shuyu, "agency", "agreement", "terminate", whole,
                "--ground", "whim")
    d.shuyu("agency", "agreement", "terminate", whole, "--ground", "unlawful", "--text", "违规使用数据")
    stopped = tap.refused("the grant ends with the whole", "grant", d.run, model, "min_age=60")
    tap.check("at once", "revoked" in stopped.text, stopped)
    statuses = {a["id"]: a["status"] for a in d.shuyu("agency", "agreement", "list")}
    tap.check("and every agreement", set(statuses.values()) == {"terminated"} and len(statuses) == 2,
              statuses)
    again = edited(d, "announcement-operator.yaml", "title: 关于", "title: 再次关于")
    call = d.shuyu("agency", "qualify", "announce", again)["announcement"]
    tap.refused("a ban follows the fault", "denied", d.shuyu, "operator", "qualify", "apply",
                FILES / "application.yaml", "--announcement", call)


def body(tap):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        whole = check_whole(tap, d)
        application = check_notice(tap, d)
        check_agreement(tap, d, application)
        check_end(tap, d, whole)
        before = d.shuyu("agency", "agreement", "list")
        d.restart()
        tap.check("all of it is there after a restart", d.shuyu("agency", "agreement", "list") == before)
        verified, replayed = d.audit()
        tap.check("and replays", verified and replayed)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    domain.run_tests(body)
