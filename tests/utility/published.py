"""The best published mechanisms for each kind of figure, as their papers give them, at a cost of rho-zCDP (or, where
a paper has pure or approximate privacy only, at the epsilon that costs as much). Plain Python over lists: they are what
Shuyu's error is compared with, and know nothing of Shuyu.

A pure epsilon is epsilon^2/2-zCDP (Bun, Steinke 2016), the exponential mechanism's epsilon^2/8 (Cesar,
Rogers 2021). `chance` is a random.Random. Bounds and caps are the same for all.
"""
import bisect
import math


def epsilon_of(rho, delta):
    """(epsilon, delta) that rho-zCDP implies (Bun, Steinke 2016, proposition 1.3)."""
    return rho + 2 * math.sqrt(rho * math.log(1 / delta))


def rho_of(epsilon, delta):
    """The largest rho whose (epsilon, delta) by the same proposition is this one."""
    log = math.log(1 / delta)
    return (math.sqrt(log + epsilon) - math.sqrt(log)) ** 2


def clamp(v, lo, hi):
    return min(max(v, lo), hi)


def laplace(chance, scale):
    return scale * (math.log(1 - chance.random()) - math.log(1 - chance.random()))


def gauss(chance, value, sensitivity, rho):
    """Gaussian mechanism: sigma^2 = sensitivity^2 / 2 rho, rounded to an integer like the discrete one of
    Canonne, Kamath, Steinke 2020, whose variance is smaller by less than 1/12."""
    return value + round(chance.gauss(0, sensitivity / math.sqrt(2 * rho)))


# --- counts, sums, averages ----------------------------------------------------------------------

def count_gauss(chance, values, rho):
    """Canonne, Kamath, Steinke 2020."""
    return gauss(chance, len(values), 1, rho)


def count_geometric(chance, values, rho):
    """Ghosh, Roughgarden, Sundararajan 2009: the best for pure epsilon."""
    return len(values) + round(laplace(chance, 1 / math.sqrt(2 * rho)))


def sum_gauss(chance, values, lo, hi, rho):
    """Clamped sum, Gaussian noise."""
    return sum(clamp(v, lo, hi) for v in values) + chance.gauss(0, max(abs(lo), abs(hi)) /
                                                                math.sqrt(2 * rho))


def exponential(chance, scores, epsilon, sensitivity):
    """Index chosen with weight exp(epsilon score / 2 sensitivity) (McSherry, Talwar 2007)."""
    top = max(scores)
    weights = [math.exp(epsilon * (s - top) / (2 * sensitivity)) for s in scores]
    return chance.choices(range(len(scores)), weights)[0]


def quantile_em(chance, values, q, grid, rho):
    """Exponential mechanism over a grid (Smith 2011); values sorted."""
    n = len(values)
    scores = []
    for point in grid:
        below, up_to = bisect.bisect_left(values, point), bisect.bisect_right(values, point)
        target = q * n
        scores.append(-max(0, below - target, target - up_to))
    return grid[exponential(chance, scores, math.sqrt(8 * rho), max(q, 1 - q))]


def quantiles_recursive(chance, values, qs, grid, rho):
    """Several quantiles by halving (Kaplan, Schnapp, Stemmer 2022): the middle one by the exponential
    mechanism, then the lower ones below it and the upper ones above. A value takes part once a level, so
    each level has an equal part of rho."""
    share = rho / math.ceil(math.log2(len(qs) + 1))

    def part(values, qs, grid):
        if not qs:
            return []
        if not values or len(grid) == 1:
            return [grid[0]] * len(qs)
        at = len(qs) // 2
        middle = quantile_em(chance, values, qs[at], grid, share)
        low, high = bisect.bisect_left(values, middle), bisect.bisect_right(values, middle)
        below = [q / qs[at] for q in qs[:at]]
        above = [(q - qs[at]) / (1 - qs[at]) for q in qs[at + 1:]]
        return (part(values[:low], below, [g for g in grid if g <= middle]) + [middle] +
                part(values[high:], above, [g for g in grid if g >= middle]))
    return part(values, qs, grid)


def sum_instance(chance, values, lo, hi, rho):
    """Clip at a private high quantile, then Gaussian noise (Huang, Liang, Yi 2021); values sorted, lo >= 0."""
    share = rho / 4
    q = 1 - min(0.5, 2 * math.sqrt(2 / rho) / len(values))
    grid = [lo + (hi - lo) * i / 500 for i in range(501)]
    top = max(quantile_em(chance, values, q, grid, share), 1)
    return sum(clamp(v, lo, top) for v in values) + chance.gauss(0, top /
                                                                 math.sqrt(2 * (rho - share)))


def sum_r2t(chance, values, hi, rho, beta=0.1):
    """Race to the top (Dong, Fang, Yi, Tao, Machanavajjhala 2022), one row a unit: pure epsilon."""
    epsilon, rounds, best = math.sqrt(2 * rho), max(1, math.ceil(math.log2(hi))), 0.0
    for i in range(1, rounds + 1):
        tau = 2.0 ** i
        truncated = sum(min(v, tau) for v in values)
        best = max(best, truncated + laplace(chance, rounds * tau / epsilon) -
                   rounds * math.log(rounds / beta) * tau / epsilon)
    return best


