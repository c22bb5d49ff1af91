#!/usr/bin/env python3
"""Perturbation tables of the cell-key method, and their check.

    ptable.py --units-min K --variance V --max D      print the `table:` of a pack's `cellkey:` section
    ptable.py --check PACK.yaml                       recompute every row of a pack's table from its integers

A row belongs to a number n of units (the last row to all larger ones) and is the distribution of what is added
to a released count of n units. Rows are made so:

    n = 0             0: an empty cell stays empty
    0 < n < K         0: the cell is withheld anyway
    n >= K            of all distributions on the allowed values with mean 0 and variance V, the one of
                      greatest entropy: p(i) ~ exp(a i - b i^2). Allowed are |i| <= D where n + i is 0 or at
                      least K: a count from 1 to K - 1 is never shown, a shown 0 need not be one

From n = D + K on nothing is cut off, and the row is a discrete Gaussian, cut at D and symmetric. Probabilities
are integers over 2^32; after rounding, the mean is made exactly 0 with the weights of 0 and 1.

Only the standard library; the same arguments give the same table on every machine with IEEE doubles.
Source: docs/privacy/cellkey.md, "Noise"; Marley, Leaver, "A method for confidentialising user-defined tables:
statistical properties and a risk-utility analysis", ISI 2011.
"""
import argparse
import math
import re
import sys

ONE = 1 << 32


def allowed(n, k, d):
    return [i for i in range(-d, d + 1) if n + i == 0 or n + i >= k]


def moments(values, a, b):
    """Probabilities, mean and central moments 2 to 4 under exp(a i - b i^2)."""
    logs = [a * i - b * i * i for i in values]
    top = max(logs)
    weights = [math.exp(x - top) for x in logs]
    total = math.fsum(weights)
    p = [w / total for w in weights]
    m = [math.fsum(q * i**e for q, i in zip(p, values)) for e in range(5)]
    return p, m


def fit(values, variance):
    """The distribution of greatest entropy with mean 0 and this variance: Newton's steps, halved as needed."""
    a, b = 0.0, 0.5 / variance

    def miss(x, y):
        m = moments(values, x, y)[1]
        return math.hypot(m[1], m[2] - variance)

    for _ in range(200):
        m = moments(values, a, b)[1]
        # derivatives of (E i, E i^2) by a and by -b: covariances of (i, i^2)
        c11, c12, c22 = m[2] - m[1]**2, m[3] - m[1] * m[2], m[4] - m[2]**2
        det = c11 * c22 - c12 * c12
        e1, e2 = -m[1], variance - m[2]
        step = ((e1 * c22 - e2 * c12) / det, (c11 * e2 - c12 * e1) / det)
        size = 1.0
        while size > 1e-9 and miss(a + size * step[0], b - size * step[1]) > miss(a, b):
            size /= 2
        a, b = a + size * step[0], b - size * step[1]
        if miss(a, b) < 1e-12:
            break
    p, m = moments(values, a, b)
    if abs(m[1]) > 1e-9 or abs(m[2] - variance) > 1e-6:
        sys.exit(f"no distribution on {values[0]}..{values[-1]} has mean 0 and variance {variance}")
    return p


def integers(values, p):
    """Weights over 2^32, all positive, with mean exactly 0."""
    w = {i: round(q * ONE) for i, q in zip(values, p)}
    w = {i: x for i, x in w.items() if x > 0 or i in (0, 1)}
    mean = sum(i * x for i, x in w.items())
    w[1] -= mean
    w[0] += ONE - sum(w.values())
    if min(w.values()) <= 0:
        sys.exit("a weight of 0 or 1 is used up by rounding")
    return w


def row(n, k, d, variance):
    if n < k:
        return {0: ONE}
    values = allowed(n, k, d)
    return integers(values, fit(values, variance))


def table(k, d, variance):
    return [row(n, k, d, variance) for n in range(k + d + 1)]


def line(weights):
    noise = sorted(weights)
    total, cum = 0, []
    for i in noise:
        total += weights[i]
        cum.append(total)
    return "    - {noise: [%s], cum: [%s]}" % (", ".join(map(str, noise)), ", ".join(map(str, cum)))


# --- check -----------------------------------------------------------------------------------------------------

def read_pack(path):
    """units_min and the rows (noise, cum) of a pack file; None when it has no cellkey section."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    section = re.search(r"^cellkey:\n((?:[ #].*\n|\n)*)", text, re.M)
    if section is None:
        return None
    def numbers(s):
        return [int(x) for x in s.split(",")]
    k = int(re.search(r"^  units_min:\s*(\d+)", section[1], re.M)[1])
    rows = re.findall(r"^\s+- \{noise: \[([^\]]*)\], cum: \[([^\]]*)\]\}", section[1], re.M)
    return k, [(numbers(a), numbers(b)) for a, b in rows]


def faults(n, k, noise, cum):
    """What is wrong with the row of n units; its weights."""
    wrong = []
    if len(noise) != len(cum) or not noise or cum[-1] != ONE:
        return ["no distribution over 2^32"], {}
    weights = {i: c - p for i, c, p in zip(noise, cum, [0] + cum)}
    if sorted(set(noise)) != noise or min(weights.values()) <= 0:
        wrong.append("noise or cum does not ascend")
    if sum(i * w for i, w in weights.items()) != 0:
        wrong.append("its mean is not exactly 0")
    if n == 0 and noise != [0]:
        wrong.append("an empty cell does not stay empty")
    if n >= k and any(0 < n + i < k or n + i < 0 for i in noise):
        wrong.append("a count that must not be shown can be")
    return wrong, weights


def check(path):
    """Every row by itself, and one variance for all shown rows. Prints a line a fault; how many."""
    pack = read_pack(path)
    if pack is None:
        print(f"{path}: no cellkey section")
        return 1
    k, rows = pack
    found = [] if len(rows) > k else [f"{len(rows)} rows do not reach units_min = {k}"]
    variances = {}
    for n, (noise, cum) in enumerate(rows):
        wrong, weights = faults(n, k, noise, cum)
        found += [f"row {n}: {w}" for w in wrong]
        if n >= k and weights:
            variances[n] = sum(i * i * w for i, w in weights.items()) / ONE
    spread = (max(variances.values()) - min(variances.values())) if variances else 0
    if spread > 1e-3:
        found.append(f"the variance is not one: {min(variances.values()):.4f} to {max(variances.values()):.4f}")
    if rows and rows[-1][0] != [-i for i in reversed(rows[-1][0])]:
        found.append("the last row, of all larger counts, is not symmetric")
    for f in found:
        print(f"{path}: {f}")
    if not found:
        print(f"{path}: {len(rows)} rows, units_min {k}, mean 0, variance {variances[len(rows) - 1]:.4f}")
    return len(found)


def main():
    a = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    a.add_argument("--check", nargs="+", metavar="PACK.yaml")
    a.add_argument("--units-min", type=int, default=10)
    a.add_argument("--variance", type=float, default=4)
    a.add_argument("--max", type=int, default=12)
    o = a.parse_args()
    if o.check:
        sys.exit(1 if sum(check(p) for p in o.check) else 0)
    if o.units_min < 2 or o.max < 1 or o.variance <= 0:
        a.error("units-min at least 2, max at least 1, variance positive")
    print("  table:")
    for w in table(o.units_min, o.max, o.variance):
        print(line(w))


if __name__ == "__main__":
    main()
