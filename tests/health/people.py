"""Registry tables of the synthetic district: residents, births, deaths, records, contracts, the survey."""
import design
import world
from csvout import BOOL, Pool
from places import TOWNSHIPS
from world import DAY, END, MID, NO_DAY, REGISTERED, YEAR, day

KINDS = ("常住", "户籍", "流动")
SEX = ("男", "女")


def pid(i):
    return f"SYN-P{i:07d}"


def pop(w, job):
    rng = w.random("pop")
    towns = rng.choices(TOWNSHIPS, (70, 60, 65, 45, 50, 70, 60, 75, 35, 40), k=len(w.sex))
    villages = rng.choices([f"{k:03d}" for k in range(1, 61)] + [""], k=len(w.sex))
    chance = rng.random
    lines = []
    for i, sex in enumerate(w.sex):
        frm, to = w.frm[i], w.to[i]
        head = f"{pid(i)},{SEX[sex]},{DAY[w.born[i]]},"
        town, village = towns[i], villages[i]
        place = f"{town},{town}{village}," if village else f"{town},,"
        tail = f",{DAY[to]}," if to != NO_DAY else ",,"
        kind = KINDS[w.kind[i]]
        x = chance()
        last = to or END
        if x < .04 and last - frm > 400:  # moved within the district: two rows
            when = frm + 30 + int(chance() * (last - frm - 60))
            lines.append(f"{head}{TOWNSHIPS[i % 10]},,{kind},{DAY[frm]},{DAY[when - 1]},true")
            frm = when
        elif x < .05 and frm - w.born[i] > 800:  # was registered here before living here
            lines.append(f"{head}{place}户籍,{DAY[frm - 700]},{DAY[frm - 1]},true")
        lines.append(f"{head}{place}{kind},{DAY[frm]}{tail}{'true' if to == NO_DAY or i not in w.dead else 'false'}")
    columns = "person_id,sex,birth_date,township_code,village_code,residence_type,valid_from,valid_to,alive"
    with job.sheet("pop", columns) as out:
        out.add(lines)
        out.reject([f"SYN-X{k:07d},{sex},{born},370812001,,常住,{frm},,true" for k, (sex, born, frm) in enumerate(
            [("男", "1899-12-31", "2001-01-01"), ("未知", "1980-01-01", "2001-01-01"), ("女", "1980-01-01", ""),
             ("女", "1980-02-30", "2001-01-01"), ("男", "", "2001-01-01")] * 5)])
    mid = sum(w.is_resident(i, MID) for i in range(len(w.sex)))
    job.fact("residents_mid_2020", mid)
    job.fact("residents_end_2020", len(w.residents))
    tb(w, job, mid)


def tb(w, job, mid):
    """New tuberculosis cases: one patient has two cards, others are of another year or disease."""
    rng = w.random("idr")
    n = design.nearest(*design.PUBLISHED["tb_inc"], mid)
    sick = rng.sample(w.filled, n + w.n(150))
    lines = []
    for k, i in enumerate(sick):
        when = rng.randrange(day(2020, 1, 1), END + 1) if k < n else rng.randrange(day(2017, 1, 1), day(2020, 1, 1))
        onset = DAY[when - rng.randint(3, 90)] if rng.random() < .9 else ""
        lines += [f"{pid(i)},肺结核,{onset},{DAY[when]},{BOOL[rng.random() < .6]},370812101"] * (2 if k == 0 else 1)
    for i in rng.choices(w.filled, k=w.n(3_000)):
        when = rng.randrange(day(2019, 1, 1), END + 1)
        disease = rng.choice(("乙肝", "梅毒", "手足口病", "流行性感冒", "感染性腹泻", "水痘", "其他"))
        lines.append(f"{pid(i)},{disease},,{DAY[when]},{BOOL[rng.random() < .8]},{rng.choice(TOWNSHIPS)}")
    rng.shuffle(lines)
    with job.sheet("idr", "person_id,disease_code,onset,diagnosed,lab_confirmed,residence_code") as out:
        out.add(lines)
        out.reject([f"{pid(sick[0])},结核,,2020-05-05,true,370812101", f"{pid(sick[0])},肺结核,,,true,370812101"])
    job.count("tb_inc", n, mid)


def birth(w, job):
    rng = w.random("birth")
    lines, dead = [], 0
    for mother, born, children in w.deliveries:
        for child, sex, live in children:
            if not live:
                dead += 1
            weeks = rng.choices((34, 36, 37, 38, 39, 40, 41), (1, 3, 10, 25, 35, 22, 4))[0]
            org = rng.choice((1, 2, 3, 6, 6, 6)) if rng.random() < .98 else ""
            who = pid(child) if live else f"SYN-B{dead:07d}"
            lines.append(f"{who},{pid(mother)},{DAY[born]},{BOOL[live]},{weeks},{SEX[sex]},{org},"
                         f"{rng.choice(TOWNSHIPS)}")
    columns = "child_id,mother_id,birth_dt,live_birth,gest_weeks,sex,birth_org,residence_code"
    with job.sheet("birth", columns) as out:
        out.add(lines)
        again = [line for line in rng.sample(lines, max(3, w.n(40)))]  # a child has one row
        out.reject(again)
        out.reject([f"SYN-X{k:07d},{pid(w.deliveries[0][0])},2020-05-05,true,{weeks},男,,370812001"
                    for k, weeks in enumerate((12, 60))])
    count_births(w, job)


