#!/usr/bin/env python3
"""A year in the life of the district: a live domain under the pack of Yanzhou, a clock that the test sets, and everything
through the command line.

    year.py          8 departments, 40 datasets, 25 developers, 120 applications, 10 products
    year.py small    the same acts, fewer of each

Applications are approved, returned and corrected, rejected by each who may, left until they lapse, and run out; a
developer loses its qualification and is banned; incidents stop what they affect; two suspensions end in a recovery;
correction orders are met, and not met; products are published and called; the year is reported and disclosed. At the end
the log verifies and replays, and the report's figures are those that are counted from the exported events (books.py).

The clock is that of tests/attack/process/clock.c: this program starts itself again in a mount namespace whose /etc
loads it into every process, its own and the command line's included.
"""
import datetime
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "process")]

import books  # noqa: E402  pylint: disable=wrong-import-position
import domain  # noqa: E402  pylint: disable=wrong-import-position

CLOCK_FILE = pathlib.Path("/etc/attack-clock")
NEEDED = ("group", "hosts", "ld.so.cache", "localtime", "nsswitch.conf", "passwd", "ssl/openssl.cnf")
ZONE = datetime.timezone(datetime.timedelta(hours=8))
YEAR = 2026
PAPERS = domain.PACKS / "scheme/papers"
PACK = domain.SOURCE / "policies/packs/yanzhou/pack.yaml"
TEST_MS = 9000  # of a product inside the domain: real time, whatever the clock says
WORDS = ("--feasibility", "可行", "--compliance", "合规", "--risk", "可控", "--value", "有益")

FULL = {"departments": 8, "datasets": 40, "developers": 25, "months": 10, "buyers": 3}
SMALL = {"departments": 3, "datasets": 6, "developers": 8, "months": 2, "buyers": 1}
# What becomes of the twelve applications of a month; a corrected one follows the one that was returned.
FATES = ("product", "approve", "approve", "return", "corrected", "no first review", "no final review", "short",
         "lapse", "approve", "no consent", "approve")


# --- the clock ------------------------------------------------------------------------------------

def begin_anew():
    """Start this program again in a namespace of its own, where the clock can be set."""
    with tempfile.TemporaryDirectory(prefix="shuyu-year-") as folder:
        etc = pathlib.Path(folder)
        for name in NEEDED:
            source, target = pathlib.Path("/etc") / name, etc / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.exists():
                shutil.copyfile(source, target)
        (etc / "attack-clock").write_bytes(struct.pack("<q", 0))
        (etc / "ld.so.preload").write_text(f"{domain.BUILD}/tests/attack/libattack_clock.so\n")
        command = ["unshare", "-m", "sh", "-c", f"mount --bind {etc} /etc && exec \"$@\"", "sh", sys.executable,
                   str(pathlib.Path(__file__).resolve()), *sys.argv[1:]]
        return subprocess.run(command, env={**os.environ, "SHUYU_YEAR": "inside"}, check=False).returncode


class Clock:
    def __init__(self):
        self.offset = 0

    def to(self, month, day, hour=10, year=YEAR):
        """The clock says this, or it is later already."""
        then = datetime.datetime(year, month, day, hour, tzinfo=ZONE).timestamp()
        step = int(then - time.time()) + 1
        if step > 0 or self.offset == 0:
            self.offset += step
            with open(CLOCK_FILE, "r+b") as f:
                f.write(struct.pack("<q", self.offset))

    def pass_days(self, days):
        now = datetime.datetime.fromtimestamp(time.time(), ZONE) + datetime.timedelta(days=days)
        self.to(now.month, now.day, now.hour, now.year)

    def until(self, second):
        then = datetime.datetime.fromtimestamp(second + 3600, ZONE)
        self.to(then.month, then.day, then.hour, then.year)


# --- files ----------------------------------------------------------------------------------------

def write(d, name, text):
    path = d.work / name
    path.write_text(text, encoding="utf-8")
    return path


def dataset_yaml(name, department):
    return f"""id: {name}
title: 数据 {name}
department: {department}
custodian: agency
encoding: utf-8
update_cycle: yearly
ns: person
unit: id
units: 1000
membership: 3
max_rows: 10000
fields:
  - {{name: id, type: unit, ref: person, grade: 3, title: 登记号}}
  - {{name: age, type: int32, lo: 0, hi: 120, grade: 2, title: 年龄}}
  - {{name: kind, type: enum, values: [a, b, c], grade: 2, title: 类别}}
"""