def average_normalised(chance, values, lo, hi, rho):
    """Sum about the middle of the interval and count (Google's bounded mean, 2020), half the budget
    each."""
    middle = (lo + hi) / 2
    around = sum(clamp(v, lo, hi) - middle for v in values)
    around += chance.gauss(0, (hi - lo) / 2 / math.sqrt(rho))
    return middle + around / max(1, gauss(chance, len(values), 1, rho / 2))


def variance_normalised(chance, values, lo, hi, rho):
    """Count, sum and sum of squares about the middle (Google's bounded variance, 2020)."""
    middle, half, third = (lo + hi) / 2, (hi - lo) / 2, rho / 3
    centred = [clamp(v, lo, hi) - middle for v in values]
    n = max(2, gauss(chance, len(values), 1, third))
    first = sum(centred) + chance.gauss(0, half / math.sqrt(2 * third))
    second = sum(v * v for v in centred) - len(values) * half * half / 2
    second += chance.gauss(0, half * half / 2 / math.sqrt(2 * third))
    square = (second + n * half * half / 2) / n
    return max(0.0, (square - (first / n) ** 2) * n / (n - 1))


# --- medians -------------------------------------------------------------------------------------

def median_smooth(chance, values, lo, hi, epsilon, delta):
    """Smooth sensitivity with Laplace noise (Nissim, Raskhodnikova, Smith 2007); values sorted."""
    n, beta = len(values), epsilon / (2 * math.log(2 / delta))
    middle, worst = n // 2, 0.0

    def at(i):
        return lo if i < 0 else hi if i >= n else values[i]
    for k in range(min(n, int(math.log((hi - lo) * 1e4) / beta)) + 1):
        gap = max(at(middle + t) - at(middle + t - k - 1) for t in range(k + 2))
        worst = max(worst, math.exp(-beta * k) * gap)
    return clamp(values[middle] + laplace(chance, 2 * worst / epsilon), lo, hi)


# --- tables --------------------------------------------------------------------------------------

def histogram_gauss(chance, cells, rho):
    """Disjoint cells: Gaussian noise in each."""
    return {k: gauss(chance, n, 1, rho) for k, n in cells.items()}


def histogram_geometric(chance, cells, rho):
    """Disjoint cells, pure epsilon (Dwork, McSherry, Nissim, Smith 2006)."""
    return {k: n + round(laplace(chance, 1 / math.sqrt(2 * rho))) for k, n in cells.items()}


def top_k_gumbel(chance, cells, k, rho):
    """One-shot Gumbel noise = k rounds of the exponential mechanism (Durfee, Rogers 2019). Scores of
    counts of units move by 1 at most, whatever the number of cells of one unit."""
    epsilon = math.sqrt(8 * rho / k)
    noisy = {c: n - 2 / epsilon * math.log(-math.log(1 - chance.random())) for c, n in cells.items()}
    return sorted(noisy, key=noisy.get, reverse=True)[:k]


# --- regression ----------------------------------------------------------------------------------

def slope_adassp(chance, pairs, box, rho, failure=0.05):
    """AdaSSP (Wang 2018) for y over (1, x), both scaled to [-1, 1]: adaptive ridge on noisy sufficient
    statistics, a third of the budget each."""
    (x_lo, x_hi), (y_lo, y_hi) = box

    def scaled(v, lo, hi):
        return (clamp(v, lo, hi) - (lo + hi) / 2) / ((hi - lo) / 2)
    points = [(scaled(x, x_lo, x_hi), scaled(y, y_lo, y_hi)) for x, y in pairs]
    norm2, third = 2.0, rho / 3  # |(1, x)|^2 <= 2
    sigma = norm2 / math.sqrt(2 * third)
    n, sx = len(points), sum(x for x, _ in points)
    sxx, sy = sum(x * x for x, _ in points), sum(y for _, y in points)
    sxy = sum(x * y for x, y in points)
    least = (n + sxx) / 2 - math.sqrt(((n - sxx) / 2) ** 2 + sx * sx)
    least = max(0.0, least + chance.gauss(0, sigma))
    ridge = max(0.0, math.sqrt(2 * math.log(2 * 2 * 2 / failure)) * sigma - least)
    a, b, d = (n + chance.gauss(0, sigma), sx + chance.gauss(0, sigma), sxx + chance.gauss(0, sigma))
    tau = math.sqrt(norm2) / math.sqrt(2 * third)
    p, q = sy + chance.gauss(0, tau), sxy + chance.gauss(0, tau)
    a, d = a + ridge, d + ridge
    slope = (a * q - b * p) / (a * d - b * b)
    return slope * ((y_hi - y_lo) / 2) / ((x_hi - x_lo) / 2)
