"""Mothers and small children of the synthetic district: pregnancies, visits, child care, immunisation."""
import design
from csvout import BOOL, quota
from people import pid, stat_year
from world import DAY, END, RESIDENT, STAT_END, day

YEAR_START = day(2019, 10, 1)
SCHEDULE = {"BCG": (0,), "HepB": (0, 1, 6), "PV": (2, 3, 4), "DTP": (3, 4, 5, 18), "MMR": (8, 18), "JE": (8,),
            "MenA": (6, 9), "HepA": (18,)}  # due months, up to the second birthday


def deliveries(w):
    """[(mother, day, [(child, sex, live)])]; a woman delivers again after two years, and then one child."""
    rng = w.random("deliveries")
    women = [i for i in w.filled if w.sex[i] == 1 and w.kind[i] == RESIDENT and
             day(1980, 1, 1) <= w.born[i] <= day(1998, 1, 1)]
    rng.shuffle(women)
    per_quarter = w.n(design.BIRTHS_QUARTER) + w.n(6)
    out, singles = [], []
    for q, at in enumerate(range(0, len(w.births), per_quarter)):
        rows, mothers = w.births[at:at + per_quarter], []
        groups = [rows[2 * t:2 * t + 2] for t in range(w.twins)] + [[r] for r in rows[2 * w.twins:]]
        for group in groups:
            early = singles[q - 9] if q >= 9 else []
            again = len(group) == 1 and early and rng.random() < .15
            mother = early.pop() if again else women.pop()
            if len(group) == 1 and not again:
                mothers.append(mother)
            out.append((mother, group[0][1], [(child, sex, live) for child, _, sex, live in group]))
        singles.append(mothers)
    return out


def chosen(rng, rows, k):
    """rows with a flag each, k of them set."""
    return zip(rows, quota(rng, len(rows), k))


def mat(w, job):
    """Pregnancies and visits; each October year has its numbers of managed and of screened women."""
    rng = w.random("mat")
    years = {}
    for d in w.deliveries:
        years.setdefault(stat_year(d[1]), []).append(d)
    rows, visits = [], []
    for year, list_ in sorted(years.items()):
        births = sum(live for _, _, children in list_ for _, _, live in children)
        alive = [d for d in list_ if any(live for _, _, live in d[2])]
        managed = design.nearest(*design.PUBLISHED["mat_sys"], births)
        screened = design.nearest(*design.PUBLISHED["pns"], len(list_))
        cared = {d[0] for d, yes in chosen(rng, alive, min(managed, len(alive))) if yes}
        for d, yes in chosen(rng, list_, screened):
            pregnancy(rng, d, d[0] in cared, yes, rows, visits)
        if year == 2020:
            job.count("mat_sys", len(cared), births)
            job.count("pns", screened, len(list_))
    rows += [f"{pid(i)},{DAY[END - rng.randint(1, 150)]},{rng.randint(6, 12)},,,," for i in
             rng.sample(w.filled, w.n(1_500)) if w.sex[i] == 1]
    with job.sheet("mat", "woman_id,book_date,book_gest_wk,delivery_dt,live_births,screen_date,screen_result") as out:
        out.add(rows)
        out.reject([f"{pid(w.deliveries[0][0])},2020-01-01,2,2020-08-01,1,,", f",2020-01-01,9,2020-08-01,1,,"])
    with job.sheet("mat_visit", "woman_id,visit_date,kind") as out:
        out.add(visits)
        out.reject([f"{pid(w.deliveries[0][0])},2020-05-05,产检"])


