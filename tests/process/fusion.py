#!/usr/bin/env python3
"""A developer's own data (docs/scheme/fusion.md), from its definition to its erasure, through the command line: what is
refused before it is confirmed; a domain that dies between two parts; other bytes; the joined answer against the exact
count; no identifier in the clear anywhere; the end of the grant, by which files and keys are gone here and on the
standby, with the entry that proves it."""
import csv
import hashlib
import random
import socket
import subprocess
import threading
import time

import msgpack

import domain
import rerun
import scene
import search
import standby

SECTION = """scheme:
  scene: {reason_min: 4, review_days: 10, rounds_max: 1}
  fusion: {bytes: 4000000, grade: 3}
"""
PART = 512 << 10
PERSONS, MEMBERS, STRANGERS = 400, 300, 60000  # more strangers than the persons' table declares units
TIERS = {"gold": 20, "silver": 10, "plain": 0}  # and their discount

OWN = """dataset:
  id: {id}
  title: {title}
  department: acme
  custodian: agency
  lawful_basis: 会员协议
  update_cycle: yearly
  encoding: utf-8
  max_rows: 100000
  dummy_rows: 100
{more}
statement:
  source: 会员登记（自有）
  basis: 会员协议第三条，会员同意用于公共卫生统计
  evidence: {paper}
  text: 自有数据，仅用于本场景
"""
PROTECTED = """  ns: person
  unit: id
  membership: 3
  fields:
    - {name: id, type: unit, ref: person, grade: 3, title: 登记号}
    - {name: tier, type: enum, grade: 3, title: 会员等级, values: [gold, silver, plain]}"""
PUBLIC = """  membership: 1
  fields:
    - {name: tier, type: enum, grade: 1, title: 会员等级, values: [gold, silver, plain]}
    - {name: discount, type: int32, lo: 0, hi: 100, grade: 1, title: 折扣}"""
DATASETS = """  - dataset: own.members
    fields:
      - {name: id, reason: 关联同一居民的会员登记}
      - {name: tier, reason: 分会员等级统计}
  - dataset: own.tariff
    fields:
      - {name: tier, reason: 关联会员等级与折扣}
      - {name: discount, reason: 选取有折扣的等级}
"""
MODEL = """name: fused
title: 有折扣的会员中高血压患者（按会员等级） Members with a discount who have hypertension, by tier
purpose: 按会员等级统计高血压患者
mechanism: gauss
groups: 1
rows: 1
rho: 0.05
params:
  - {name: min_age, type: int, values: [18, 20, 22], support: 100}
sql: |
  SELECT m.tier AS tier, count(DISTINCT p.id) AS persons
  FROM nafld.persons p
  JOIN nafld.events e ON e.id = p.id
  JOIN own.members m ON m.id = p.id
  JOIN own.tariff t ON t.tier = m.tier
  WHERE e.event = 'htn' AND t.discount >= 10 AND p.age >= $min_age
  GROUP BY 1
"""
ALONE = MODEL[:MODEL.index("  FROM")].replace("DISTINCT p.id", "DISTINCT m.id") + """  FROM own.members m
  LEFT JOIN nafld.persons p ON p.id = m.id
  JOIN own.tariff t ON t.tier = m.tier
  WHERE t.discount >= 10 AND coalesce(p.age, 18) >= $min_age
  GROUP BY 1
"""


# --- tables ----------------------------------------------------------------------------------------------

