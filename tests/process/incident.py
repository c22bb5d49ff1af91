#!/usr/bin/env python3
"""Supervision in a live domain. One signed call reports an incident and stops what it affects: a run under way is ended
and a buyer's next call refused, within a second. Then an inspection, an order to correct and what it closes, the emergency
plan, an evaluation, the yearly report, and what is due. The log verifies and replays.

The second is measured from before the command starts to the end of the run's worker, over ROUNDS rounds, of which the best
counts: what is measured is the domain, not what else the machine does. Sanitizers slow all of it down: there the
limit is ten seconds, and the time is printed all the same."""
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

import msgpack

import domain
import product as products

ROUNDS = 3
LIMIT_S, SANITIZED_LIMIT_S = 1.0, 10.0
SLOT_MS, SANITIZED_SLOT_MS = 4000, 15000  # the call comes while the run's slot goes on
SECTION = """  supervise:
    report_hours: 1
    incident_days: 5
    disclosure_month: 3
    disclosure_day: 31
    report_month: 1
    report_day: 31
    grounds:
      - {code: harm, title: 损害公共利益}
      - {code: insecure, title: 未落实安全措施}
      - {code: other, title: 其他}
    sectors:
      - {code: health, title: 卫生健康, department: health}
"""


def is_sanitized():
    return b"__asan_init" in domain.SHUYU.read_bytes()


def limit():
    return SANITIZED_LIMIT_S if is_sanitized() else LIMIT_S


def pack(d, version):
    """With a slot that covers the call, and limits of a job beyond it: nothing else may end the run."""
    path, slot = products.pack(d, version), SANITIZED_SLOT_MS if is_sanitized() else SLOT_MS
    text = path.read_text(encoding="utf-8")
    text = text.replace(f"slot: {domain.SLOT_S * 1000}ms, wall: 5000ms", f"slot: {slot}ms, wall: {4 * slot}ms")
    path.write_text(text + SECTION, encoding="utf-8")
    return path


def on_sale(d, model):
    """A published and registered product of the model, with a subscription of the shop's."""
    product = d.shuyu("acme", "product", "submit", products.FILE, "--model", model)["product"]
    report = d.shuyu("agency", "product", "report", product)["report"]
    for party in ("guard", "agency"):
        d.shuyu(party, "product", "review", product, "--approve", "--report", report)
    d.shuyu("agency", "product", "publish", product)
    d.shuyu("agency", "product", "register", product, "--exchange", "SD-2026-0017")
    d.shuyu("operator", "product", "register", product, "--registration", "370812-2026-0003")
    d.shuyu("shop", "product", "subscribe", product, "--purpose", "planning", "--no-redistribution")
    return product


# --- one call ------------------------------------------------------------------------------------

class LongRun:
    """A run whose worker never ends by itself: it is stopped as soon as it is there."""

    def __init__(self, d, model, age):
        self.command = d.command("acme", "run", model, f"min_age={age}")
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.PIPE, env=domain.environment(),
                                        stdin=subprocess.DEVNULL, preexec_fn=domain.die_with_parent)
        self.worker = self.freeze(d)
        self.birth = domain.birth_of(self.worker)
        self.ended = None
        self.watch = threading.Thread(target=self.look, daemon=True)
        self.watch.start()

    @staticmethod
    def freeze(d):
        found = []
        if not domain.wait_until(lambda: found.extend(d.workers()) or found, domain.CALL_S, step=0.001):
            raise RuntimeError("no worker appeared")
        os.kill(found[0], signal.SIGSTOP)
        return found[0]

    def look(self):
        while domain.birth_of(self.worker) == self.birth:
            time.sleep(0.001)
        self.ended = time.monotonic()

    def outcome(self):
        out, err = self.process.communicate(timeout=domain.CALL_S)
        return self.process.returncode, domain.last_json(err).get("error", out)

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.worker, signal.SIGCONT)
        if self.process.poll() is None:
            self.process.kill()