def stat_year(when):
    """The maternal and child year: named by the year in which its September lies."""
    return YEAR[when] + (world.MONTH_DAY[when] >= 1001)


def rates(deaths, births):
    return [{"key": {"span": k}, "num": d, "den": b, "value": design.figure(d, b, 1000)}
            for k, d, b in (("1", deaths[0], births[0]), ("5", deaths[1], births[1]))]


def one_and_five(days):
    years = [stat_year(d) for d in days]
    return years.count(2020), sum(2016 <= y <= 2020 for y in years)


def count_births(w, job):
    births = one_and_five([born for _, born, _, live in w.births if live])
    job.fact("births_2020", births[0], five_years=births[1])
    job.rows("imr", rates(one_and_five([d for _, d, age, _, _ in w.deaths if age == 0]), births))
    job.rows("u5mr", rates(one_and_five([d for _, d, age, _, _ in w.deaths if age < 5]), births))
    one, five = one_and_five([d for _, d, _, _, maternal in w.deaths if maternal])
    job.rows("mmr", [{"key": {}, "num": five, "den": births[1], "value": design.figure(five, births[1], 100_000)}],
             single_year={"num": one, "den": births[0], "value": design.figure(one, births[0], 100_000)})


def death(w, job):
    rng = w.random("death")
    lines = []
    for i, when, age, code, maternal in w.deaths:
        days = when - w.born[i] if age < 5 or rng.random() < .5 else ""
        lines.append(f"{pid(i)},{DAY[when]},{days},{age},{code},{BOOL[maternal]},{rng.choice(TOWNSHIPS)}")
    columns = "person_id,death_date,age_days,age_years,underlying_icd10,maternal_flag,residence_code"
    with job.sheet("death", columns) as out:
        out.add(lines)
        out.reject(rng.sample(lines, max(2, w.n(12))))  # reported twice
        out.reject(["SYN-X0000001,2020-05-05,,130,I21,false,370812001", "SYN-X0000002,2020-05-05,,70,ZZZ,false,370812001",
                    "SYN-X0000003,2020-05-05,,-1,I21,false,370812001"])
    count_deaths(w, job)