def entry_yaml(name, number):
    return f"""dataset: {name}
abstract: 登记信息，每人一行
class_path: [部门, 综合]
res_code: 307{number:06d}
provider: 区有关部门
provider_code: 91350100M000100Y43
format: csv
lawful_basis: 依法履职
source_system: 业务系统
update_cycle: yearly
published: 2025-06-01
region: '370812'
time_from: '2020'
share: {{kind: conditional, condition: 按场景授权, method: 可信数据空间}}
open: {{kind: none, condition: 含个人信息}}
items:
  - {{field: id, name: 登记号}}
"""


def offer_yaml(name):
    return f"dataset: {name}\nindustry: 综合\nscenes: [公共治理]\ndelivery: 只出汇总结果\n"


def scene_yaml(scene, name, days, replaces="", klass="public"):
    more = f"  replaces: {replaces}\n" if replaces else ""
    return f"""scene: {scene}
title: 场景 {scene}
purpose: 分类统计
mechanisms: [gauss]
rho: 0.02
calls: 40
overruns: 9
term: {days}d
application:
  class: {klass}
  domain: 公共治理
  market: 已征询两家单位
  route: 域内统计，加噪后出域
  benefit: 支持决策
  revenue_plan: 按协议分配
  products_planned: [service]
{more}datasets:
  - dataset: {name}
    fields:
      - {{name: id, reason: 关联同一居民记录}}
      - {{name: kind, reason: 按类别分组统计}}
"""


def model_yaml(name):
    return f"""name: kinds
title: 分类人数
mechanism: gauss
groups: 1
rows: 1
rho: 0.002
sql: |
  SELECT t.kind AS kind, count(DISTINCT t.id) AS persons FROM {name} t GROUP BY 1
"""


def product_yaml(number, name):
    return f"""name: product-{number}
title: 分类人数查询 {number}
version: '1.0'
form: service
class: industry
price: 500
fee_permille: 50
uses:
  - {{code: planning, title: 规划测算}}
sources:
  - {{dataset: {name}, basis: 依法履职}}
columns:
  - {{name: kind, title: 类别}}
  - {{name: persons, title: 人数}}
"""


# --- the district ---------------------------------------------------------------------------------