def bite(tap, d, grant, model, product, age):
    """One round: seconds from the call to the end of the run's worker, and to its own end."""
    run = LongRun(d, model, age)
    try:
        began = time.monotonic()
        said = d.shuyu("agency", "incident", "report", "--kind", "leak", "--text", "a key was seen outside",
                       "--grants", grant)
        acknowledged = time.monotonic() - began
        e = tap.refused("the buyer's next call: suspended", "suspended", products.call, d, "shop",
                        product, 18, "planning")
        tap.check("and it is logged", e is not None and e.logged, e)
        run.watch.join(timeout=domain.CALL_S)
        tap.check("the run's worker is gone", run.ended is not None)
        tap.check("the run is refused", run.outcome()[0] == 1, run.outcome)
        types = [msgpack.unpackb(e["leaf"])[1] for e in domain.read_entries(d.export())]
        at = said["entry"]
        tap.check("one entry did both, between the charge and its refusal",
                  types[at - 1:at + 2] == ["charge", "incident", "answer"], types[at - 3:])
        return (run.ended or float("inf")) - began, acknowledged
    finally:
        run.close()


def test_bites(tap, d, grant, model, product):
    tap.check("the product answers", products.call(d, "shop", product, 18, "planning")["fen"] > 0)
    best, acknowledged = float("inf"), float("inf")
    for age in (20, 22, 25)[:ROUNDS]:
        ended, answered = bite(tap, d, grant, model, product, age)
        best, acknowledged = min(best, ended), min(acknowledged, answered)
        d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")
    tap.note(f"from the call to the end of a running job's worker: {best * 1000:.0f} ms; to its "
             f"acknowledgement: {acknowledged * 1000:.0f} ms")
    tap.check(f"a running job ends within {limit():.0f} s of the call", best <= limit(), best)
    tap.check("and so is the call acknowledged", acknowledged <= limit(), acknowledged)
    tap.check("resumed, the product answers again",
              products.call(d, "shop", product, 18, "planning")["fen"] > 0)


# --- shares that are left -------------------------------------------------------------------------

def deposits(d):
    return sorted((d.folder / "keys/store").glob("deposit:*"))


def test_shares_left(tap, d, grant):
    """A key store that cannot erase: the act stands and says so, and is made whole as soon as it can be."""
    kept = [(p, p.read_bytes()) for p in deposits(d)]
    tap.check("shares are deposited", kept, list((d.folder / "keys/store").iterdir()))
    for path, _ in kept:  # a folder in its place can be neither overwritten nor unlinked
        path.unlink()
        path.mkdir()
    said = d.shuyu("agency", "incident", "report", "--kind", "leak", "--text", "一份密钥份额可能外泄",
                   "--grants", grant)
    tap.check("who stops a grant hears that its shares are left", said["left"] == 1, said)
    tap.check("and the log says that it is tried again",
              "shares of a stopped grant are left" in d.log.read_text(errors="replace"))
    for path, content in kept:
        path.rmdir()
        path.write_bytes(content)
    d.shuyu("agency", "incident", "update", said["entry"], "--text", "已核实")
    tap.check("the next round erases them", not deposits(d), deposits(d))
    d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")
    tap.check("a resumption deposits them anew", deposits(d))
    whole = d.shuyu("agency", "incident", "report", "--kind", "leak", "--text", "演练", "--grants", grant)
    tap.check("where they can be erased, none is left", whole["left"] == 0 and not deposits(d), whole)
    d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")