class World:
    """Rows whose identifiers occur nowhere else, and what the joined answer is exactly."""

    def __init__(self, d, rng):
        ids = [f"Q{n:011d}" for n in rng.sample(range(10**11), PERSONS + STRANGERS)]
        self.people, strangers = ids[:PERSONS], ids[PERSONS:]
        tiers = list(TIERS)
        self.tier = {i: rng.choice(tiers) for i in self.people[:MEMBERS] + strangers}
        self.age = {i: rng.randint(18, 95) for i in self.people}
        self.persons = [["id", "age", "male", "weight", "height", "bmi", "futime", "status"]]
        self.persons += [[i, self.age[i], rng.randint(0, 1), "", "", "", 1, 0] for i in self.people]
        self.sick = {i for i in self.people if rng.random() < 0.6}
        self.events = [["id", "days", "event"]] + [[i, 1, "htn"] for i in sorted(self.sick)]
        self.members = d.work / "own-members.csv"
        rows = list(self.tier.items())
        rng.shuffle(rows)
        self.write(self.members, [["id", "tier"], *rows])
        self.tariff = d.work / "own-tariff.csv"
        self.write(self.tariff, [["tier", "discount"], *TIERS.items()])
        marked = rng.sample(self.people, 20) + rng.sample(strangers, 20)
        self.marks = {i: i.encode() for i in marked}

    @staticmethod
    def write(path, rows):
        with open(path, "w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows(rows)

    def exact(self, tier, least):
        return sum(self.tier.get(i) == tier and self.age[i] >= least for i in self.sick)


def definition(d, id_, more, title="会员名单"):
    paper = scene.write(d, "paper.txt", "会员协议")
    return scene.write(d, f"{id_}.yaml", OWN.format(id=id_, title=title, more=more, paper=paper))


def application(d, name, fused, **changes):
    text = d.variant(scene.EXAMPLE, **changes).read_text(encoding="utf-8")
    if fused:
        text = text.replace("mechanisms:", "  own_data: [own.members, own.tariff]\nmechanisms:", 1) + DATASETS
    return scene.write(d, name, text)


def granted(d, path):
    grant = d.shuyu("acme", "scene", "apply", path)["proposal"]
    d.shuyu("operator", "scene", "first-review", grant, "--approve", *scene.WORDS)
    d.shuyu("health", "scene", "consent", grant, "--approve")
    d.shuyu("agency", "scene", "final-review", grant, "--approve", "--opinion", "同意")
    return grant


def status(d, dataset):
    return d.shuyu("acme", "own", "show", dataset)["status"]


# --- a line that stops --------------------------------------------------------------------------------------

class Line:
    """A TCP relay to the gateway that stops after so many bytes of a client, until it is cut; then it lets all pass."""

    def __init__(self, port, bytes_until):
        self.port, self.left = port, bytes_until
        self.stopped, self.cut = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                there = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            except OSError:
                client.close()
                continue
            there.settimeout(None)
            for pair in ((client, there, True), (there, client, False)):
                threading.Thread(target=self.carry, args=pair, daemon=True).start()

    def carry(self, source, sink, counted):
        try:
            while piece := source.recv(65536):
                if counted and not self.cut.is_set():
                    self.left -= len(piece)
                    if self.left < 0:
                        self.stopped.set()
                        self.cut.wait(60)
                        break
                sink.sendall(piece)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


# --- tests --------------------------------------------------------------------------------------------------

def test_define(tap, d, w):
    members = definition(d, "own.members", PROTECTED)
    tap.refused("a department defines nothing under own.: field or denied", ("field", "denied"), d.shuyu, "health",
                "dataset", "define", scene.write(d, "dep.yaml", domain.PACKS.joinpath("events.yaml").read_text(
                    encoding="utf-8").replace("nafld.events", "own.events")))
    tap.refused("a developer defines its own data only: denied", "denied", d.shuyu, "rival", "own", "define", members,
                "--file", w.members)
    d.shuyu("acme", "own", "define", members, "--file", w.members)
    d.shuyu("acme", "own", "define", definition(d, "own.tariff", PUBLIC, "折扣表"), "--file", w.tariff)
    shown = d.shuyu("acme", "own", "show", "own.members")
    tap.check("what it will be is said beforehand",
              shown["content"] == hashlib.sha256(w.members.read_bytes()).hexdigest() and
              shown["bytes"] == w.members.stat().st_size and shown["status"] == "declared", shown)
    tap.check("the file takes three parts or more", shown["bytes"] > 2 * PART, shown)


def test_scene(tap, d, w):
    tap.refused("what the application does not name is not fused: field", "field", d.shuyu, "acme", "scene", "apply",
                scene.write(d, "unnamed.yaml", application(d, "x.yaml", True).read_text(encoding="utf-8").replace(
                    "  own_data: [own.members, own.tariff]\n", "")))
    grant = granted(d, application(d, "fused.yaml", True, rho="1"))
    other = granted(d, application(d, "plain.yaml", False, scene="other-2026", rho="0.5"))
    no = tap.refused("own rows that count without a department's: privacy", "privacy", d.model, grant,
                     scene.write(d, "alone-model.yaml", ALONE))
    tap.check("and it says what to do", "inner join" in str(no), no)
    model = d.model(grant, scene.write(d, "fused-model.yaml", MODEL))
    tap.refused("nothing runs before the rows are in: state", "state", d.run, model, "min_age=18")
    tap.refused("no row comes in before the operator has confirmed it: state", "state", d.shuyu, "acme", "own", "put",
                "own.members", w.members, "--grant", grant)
    for name in ("own.members", "own.tariff"):
        d.shuyu("operator", "own", "confirm", name, "--grant", grant, "--approve", "--opinion", "来源合法")
    return grant, other, model


def test_refused(tap, d, w, grant, other):
    tap.refused("under another grant: refused", "grant", d.shuyu, "acme", "own", "put", "own.members", w.members,
                "--grant", other)
    tap.refused("by another developer: refused", ("grant", "party", "denied", "role"), d.shuyu, "rival", "own", "put",
                "own.members", w.members, "--grant", grant)
    changed = bytearray(w.members.read_bytes())
    changed[-4] ^= 1
    wrong = d.work / "wrong.csv"
    wrong.write_bytes(changed)
    tap.refused("one bit is another: digest", "digest", d.shuyu, "acme", "own", "put", "own.members", wrong,
                "--grant", grant)
    wrong.write_bytes(bytes(changed[:-40]))
    tap.refused("a shorter file: digest", "digest", d.shuyu, "acme", "own", "put", "own.members", wrong, "--grant",
                grant)
    wrong.unlink()
    tap.check("nothing came in", status(d, "own.members") == "confirmed" and
              not list((d.folder / "data").glob("own.members/*")), status(d, "own.members"))


def parts_of(d, dataset):
    """The part numbers of its own.put entries that were allowed, in order."""
    found = []
    for _, e in rerun.events(d):
        if e["type"] == "own":
            header = msgpack.unpackb(e["request"]["header"], raw=False)
            args = msgpack.unpackb(e["request"]["args"], raw=False)
            if header["method"] == "own.put" and args["dataset"] == dataset:
                found.append(args.get("part", 0))
    return found


def test_death(tap, d, w, grant):
    """The domain dies between two parts, and the client goes on by itself."""
    line = Line(d.port, PART + 100_000)
    before = len(parts_of(d, "own.members"))
    command = d.command("acme", "own", "put", "own.members", w.members, "--grant", grant)
    command[command.index(d.address)] = line.address
    client = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=domain.environment(), preexec_fn=domain.die_with_parent)
    tap.check("the line stops within the second part", line.stopped.wait(60))
    domain.wait_until(lambda: d.shuyu("acme", "own", "show", "own.members").get("next") == 1, 20)
    d.kill_all()
    d.start()
    line.cut.set()
    out, err = client.communicate(timeout=domain.CALL_S)
    tap.check("after a restart it begins again, and all of it comes in", client.returncode == 0, out + err)
    parts = parts_of(d, "own.members")[before:]
    tap.check("from its first part on", parts[:2] == [0, 0] and sorted(set(parts)) == parts[1:], parts)
    return out


