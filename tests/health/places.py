"""Institutions and other public tables of the synthetic district."""
import csv
import shutil

import design
from csvout import quota, text
from world import DAY, END, day

TOWNSHIPS = (370812001, 370812003, 370812006, 370812007, 370812101, 370812102, 370812103, 370812105,
             370812107, 370812111)
GRASS_ROOTS = {"卫生院", "社区中心", "社区站", "村卫生室"}
HOSPITALS = {"综合", "中医", "传染", "精神", "专科"}
PUBLIC = ("calendar", "common_disease", "epi_schedule", "icd", "life_bands", "official", "std_pop", "township")
THERAPIES = ("针刺", "艾灸", "推拿", "拔罐", "刮痧", "中药熏洗", "敷贴", "耳穴")
BED_DEPTS = {"综合": ("内科", "外科", "妇产科", "儿科", "中医科", "急诊", "重症", "感染", "康复", "老年"),
             "中医": ("内科", "外科", "中医科", "康复", "老年", "儿科"), "妇幼": ("妇产科", "儿科", "中医科"),
             "精神": ("精神",), "专科": ("外科", "内科"), "卫生院": ("内科", "外科", "妇产科", "中医科"),
             "社区中心": ("内科", "康复")}
BED_WEIGHTS = {("综合", "二级"): 420, ("中医", "二级"): 420, ("妇幼", "二级"): 150, ("精神", "二级"): 120,
               ("专科", "二级"): 90, ("综合", "一级"): 60, ("专科", "一级"): 30, ("卫生院", "未定级"): 85,
               ("社区中心", "未定级"): 35}


def institutions():
    """[(org_id, kind, level)] in the order of design.KINDS."""
    orgs = [(kind, level) for kind, level, n in design.KINDS for _ in range(n)]
    return [(i + 1, *o) for i, o in enumerate(orgs)]


def of_kind(*kinds):
    return [i for i, kind, _ in institutions() if kind in kinds]


def org(w, job):
    rng = w.random("org")
    clinics = of_kind("村卫生室")
    n = len(clinics)
    integrated = quota(rng, n, design.nearest(*design.ASSUMED["integ_mgmt"], n))
    centre = quota(rng, n, design.ASSUMED_COUNTS["centre_village"])
    eligible = [i for i in range(n) if i % 12 != 0]
    contracted = set(rng.sample(eligible, design.nearest(*design.ASSUMED["vc_insurer"], len(eligible))))
    columns = ("org_id,uscc,kind,level,grade,gov_run,emr_level,standard_level,integrated_mgmt,center_village,"
               "community_hospital,insurer_eligible,insurer_contract,ccm_lead,sub_centre,township_code,lat,lon,"
               "valid_from,valid_to")
    lines = []
    for i, kind, level in institutions():
        k = i - clinics[0] if kind == "村卫生室" else -1
        flags = [text(f) for f in (
            k >= 0 and integrated[k], k >= 0 and centre[k], False, k < 0 or k in eligible,
            k in contracted if k >= 0 else kind not in ("诊所", "其他"), i in (1, 5), False)]
        standard = "推荐" if kind == "卫生院" and i == of_kind("卫生院")[0] else "基本"
        where = f"{35.5 + rng.random() / 4:.6f},{116.7 + rng.random() / 4:.6f}" if k < 0 or k % 9 else ","
        town = TOWNSHIPS[i % len(TOWNSHIPS)]
        head = (f"{i},SYN-U{i:04d},{kind},{level},{'甲等' if level == '二级' else '未定等'},"
                f"{text(kind not in ('诊所', '专科') and level != '一级')},{3 if level == '二级' else 0},")
        tail = f"{','.join(flags)},{town},{where}"
        if i % 7 == 0:  # two rows, one after the other
            lines.append(f"{head}未达标,{tail},2004-01-01,2017-12-31")
            lines.append(f"{head}{standard},{tail},2018-01-01,")
        else:
            lines.append(f"{head}{standard},{tail},2004-01-01,")
    with job.sheet("org", columns) as out:
        out.add(lines)
        out.reject(["584,SYN-U0584,综合,二级,甲等,true,3,基本" + ",false" * 7 + ",370812001,,,2010-01-01,"])
    level = [l for _, _, l in institutions()]
    job.fact("institutions", len(level), level_two=level.count("二级"), level_one=level.count("一级"),
             level_three=level.count("三级"))
    job.count("integ_mgmt", sum(integrated), n)
    job.plain("centre_village", sum(centre))
    job.plain("sub_centre", 0)
    job.count("vc_insurer", len(contracted), len(eligible))
    job.count("rec_std", 1, len(of_kind("卫生院")))


