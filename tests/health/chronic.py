"""Disease control in the synthetic district: chronic disease, the elderly, mental illness, workplaces."""
import design
import world
from csvout import BOOL, Pool, quota
from people import pid
from world import DAY, END, day

Y1 = day(2020, 1, 1)


def patients(w):
    """(disease, person) pairs under management in 2020; some have both."""
    rng = w.random("ncd")
    adults = [i for i in w.residents if END - w.born[i] > 35 * 366]
    htn = rng.sample(adults, w.n(design.HTN))
    both = htn[:w.n(design.BOTH)]
    known = set(htn)
    only = rng.sample([i for i in adults if i not in known], w.n(design.T2DM) - len(both))
    known.update(only)
    former = rng.sample([i for i in adults if i not in known], w.n(1_500))
    return [("HTN", i) for i in htn] + [("T2DM", i) for i in both + only], former


def ncd(w, job):
    rng = w.random("ncd-rows")
    pairs, former = patients(w)
    lines = []
    for k, (disease, i) in enumerate(pairs):
        enrol = rng.randrange(day(2010, 1, 1), day(2020, 7, 1))
        org = rng.randint(20, 400)
        if k % 40 == 0:  # left and came back: two rows
            lines.append(f"{pid(i)},{disease},{DAY[day(2009, 6, 1)]},{DAY[max(enrol - 10, day(2015, 1, 1))]},{org}")
        left = DAY[rng.randrange(max(enrol, Y1), END + 1)] if k % 60 == 0 else ""
        lines.append(f"{pid(i)},{disease},{DAY[enrol]},{left},{org}")
    lines += [f"{pid(i)},HTN,2012-03-01,{DAY[rng.randrange(day(2015, 1, 1), Y1)]},30" for i in former]
    rng.shuffle(lines)
    with job.sheet("ncd", "person_id,disease,enrol_date,exit_date,managing_org") as out:
        out.add(lines)
        out.reject([f"{pid(former[0])},CKD,2012-03-01,,30", f"{pid(former[0])},HTN,2012-03-01,,0"])
    ncd_fu(w, job, pairs)


def fu_pool(rng, disease, complete):
    """Row ends after the date."""
    def one():
        sbp, dbp = rng.randint(105, 175), rng.randint(60, 105)
        fbg = f"{rng.uniform(4, 13):.1f}" if disease == "T2DM" else ""
        a1c = f"{rng.uniform(5, 11):.1f}" if fbg and rng.random() < .4 else ""
        mode = "面访" if complete else rng.choice(("面访", "电话", "视频"))
        pressure = f"{sbp},{dbp}" if complete or rng.random() < .8 else ","
        return f",{mode},{pressure},{fbg},{a1c},{BOOL[rng.random() < .85]},{BOOL[complete]}"
    return Pool(rng, [one() for _ in range(3_000)])


def ncd_fu(w, job, pairs):
    """Standardised: four or more complete visits in the year. The others have fewer, and incomplete ones."""
    rng = w.random("ncd_fu")
    managed = quota(rng, len(pairs), design.nearest(*design.PUBLISHED["htn_dm_std"], len(pairs)))
    heads = {(d, c): [] for d in ("HTN", "T2DM") for c in (True, False)}
    days = [DAY[d] for d in range(Y1, END + 1)]
    counts = {"HTN": [0, 0], "T2DM": [0, 0]}
    for (disease, i), yes in zip(pairs, managed):
        counts[disease][0] += yes
        counts[disease][1] += 1
        good = rng.choices((4, 5, 6), (70, 20, 10))[0] if yes else rng.randrange(4)
        head = f"{pid(i)},{disease},"
        heads[disease, True] += [head + d for d in rng.choices(days, k=good)]
        heads[disease, False] += [head + d for d in rng.choices(days, k=rng.randrange(2) if yes else rng.randrange(3))]
        if i % 9 == 0:  # another year does not count
            heads[disease, True].append(f"{head}2019-11-11")
    with job.sheet("ncd_fu", "person_id,disease,fu_date,mode,sbp,dbp,fbg,hba1c,medicated,complete_flag") as out:
        for (disease, complete), list_ in heads.items():
            tails, _ = fu_pool(rng, disease, complete).draw(len(list_))
            out.add([a + b for a, b in zip(list_, tails)])
        first = pid(pairs[0][1])
        out.reject([f"{first},HTN,2020-05-05,走访,120,80,,,true,true", f"{first},HTN,2014-05-05,面访,120,80,,,true,true"])
    rows = [(k, *v) for k, v in counts.items()]
    rows.insert(0, ("合计", sum(r[1] for r in rows), sum(r[2] for r in rows)))
    job.rows("htn_dm_std", [{"key": {"disease": k}, "num": n, "den": d, "value": design.figure(n, d, 100)}
                            for k, n, d in rows])


