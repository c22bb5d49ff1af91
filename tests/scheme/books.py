"""Counting a year from the exported events alone: no row of the state, no program of the domain.

A grant begins with an approved final review; it ends with its revocation or expiry, with its developer's agreement or
enrolment, or with a cancelled correction order. Identifiers are what docs/protocol.md says that they are: hashes of
what was filed.
"""
import collections
import datetime
import hashlib

import msgpack

import domain

ZONE = datetime.timezone(datetime.timedelta(hours=8))
OF_THE_YEAR = {"evaluate.record": "evaluations", "incident.report": "incidents", "inspect.open": "inspections",
               "order.correct": "corrections"}


def unpack(data):
    return msgpack.unpackb(data, raw=False, strict_map_key=False)


def named(context, data):
    """The identifier of what was filed."""
    return hashlib.sha256(context.encode() + data).digest()


class Books:
    """Reads one allowed event after the other."""

    def __init__(self, year):
        self.year = year
        self.counts = collections.Counter()
        self.filed = {}       # proposal: developer
        self.grants = {}      # live ones: developer
        self.agreements = {}  # id: (grantee, is it the whole grant?)
        self.orders = {}      # entry: party
        self.datasets, self.products, self.developers, self.operators = set(), set(), set(), set()

    def end(self, ids):
        for grant in [i for i in ids if i in self.grants]:
            del self.grants[grant]
            self.counts["ended"] += 1

    def of(self, party):
        """The live grants under a party: a developer's own; all, under the operator."""
        return [i for i, d in self.grants.items() if d == party or party in self.operators]

    def enrol(self, args):
        invite = unpack(args["invite"])
        if invite["role"] == "developer":
            self.developers.add(invite["party"])

    def party(self, method, args):
        if method == "genesis":
            self.operators.add(args["operator"]["party"])
        elif method == "party.enrol":
            self.enrol(args)
        elif method == "party.revoke":
            self.developers.discard(args["party"])
            self.end(self.of(args["party"]))

    def scene(self, method, header, args, data):
        grant = header.get("grant")
        if method == "scene.apply":
            self.counts["applications"] += 1
            self.filed[named("shuyu-proposal-1", data)] = args["developer"]
        elif method == "scene.final_review" and args["decision"] == "approve":
            self.grants[grant] = self.filed[grant]
            self.counts["granted"] += 1
        elif method in ("scene.revoke", "grant.expire"):
            self.end([grant])
            self.counts["expired"] += method == "grant.expire"

    def agreement(self, method, header, args, data):
        if method == "agreement.offer":
            self.agreements[named("shuyu-agreement-1", data)] = args["grantee"]
        elif method == "agreement.terminate":
            self.end(self.of(self.agreements[header["subject"]]))

    def order(self, method, entry, args):
        if method == "order.correct":
            self.orders[entry] = args["party"]
        elif method == "order.cancel":
            self.end(self.of(self.orders[args["order"]]))

    def thing(self, method, header, args):
        if method == "dataset.define":
            self.datasets.add(args["id"])
        elif method == "product.publish":
            self.products.add(header["subject"])
        elif method == "product.withdraw":
            self.products.discard(header["subject"])

    def see(self, entry, event):
        request = event["request"]
        header, data = unpack(request["header"]), request.get("args", b"")
        args, method = unpack(data) if data else {}, header["method"]
        kind = method.partition(".")[0]
        if kind in ("genesis", "party"):
            self.party(method, args)
        elif kind in ("scene", "grant"):
            self.scene(method, header, args, data)
        elif kind == "agreement":
            self.agreement(method, header, args, data)
        elif kind == "order":
            self.order(method, entry, args)
        elif kind in ("dataset", "product"):
            self.thing(method, header, args)
        if method in OF_THE_YEAR:
            when = datetime.datetime.fromtimestamp(event["inputs"]["time"], ZONE)
            self.counts[OF_THE_YEAR[method]] += when.year == self.year
        self.counts["runs"] += event["type"] == "charge"
        self.counts["fen"] += event["verdict"].get("fen", 0)

    def standing(self):
        return {**self.counts, "datasets": len(self.datasets), "developers": len(self.developers),
                "products": len(self.products), "scenes": len(self.grants)}


def count(export, year):
    """What the exported events add up to, as far as the year's report could know; `entries` and `refused`: of all."""
    books, known = Books(year), {}
    for entry, record in enumerate(domain.read_entries(export)):
        event = unpack(record["body"])
        books.counts["entries"] += 1
        if event["verdict"].get("code", 0) != 0:
            books.counts["refused"] += 1
            continue
        if unpack(event["request"]["header"])["method"] == "report.annual":
            known = books.standing()
        books.see(entry, event)
    return {**known, "entries": books.counts["entries"], "refused": books.counts["refused"]}


def figures(counted):
    """Those of them that the yearly report has too."""
    names = ("corrections", "datasets", "developers", "ended", "evaluations", "incidents", "inspections", "products",
             "runs", "scenes")
    return {name: counted.get(name, 0) for name in names}
