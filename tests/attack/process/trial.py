#!/usr/bin/env python3
"""A product's model was reviewed, its price, scales and rules are what the plan says, and what the domain draws is
something else. The test of products inside the domain (product.test) must say so. trial.py TRIAL|TRIALKEYS
"""
import kit
import domain  # kit has put its folder in the path
import cellkey
import product
import risk

UNITS = 12
FILE = """\
name: residents
title: 分镇人数
version: '1.0'
form: service
class: industry
price: 500
uses:
  - {code: planning, title: 规划测算}
sources:
  - {dataset: city.residents, basis: 依法履职}
"""


def tested(d, path, model):
    """What the domain says of a product, to the agency."""
    d.shuyu("agency", "pack", "adopt", product.pack(d, 2, product.TESTS))
    filed = d.shuyu("acme", "product", "submit", path, "--model", model)["product"]
    return d.shuyu("agency", "product", "test", filed)


def judged(said, membership):
    """1 is a failed test; figures stay inside. A test without an outcome exposes nothing, and absolves nobody."""
    if said["outcome"] not in ("passed", "failed") or said["units"] != UNITS or \
            said["membership"] != membership:
        raise AssertionError(said)
    failed = said["outcome"] == "failed"
    return float(failed), 0.0, not failed, []


def noised(_chance):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        return judged(tested(d, product.FILE, d.model(d.grant(d.scene()))), "bounded")


def keyed(_chance):
    with domain.Domain() as d:
        risk.prepare(d, cellkey.people())
        grant, _ = risk.developer(d, "acme")
        model = d.model(grant, risk.file_of(d, "towns", cellkey.MODEL, NAME="towns",
                                            SQL=cellkey.WORDS["plain"]))
        return judged(tested(d, risk.file_of(d, "residents-product", FILE), model), "unbounded")


TABLE = {"TRIAL": ("a product whose release was spoilt after its model was reviewed",
                   f"product.test fails: an attack on {UNITS} units gains more than it may", noised),
         "TRIALKEYS": ("a product of cell keys that shows few people, or noises anew",
                       f"product.test fails: cells of too few, or rows restored, of {UNITS} units", keyed)}

if __name__ == "__main__":
    kit.attack(TABLE)