def test_incident(tap, d, grant):
    tap.refused("a buyer stops nobody's grant", "denied", d.shuyu, "shop", "incident", "report",
                "--kind", "misuse", "--text", "resold", "--grants", grant)
    late = d.shuyu("guard", "incident", "report", "--kind", "linkage", "--text", "村级单元可被识别",
                   "--found", "2026-01-01T08:00:00+08:00", "--datasets", "nafld.events")["entry"]
    row = next(r for r in d.shuyu("agency", "incident", "list") if r["entry"] == late)
    tap.check("reported long after it was found: late", row.get("late") is True, row)
    tap.refused("another party's hold is not the agency's to lift", "suspended", d.shuyu, "agency",
                "scene", "resume", grant, "--ground", "incident")
    d.shuyu("guard", "incident", "update", late, "--text", "第二个场景无此问题")
    d.shuyu("agency", "incident", "close", late, "--measures", "按镇汇总")
    d.shuyu("guard", "scene", "lift", grant, "--ground", "incident")
    d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")
    zh = d.shuyu("guard", "incident", "notice", late)["notice"]
    tap.check("the notice says what happened, when, and that it was late",
              all(t in zh for t in ("数据安全事件报告", "隐含关系", "2026-01-01 08:00:00", "逾期",
                                    "村级单元可被识别", "按镇汇总", "nafld.events")), zh)
    en = d.shuyu("guard", "incident", "notice", late, "--lang", "en")["notice"]
    tap.check("in English too", "hidden relations" in en and "late" in en, en)


# --- inspections, orders --------------------------------------------------------------------------

def paper(d, name):
    path = d.work / name
    path.write_text(f"{name}\n", encoding="utf-8")
    return path


def test_order(tap, d, grant, model):
    seen = d.shuyu("health", "inspect", "open", "acme", "--scope", "system,security", "--title",
                   "年度检查")["entry"]
    d.shuyu("health", "inspect", "finding", seen, "--text", "密钥未入库", "--days", "3")
    tap.refused("not closed over a finding", "state", d.shuyu, "health", "inspect", "close", seen)
    due = d.shuyu("acme", "due")["items"]
    tap.check("the inspected party sees what is due", [(i["code"], i["id"]) for i in due] ==
              [("finding", f"{seen}.1")], due)
    order = d.shuyu("agency", "order", "correct", "acme", "--ground", "insecure", "--days", "5",
                    "--text", "限期整改", "--inspection", seen)["entry"]
    tap.refused("its access is closed", "suspended", d.run, model, "min_age=18")
    tap.refused("and nothing is resumed", "suspended", d.shuyu, "agency", "scene", "resume", grant,
                "--ground", "incident")
    tap.refused("nor cancelled before its time", "state", d.shuyu, "agency", "order", "cancel", order)
    d.shuyu("acme", "inspect", "mend", seen, "--finding", "1", "--text", "已入库")
    d.shuyu("health", "inspect", "close", seen)
    d.shuyu("acme", "order", "mend", order, "--text", "已整改", "--file", paper(d, "mended"))
    d.shuyu("agency", "order", "mended", order, "--accept")
    d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")
    tap.check("mended, the scene goes on", domain.column(d.run(model, "min_age=18"), "persons"))
    shown = d.shuyu("acme", "order", "show", order)
    tap.check("the party sees the order and its end", shown["status"] == "mended", shown)


# --- papers ---------------------------------------------------------------------------------------

EVALUATION = """\
party: acme
from: 2026-01-01
to: 2026-06-30
outcome: improve
departments: [health]
scores:
  - {item: 数据安全, score: 70, of: 100}
  - {item: 开发能力, score: 85, of: 100}
"""


