#!/usr/bin/env python3
"""The catalogue from the command line: described, approved, offered, searched, compared, exported; demand that it does
not meet; tickets about the quality of data, with the version that fixes them. The log verifies and replays."""
import json
import pathlib
import sys

import domain

FILES = domain.PACKS / "scheme"
SECTION = """
scheme:
  catalogue:
    ticket_days: 10
    cycles:
      - {code: monthly, title: 每月, days: 45}
      - {code: yearly, title: 每年, days: 430}
"""
PERSONS, EVENTS = "nafld.persons", "nafld.events"


def pack(d, version, section=SECTION):
    path = pathlib.Path(d.pack(version=version))
    path.write_text(path.read_text(encoding="utf-8") + section, encoding="utf-8")
    return path


def edited(d, name, old, new):
    """A copy of a file of the demonstration with one text replaced."""
    text = (FILES / name).read_text(encoding="utf-8")
    assert old in text, old
    path = d.work / name
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def entries(d, party, *options):
    return {e["dataset"]: e for e in d.shuyu(party, "catalog", "list", *options)}


def check_describe(tap, d):
    tap.refused("a pack without a catalogue keeps none", "state", d.shuyu, "health", "catalog",
                "describe", FILES / "entry-persons.yaml")
    d.shuyu("agency", "pack", "adopt", pack(d, 2))
    secret = edited(d, "entry-persons.yaml", "format: csv", "format: csv\nsecret: true")
    tap.refused("state secrets are refused", "denied", d.shuyu, "health", "catalog", "describe", secret)
    wrong = edited(d, "entry-persons.yaml", "100Y43", "100Y44")
    tap.refused("so is a wrong check character", "field", d.shuyu, "health", "catalog", "describe", wrong)
    made = d.shuyu("health", "catalog", "describe", FILES / "entry-persons.yaml")
    tap.check("a description has a version", made == {"dataset": PERSONS, "version": 1}, made)
    tap.check("it is not in the catalogue yet", entries(d, "acme") == {} and
              entries(d, "health")[PERSONS]["status"] == "described")
    tap.refused("its department does not approve it", "role", d.shuyu, "health", "catalog", "approve",
                PERSONS)
    d.shuyu("agency", "catalog", "approve", PERSONS, "--opinion", "核对无误")
    d.shuyu("health", "catalog", "describe", FILES / "entry-events.yaml")
    d.shuyu("agency", "catalog", "approve", EVENTS, "--return", "--opinion", "请注明时间范围")
    d.shuyu("health", "catalog", "describe",
            edited(d, "entry-events.yaml", "time_from: '1997'", "time_from: '1997'\ntime_to: '2018'"))
    d.shuyu("agency", "catalog", "approve", EVENTS)
    got = entries(d, "acme")
    tap.check("both are in the catalogue, for everybody", set(got) == {PERSONS, EVENTS} and
              got[PERSONS]["approved"] == 1 and got[EVENTS]["approved"] == 2 and
              not got[PERSONS]["stale"] and got[PERSONS]["updated"], got)
    shown = d.shuyu("acme", "catalog", "show", PERSONS)
    items = {i["field"]: i["name"] for i in shown["items"]}
    tap.check("items that the file leaves out have the definition's titles", items["weight"] == "体重" and
              items["id"] == "登记号" and len(items) == 8, items)
    tap.check("the agency's opinion is kept", shown["opinion"] == "核对无误" and shown["in_catalogue"])


def check_source(tap, d):
    mine = edited(d, "entry-events.yaml", ", from: nafld.persons", "")
    tap.refused("an item has one source", "exists", d.shuyu, "health", "catalog", "describe", mine)