def test_loaded(tap, d, w, grant, out):
    result = domain.json.loads(out or "{}")
    n = MEMBERS + STRANGERS
    quality = result.get("quality", {})
    tap.check("the developer hears of its own file: bytes, rows, rows kept", result.get("rows") == n and
              quality.get("rows_in") == quality.get("rows_kept") == n and
              quality.get("bytes") == w.members.stat().st_size and result.get("version") == 1, result)
    tap.check("and of nothing else", set(result) == {"quality", "rows", "version"} and quality.get("units") == 0 and
              set(quality) == {"bytes", "dataset", "rows_in", "rows_kept", "rules", "units"}, result)
    tap.check("it is loaded", status(d, "own.members") == "loaded")
    tap.refused("once: state", "state", d.shuyu, "acme", "own", "put", "own.members", w.members, "--grant", grant)
    began = time.monotonic()
    d.shuyu("acme", "own", "put", "own.tariff", w.tariff)
    tap.check("the last reply waits for its slot", time.monotonic() - began >= 1)
    w.persons[1][1] = 18
    w.age[w.people[0]] = 18
    quality = d.ingest("health", "nafld.persons", d.raw("persons", w.persons))
    tap.check("the department's next version is not refused for the people that came along",
              quality.get("version") == 2, quality)