def count_deaths(w, job):
    """Life table and 40q30 from the persons themselves, not from the design."""
    deaths = [[0] * len(design.BANDS) for _ in range(2)]
    ncd = [0] * len(design.BANDS)
    people = [[0] * len(design.BANDS) for _ in range(2)]
    codes = {c for group in world.NCD_CODES for c in group}
    for i, when, age, code, _ in w.deaths:
        if YEAR[when] == 2020 and w.is_resident(i, when):
            band = 0 if age == 0 else 1 if age < 5 else min(age // 5 + 1, 18)
            deaths[w.sex[i]][band] += 1
            ncd[band] += 30 <= age <= 69 and code in codes
    for i, born in enumerate(w.born):
        if born <= MID and w.is_resident(i, MID):
            people[w.sex[i]][w.band_at(born)] += 1
    rows = []
    for name, d, p in (("男", deaths[0], people[0]), ("女", deaths[1], people[1]),
                       ("合计", [a + b for a, b in zip(*deaths)], [a + b for a, b in zip(*people)])):
        value = world.life_expectancy(d, p)
        rows.insert(0, {"key": {"sex": name}, "num": sum(d), "den": sum(p), "value": round(value, 2)})
    job.measured("life_exp", design.LIFE_EXP, rows)
    both = [a + b for a, b in zip(*people)]
    lo, hi = world.FIRST_NCD, world.END_NCD
    job.measured("prem_ncd", design.PREM_NCD, [{
        "key": {}, "num": sum(ncd[lo:hi]), "den": sum(both[lo:hi]), "value": round(world.premature(ncd, both), 2)}])
    job.fact("deaths_2020", sum(map(sum, deaths)))


def ehr(w, job):
    """Electronic records of nine residents in ten. No model reads it."""
    rng = w.random("ehr")
    pool = Pool(rng, [
        f",{DAY[rng.randrange(day(2010, 1, 1), day(2020, 1, 1))]},在用,{BOOL[rng.random() < .93]},"
        f"{DAY[rng.randrange(day(2020, 1, 1), END + 1)] if rng.random() < .6 else ''}" for _ in range(20_000)])
    who = [i for i in w.residents if i % 10]
    tails, _ = pool.draw(len(who))
    with job.sheet("ehr", "person_id,created,status,conform_flag,last_dynamic_date") as out:
        out.add([f"{pid(i)}{t}" for i, t in zip(who, tails)])
        out.reject([f"{pid(who[0])},1999-01-01,在用,true,2020-02-02"])


def fdc(w, job):
    """Contracts with family doctors, 52 % of residents. No model reads it."""
    rng = w.random("fdc")
    groups = ("一般", "老年", "孕产妇", "儿童", "慢病", "残疾", "脱贫", "计生特殊", "SMI", "TB")
    pool = Pool(rng, [
        f",{rng.randint(1, 400)},{DAY[d]},{DAY[d + 364]},{rng.choices(groups, (50, 16, 2, 8, 16, 3, 3, 1, .5, .5))[0]},"
        f"{rng.randint(0, 12)},{BOOL[rng.random() < .7]}"
        for d in rng.choices(range(day(2019, 6, 1), END + 1), k=20_000)])
    who = rng.sample(w.residents, len(w.residents) * 52 // 100)
    tails, _ = pool.draw(len(who))
    with job.sheet("fdc", "person_id,team_id,sign_date,expiry,group_type,service_count,team_tcm_flag") as out:
        out.add([f"{pid(i)}{t}" for i, t in zip(who, tails)])
        out.reject([f"{pid(who[0])},9999,2020-01-01,2020-12-31,一般,1,true"])


def surv(w, job):
    rng = w.random("surv")
    who = [i for i in rng.sample(w.filled, min(len(w.filled), w.n(4_000))) if END - w.born[i] > 20 * 366]
    with job.sheet("surv", "resp_id,survey_date,weight,age,literacy_score,smoker") as out:
        out.add([f"{pid(i)},2020-{rng.randint(5, 9):02d}-15,{rng.uniform(50, 300):.4f},{world.age_at(w.born[i], END)},"
                 f"{rng.randint(20, 100)},{BOOL[rng.random() < .24]}" for i in who])
        out.reject([f"{pid(who[0])},2020-05-15,120.0000,9,50,false"])


def school(w, job):
    """Pupils and their eyes: the last complete examination of 2020 decides."""
    rng = w.random("school")
    pupils = [i for i in w.filled if 6 <= world.age_at(w.born[i], day(2020, 9, 1)) <= 17 and w.is_resident(i, END)]
    untested = set(rng.sample(pupils, len(pupils) // 80))
    tested = [i for i in pupils if i not in untested]
    myopic = dict(zip(tested, bytearray(len(tested))))
    for i in rng.sample(tested, design.nearest(*design.PUBLISHED["myopia"], len(tested))):
        myopic[i] = 1
    lines = [exam(w, rng, i, myopic[i], day(2020, 9, 7), day(2020, 11, 27)) for i in tested]
    lines += [exam(w, rng, i, 1 - myopic[i], day(2020, 4, 20), day(2020, 6, 19)) for i in rng.sample(tested, len(tested) // 9)]
    lines += [exam(w, rng, i, rng.random() < .55, day(2019, 9, 2), day(2019, 11, 29)) for i in tested[::8]]
    lines += [f"{pid(i)},{stage_of(w, i)},{i % 120 + 1},2020-10-10,{rng.choice(('', '4.6'))},,,,false" for i in untested]
    toddlers = [i for i in w.residents if 3 <= world.age_at(w.born[i], END) <= 5]
    lines += [f"{pid(i)},幼儿园,{i % 40 + 121},2020-05-20,4.9,4.9,-0.75,0.25,true" for i in toddlers[::4]]
    with job.sheet("school", "student_id,stage,school_id,exam_date,ucva_l,ucva_r,se_l,se_r,full_exam_flag") as out:
        out.add(lines)
        out.reject([f"{pid(tested[0])},大学,1,2020-12-20,4.0,4.0,-3.00,-3.00,true",
                    f"{pid(tested[1])},小学,1,2014-12-20,4.0,4.0,-3.00,-3.00,true"])
    job.rows("myopia", by_stage(w, tested, myopic))


def stage_of(w, i):
    age = world.age_at(w.born[i], day(2020, 9, 1))
    return "小学" if age < 12 else "初中" if age < 15 else "中职" if i % 4 == 0 else "高中"


def exam(w, rng, i, myopic, first, last):
    good, other = f"{rng.choice(('5.0', '5.1', '5.2'))}", f"{rng.choice(('4.5', '4.7', '4.9'))}"
    if myopic:
        eyes = rng.choice((f"{other},{good},-1.25,", f"{good},{other},0.25,-2.50", f"{other},{other},-0.75,-0.50"))
    else:
        eyes = rng.choice((f"{good},{good},,", f"{good},{good},-0.75,0.00", f"{other},{good},-0.50,0.50",
                           f"{good},{other},-3.00,1.75"))
    when = DAY[rng.randrange(first, last)]
    return f"{pid(i)},{stage_of(w, i)},{i % 120 + 1},{when},{eyes},{BOOL[rng.random() < .97]}"


def by_stage(w, tested, myopic):
    rows = []
    for name, stages in (("小学", ("小学",)), ("初中", ("初中",)), ("高中", ("高中", "中职"))):
        who = [i for i in tested if stage_of(w, i) in stages]
        rows.append((name, sum(myopic[i] for i in who), len(who)))
    rows.insert(0, ("合计", sum(r[1] for r in rows), sum(r[2] for r in rows)))
    return [{"key": {"stage": k}, "num": n, "den": d, "value": design.figure(n, d, 100)} for k, n, d in rows]