class District:
    def __init__(self, tap, d, size):
        self.tap, self.d, self.size, self.clock = tap, d, size, Clock()
        self.departments = [f"dept{i}" for i in range(size["departments"])]
        self.developers = [f"dev{i}" for i in range(size["developers"])]
        self.buyers = [f"buyer{i}" for i in range(size["buyers"])]
        self.datasets = {}    # name: department
        self.agreements = {}  # developer: id
        self.grants = []      # (id, developer, dataset, model or None)
        self.products = []    # ids
        self.sold = []        # (product, month)
        self.filed = 0

    def ask(self, party, *args, **kwargs):
        """As d.shuyu; where the gateway asks for patience, with it."""
        while True:
            try:
                return self.d.shuyu(party, *args, **kwargs)
            except domain.Refused as e:
                if e.code not in ("rate", "busy", "starting"):
                    raise
                time.sleep(0.3)

    def refused(self, name, code, party, *args):
        return self.tap.refused(name, code, self.ask, party, *args)

    # --- January: the domain, its catalogue, the operator, the developers

    def found(self):
        d = self.d
        self.clock.to(1, 5, 9)
        d.birth()
        d.start()
        text = PACK.read_text(encoding="utf-8").replace("department: health, departments: [clinic]",
                                                        "department: dept0")
        text = text.replace("    test_asked: true", f"    test_ms: {TEST_MS}\n    test_asked: true")
        self.ask("agency", "pack", "adopt", write(d, "pack.yaml", text))
        for role, parties in (("department", self.departments), ("developer", self.developers),
                              ("buyer", self.buyers), ("security", ["guard"]), ("auditor", ["auditor"])):
            for party in parties:
                d.enrol(party, role)

    def catalogue(self):
        rows = [["id", "age", "kind"], *([i, 20 + i % 60, "abc"[i % 3]] for i in range(200))]
        raw = self.d.raw("year", rows)
        for i in range(self.size["datasets"]):
            department = self.departments[i % len(self.departments)]
            name = f"{department}.t{i}"
            self.datasets[name] = department
            self.ask(department, "dataset", "define", write(self.d, "def.yaml", dataset_yaml(name, department)))
            self.ask(department, "catalog", "describe", write(self.d, "entry.yaml", entry_yaml(name, i)))
            self.ask("agency", "catalog", "approve", name)
            self.d.ingest(department, name, raw)
            self.ask("operator", "catalog", "offer", write(self.d, "offer.yaml", offer_yaml(name)))

    def announce(self, kind):
        text = (domain.PACKS / f"scheme/announcement-{kind}.yaml").read_text(encoding="utf-8")
        call = self.ask("agency", "qualify", "announce", write(self.d, f"{kind}.yaml", text))["announcement"]
        if kind == "developer":
            self.ask("operator", "qualify", "announce", "--join", call)
        return call

    def paper(self, name):
        """A file of the demonstration, whose papers stand beside it."""
        text = (domain.PACKS / "scheme" / name).read_text(encoding="utf-8").replace("papers/", f"{PAPERS}/")
        return write(self.d, name, text)

    def heard(self, party, call):
        """Applied for and heard by experts."""
        experts = "agency" if party == "operator" else "operator"
        application = self.ask(party, "qualify", "apply", self.paper("application.yaml"), "--announcement",
                               call)["application"]
        scores = ",".join(f"{a}=80" for a in ("business", "platform", "staffing", "funding", "local", "risk"))
        self.ask(experts, "qualify", "opinion", application, "--opinion", PAPERS / "opinion.txt", "--experts", 5,
                 "--scores", scores)
        return application

    def decide(self, party, application, word="--approve"):
        self.ask(party, "qualify", "decide", application, word, "--minutes", PAPERS / "minutes.txt")

    def offer(self, grantor, grantee, name, application):
        text = (domain.PACKS / "scheme" / name).read_text(encoding="utf-8")
        if grantee != "operator":
            text = text.replace("[nafld.persons, nafld.events]", "[" + ", ".join(self.datasets) + "]")
        text = text.replace("2026-01-05T00:00:00+08:00", datetime.datetime.now(ZONE).isoformat(timespec="seconds"))
        return self.ask(grantor, "agreement", "offer", write(self.d, name, text), "--application",
                        application)["agreement"]

    def accept(self, grantee, made):
        self.ask(grantee, "agreement", "accept", made, "--commitment", PAPERS / "commitment.txt")
        self.ask("operator", "agreement", "file", made, "--number", f"兖数备〔{YEAR}〕{grantee}")
        self.agreements[grantee] = made

    def qualify(self):
        """The operator; then all developers under one announcement: one is declined, one objected to."""
        self.clock.to(1, 6)
        application = self.heard("operator", self.announce("operator"))
        self.decide("agency", application)
        self.clock.to(1, 13, 23)
        whole = self.offer("agency", "operator", "agreement-whole.yaml", application)
        self.refused("the notice runs for five working days", "state", "operator", "agreement", "accept", whole,
                     "--commitment", PAPERS / "commitment.txt")
        self.clock.to(1, 14)
        self.accept("operator", whole)
        call = self.announce("developer")
        filed = {p: self.heard(p, call) for p in self.developers}
        declined, objected = self.developers[-1], self.developers[-2]
        for party, application in filed.items():
            self.decide("operator", application)
            self.decide("agency", application, "--reject" if party == declined else "--approve")
        self.ask("guard", "qualify", "object", filed[objected], "--text", "曾发生数据安全事件")
        self.ask("agency", "qualify", "settle", filed[objected], "--objection", 1, "--outcome", "upheld", "--text",
                 "属实")
        self.clock.to(1, 23)
        self.refused("who was objected to gets no agreement", "state", "operator", "agreement", "offer",
                     write(self.d, "no.yaml", (domain.PACKS / "scheme/agreement-developer.yaml").read_text(
                         encoding="utf-8").replace("nafld.persons, nafld.events", ", ".join(self.datasets))),
                     "--application", filed[objected])
        self.developers = self.developers[:-2]
        for party in self.developers:
            made = self.offer("operator", party, "agreement-developer.yaml", filed[party])
            self.accept(party, made)

    # --- the months: applications

    def apply(self, developer, name, scene, days, replaces, klass):
        self.filed += 1
        path = write(self.d, "scene.yaml", scene_yaml(scene, name, days, replaces, klass))
        return self.ask(developer, "scene", "apply", path)["proposal"]

    def first(self, proposal, word="--approve"):
        opinion = [] if word == "--approve" else ["--opinion", "请完善开发利用方案"]
        self.ask("operator", "scene", "first-review", proposal, word, *WORDS, *opinion)

    def consent(self, proposal, name, word="--approve"):
        opinion = [] if word == "--approve" else ["--opinion", "暂不提供"]
        self.ask(self.datasets[name], "scene", "consent", proposal, word, *opinion)

    def final(self, proposal, word="--approve"):
        self.ask("agency", "scene", "final-review", proposal, word, "--opinion",
                 "同意" if word == "--approve" else "价值不足")

    def approve(self, proposal, developer, name):
        self.first(proposal)
        self.consent(proposal, name)
        self.final(proposal)
        self.grants.append([proposal, developer, name, None])
        return self.grants[-1]

    def one(self, fate, developer, name, scene, returned):
        """One application; what it was, for the month's products."""
        days = {"short": 45, "product": 420}.get(fate, 300)
        proposal = self.apply(developer, name, scene, days, returned if fate == "corrected" else "",
                              "industry" if fate == "product" else "public")
        if fate == "return":
            self.first(proposal, "--return")
        elif fate == "no first review":
            self.first(proposal, "--reject")
        elif fate == "no consent":
            self.first(proposal)
            self.consent(proposal, name, "--reject")
        elif fate == "no final review":
            self.first(proposal)
            self.consent(proposal, name)
            self.final(proposal, "--reject")
        elif fate != "lapse":
            self.approve(proposal, developer, name)
        return proposal

    def applications(self, month):
        names, returned, lapsing, product = list(self.datasets), None, None, None
        for i, fate in enumerate(FATES):
            n = month * len(FATES) + i
            if fate == "corrected":
                developer, name, scene = last
            else:
                developer = self.developers[n % len(self.developers)]
                name, scene = names[(n * 7) % len(names)], f"scene{n}"
            last = developer, name, scene
            proposal = self.one(fate, developer, name, scene, returned)
            returned = proposal if fate == "return" else None
            lapsing = proposal if fate == "lapse" else lapsing
            product = self.grants[-1] if fate == "product" else product
        return lapsing, product

    # --- the months: models, products, buyers

    def model(self, grant):
        if grant[3] is None:
            path = write(self.d, "model.yaml", model_yaml(grant[2]))
            grant[3] = self.ask(grant[1], "model", "register", path, "--grant", grant[0])["model"]
            self.ask("operator", "model", "review", grant[3], "--approve")
        return grant[3]

    def run(self, grant):
        return self.ask(grant[1], "run", self.model(grant))

    def publish(self, grant, number):
        self.run(grant)
        path = write(self.d, "product.yaml", product_yaml(number, grant[2]))
        product = self.ask(grant[1], "product", "submit", path, "--model", grant[3])["product"]
        tested = self.ask("agency", "product", "test", product)
        assert tested["outcome"] == "passed", tested
        report = self.ask("agency", "product", "report", product)["report"]
        for party in ("guard", "agency"):
            self.ask(party, "product", "review", product, "--approve", "--report", report)
        self.ask("agency", "product", "publish", product)
        self.ask("agency", "product", "register", product, "--exchange", f"SD-{YEAR}-{number:04d}")
        self.ask("operator", "product", "register", product, "--registration", f"370812-{YEAR}-{number:04d}")
        for buyer in self.buyers:
            self.ask(buyer, "product", "subscribe", product, "--purpose", "planning", "--no-redistribution")
        self.products.append(product)

    def sell(self):
        """Each buyer calls what is newest."""
        product = self.products[-1]
        self.sold.append((product, datetime.datetime.now(ZONE).strftime("%Y-%m")))
        for buyer in self.buyers:
            answer = self.ask(buyer, "product", "call", product, "--purpose", "planning")
            assert answer["fen"] == 500, answer

    # --- the months: what goes wrong

    def suspend_and_recover(self, grant, *stops):
        """One party stops, all must start."""
        self.run(grant)
        for party in stops:
            self.ask(party, "scene", "suspend", grant[0], "--ground", "incident")
        self.refused("a suspended grant answers nothing", "suspended", grant[1], "run", self.model(grant))
        if stops[0] != "agency":
            self.refused("one party stops, all must start", "suspended", "agency", "scene", "resume", grant[0],
                         "--ground", "incident")
        for party in stops:
            self.ask(party, "scene", "lift", grant[0], "--ground", "incident")
        self.ask("agency", "scene", "resume", grant[0], "--ground", "incident")
        self.tap.check("after the recovery it answers again", self.run(grant)["columns"])

    def incident(self, party, kind, grant=None):
        grants = ("--grants", grant[0]) if grant else ()
        if grant:
            self.model(grant)
        made = self.ask(party, "incident", "report", "--kind", kind, "--text", "发现异常", *grants)
        if grant:
            self.refused("what an incident affects is stopped", "suspended", grant[1], "run", self.model(grant))
        self.ask("agency", "incident", "close", made["entry"], "--measures", "已处置")
        if grant:
            self.ask(party, "scene", "lift", grant[0], "--ground", "incident")
            self.ask("agency", "scene", "resume", grant[0], "--ground", "incident")

    def ban(self, developer):
        self.ask("agency", "agreement", "terminate", self.agreements[developer], "--ground", "unlawful")
        for grant in [g for g in self.grants if g[1] == developer][:1]:
            shown = self.ask("agency", "scene", "show", grant[0])
            self.tap.check("a terminated agreement takes its grants along", shown["status"] in ("revoked", "expired"),
                           shown)
        self.refused("and bans from applying again", "denied", developer, "qualify", "apply",
                     self.paper("application.yaml"), "--announcement", self.announce_again())
        self.developers.remove(developer)
        self.grants = [g for g in self.grants if g[1] != developer]

    def announce_again(self):
        text = (domain.PACKS / "scheme/announcement-developer.yaml").read_text(encoding="utf-8")
        path = write(self.d, "again.yaml", text.replace("title: 关于", "title: 再次关于"))
        call = self.ask("agency", "qualify", "announce", path)["announcement"]
        self.ask("operator", "qualify", "announce", "--join", call)
        return call

    def correct(self, developer, mends):
        made = self.ask("agency", "order", "correct", developer, "--ground", "insecure", "--days", 5, "--text",
                        "完善安全措施")["entry"]
        mine = [g for g in self.grants if g[1] == developer]
        self.refused("a correction order closes access", "suspended", developer, "scene", "apply",
                     write(self.d, "closed.yaml", scene_yaml("closed", next(iter(self.datasets)), 30)))
        if mends:
            self.ask(developer, "order", "mend", made, "--text", "已完成", "--file", PAPERS / "statement.txt")
            self.ask("agency", "order", "mended", made, "--accept")
            for grant in [g for g in mine if self.is_suspended(g)]:
                self.ask("agency", "scene", "resume", grant[0], "--ground", "insecure")
            return
        self.clock.pass_days(12)
        self.ask("agency", "order", "cancel", made)
        self.developers.remove(developer)
        self.grants = [g for g in self.grants if g[1] != developer]

    def is_suspended(self, grant):
        return self.ask("agency", "scene", "show", grant[0])["status"] == "suspended"

    def inspect(self, developer):
        made = self.ask("agency", "inspect", "open", developer, "--scope", "system,security", "--title",
                        "年度安全检查")["entry"]
        self.ask("agency", "inspect", "finding", made, "--text", "日志保存不足", "--days", 10)
        self.ask(developer, "inspect", "mend", made, "--finding", 1, "--text", "已延长")
        self.ask("agency", "inspect", "close", made)

    def evaluate(self, party, outcome):
        to = datetime.datetime.now(ZONE).date().replace(day=1)
        text = f"""party: {party}
from: {YEAR}-01-01
to: {to}
outcome: {outcome}
departments: [dept0]
scores:
  - {{item: 合规, score: 90, of: 100}}
"""
        self.ask("agency", "evaluate", "record", write(self.d, "evaluate.yaml", text), "--file",
                 PAPERS / "opinion.txt")

    def drill(self):
        self.ask("agency", "emergency", "plan", "--title", "数据安全事件应急预案", "--file", PAPERS / "statement.txt")
        self.ask("agency", "drill", "record", "--participants", "operator", "--text", "桌面演练", "--file",
                 PAPERS / "minutes.txt")

    def supervise(self, month, grant):
        """What happens in this month besides."""
        newest = self.grants[-1]
        every = {0: [lambda: self.suspend_and_recover(newest, "operator"),
                     lambda: self.incident("guard", "leak", newest), self.drill,
                     lambda: self.inspect(self.developers[0]),
                     lambda: self.correct(self.developers[1], True)],
                 1: [lambda: self.suspend_and_recover(newest, "agency", "guard"),
                     lambda: self.incident("operator", "availability"),
                     lambda: self.evaluate("operator", "pass"),
                     lambda: self.ban(self.developers[2]),
                     lambda: self.correct(self.developers[2], False)],
                 4: [lambda: self.incident("guard", "misuse", newest), lambda: self.evaluate("dev0", "improve")],
                 7: [lambda: self.inspect(self.developers[0]), lambda: self.incident("agency", "tamper")]}
        for act in every.get(month, []):
            act()

    def months(self):
        for month in range(self.size["months"]):
            self.clock.to(2 + month, 2)
            lapsing, grant = self.applications(month)
            self.publish(grant, month + 1)
            self.sell()
            self.supervise(month, grant)
            self.clock.to(3 + month, 1, 9)
            self.lapsed(lapsing)

    def lapsed(self, proposal):
        """Nobody decided within twenty working days."""
        shown = self.ask("agency", "scene", "show", proposal)
        self.clock.until(shown["due"])
        self.refused("what nobody decided has lapsed", "expired", "operator", "scene", "first-review", proposal,
                     "--approve", *WORDS)

    # --- the end

    def report(self):
        """The operator's report of the year that is over; its figures, as they are on record."""
        self.clock.to(1, 8, year=YEAR + 1)
        time.sleep(3)  # the warden sees the terms that ended on the way
        self.ask("operator", "report", "annual", YEAR, "--file", PAPERS / "statement.txt", "--revenue", 1000000)
        rows = self.ask("agency", "report", "list")
        self.tap.check("the report is on file, and in time", len(rows) == 1 and not rows[0].get("late"), rows)
        return rows[0]["report"]["figures"]

    def billed(self):
        """The statements of all months, for buyers to pay, in fen."""
        return sum(self.ask("operator", "product", "statement", product, "--month", month)["fen"]
                   for product, month in self.sold)

    def disclose(self):
        out = self.d.work / "disclosure"
        command = [str(domain.AUDIT), "disclose", str(self.d.export()), f"--year={YEAR}", f"--output={out}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=domain.environment())
        if not self.tap.check("the disclosure is made from the exported log", done.returncode == 0,
                              done.stdout + done.stderr):
            return
        self.ask("agency", "disclose", "publish", out)
        rows = self.ask("guard", "disclose", "list")
        self.tap.check("it is published, in time, for everybody to see", len(rows) == 1 and
                       not rows[0].get("late"), rows)


def body(tap, size):
    begun = time.monotonic()

    def said(what):
        tap.note(f"{time.monotonic() - begun:5.0f} s: {what}")

    with domain.Domain() as d:
        district = District(tap, d, size)
        district.found()
        district.catalogue()
        said(f"{len(district.datasets)} datasets of {len(district.departments)} departments")
        district.qualify()
        said(f"{len(district.agreements)} agreements")
        district.months()
        said(f"{district.filed} applications, {len(district.products)} products")
        figures = district.report()
        district.disclose()
        verified, replayed = d.audit()
        tap.check("the log verifies and replays", verified and replayed)
        counted = books.count(d.export(), YEAR)
        said(f"{counted['entries']} entries, {counted['refused']} of them refusals")
        for name, value in sorted(books.figures(counted).items()):
            tap.check(f"the report's figure of {name} is the events' own: {value}", figures.get(name, 0) == value,
                      f"report {figures.get(name, 0)}, events {value}")
        tap.check("the year's statements are what the calls were billed", district.billed() == counted["fen"] ==
                  500 * len(district.products) * len(district.buyers), counted)
        tap.check("as many applications as were sent", counted["applications"] == district.filed, counted)
        full = size is FULL
        tap.check("a whole year" if full else "a small year",
                  counted["applications"] >= (120 if full else 24) and counted["products"] >= len(district.products),
                  counted)


def main():
    if os.environ.get("SHUYU_YEAR") != "inside":
        sys.exit(begin_anew())
    size = SMALL if "small" in sys.argv[1:] else FULL
    domain.run_tests(lambda tap: body(tap, size))


if __name__ == "__main__":
    main()