def test_answer(tap, d, w, model):
    for least in (18, 20):
        answer = d.run(model, f"min_age={least}")
        keys, figure = domain.column(answer, "tier"), domain.column(answer, "persons")
        cells = dict(zip(keys["texts"], zip(figure["values"], figure["lo"], figure["hi"])))
        tap.check(f"one row a tier ({least})", set(cells) == set(TIERS), answer)
        for tier, (value, lo, hi) in cells.items():
            want = w.exact(tier, least) if TIERS[tier] >= 10 else 0
            tap.check(f"{tier}, {least}: {value} in {lo}..{hi}, exactly {want}",
                      abs(float(value) - want) <= 1.5 * (float(hi) - float(lo)) and 0 < float(hi) - float(lo) < 40,
                      answer)
    tap.check("there is something to be counted", w.exact("gold", 18) > 20, w.exact("gold", 18))


def traces(d, w):
    """Files of the domain, of its log's export, of what the processes wrote, with an identifier in them."""
    found, n = search.in_folder(d.folder, w.marks)
    for place in (d.export(), d.log):
        if place.is_dir():
            more, m = search.in_folder(place, w.marks)
        else:
            names = search.in_file(place, w.marks)
            more, m = ({str(place): names} if names else {}), 1
        found.update(more)
        n += m
    return found, n


def test_traces(tap, d, w):
    found, n = traces(d, w)
    tap.check(f"no identifier in the clear in {n} files of domain, log and export", n > 20 and not found, found)
    tap.check("the search finds them where they are", search.in_file(w.members, w.marks))


def test_stop(tap, d, model, grant):
    """A stopped grant erases nothing."""
    d.shuyu("health", "scene", "suspend", grant, "--ground", "incident")
    tap.refused("stopped: no run", "suspended", d.run, model, "min_age=22")
    tap.check("and nothing is erased", status(d, "own.members") == "loaded" and
              list((d.folder / "data/own.members").iterdir()))
    d.shuyu("health", "scene", "lift", grant, "--ground", "incident")
    d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")
    tap.check("resumed, it answers", d.run(model, "min_age=22")["rows"] == len(TIERS))


def left(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if "own." in p.name)


def erasures(d):
    """(entry, dataset, header) of each own.erased, and the log's last entry."""
    found = []
    for i, e in rerun.events(d):
        header = msgpack.unpackb(e["request"]["header"], raw=False)
        if e["type"] == "own" and header["method"] == "own.erased":
            args = msgpack.unpackb(e["request"]["args"], raw=False)
            found.append((i, args["dataset"], args.get("header", b""), header))
    return found


