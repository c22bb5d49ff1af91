"""Visits, stays, settlements and emergency calls of the synthetic district, drawn from fixed stocks of rows."""
import bisect
import csv

import design
from csvout import BOOL, Pool
from people import pid
from places import GRASS_ROOTS, institutions
from world import DAY, END, YEAR, day

COMMON = ("I10", "I25", "I63", "J00", "J06", "J20", "J44", "E11", "K29", "M54", "L30", "H10", "K04", "N30", "E78")
OTHER = ("C34", "C50", "F20", "G40", "N18", "O80", "R10", "S72", "T14", "Z51", "D64", "H25", "B18", "Q24")
DEPTS = ("内科", "外科", "妇产科", "儿科", "中医科", "急诊", "康复", "老年", "其他")
GRASS_SHARE, COMMON_WITHIN, IN_TIME = 0.61, 0.886, 0.93  # assumed


def places(rng, n):
    """n institutions as visited, about GRASS_SHARE of them at the grass roots."""
    grass = [i for i, kind, _ in institutions() if kind in GRASS_ROOTS]
    others = [i for i, kind, level in institutions() if level != "未定级" or kind == "诊所"]
    busy = [i for i in others if i <= 8]
    return [rng.choice(grass) if rng.random() < GRASS_SHARE else rng.choice(busy if rng.random() < .8 else others)
            for _ in range(n)]