def pregnancy(rng, delivery, managed, screened, rows, visits):
    woman, born, children = delivery
    live = sum(c[2] for c in children)
    week, anc, pnc = rng.randint(6, 12), rng.randint(5, 9), rng.randint(1, 28)
    if not managed:
        week, anc, pnc = rng.choice(((rng.randint(13, 24), 6, 7), (8, rng.randint(0, 4), 7), (8, 6, rng.choice((0, 35)))))
    start = born - 7 * 38 + 7 * week
    if screened:
        screen = f"{DAY[rng.randrange(start, born)]},{rng.choices(('低风险', '临界风险', '高风险'), (90, 7, 3))[0]}"
    else:
        screen = f"{DAY[born + 3]},低风险" if rng.random() < .05 else ","  # entered after the delivery: too late
    who = pid(woman)
    rows.append(f"{who},{DAY[start]},{week},{DAY[born]},{live},{screen}")
    days = rng.sample(range(start, born), anc)
    visits += [f"{who},{DAY[d]},anc" for d in days + days[:1]]  # one is entered twice
    if pnc:
        visits.append(f"{who},{DAY[born + pnc]},pnc")


def child(w, job):
    """Visits from October 2019 to the end of 2020 of children under seven."""
    rng = w.random("child")
    young = [i for i, born in enumerate(w.born) if born > day(2013, 10, 1) and w.is_resident(i, STAT_END)]
    small = [i for i in young if day(2017, 10, 1) <= w.born[i] <= STAT_END]
    managed = design.nearest(*design.PUBLISHED["u3_sys"], len(small))
    cared = {i for i, yes in chosen(rng, small, managed) if yes}
    under3 = set(small)
    lines = []
    for i in young:
        born = w.born[i]
        first, baby = max(born, YEAR_START), born >= day(2020, 4, 1)
        if i in cared:
            good, other = rng.randint(1 if baby else 2, 3), rng.randrange(2)
        elif i in under3:
            good, other = 0 if baby else rng.randrange(2), rng.randrange(3)
        else:
            good, other = rng.randint(1, 2), 0
        if born <= STAT_END:
            for k in range(good + other):
                lines.append(visit(rng, i, born, rng.randrange(first, STAT_END + 1), k < good))
        if rng.random() < .3:
            lines.append(visit(rng, i, born, rng.randrange(max(born, STAT_END + 1), END + 1), True))
    with job.sheet("child", "child_id,visit_date,age_months,growth_flag,eye_vision_flag") as out:
        out.add(lines)
        out.reject([f"{pid(small[0])},2020-05-05,99,true,true", f"{pid(small[0])},,9,true,true"])
    job.count("u3_sys", managed, len(small))


def visit(rng, i, born, when, good):
    return f"{pid(i)},{DAY[when]},{min((when - born) * 12 // 365, 83)},{BOOL[good]},{BOOL[rng.random() < .8]}"


def imm(w, job):
    """Doses of those born from 2018 on, up to the end of 2020."""
    rng = w.random("imm")
    born = [c for c, b, _, live in w.births if live and b >= day(2018, 1, 1)]
    two = [i for i in born if w.born[i] <= day(2018, 12, 31) and w.is_resident(i, END)]
    full = design.nearest(*design.ASSUMED["epi_full"], len(two))
    missing = {i for i, yes in chosen(rng, two, full) if not yes}
    lines = []
    for i in born:
        skipped = rng.choice(list(SCHEDULE)) if i in missing else None
        last = min(END, w.to[i] or END)
        late = rng.randint(0, 25)
        for vaccine, months in SCHEDULE.items():
            given = len(months) - 1 if vaccine == skipped else len(months)
            for k in range(given):
                when = w.born[i] + months[k] * 365 // 12 + late
                if when <= last:
                    lines.append(f"{pid(i)},{vaccine},{k + 1},{DAY[when]}")
        if i % 50 == 0:
            lines.append(lines[-1])  # entered twice
    with job.sheet("imm", "child_id,vaccine_code,dose_no,date") as out:
        out.add(lines)
        out.reject([f"{pid(born[0])},BCG,0,2020-05-05", f"{pid(born[0])},Flu,1,2020-05-05"])
    job.count("epi_full", full, len(two))