def test_end(tap, d, w, model, grant):
    copy = standby.make(d, "standby")
    standby.copier("copy", d.folder, copy, "--once")
    tap.check("the standby had it", len(left(copy)) >= 6, left(copy))
    charge = rerun.released(d)[0][1]
    code, said, err = rerun.again(d, charge)
    tap.check("while the grant is in force an answer can be run again", code == 0 and said["match"] == 1, (said, err))
    header = {v["dataset"]: v["header"] for _, e in rerun.events(d) for v in e["inputs"].get("version", [])}
    odd = d.folder / "data/own.tariff/odd"
    odd.write_text("in the way")
    d.shuyu("agency", "scene", "revoke", grant, "--ground", "incident")
    tap.check("revoked: rows and keys are gone before the order is acknowledged",
              [p for p in left(d.folder) if "members" in p] == [] and status(d, "own.members") == "erased",
              left(d.folder))
    tap.check("what could not be erased is not called erased", status(d, "own.tariff") == "loaded")
    odd.unlink()
    tap.check("it is tried again until it is", domain.wait_until(lambda: status(d, "own.tariff") == "erased", 10))
    tap.check("nothing is left in the domain's folder", left(d.folder) == [], left(d.folder))
    proofs = erasures(d)
    tap.check("one entry proves each erasure, by the header of what was erased, signed by the warden",
              sorted((p[1], p[2]) for p in proofs) == sorted((n, header[n]) for n in ("own.members", "own.tariff")) and
              all(p[3]["party"] == "warden" and p[3]["grant"].hex() == grant for p in proofs), proofs)
    shown = d.shuyu("acme", "own", "show", "own.members")
    tap.check("and the developer is told which", shown["erased"] in [p[0] for p in proofs], shown)
    receipt = d.shuyu("acme", "log", "receipt", shown["erased"])  # verified before it is printed
    tap.check("with a receipt that verifies", receipt["entry"] == shown["erased"] and
              receipt["receipt"].startswith("c2sp.org/tlog-proof@v1\n"), receipt)
    tap.refused("no run any more: grant", "grant", d.run, model, "min_age=18")
    tap.refused("no put: grant or state", ("grant", "state"), d.shuyu, "acme", "own", "put", "own.members", w.members,
                "--grant", grant)
    code, said, err = rerun.again(d, charge)
    tap.check("a re-run says that it is erased", code != 0 and "erased" in err + str(said), (code, said, err))
    standby.copier("copy", d.folder, copy, "--once")
    tap.check("the standby has dropped it", left(copy) == [], left(copy))
    tap.refused("it ended: it is not named again", "state", d.shuyu, "acme", "scene", "apply",
                application(d, "again.yaml", True, scene="again-2026", rho="0.5"))


def test_death_before_the_proof(tap, d, w):
    """Erased, but the domain died before it could say so: the next start does."""
    d.shuyu("acme", "own", "define", definition(d, "own.second", PUBLIC, "第二张表"), "--file", w.tariff)
    text = application(d, "second.yaml", False, scene="second-2026", rho="0.5").read_text(encoding="utf-8")
    text = text.replace("mechanisms:", "  own_data: [own.second]\nmechanisms:", 1)
    more = DATASETS[DATASETS.index("  - dataset: own.tariff"):].replace("own.tariff", "own.second")
    grant = granted(d, scene.write(d, "second.yaml", text + more))
    d.shuyu("operator", "own", "confirm", "own.second", "--grant", grant, "--approve", "--opinion", "来源合法")
    d.shuyu("acme", "own", "put", "own.second", w.tariff)
    odd = d.folder / "data/own.second/odd"
    odd.write_text("in the way")
    d.shuyu("agency", "scene", "revoke", grant, "--ground", "incident")
    d.kill_all()
    odd.unlink()
    old = d.folder / "data/own.members" / ("0" * 32)  # as an old standby's folder might have it
    old.mkdir(parents=True)
    (old / "version").write_bytes(b"of an old copy")
    (d.folder / "keys/store/dataset:own.members.key").write_bytes(b"of an old copy")
    d.start()
    tap.check("what was called erased is erased again where it lies",
              [n for n in left(d.folder) if "members" in n] == [], left(d.folder))
    tap.check("the next start erases what is left, and says so",
              domain.wait_until(lambda: status(d, "own.second") == "erased", 10) and left(d.folder) == [],
              left(d.folder))


def main(tap):
    rng = random.Random(domain.seed())
    with domain.Domain() as d:
        d.birth()
        d.start()
        w = World(d, rng)
        d.populate(w.persons, w.events)
        d.enrol("rival", "developer")
        text = d.pack(version=2, slot="3000ms").read_text(encoding="utf-8")  # sanitized, 60,000 units take time
        d.shuyu("agency", "pack", "adopt", scene.write(d, "pack.yaml", text + SECTION))
        test_define(tap, d, w)
        grant, other, model = test_scene(tap, d, w)
        test_refused(tap, d, w, grant, other)
        out = test_death(tap, d, w, grant)
        test_loaded(tap, d, w, grant, out)
        test_answer(tap, d, w, model)
        test_traces(tap, d, w)
        test_stop(tap, d, model, grant)
        test_end(tap, d, w, model, grant)
        test_death_before_the_proof(tap, d, w)
        test_traces(tap, d, w)
        try:
            d.audit()
            tap.check("the auditor verifies and replays all of it", True)
        except domain.Refused as e:
            tap.check("the auditor verifies and replays all of it", False, e)


if __name__ == "__main__":
    domain.run_tests(main)
