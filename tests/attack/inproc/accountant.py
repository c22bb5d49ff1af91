#!/usr/bin/env python3
"""The accountant against one that was written apart from it, in exact fractions and fifty digits.

A thousand random compositions: runs of blocks with figures of random reach, price and mechanism. For each
figure the noise scale must be at least what its share of the price pays for, and less than one above that;
what the whole composition really spends must be at most the sum of its prices; its epsilon must be at least
the true minimum over alpha, and within two units of 1e-9 of it. The figure is how many do not agree.
"""
import decimal
import fractions
import json
import math
import os
import pathlib
import random
import subprocess
import sys

decimal.getcontext().prec = 50
D, F = decimal.Decimal, fractions.Fraction
NANO, FEMTO = 10 ** 9, 10 ** 15
SCALE_MAX = 2 ** 40 - 1
COMPOSITIONS = 1000


class Accountant:
    """The build's, through its program of lines."""

    def __init__(self, program):
        self.program, self.lines = program, []

    def ask(self, line):
        self.lines.append(line)
        return len(self.lines) - 1

    def answers(self):
        done = subprocess.run([self.program], input="\n".join(self.lines) + "\n", text=True,
                              stdout=subprocess.PIPE, check=True)
        return [None if a == "refused" else int(a) for a in done.stdout.split()]


def root(f):
    return (D(f.numerator) / D(f.denominator)).sqrt()


def wanted_scale(kind, groups, rows, bound, rho):
    """What a reach at a price needs, as a real number."""
    cell = rows * bound
    if kind == "gauss":
        return root(F(groups * cell * cell * NANO, 2 * rho))
    epsilon = int(root(F(2 * rho * NANO)))  # in 1e-9, rounded down
    return D(groups * cell * NANO) / D(epsilon)


def spent(kind, groups, rows, bound, scale):
    """What a figure with this noise really costs, in zCDP."""
    cell = rows * bound
    return F(groups * cell * cell, 2 * scale * scale) if kind == "gauss" else \
        F(groups * cell, scale) ** 2 / 2


def bound_at(alpha, rho, delta):
    return alpha * rho + ((1 / delta).ln() - alpha.ln()) / (alpha - 1) + (1 - 1 / alpha).ln()


def best_alpha(rho, delta):
    """Where the bound is least, to half the digits of a float: the bound is flat there."""
    rho, delta, ratio, low, high = float(rho), float(delta), (5 ** 0.5 - 1) / 2, -14.0, 30.0

    def value(x):
        alpha = 1 + math.exp(x)
        return alpha * rho - (math.log(delta) + math.log(alpha)) / (alpha - 1) + \
            math.log1p(-1 / alpha)

    while high - low > 1e-9:
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if value(a) <= value(b) else (a, high)
    return 1 + D((low + high) / 2).exp()


def wanted_epsilon(rho, delta):
    """The minimum over alpha, evaluated in fifty digits."""
    return max(D(0), bound_at(best_alpha(rho, delta), rho, delta))


def figure(chance, accountant, kind, groups, share):
    rows, bound = chance.randint(1, 300), chance.choice([1, chance.randint(1, 10 ** 6)])
    ask = accountant.ask(f"scale {kind} {groups} {rows} {bound} {share}")
    return kind, groups, rows, bound, share, ask


def composition(chance, accountant):
    """(figures, rho in all, number of the question about epsilon, delta)."""
    figures, rho = [], 0
    for _ in range(chance.randint(1, 12)):
        kind, groups = chance.choice(["gauss", "laplace"]), chance.randint(1, 64)
        n, price = chance.randint(1, 6), int(10 ** chance.uniform(4, 9))
        is_open = chance.random() < 0.2
        share = price // (n + is_open)
        figures += [figure(chance, accountant, kind, groups, share) for _ in range(n)]
        rho += price
    delta = int(10 ** chance.uniform(0, 12))
    return figures, rho, accountant.ask(f"epsilon {rho} {delta}"), delta


def check_figures(figures, answers):
    wrong, cost = 0, F(0)
    for kind, groups, rows, bound, share, ask in figures:
        wanted, got = wanted_scale(kind, groups, rows, bound, share), answers[ask]
        if got is None:
            wrong += wanted <= SCALE_MAX - 1
            continue
        wrong += not (wanted <= got and (got < wanted + 1 or got == 1))
        cost += spent(kind, groups, rows, bound, got)
    return wrong, cost


def main():
    if sys.argv[1:] != ["ACCOUNT"]:
        sys.exit("usage: accountant.py ACCOUNT")
    seed = int(os.environ.get("SHUYU_SEED", 0)) or random.SystemRandom().randrange(1, 1 << 31)
    chance = random.Random(seed)
    accountant = Accountant(
        str(pathlib.Path(os.environ["SHUYU_BUILD"]) / "tests/attack/accountant_lines"))
    all_of = [composition(chance, accountant) for _ in range(COMPOSITIONS)]
    answers, wrong = accountant.answers(), 0
    for figures, rho, ask, delta in all_of:
        bad, cost = check_figures(figures, answers)
        wanted = wanted_epsilon(D(rho) / NANO, D(delta) / FEMTO) * NANO
        fine = wanted <= answers[ask] + D("1e-6") and answers[ask] <= wanted + 2
        wrong += bad > 0 or cost > F(rho, NANO) or not fine
    print(json.dumps({"id": "ACCOUNT", "title": "the accountant against another",
                      "figure": f"compositions of {COMPOSITIONS} that do not agree",
                      "value": wrong, "limit": 0, "pass": wrong == 0, "seed": seed}))


if __name__ == "__main__":
    main()
