"""The people of the synthetic district: births, deaths and residents, exact by age and sex.

Deaths of 2020 are fitted in whole numbers to the published life expectancy and 40q30. Days are
ordinals (datetime.date.toordinal). Everybody is a row of the parallel lists of World.
"""
import datetime
import math
import random

import design


def day(year, month, dom):
    return datetime.date(year, month, dom).toordinal()


FIRST, LAST = day(1900, 1, 1), day(2030, 12, 31)
DAY = [""] * (LAST + 1)      # ordinal -> text
YEAR = [0] * (LAST + 1)
MONTH_DAY = [0] * (LAST + 1)  # month x 100 + day
for _o in range(FIRST, LAST + 1):
    _d = datetime.date.fromordinal(_o)
    DAY[_o], YEAR[_o], MONTH_DAY[_o] = _d.isoformat(), _d.year, _d.month * 100 + _d.day

MID, END = day(2020, 7, 1), day(2020, 12, 31)
STAT_END = day(2020, 9, 30)  # of the maternal and child year, which begins in October
NO_DAY = 0
RESIDENT, REGISTERED, PASSING = 0, 1, 2
FIRST_NCD, END_NCD = 7, 15  # the bands from 30 to 69
MATERNAL_BANDS = [6, 7, 5, 8]  # 25 to 29 first
NCD_CODES = (("I10", "I11", "I20", "I21", "I25", "I60", "I61", "I63", "I64", "I69"),
             ("C15", "C16", "C18", "C22", "C25", "C34", "C50", "C53", "C61", "C92"),
             ("E10", "E11", "E14"), ("J40", "J43", "J44", "J45", "J84"))
NCD_WEIGHTS = (52, 36, 4, 8)
OTHER_CODES = ("A16", "B18", "D46", "F03", "G20", "G30", "J12", "J18", "K25", "K70", "K74", "N17", "N18",
               "R54", "V09", "V47", "W19", "W74", "X70", "Y34")
OTHER_YOUNG = ("V09", "V47", "W19", "W74", "X70", "G40", "J18", "Q24", "K72", "N18")
INFANT_CODES = ("P07", "P21", "P22", "P36", "Q20", "Q24", "J18", "A41", "W79")


def age_at(born, when):
    return YEAR[when] - YEAR[born] - (MONTH_DAY[born] > MONTH_DAY[when])


def quarter_starts():
    """Quarters from October 2015 to the end of 2020, and one end."""
    starts = [day(y, m, 1) for y in range(2015, 2022) for m in (1, 4, 7, 10)]
    return [s for s in starts if day(2015, 10, 1) <= s <= day(2021, 1, 1)]


