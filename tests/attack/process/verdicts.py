"""How attacks judge: claims that are counted, and tests of whether two samples differ."""
import math


class Violations:
    """Claims that must hold; the figure of many attacks is how many did not."""

    def __init__(self):
        self.found = []
        self.n = 0

    def claim(self, name, fine, detail=None):
        self.n += 1
        if not fine:
            self.found.append(f"{name}: {detail!r}" if detail is not None else name)
        return bool(fine)

    def verdict(self):
        return len(self.found), 0, not self.found, self.found or [f"{self.n} claims hold"]


def auc(xs, ys):
    """P(X > Y) + P(X = Y)/2, and the two-sided p of Mann-Whitney (normal, ties corrected)."""
    tagged = sorted([(v, 0) for v in xs] + [(v, 1) for v in ys])
    n, m, total, rank_sum, ties, at = len(xs), len(ys), len(tagged), 0.0, 0, 0
    while at < total:
        end = at
        while end < total and tagged[end][0] == tagged[at][0]:
            end += 1
        mean_rank = (at + 1 + end) / 2
        rank_sum += mean_rank * sum(1 for k in range(at, end) if tagged[k][1] == 0)
        ties += (end - at) ** 3 - (end - at)
        at = end
    u = rank_sum - n * (n + 1) / 2
    spread = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    z = (u - n * m / 2) / spread if spread > 0 else 0.0
    return u / (n * m), math.erfc(abs(z) / math.sqrt(2))


def same_distribution(table, chance, rounds=10000):
    """p of "both rows of the table are drawn from one distribution": a permutation test on the
    chi-square statistic, exact up to its number of rounds. table: [(count in D, count in D')]."""
    table = [row for row in table if sum(row) > 0]
    n = [sum(row[k] for row in table) for k in (0, 1)]
    total = sum(n)

    def statistic(firsts):
        return sum((f - sum(row) * n[0] / total) ** 2 / sum(row) for f, row in zip(firsts, table))

    observed = statistic([row[0] for row in table])
    deck = [i for i, row in enumerate(table) for _ in range(sum(row))]
    at_least = 0
    for _ in range(rounds if len(table) > 1 else 0):
        firsts = [0] * len(table)
        for i in chance.sample(deck, n[0]):
            firsts[i] += 1
        at_least += statistic(firsts) >= observed - 1e-9
    return (at_least + 1) / (rounds + 1) if len(table) > 1 else 1.0