def check_offers(tap, d):
    scene = d.scene()
    refused = tap.refused("what is not offered is not granted", "denied", d.shuyu, "acme", "scene",
                          "apply", scene)
    tap.check("and the refusal says which", PERSONS in refused.text, refused)
    for name in ("offer-persons.yaml", "offer-events.yaml"):
        d.shuyu("operator", "catalog", "offer", FILES / name)
    got = entries(d, "acme", "--offered")
    tap.check("both are offered", {e["offer"] for e in got.values()} == {"offered"} and len(got) == 2, got)
    d.shuyu("health", "catalog", "describe",
            edited(d, "entry-persons.yaml", "time_to: '2018'", "time_to: '2019'"))
    d.shuyu("agency", "catalog", "approve", PERSONS)
    tap.check("an entry that changes has to be offered anew", entries(d, "acme")[PERSONS]["offer"] == "renew")
    tap.refused("until then nothing is granted over it", "state", d.shuyu, "acme", "scene", "apply", scene)
    d.shuyu("operator", "catalog", "offer", FILES / "offer-persons.yaml")
    filed = d.shuyu("acme", "scene", "apply", d.scene(scene="fresh"))
    tap.check("no warning about fresh data", "stale" not in filed, filed)
    return d.grant(scene)


def check_stale(tap, d):
    """Entered and approved, and never any data: stale at once, which an application is warned of."""
    d.shuyu("health", "dataset", "define", domain.PACKS / "measurements.yaml")
    text = (FILES / "entry-events.yaml").read_text(encoding="utf-8")
    text = text.replace(EVENTS, "nafld.measurements").replace("000002", "000003")
    path = d.work / "entry-measurements.yaml"
    path.write_text(text, encoding="utf-8")
    d.shuyu("health", "catalog", "describe", path)
    d.shuyu("agency", "catalog", "approve", "nafld.measurements")
    offer = edited(d, "offer-events.yaml", EVENTS, "nafld.measurements")
    d.shuyu("operator", "catalog", "offer", offer)
    stale = entries(d, "operator", "--stale")
    tap.check("what has no data is stale", set(stale) == {"nafld.measurements"}, stale)
    filed = d.shuyu("acme", "scene", "apply", d.variant(
        domain.PACKS / "scene.yaml", scene="stale", rho="0.1"))
    tap.check("and an application is warned of it", filed.get("stale") == ["nafld.measurements"], filed)


def check_looking(tap, d):
    found = d.shuyu("acme", "catalog", "search", "登记号")
    tap.check("search finds items", {(f["dataset"], f["where"]) for f in found} >=
              {(PERSONS, "items.id.name"), (EVENTS, "items.id.name")}, found)
    found = d.shuyu("acme", "catalog", "search", "慢性病", "规划")
    tap.check("and offers; every word counts", {f["where"] for f in found} == {"offer.scenes"}, found)
    tap.check("nothing else", d.shuyu("acme", "catalog", "search", "没有这样的词") == [])
    changed = d.shuyu("acme", "catalog", "diff", PERSONS)
    tap.check("diff tells what changed", changed == [{"path": "time_to", "from": "2018", "to": "2019"}],
              changed)
    back = d.shuyu("acme", "catalog", "diff", PERSONS, 2, 1)
    tap.check("in either direction", back == [{"path": "time_to", "from": "2019", "to": "2018"}], back)
    try:
        d.shuyu("acme", "catalog", "diff", EVENTS, 1, 2)
        tap.check("what was never approved is for its department", False)
    except domain.Refused as e:
        tap.check("what was never approved is for its department", e.status == 2, e)
    tap.check("who sees it", len(d.shuyu("health", "catalog", "diff", EVENTS, 1, 2)) == 1)


def check_dcat(tap, d):
    out = d.work / "catalogue.jsonld"
    d.shuyu("acme", "catalog", "export", "--dcat", "--out", out)
    got = json.loads(out.read_text(encoding="utf-8"))
    tap.check("a dcat:Catalog of the agency", got["@type"] == "dcat:Catalog" and
              got["dcterms:publisher"]["foaf:name"] == "agency" and
              got["@context"]["dcat"] == "http://www.w3.org/ns/dcat#", got)
    sets = {s["dcterms:identifier"]: s for s in got["dcat:dataset"]}
    one = sets.get("307030001/000001", {})
    tap.check("with its datasets", len(sets) == 2 and one["@type"] == "dcat:Dataset" and
              one["dcat:version"] == 2 and one["dcterms:accrualPeriodicity"]["rdfs:label"] == "yearly" and
              one["dcterms:publisher"]["dcterms:identifier"] == "91350100M000100Y43" and
              one["dcterms:temporal"] == {"@type": "dcterms:PeriodOfTime",
                                          "dcat:startDate": {"@type": "xsd:gYear", "@value": "1997"},
                                          "dcat:endDate": {"@type": "xsd:gYear", "@value": "2019"}}, one)
    tap.check("and their offers as distributions", [x["@type"] for x in one["dcat:distribution"]] ==
              ["dcat:Distribution"], one)