def spread(yearly, n):
    """Whole numbers a quarter: any four in a row make `yearly`."""
    return [(i + 1) * yearly // 4 - i * yearly // 4 for i in range(n)]


def life_expectancy(deaths, people):
    """e0 of the abridged table of design.BANDS."""
    alive, years = 1.0, 0.0
    for (_, _, width, ax), d, p in zip(design.BANDS, deaths, people):
        m = d / max(p, 1)
        if width == 0:
            return years + (alive / m if m else math.inf)
        q = min(width * m / (1 + (width - ax) * m), 1)
        years += alive * (width * (1 - q) + ax * q)
        alive *= 1 - q
    return years


def premature(deaths, people):
    """40q30 in per cent over the eight bands from 30 to 69."""
    alive = 1.0
    for d, p in zip(deaths[FIRST_NCD:END_NCD], people[FIRST_NCD:END_NCD]):
        m = d / max(p, 1)
        alive *= 1 - min(5 * m / (1 + 2.5 * m), 1)
    return (1 - alive) * 100


def fit(counts, movable, target, measure, ceilings=None):
    """Move whole deaths, one or two bands at a time, until `measure` is as near to target as it gets."""
    ceilings = ceilings or [math.inf] * len(counts)
    moves = [[(i, s)] for i in movable for s in (1, -1)]
    moves += [[(i, 1), (j, -1)] for i in movable for j in movable if i != j]
    best = abs(measure(counts) - target)
    for _ in range(400):
        found = None
        for move in moves:
            tried = list(counts)
            for i, s in move:
                tried[i] += s
            if all(0 <= tried[i] <= ceilings[i] for i, _ in move):
                off = abs(measure(tried) - target)
                if off < best:
                    best, found = off, tried
        if found is None or best < 1e-4:
            return found or counts
        counts = found
    return counts


class World:
    def __init__(self, seed, scale):
        self.seed, self.scale = seed, scale
        self.rng = self.random("world")
        self.sex, self.born, self.frm, self.to = [], [], [], []
        self.kind, self.town = [], []
        self.births = []     # (child, born, sex, live)
        self.deaths = []     # (person, day, age in years, code, maternal)
        self.make_births()
        self.bury_children()
        self.fit_deaths()
        self.make_deaths()
        self.fill()
        self.move()
        self.strangers()
        self.residents = [i for i in range(len(self.sex)) if self.is_resident(i, END)]

    def random(self, name):
        return random.Random(f"{self.seed}:{name}")

    def n(self, full):
        """A full-scale count at this world's scale."""
        return math.floor(full * self.scale + 0.5)

    def person(self, sex, born, frm, to=NO_DAY, kind=RESIDENT):
        self.sex.append(sex)
        self.born.append(born)
        self.frm.append(frm)
        self.to.append(to)
        self.kind.append(kind)
        return len(self.sex) - 1

    def is_resident(self, i, when):
        return (self.kind[i] == RESIDENT and self.frm[i] <= when and
                (self.to[i] == NO_DAY or self.to[i] >= when))

    # --- children

    def make_births(self):
        """Live births are residents from birth; stillbirths are nobody."""
        starts = quarter_starts()
        live, still = self.n(design.BIRTHS_QUARTER), self.n(6)
        self.twins = self.n(15)  # pairs a quarter, which come first
        for a, b in zip(starts, starts[1:]):
            days = self.rng.choices(range(a, b), k=live + still)
            days[1:2 * self.twins:2] = days[0:2 * self.twins:2]
            for k, born in enumerate(days):
                sex = self.rng.random() < 0.485
                child = self.person(sex, born, born) if k < live else -1
                self.births.append((child, born, sex, k < live))
        self.by_day = {}
        for child, born, _, is_live in self.births:
            if is_live:
                self.by_day.setdefault(born, []).append(child)

    def bury_children(self):
        births = 4 * self.n(design.BIRTHS_QUARTER)
        self.infant = design.nearest(*design.PUBLISHED["imr"], births)
        under5 = design.nearest(*design.PUBLISHED["u5mr"], births)
        self.toddler = max(0, under5 - self.infant)
        starts = quarter_starts()
        for a, b, n in zip(starts, starts[1:], spread(self.infant, len(starts) - 1)):
            for _ in range(n):
                self.bury_infant(a, b)
        for year in range(2016, 2021):
            for _ in range(self.toddler):
                self.bury_toddler(year)

    def bury_infant(self, a, b):
        while True:
            when = self.rng.randrange(a, b)
            born = when - (self.rng.randrange(28) if self.rng.random() < .6 else self.rng.randrange(340))
            alive = [c for c in self.by_day.get(born, []) if self.to[c] == NO_DAY]
            if alive:
                break
        child = self.rng.choice(alive)
        self.to[child] = when
        self.deaths.append((child, when, 0, self.rng.choice(INFANT_CODES), False))

    def bury_toddler(self, year):
        """Between January and September: in the calendar's year and in the October year alike."""
        while True:
            when = self.rng.randrange(day(year, 1, 1), day(year, 10, 1))
            born = when - self.rng.randrange(370, 1800)
            alive = [c for c in self.by_day.get(born, []) if self.to[c] == NO_DAY]
            if 1 <= age_at(born, when) <= 4 and (year < 2020 or alive):
                break
        child = alive[0] if alive else self.person(self.rng.random() < .5, born, born)
        self.to[child] = when
        self.deaths.append((child, when, age_at(born, when), self.rng.choice(OTHER_YOUNG), False))

    # --- how many people and deaths in each band

    def fit_people(self):
        """Residents of mid-2020 by sex and band: births, a quarter of a year before them, and shares."""
        people = [[0] * len(design.BANDS) for _ in range(2)]
        for i, born in enumerate(self.born):
            if born <= MID and self.is_resident(i, MID):
                people[self.sex[i]][0 if age_at(born, MID) == 0 else 1] += 1
        for k in range(self.n(design.BIRTHS_QUARTER)):  # too old for the birth table
            people[k % 2][1] += 1
        rest = self.n(design.RESIDENTS_MID) - sum(map(sum, people))
        total, given = sum(design.SHARES), 0
        for k, (share, men) in enumerate(zip(design.SHARES, design.MEN)):
            upto = rest * sum(design.SHARES[:k + 1]) // total
            people[0][k + 2] = (upto - given) * men // 100
            people[1][k + 2] = upto - given - people[0][k + 2]
            given = upto
        return people

    def fit_deaths(self):
        self.people = people = self.fit_people()
        both = [a + b for a, b in zip(*people)]
        self.both = both
        shape = [m / 1000 * p for m, p in zip(design.MORTALITY, both[2:])]
        head = [self.infant, self.toddler]
        lo, hi = 0.3, 3.0
        while hi - lo > 1e-9:  # old age, until the table gives the published expectancy
            mid = (lo + hi) / 2
            trial = head + [d * (mid if k >= END_NCD else 1) for k, d in enumerate(shape)]
            lo, hi = (mid, hi) if life_expectancy(trial, both) > design.LIFE_EXP else (lo, mid)
        deaths = head + [round(d * (lo if k >= END_NCD else 1)) for k, d in enumerate(shape)]
        deaths[-1] = max(deaths[-1], 2)
        movable = [k for k in range(2, len(deaths)) if both[k] > 0]
        ncd = [round(d * 0.87) if FIRST_NCD <= k < END_NCD else 0 for k, d in enumerate(deaths)]
        ncd = fit(ncd, range(FIRST_NCD, END_NCD), float(design.PREM_NCD), lambda c: premature(c, both), deaths)
        self.ncd = ncd
        self.by_band = fit(deaths, [k for k in movable if deaths[k] > ncd[k]], float(design.LIFE_EXP),
                           lambda c: max(life_expectancy(c, both), 0) if
                           all(x >= y for x, y in zip(c, ncd)) and c[-1] > 1 else math.inf)

    # --- the dead

    def men_of(self, band, n):
        men = self.people[0][band] * 1.35
        women = self.people[1][band] * 0.7
        k = round(n * men / max(men + women, 1))
        return min(max(k, 1), n - 1) if band == len(design.BANDS) - 1 and n > 1 else k

    def plan_maternal(self):
        """Deaths of women in childbirth by year: as many as make the nearest rate, of one year and of five."""
        births = 4 * self.n(design.BIRTHS_QUARTER)
        self.maternal = design.nearest(*design.PUBLISHED["mmr"], births)
        self.maternal5 = max(self.maternal, design.nearest(*design.PUBLISHED["mmr"], 5 * births))
        years = [2020] * self.maternal + [2016 + k % 4 for k in range(self.maternal5 - self.maternal)]
        return {year: years.count(year) for year in years}

    def make_deaths(self):
        maternal = self.plan_maternal()
        for year in range(2016, 2021):
            left = maternal.get(year, 0)
            for band in MATERNAL_BANDS + [b for b in range(2, len(design.BANDS)) if b not in MATERNAL_BANDS]:
                n = self.by_band[band]
                mothers = min(left, n - self.ncd[band]) if band in MATERNAL_BANDS else 0
                left -= mothers
                for _ in range(mothers):
                    self.die(year, band, 1, None, maternal=True)
                self.bury_band(year, band, n, mothers)
            if left:
                raise SystemExit("district: no death is left for a mother; take another scale")

    def bury_band(self, year, band, n, mothers):
        """The other deaths of a band; men first, and of 30 to 69 so many of the four diseases."""
        men = min(self.men_of(band, n), n - mothers)
        rest = n - mothers
        ncd = set(self.rng.sample(range(rest), self.ncd[band])) if FIRST_NCD <= band < END_NCD else None
        for k in range(rest):
            self.die(year, band, int(k >= men), None if ncd is None else k in ncd)

    def die(self, year, band, sex, ncd, maternal=False):
        lo, hi = design.BANDS[band][:2]
        last = day(year, 10, 1) if maternal else day(year + 1, 1, 1)  # in the October year of that name
        when = self.rng.randrange(day(year, 1, 1), last)
        while True:
            years = self.rng.randint(lo, min(hi, 99)) if lo < 85 else lo + int(self.rng.expovariate(.28))
            born = when - int(365.2425 * years) - self.rng.randrange(366)
            if lo <= age_at(born, when) <= min(hi, 108):
                break
        i = self.person(sex, born, max(born, day(2001, 1, 1)), when)
        cause = "O72" if maternal else self.cause(lo, ncd)
        self.deaths.append((i, when, age_at(born, when), cause, maternal))

    def cause(self, lo, ncd):
        if ncd is None:
            ncd = self.rng.random() < (0.9 if lo >= 70 else 0.25)
        if ncd:
            return self.rng.choice(self.rng.choices(NCD_CODES, NCD_WEIGHTS)[0])
        return self.rng.choice(OTHER_CODES if lo >= 30 else OTHER_YOUNG)

    # --- the living

    def fill(self):
        """Residents of mid-2020 who do not die in it, so that each band has its number."""
        have = [[0] * len(design.BANDS) for _ in range(2)]
        for i, born in enumerate(self.born):
            if born <= MID and self.is_resident(i, MID):
                have[self.sex[i]][self.band_at(born)] += 1
        first = len(self.sex)
        for band in range(1, len(design.BANDS)):
            for sex in (0, 1):
                self.fill_band(band, sex, self.people[sex][band] - have[sex][band])
        self.filled = range(first, len(self.sex))

    @staticmethod
    def band_at(born):
        age = age_at(born, MID)
        return 0 if age == 0 else 1 if age < 5 else min(age // 5 + 1, len(design.BANDS) - 1)

    def fill_band(self, band, sex, n):
        lo, hi = design.BANDS[band][:2]
        if n < 0:
            raise SystemExit("district: more die in a band than live in it; take another seed")
        a, b = day(2020 - min(hi, 99) - 1, 7, 2), day(2020 - lo, 7, 1)
        if band == 1:
            a, b = day(2015, 7, 2), day(2015, 9, 30)
        if lo == 85:
            days = [b - int(self.rng.expovariate(1 / 1300)) for _ in range(n)]
        else:
            days = self.rng.choices(range(a, b + 1), k=n)
        early, late = day(2001, 1, 1), day(2019, 12, 31)
        for born in days:
            frm = early if self.rng.random() < .8 else self.rng.randrange(early, late)
            self.person(sex, born, max(born, frm))

    def move(self):
        """Arrivals and departures of the second half-year, so that its last day has its number."""
        arrive = self.n(2_500)
        now = sum(self.is_resident(i, END) for i in range(len(self.sex)))
        leave = now + arrive - self.n(design.RESIDENTS_END)
        for _ in range(arrive):
            when = self.rng.randrange(MID + 1, END + 1)
            self.person(self.rng.randrange(2), when - self.rng.randrange(7000, 22000), when)
        movers = [i for i in self.rng.sample(self.filled, max(0, 3 * leave + 50))
                  if MID - self.born[i] > 6 * 366]
        if leave < 0 or leave > len(movers):
            raise SystemExit("district: nobody is left to move; take another seed")
        for i in movers[:leave]:
            self.to[i] = self.rng.randrange(MID, END)

    def strangers(self):
        """Registered here and living elsewhere, and passing: in the registry, never counted."""
        for n, kind in ((35_000, REGISTERED), (16_000, PASSING)):
            for _ in range(self.n(n)):
                frm = self.rng.randrange(day(2012, 1, 1), END)
                self.person(self.rng.randrange(2), frm - self.rng.randrange(20000), frm, kind=kind)