def lipid(w, job):
    rng = w.random("lipid")
    who = rng.sample([i for i in w.residents if END - w.born[i] > 35 * 366], w.n(90_000))
    pool = Pool(rng, [f",{DAY[rng.randrange(day(2019, 6, 1), END + 1)]},{rng.randint(1, 30)}" for _ in range(8_000)])
    tails, _ = pool.draw(len(who))
    with job.sheet("lipid", "person_id,test_date,org_id") as out:
        out.add([f"{pid(i)}{t}" for i, t in zip(who, tails)])
        out.reject([f"{pid(who[0])},2020-05-05,584"])


def elder(w, job):
    """The full yearly package in one record; others have parts of it, or had it in another year."""
    rng = w.random("elder")
    old = [i for i in w.residents if world.age_at(w.born[i], END) >= 65]
    served = quota(rng, len(old), design.nearest(*design.PUBLISHED["eld_std"], len(old)))
    days = [DAY[d] for d in range(Y1, END + 1)]
    full = "true,true,true,true"
    parts = ("true,true,false,true", "true,true,true,false", "false,true,true,true", "true,false,true,true")
    lines = []
    for i, yes in zip(old, served):
        x = rng.random()
        if yes:
            lines.append(f"{pid(i)},{rng.choice(days)},{full},{BOOL[x < .6]}")
        if (yes and x < .1) or (not yes and x < .5):
            lines.append(f"{pid(i)},{rng.choice(days)},{rng.choice(parts)},false")
        if not yes and x < .1:  # two parts do not make a whole
            lines.append(f"{pid(i)},{rng.choice(days)},false,false,true,true,false")
        if not yes and x > .9:
            lines.append(f"{pid(i)},2019-06-15,{full},true")
    columns = "person_id,exam_date,lifestyle_flag,physical_flag,lab_flag,guidance_flag,tcm_flag"
    with job.sheet("elder", columns) as out:
        out.add(lines)
        out.reject([f"{pid(old[0])},2014-06-15,{full},true", f"{pid(old[0])},2020-06-15,true,true,true,,true"])
    job.count("eld_std", sum(served), len(old))


def smi(w, job):
    rng = w.random("smi")
    who = rng.sample(w.filled, w.n(design.SMI_PATIENTS))
    managed = quota(rng, len(who), design.nearest(*design.PUBLISHED["smi_mgmt"], len(who)))
    lines = []
    for i, yes in zip(who, managed):
        head = f"{pid(i)},{rng.choice(('F20', 'F20', 'F25', 'F31', 'F71'))},{DAY[rng.randrange(day(2009, 6, 1), END)]}"
        if yes:
            lines += [f"{head},{BOOL[k == 0 or rng.random() < .9]},{DAY[rng.randrange(Y1, END + 1)]},"
                      f"{rng.choice(('面访', '面访', '电话'))},{rng.choice(('规律', '间断', '不服药', '医嘱勿需'))},{rng.randint(0, 3)}"
                      for k in range(rng.randint(4, 7))]
        else:
            lines.append(rng.choice((f"{head},false,,,,", f"{head},true,2019-05-05,面访,规律,0",
                                     f"{head},false,2020-05-05,电话,间断,")))
    with job.sheet("smi", "person_id,dx_icd10,registered,managed,fu_date,mode,med_adherence,risk_level") as out:
        out.add(lines)
        out.reject([f"{pid(who[0])},F99,2015-01-01,true,2020-05-05,面访,规律,1", f"{pid(who[0])},F20,,true,2020-05-05,面访,规律,1"])
    job.count("smi_mgmt", sum(managed), len(who))


def occ(w, job):
    """Samples at employers, at most 24 at one in a year."""
    rng = w.random("occ")
    employers, n = max(5, w.n(design.EMPLOYERS)), w.n(design.OCC_SAMPLES)
    places = [e for e in range(employers) for _ in range(24)]
    passed = quota(rng, n, design.nearest(*design.PUBLISHED["occ_pass"], n))
    factors = ("粉尘", "噪声", "苯系物", "铅", "锰", "高温", "电焊弧光", "其他")
    lines = [f"SYN-E{e:05d},{rng.choice(factors)},{DAY[rng.randrange(Y1, END + 1)]},"
             f"{rng.uniform(.1, .9) if yes else rng.uniform(1.1, 3):.3f},1.000,{BOOL[yes]},{BOOL[e % 10 > 0]}"
             for e, yes in zip(rng.sample(places, n), passed)]
    lines += [f"SYN-E{e:05d},噪声,2019-05-05,1.500,1.000,false,true" for e in range(0, employers, 3)]
    with job.sheet("occ", "employer_id,factor,sample_date,measured,limit_value,pass,declared_flag") as out:
        out.add(lines)
        out.reject(["SYN-E00000,噪声,2020-05-05,1.5,0.000,true,true", "SYN-E00000,辐射,2020-05-05,1.5,1.000,true,true"])
    job.count("occ_pass", sum(passed), n)