def org_dept(w, job):
    rng = w.random("org_dept")
    general = [i for i, k, l in institutions() if k == "综合" and l == "二级"]
    maternal = of_kind("妇幼")
    centres = of_kind("卫生院")
    rows = [(i, "老年医学科") for i in general[:3]]
    rows += [(i, "中医临床科室") for i in general[:3] + maternal + of_kind("中医")]
    halls = centres[:5]
    rows += [(i, "国医堂") for i in halls] + [(i, "日间中医") for i in halls[:2] + centres[6:7]]
    rows += [(i, d) for i in general for d in ("规范化发热门诊", "胸痛中心", "儿科", "妇产科", "重症医学科")]
    rows += [(i, "中医药服务") for i in of_kind("村卫生室") if rng.random() < .8]
    lines = [f"{i},{dept},2015-01-01," for i, dept in rows]
    lines += [f"{general[3]},老年医学科,2021-03-01,", f"{general[3]},中医临床科室,2010-01-01,2019-06-30",
              f"{halls[3]},日间中医,2021-01-01,", f"{general[0]},老年医学科,2020-05-01,"]
    with job.sheet("org_dept", "org_id,dept,valid_from,valid_to") as out:
        out.add(lines)
        out.reject([f"{general[3]},老年科,2015-01-01,", f"0,老年医学科,2015-01-01,"])
    job.count("geri_dept", 3, len(general))
    job.count("tcm_dept", 4, len(general) + len(maternal))
    job.count("day_tcm", 2, len(halls))


def bed_slots(w, total):
    """[(org, department, beds)] that add up to total, by largest remainder."""
    wanted = [(i, dept, BED_WEIGHTS[kind, level] / len(BED_DEPTS[kind]))
              for i, kind, level in institutions() if (kind, level) in BED_WEIGHTS for dept in BED_DEPTS[kind]]
    whole = sum(x for _, _, x in wanted)
    slots = [[i, dept, int(x * total / whole), x * total / whole % 1] for i, dept, x in wanted]
    for s in sorted(slots, key=lambda s: -s[3])[:total - sum(s[2] for s in slots)]:
        s[2] += 1
    return [(i, dept, n) for i, dept, n, _ in slots if n > 0]


def bed(w, job):
    rng = w.random("bed")
    total = w.beds
    slots = bed_slots(w, total)
    hospitals = set(of_kind(*HOSPITALS))
    days = range(day(2020, 1, 1), END + 1)
    staffed = sum(n for i, _, n in slots if i in hospitals) * len(days)
    target = design.nearest(*design.PUBLISHED["bed_occ"], staffed)
    rows = [[i, dept, n, d, min(n, int(n * .5707 + rng.random()))] for d in days for i, dept, n in slots]
    counted = [r for r in rows if r[0] in hospitals]
    gap = target - sum(r[4] for r in counted)
    while gap:
        r = rng.choice(counted)
        step = 1 if gap > 0 else -1
        if 0 <= r[4] + step <= r[2]:
            r[4] += step
            gap -= step
    surge = design.ASSUMED_COUNTS["surge_beds"] * total // design.BEDS
    first = next((k for k, s in enumerate(slots) if s[2] >= surge), 0)
    surge = min(surge, slots[first][2])
    lines = [f"{i},{DAY[d]},{dept},{n},{o},{o // 6},{surge if (i, dept) == slots[first][:2] else 0}"
             for i, dept, n, d, o in rows]
    before = [f"{i},{DAY[d]},{dept},{max(1, n - 1)},{n // 2},{n // 9},0"
              for d in range(day(2019, 12, 1), day(2020, 1, 1)) for i, dept, n in slots]
    with job.sheet("bed", "org_id,date,dept,staffed_beds,occupied_bed_days,discharges,epidemic_bed") as out:
        out.add(before + lines)
        out.reject([f"1,2020-12-31,内科,99999,1,1,0", "1,2020-12-31,牙科,5,1,1,0", "1,2020-13-31,内科,5,1,1,0"])
    job.count("beds_k", sum(n for _, _, n in slots), len(w.residents))
    job.count("bed_occ", sum(r[4] for r in counted), staffed)
    job.plain("surge_beds", surge)


def post(w, job):
    rng = w.random("post")
    centres, leads = of_kind("卫生院"), (1, 5)
    total = design.nearest(*design.ASSUMED["estab_k"], len(w.residents))
    tech = design.nearest(*design.ASSUMED["tech_share"], total)
    lines, given, given_tech = [], 0, 0
    for k, i in enumerate(centres):
        upto, upto_tech = total * (k + 1) // len(centres), tech * (k + 1) // len(centres)
        lines.append(f"{i},2020,{upto - given},{upto_tech - given_tech},0,0")
        lines.append(f"{i},2019,{max(0, upto - given - 2)},{upto_tech - given_tech},0,0")
        given, given_tech = upto, upto_tech
    posts = design.nearest(*design.ASSUMED["grass_posts"], 1400)
    long = design.nearest(*design.ASSUMED["grass_term"], posts)
    lines += ["1,2020,900,850,0,0", "5,2020,500,470,0,0", f"1,2020,0,0,{long - 20},3", "5,2020,0,0,20,2",
              f"5,2020,0,0,{posts - long},1", "1,2019,880,830,12,1"]
    rng.shuffle(lines)
    with job.sheet("post", "org_id,year,establishment_quota,tech_quota,grassroots_post_quota,term_years") as out:
        out.add(lines)
        out.reject(["1,2014,900,850,0,0", "1,2020,,850,0,0"])
    job.count("estab_k", total, len(w.residents))
    job.count("tech_share", tech, total)
    job.count("grass_posts", posts, 1400)
    job.count("grass_term", long, posts)