def check_demand(tap, d):
    tap.refused("demand is filed by the operator", "role", d.shuyu, "acme", "demand", "file",
                "--developer", "acme", "--sector", "health", "--title", "x", "--items", "x", "--scene", "x")
    made = d.shuyu("operator", "demand", "file", "--developer", "acme", "--sector", "health", "--title",
                   "预约数据", "--items", "门诊预约记录", "--scene", "预约取消原因分析")["demand"]
    d.shuyu("health", "demand", "review", made, "--approve", "--opinion", "可以提供")
    listed = d.shuyu("acme", "demand", "list")
    tap.check("one approval is not enough", [x["status"] for x in listed] == ["filed"], listed)
    d.shuyu("agency", "demand", "review", made, "--approve")
    d.shuyu("health", "catalog", "describe",
            edited(d, "entry-events.yaml", "format: csv", f"format: csv\ndemands: ['{made}']"))
    d.shuyu("agency", "catalog", "approve", EVENTS)
    listed = d.shuyu("operator", "demand", "list")
    tap.check("an approved demand is met by an entry", listed[0]["status"] == "met" and
              listed[0]["met"] == EVENTS and listed[0]["number"] == made, listed)


def check_tickets(tap, d, grant):
    words = [PERSONS, "--grant", grant, "--quality", "completeness", "--rule", "nulls"]
    tap.refused("no long numbers in a ticket", "denied", d.shuyu, "acme", "ticket", "open", *words,
                "--text", "11010519491231002X")
    tap.refused("nor a field that was not granted", "field_denied", d.shuyu, "acme", "ticket", "open",
                *words, "--field", "weight")
    made = d.shuyu("acme", "ticket", "open", *words, "--field", "age", "--text", "年龄多有缺失")["ticket"]
    listed = d.shuyu("health", "ticket", "list")
    tap.check("the department sees it, with its deadline", [t["number"] for t in listed] == [made] and
              listed[0]["deadline"] > listed[0]["time"] + 10 * 86400 and not listed[0]["overdue"], listed)
    tap.check("nothing is overdue", d.shuyu("agency", "ticket", "list", "--overdue") == [])
    tap.refused("data of before do not fix it", "state", d.shuyu, "health", "ticket", "fix", made,
                "--data", 1)
    persons, _ = domain.synthetic()
    path = d.raw("persons", persons)
    d.ingest("health", PERSONS, path)
    d.shuyu("health", "ticket", "fix", made, "--data", 2)
    tap.refused("its department does not close it", "role", d.shuyu, "health", "ticket", "close", made,
                "--solved")
    d.shuyu("acme", "ticket", "close", made, "--solved")
    tap.check("solved", d.shuyu("acme", "ticket", "list")[0]["status"] == "solved")


def check_withdrawal(tap, d):
    d.shuyu("operator", "catalog", "unoffer", EVENTS)
    d.shuyu("agency", "catalog", "withdraw", PERSONS, "--text", "系统停用")
    got = entries(d, "agency")
    tap.check("what is withdrawn is out, and its offer with it", got[PERSONS]["status"] == "withdrawn" and
              got[PERSONS]["offer"] == "-" and got[EVENTS]["offer"] == "-", got)
    tap.check("and nobody else sees it", PERSONS not in entries(d, "acme"))


def body(tap):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        check_describe(tap, d)
        check_source(tap, d)
        grant = check_offers(tap, d)
        check_looking(tap, d)
        check_dcat(tap, d)
        check_stale(tap, d)
        check_demand(tap, d)
        check_tickets(tap, d, grant)
        check_withdrawal(tap, d)
        before = entries(d, "agency")
        d.restart()
        tap.check("all of it is there after a restart", entries(d, "agency") == before)
        verified, replayed = d.audit()
        tap.check("and replays", verified and replayed)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    domain.run_tests(body)