def opd(w, job):
    rng = w.random("opd")
    kinds = {i: kind for i, kind, _ in institutions()}
    lines, grass, inside = [], [], []
    for org in places(rng, 60_000):
        when = rng.randrange(day(2019, 11, 1), END + 1)
        fee = int(rng.expovariate(1 / 9_000)) % 4_000_000 + 300
        fund = fee * rng.randrange(30, 80) // 100
        icd = "" if rng.random() < .02 else rng.choice(COMMON if rng.random() < .8 else OTHER)
        lines.append(f",{org},{DAY[when]},{'急诊' if rng.random() < .06 else '门诊'},{icd},{BOOL[rng.random() < .2]},"
                     f"{BOOL[rng.random() < .4]},{fee / 100:.2f},{fund / 100:.2f},{(fee - fund) / 100:.2f}")
        inside.append(int(YEAR[when] == 2020))
        grass.append(int(YEAR[when] == 2020 and kinds[org] in GRASS_ROOTS))
    n = w.n(design.VISITS)
    tails, (at_grass, all_) = Pool(rng, lines, (grass, inside)).draw(n)
    users = [pid(i) for i in rng.sample(w.residents, len(w.residents) // 2)]
    columns = "person_id,org_id,visit_dt,kind,icd10,tcm_flag,appointment_flag,fee,fund_paid,self_paid"
    with job.sheet("opd", columns) as out:
        out.add([a + b for a, b in zip(rng.choices(users, k=n), tails)])
        out.reject([f"{users[0]},600,2020-05-05,门诊,I10,false,false,1.00,0.50,0.50",
                    f"{users[0]},6,2020-05-05,门诊,I10,false,false,-1.00,0.50,0.50",
                    f"{users[0]},6,2020-05-05,门诊,I10,false,false,60000.00,0.50,0.50"])
    job.count("grass_opd", at_grass, all_)


def workdays(job):
    """Ordinals of the public calendar's working days, in order."""
    from datetime import date
    with open(job.public / "calendar.csv", encoding="utf-8", newline="") as f:
        return [date.fromisoformat(r["date"]).toordinal() for r in csv.DictReader(f) if r["is_workday"] == "true"]


def listed(job):
    with open(job.public / "common_disease.csv", encoding="utf-8", newline="") as f:
        ranges = [(r["lo"], r["hi"]) for r in csv.DictReader(f)]
    return lambda icd: any(lo <= icd <= hi for lo, hi in ranges)


def settlement(rng, org, open_days, common):
    """One row end, and its flags: common, common within the district, paid in 2020, paid within 30 working days."""
    visited = rng.randrange(day(2019, 11, 1), END + 1)
    icd = rng.choice(COMMON if rng.random() < .8 else OTHER)
    within = rng.random() < (COMMON_WITHIN if common(icd) else .7)
    stay = rng.random() < .08
    code = f"DIP{rng.randint(1, 95):03d}" if stay else ""
    applied = visited + rng.randint(1, 25)
    days = rng.choices((rng.randint(1, 10), rng.randint(11, 20), rng.randint(21, 30), rng.randint(31, 60)),
                       (30, 38, IN_TIME * 100 - 68, 100 - IN_TIME * 100))[0]
    paid = open_days[bisect.bisect_right(open_days, applied) - 1 + days]
    unpaid = rng.random() < .01
    total = int(rng.expovariate(1 / (700_000 if stay else 12_000))) % 90_000_000 + 500
    line = (f",{org if within else ''},{BOOL[within]},{rng.choice(('居民', '居民', '职工'))},{'住院' if stay else '门诊'},"
            f"{DAY[visited]},{icd},{DAY[applied]},{'' if unpaid else DAY[paid]},{code},{total / 100:.2f},"
            f"{total * 6 // 1000:d}.00")
    this_year = YEAR[visited] == 2020 and common(icd)
    settled = not unpaid and YEAR[paid] == 2020
    return line, (this_year, this_year and within, settled, settled and days <= 30)


def claim(w, job):
    rng = w.random("claim")
    open_days, common = workdays(job), listed(job)
    made = [settlement(rng, org, open_days, common) for org in places(rng, 60_000)]
    flags = list(zip(*(f for _, f in made)))
    n = w.n(design.SETTLEMENTS)
    tails, sums = Pool(rng, [line for line, _ in made], flags).draw(n)
    users = [pid(i) for i in rng.sample(w.residents, len(w.residents) // 2)]
    columns = ("person_id,org_id,in_county,insurer_type,kind,visit_date,icd10,apply_date,paid_date,dip_code,total,"
               "fund")
    with job.sheet("claim", columns) as out:
        out.add([a + b for a, b in zip(rng.choices(users, k=n), tails)])
        out.reject([f"{users[0]},1,true,商业,门诊,2020-05-05,I10,2020-05-06,2020-05-07,,1.00,0.50",
                    f"{users[0]},1,true,居民,门诊,2020-05-05,I10,2020-05-06,2020-05-07,,-1.00,0.50",
                    f"{users[0]},1,true,居民,门诊,2020-05-05,I10,,2020-05-07,,1.00,0.50"])
    job.count("county_visit", sums[1], sums[0])
    job.count("fund_days", sums[3], sums[2])


def ipd(w, job):
    """Stays in hospitals of level two and below: there was no other in 2020."""
    rng = w.random("ipd")
    hospitals = [i for i, kind, level in institutions() if level in ("二级", "一级") or kind == "卫生院"]
    def one():
        left = rng.randrange(day(2019, 10, 1), END + 1)
        fee = int(rng.expovariate(1 / 700_000)) % 90_000_000 + 20_000
        icd = rng.choice(COMMON + OTHER)
        return (f",{rng.choice(hospitals)},{DAY[left - rng.randint(0, 20)]},{DAY[left]},{icd},{rng.choice(DEPTS)},"
                f"{f'DIP{rng.randint(1, 95):03d}' if rng.random() < .9 else ''},{rng.choice(('治愈', '好转', '其他'))},"
                f"{fee / 100:.2f},{fee * 6 // 1000:d}.00,{BOOL[rng.random() < .05]}")
    n = w.n(design.STAYS)
    tails, _ = Pool(rng, [one() for _ in range(20_000)]).draw(n)
    users = rng.choices(w.residents, k=n)
    columns = "person_id,org_id,adm_dt,dis_dt,icd10,dept,dip_code,outcome,fee,fund_paid,referral_in"
    with job.sheet("ipd", columns) as out:
        out.add([f"{pid(i)}{t}" for i, t in zip(users, tails)])
        out.reject([f"{pid(users[0])},1,2020-05-05,2027-05-05,I10,内科,,好转,1.00,0.50,false"])
    job.rows("alos3", [{"key": {}, "num": 0, "den": 0, "value": None}])


def ems(w, job):
    rng = w.random("ems")
    n = w.n(20_000)
    with job.sheet("ems", "call_id,call_dt,dispatched,station_id,vehicle_id") as out:
        lines = [f"SYN-C{k:07d},{DAY[rng.randrange(day(2020, 1, 1), END + 1)]},{BOOL[rng.random() < .96]},"
                 f"{rng.randint(1, 6)},{rng.randint(1, 18) if rng.random() < .95 else ''}" for k in range(n)]
        out.add(lines)
        out.reject(lines[:5])  # a call has one row
