"""Health workers of the synthetic district: doctors, nurses and the rest; secondments and training."""
import design
from csvout import quota, text
from places import of_kind
from world import DAY, END, day


def near(name, den, counts=design.PUBLISHED_COUNTS, scale=1):
    """The published count where it agrees with the published figure, else the nearest one."""
    published, factor = design.PUBLISHED[name]
    k = int(counts.get(name, 0) * scale + .5)
    if k and design.note(published, factor, k, den)[0] == "equal":
        return k
    return design.nearest(published, factor, den)


def village_doctors(w):
    """(how many, of them licensed as doctors)"""
    n = design.nearest(*design.ASSUMED["vd_k"], len(w.residents))
    return n, design.nearest(*design.ASSUMED["vd_lic"], n)


def licences(w, rng):
    """One (licence, practice class, village doctor) for everybody at work at the end of 2020."""
    end = len(w.residents)
    doctors = near("doc_k", end, scale=w.scale)
    tcm, ph = near("tcmdoc_k", end), near("ph_k", end)
    village, licensed = village_doctors(w)
    licensed = min(licensed, doctors - tcm)
    ph_doctors = min(ph // 3, doctors - tcm - licensed)
    rest = doctors - tcm - licensed - ph_doctors
    people = [("执业医师", "中医", False)] * tcm + [("执业助理", "临床", True)] * licensed
    people += [("执业医师", "公卫", False)] * ph_doctors + [("执业医师", "临床", False)] * (rest - rest // 12)
    people += [("执业医师", "口腔", False)] * (rest // 12) + [("公卫", "", False)] * (ph - ph_doctors)
    people += [("注册护士", "", False)] * near("nurse_k", end, scale=w.scale)
    people += [("药师士", "", False)] * near("pharm_k", end)
    people += [("乡村医生", "", True)] * (village - licensed) + [("其他", "", False)] * w.n(900)
    rng.shuffle(people)
    return people


def staff_line(rng, k, what, gp, org, hired, left):
    licence, practice, village = what
    title = rng.choices(("正高", "副高", "中级", "初级", "无"), (2, 8, 30, 45, 15))[0]
    degree = rng.choices(("博士", "硕士", "本科", "大专", "中专及以下"), (1, 9, 40, 35, 15))[0]
    return (f"SYN-S{k:06d},{org},{licence},{practice},{text(gp)},{text(village)},{title},{degree},"
            f"{text(not village and rng.random() < .7)},{text(licence != '其他')},{DAY[hired]},"
            f"{DAY[left] if left else ''}")


def staff(w, job):
    rng = w.random("staff")
    people = licences(w, rng)
    gps = near("gp_10k", len(w.residents))
    doctors = [k for k, p in enumerate(people) if p[0] in ("执业医师", "执业助理") and p[1] != "口腔"]
    gp = set(rng.sample(doctors, min(gps, len(doctors))))
    clinics, others = of_kind("村卫生室"), of_kind("综合", "中医", "妇幼", "卫生院", "社区中心")
    lines = []
    for k, what in enumerate(people):
        org = rng.choice(clinics if what[2] else others)
        hired = rng.randrange(day(1995, 1, 1), END)
        if k % 11 == 0:  # came from another institution: two rows, one after the other
            first = day(1994, 1, 1)
            lines.append(staff_line(rng, k, what, k in gp, rng.choice(others), first, hired - 1))
        lines.append(staff_line(rng, k, what, k in gp, org, hired, END if k % 97 == 0 else 0))
    for k in range(len(people), len(people) + w.n(400)):  # who left before
        left = rng.randrange(day(2012, 1, 1), END)
        lines.append(staff_line(rng, k, rng.choice(people), True, rng.choice(others), left - 3000, left))
    columns = ("staff_id,org_id,licence,practice_class,gp_flag,vd_flag,title,degree,on_establishment,tech_post,"
               "hire_date,leave_date")
    with job.sheet("staff", columns) as out:
        out.add(lines)
        out.reject(["SYN-S990001,1,医师,临床,false,false,中级,本科,true,true,2010-01-01,",
                    "SYN-S990002,1,执业医师,临床,false,false,中级,本科,true,true,1960-01-01,",
                    ",1,执业医师,临床,false,false,中级,本科,true,true,2010-01-01,"])
    count_staff(w, job, people, len(gp))
    second(w, job, people)


def count_staff(w, job, people, gps):
    end = len(w.residents)
    licence = [p[0] for p in people]
    doctors = [p for p in people if p[0] in ("执业医师", "执业助理")]
    village = [p for p in people if p[2]]
    job.count("doc_k", len(doctors), end)
    job.count("tcmdoc_k", sum(p[1] == "中医" for p in doctors), end)
    job.count("nurse_k", licence.count("注册护士"), end)
    job.count("pharm_k", licence.count("药师士"), end)
    job.count("ph_k", sum(p[0] == "公卫" or p[1] == "公卫" for p in people), end)
    job.count("gp_10k", gps, end)
    job.count("vd_k", len(village), end)
    job.count("vd_lic", sum(p[0] == "执业助理" for p in village), len(village))
    job.fact("doctors", len(doctors))
    job.fact("nurses", licence.count("注册护士"))
    job.fact("beds", w.beds)


def second(w, job, people):
    """Secondments to the grass roots, and courses; some of people who did them before."""
    rng = w.random("second")
    village = [k for k, p in enumerate(people) if p[2]]
    others = [k for k, p in enumerate(people) if not p[2]]
    sent = rng.sample(others, min(len(others), w.n(design.ASSUMED_COUNTS["sink_staff"])))
    lines = [course(rng, k, "下沉", day(2020, 1, 1), END) for k in sent + sent[:len(sent) // 4]]
    lines += [course(rng, k, "下沉", day(2018, 1, 1), day(2019, 12, 31)) for k in rng.sample(others, len(sent))]
    lines += [course(rng, k, "进修", day(2018, 1, 1), END) for k in rng.sample(others, len(others) // 30)]
    reached = {}
    for name, programme in (("tcm_train", "乡村医生中医药适宜技术培训"), ("vd_train", "乡村医生综合能力培训")):
        trained = quota(rng, len(village), design.nearest(*design.ASSUMED[name], len(village)))
        for k, yes in zip(village, trained):
            if yes:
                lines += [course(rng, k, programme, day(2018, 1, 1), END) for _ in range(rng.randint(1, 2))]
            elif rng.random() < .3:  # too long ago
                lines.append(course(rng, k, programme, day(2016, 1, 1), day(2017, 12, 31)))
        reached[name] = sum(trained)
    rng.shuffle(lines)
    with job.sheet("second", "staff_id,from_org,to_org,start_date,end_date,programme") as out:
        out.add(lines)
        out.reject(["SYN-S000001,1,2,2014-12-31,,下沉", "SYN-S000002,1,2,2020-05-01,,支援"])
    job.plain("sink_staff", len(set(sent)))
    for name, n in reached.items():
        job.count(name, n, len(village))


def course(rng, k, programme, first, last):
    start = rng.randrange(first, last + 1)
    end = "" if rng.random() < .1 else DAY[min(start + rng.randint(3, 180), day(2026, 12, 31))]
    return f"SYN-S{k:06d},{rng.choice((1, 2, 5, ''))},{rng.choice((15, 16, 17, ''))},{DAY[start]},{end},{programme}"