def nurs(w, job):
    seats = design.nearest(*design.PUBLISHED["seats_k"], len(w.residents))
    a = seats // 2
    lines = [f"1,{a},3岁以下,已备案,2019-05-01", f"2,{seats - a},3岁以下,已备案,2020-12-31",
             "1,60,3-6岁,已备案,2019-05-01", "3,80,3岁以下,待备案,", "4,40,3岁以下,已备案,2021-02-01",
             "5,30,3岁以下,注销,2018-01-01"]
    with job.sheet("nurs", "nursery_id,seats,age_range,status,filing_date") as out:
        out.add(lines)
        out.reject(["6,20000,3岁以下,已备案,2019-05-01"])
    job.count("seats_k", seats, len(w.residents))


def tcmv(w, job):
    rng = w.random("tcmv")
    clinics = of_kind("村卫生室")
    able = quota(rng, len(clinics), design.nearest(*design.PUBLISHED["tcm4_village"], len(clinics)))
    lines = []
    for i, good in zip(clinics, able):
        n = rng.randint(4, 7) if good else rng.randint(0, 3)
        for k, therapy in enumerate(rng.sample(THERAPIES, 8)):
            if k < n:
                lines.append(f"{i},{therapy},2020,true")
            elif rng.random() < .4:
                lines.append(f"{i},{therapy},{2019 if k % 2 else 2020},{text(k % 2)}")
    with job.sheet("tcmv", "org_id,therapy_code,year,active") as out:
        out.add(lines)
        out.reject([f"{clinics[0]},按摩,2020,true", f"{clinics[0]},针刺,2020,maybe"])
    job.count("tcm4_village", sum(able), len(clinics))


def ledger(w, job):
    n, months = design.ASSUMED_COUNTS["dip_base"], design.ASSUMED_COUNTS["dip_pay_months"]
    lines = [f"DIP基层病种,SYN-DIP{k:03d},20{18 + k % 3}-06-01,生效,,SYN-EV{k:04d}" for k in range(n)]
    lines += ["DIP基层病种,SYN-DIP900,2019-06-01,终止,,", "DIP基层病种,SYN-DIP901,2021-01-01,生效,,"]
    lines += [f"DIP月度预结算,SYN-CCM1,2020-{m:02d}-25,生效,{100 + m}.50," for m in range(1, months + 1)]
    lines += ["DIP月度预结算,SYN-CCM1,2020-11-25,进入程序,," , "DIP预拨付,SYN-CCM1,2020-01-10,生效,800.00,",
              "次中心,SYN-ORG,2021-06-01,生效,,", "名中医药专家,SYN-TCM1,2019-01-01,生效,,"]
    with job.sheet("ledger", "item_code,unit,date,status,amount,evidence_id") as out:
        out.add(lines)
        out.reject(["DIP基层病种,SYN-DIP902,2014-06-01,生效,,", "DIP基层病种,SYN-DIP903,2019-06-01,,,"])
    job.plain("dip_base", n)
    job.rows("dip_pay", [{"key": {}, "num": months, "den": 12, "value": design.figure(months, 12, 100)}])


def small(w, job):
    """Tables that no model reads, and the public tables that come with the pack."""
    rng = w.random("small")
    with job.sheet("ambulance", "vehicle_id,station_id,negative_pressure,valid_from,valid_to") as out:
        out.add([f"{k},{k % 6 + 1},{text(k % 3 == 0)},2016-01-01," for k in range(1, 19)])
    with job.sheet("hacct", "year,source,amount") as out:
        out.add([f"2020,{s},{a}" for s, a in (("政府", "86000.00"), ("社会", "130000.00"), ("个人", "84000.00"))])
    with job.sheet("schools", "school_id,year,stage,township_code,enrolled") as out:
        out.add([f"{k},2020,{('小学', '初中', '高中', '幼儿园')[k % 4]},{TOWNSHIPS[k % 10]},{rng.randint(120, 2400)}"
                 for k in range(1, 161)])
    for name in PUBLIC:
        shutil.copyfile(job.public / f"{name}.csv", job.folder / f"health.{name}.csv")
        with open(job.public / f"{name}.csv", encoding="utf-8", newline="") as f:
            job.tables[name] = (sum(1 for _ in csv.reader(f)) - 1, 0)