def test_papers(tap, d):
    d.shuyu("agency", "emergency", "plan", "--title", "应急预案", "--file", paper(d, "plan"),
            "--departments", "health,guard")
    d.shuyu("agency", "drill", "record", "--at", "2026-06-01T09:00:00+08:00", "--participants",
            "operator,acme", "--text", "四分钟内全部停止", "--file", paper(d, "drill"))
    tap.check("the drill is of the plan in force", d.shuyu("operator", "drill", "list")[0]["drill"]["plan"] ==
              d.shuyu("shop", "emergency", "show")["plan"]["digest"])
    path = d.work / "evaluation.yaml"
    path.write_text(EVALUATION, encoding="utf-8")
    d.shuyu("agency", "evaluate", "record", path, "--file", paper(d, "evaluation"))
    rows = d.shuyu("acme", "evaluate", "list")
    tap.check("the evaluated party sees it", rows[0]["evaluate"]["outcome"] == "improve", rows)
    tap.check("others do not", d.shuyu("shop", "evaluate", "list") == [])
    year = time.gmtime().tm_year - 1
    d.shuyu("operator", "report", "annual", year, "--file", paper(d, "report"), "--revenue", "120000")
    got = d.shuyu("agency", "report", "list")[0]
    want = d.shuyu("agency", "report", "figures", year)
    tap.check("the report has the ledger's figures", got["report"]["figures"] == want and
              want["scenes"] == 1 and want["products"] == 1, (got, want))
    tap.refused("not of a year that goes on", "field", d.shuyu, "operator", "report", "annual",
                year + 1, "--file", paper(d, "report"))


def test_disclosure(tap, d):
    """Publishing a folder by its digest. (What is in one, and that the log gives it: audit_disclose.)"""
    year, folder = time.gmtime().tm_year - 1, d.work / "disclosure"
    folder.mkdir()
    (folder / "disclosure.json").write_text(json.dumps({"year": year, "entries": 3}), encoding="utf-8")
    (folder / "usage.csv").write_text("nothing\n", encoding="utf-8")
    names = ("disclosure.json", "usage.csv")
    sums = "".join(f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    (folder / "SHA256SUMS").write_text(sums, encoding="utf-8")
    (folder / "usage.csv").write_text("something\n", encoding="utf-8")
    try:
        d.shuyu("agency", "disclose", "publish", folder)
        tap.check("a folder that its sums do not fit is not published", False)
    except domain.Refused as e:
        tap.check("a folder that its sums do not fit is not published", e.status == 2 and
                  "usage.csv" in e.text, e)
    (folder / "usage.csv").write_text("nothing\n", encoding="utf-8")
    entry = d.shuyu("agency", "disclose", "publish", folder)["entry"]
    row = d.shuyu("shop", "disclose", "list")[0]
    tap.check("published, and everybody sees by whom, with which digest, and that it was late",
              (row["party"], row["entry"], row["late"], row["disclose"]["digest"]) ==
              ("agency", entry, True, hashlib.sha256(sums.encode()).hexdigest()), row)
    done = subprocess.run([str(domain.AUDIT), "disclose", str(d.export()), "--year", str(year),
                           "--check", str(folder)], check=False, capture_output=True, text=True,
                          timeout=domain.CALL_S, env=domain.environment())
    tap.check("but no log gives a year before it began", done.returncode == 1 and
              "began after" in done.stdout, done.stdout + done.stderr)


def test_due(tap, d):
    """Nothing is over in a young domain: status 0. (What is over: rules_scheme_annual.)"""
    done = subprocess.run(d.command("agency", "due", "--within", "3650d"), check=False, text=True,
                          capture_output=True, timeout=domain.CALL_S, env=domain.environment())
    items = json.loads(done.stdout)["items"]
    tap.check("the list of what is due", done.returncode == 0 and not any(i.get("over") for i in items),
              done.stdout + done.stderr)


def body(tap):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        d.enrol("guard", "security")
        d.enrol("shop", "buyer")
        d.shuyu("agency", "pack", "adopt", pack(d, 2))
        grant = d.grant(d.scene())
        model = d.model(grant)
        product = on_sale(d, model)
        test_bites(tap, d, grant, model, product)
        test_shares_left(tap, d, grant)
        test_incident(tap, d, grant)
        test_order(tap, d, grant, model)
        test_papers(tap, d)
        test_disclosure(tap, d)
        test_due(tap, d)
        d.restart()
        tap.check("the log verifies and replays", len(d.audit()) == 2)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    domain.run_tests(body)
