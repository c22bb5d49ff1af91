#!/usr/bin/env python3
"""Attacks on answers about one consenting subject (docs/privacy/subject.md). consent.py S01|S02

S01: one consent, asked with again and again: by itself, in many envelopes at once, by somebody else. Each
answer beyond the first is one that nobody consented to, and each of them is counted.
S02: does the time of the answer tell who is in the data? Those who are not are told "unknown", which must
come when every other answer comes.
"""
import kit

import domain
import subject

TOKENS = 20 if kit.FULL else 4
AT_ONCE = 8
LINES = 4  # as many as one party may have under way
RUNS = 400 if kit.FULL else 30  # a side
SLOT = {"slot": "250ms", "subject_max": 100000, "developer_max": 100000}


class Hand:
    """A developer with fast keys, and the tokens of an issuer."""

    def __init__(self, d, grant, model):
        self.forge = subject.Forge(d, grant, model)
        self.forge.keys["issuer"] = kit.FastKeys(d.work / "issuer", d.work / "issuer.fast")
        self.acme, self.rival = kit.Client(d, "acme"), kit.Client(d, "rival")
        self.about = {"grant": self.forge.grant, "subject": self.forge.model}

    def ask(self, args, secret, client=None):
        client = client or self.acme
        packet, header = client.envelope("subject.ask", args, secret=secret, **self.about)
        return client.insist("subject.ask", packet, header)


def reused(chance):
    v = kit.Violations()
    with domain.Domain() as d:
        grant, _, model, _ = subject.found(d, 5000, **SLOT)
        hand = Hand(d, grant, model)
        for i in range(TOKENS):
            args, secret = hand.forge.request(who=f"CD-{chance.randrange(9000):05d}")
            ask = lambda a=args, s=secret: hand.ask(a, s).code  # noqa: E731
            codes = kit.in_parallel([ask] * (AT_ONCE if i % 2 else 1), LINES)
            v.claim("answered once", codes.count("") == 1, codes)
            v.claim("and the rest refused", set(codes) <= {"", "replayed"}, codes)
            v.claim("never again", ask() == "replayed")
            other = hand.ask(args, secret, hand.rival)
            v.claim("nor by another developer", other.code == "grant", other.code)
    return v.verdict()


def told_by_time(chance):
    with domain.Domain() as d:
        grant, _, model, _ = subject.found(d, 5000, **SLOT)
        hand = Hand(d, grant, model)
        jobs = [side for side in ("in", "out") for _ in range(RUNS)]
        chance.shuffle(jobs)
        times, codes = {"in": [], "out": []}, []
        for side in jobs:
            who = f"{'CD' if side == 'in' else 'ZZ'}-{chance.randrange(9000):05d}"
            got = hand.ask(*hand.forge.request(who=who, least=str(chance.randrange(900000))))
            times[side].append(got.seconds)
            codes.append(got.code)
    area, p = kit.auc(times["in"], times["out"])
    limit = 0.6 if kit.FULL else 0.85  # five deviations of the figure for so many runs a side
    value = round(max(area, 1 - area), 4)
    return value, limit, value < limit and codes.count("") > RUNS, [
        f"AUC {area:.4f}, p {p:.3g}, {codes.count('')} of {len(codes)} answered"]


TABLE = {"S01": ("one consent, one answer", "answers nobody consented to", reused),
         "S02": ("who is in the data, by time", f"AUC of {RUNS} runs a side", told_by_time)}

if __name__ == "__main__":
    kit.attack(TABLE)
