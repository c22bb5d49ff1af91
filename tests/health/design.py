"""What the synthetic district must show: published figures of 2020, and what is assumed where none is.

Published: 济兖政字〔2023〕15号 表1, column 2020, and its text. Figures are Decimals as printed, so that
"equal" means equal at the printed number of decimals.
"""
from decimal import Decimal as D
from fractions import Fraction
import math

RESIDENTS_MID = 557_000   # 1 July 2020
RESIDENTS_END = 557_100   # 31 December 2020; 3,930 beds and 2,052 nurses agree with 7.05 and 3.68 from 557,053 on
BIRTHS_QUARTER = 1_590    # live births: 6,360 a year, 31,800 in 2016-2020
DOCTORS, NURSES, BEDS = 1_894, 2_052, 3_930
INSTITUTIONS, LEVEL_TWO, LEVEL_ONE = 583, 8, 6

# id: (published figure, factor). The figure is num / den x factor.
PUBLISHED = {
    "mmr": (D("11.88"), 100_000),
    "imr": (D("2.49"), 1_000),
    "u5mr": (D("3.27"), 1_000),
    "tb_inc": (D("1.91"), 100_000),
    "htn_dm_std": (D("70"), 100),
    "smi_mgmt": (D("90"), 100),
    "eld_std": (D("72"), 100),
    "myopia": (D("56.66"), 100),
    "beds_k": (D("7.05"), 1_000),
    "seats_k": (D("0.26"), 1_000),
    "doc_k": (D("3.4"), 1_000),
    "tcmdoc_k": (D("0.9"), 1_000),
    "nurse_k": (D("3.68"), 1_000),
    "pharm_k": (D("0.35"), 1_000),
    "ph_k": (D("0.22"), 1_000),
    "gp_10k": (D("1.8"), 10_000),
    "geri_dept": (D("75"), 100),
    "bed_occ": (D("57.07"), 100),
    "mat_sys": (D("92.55"), 100),
    "u3_sys": (D("94.22"), 100),
    "pns": (D("97.09"), 100),
    "occ_pass": (D("92.15"), 100),
    "tcm4_village": (D("75"), 100),
    "tcm_dept": (D("80"), 100),
}
LIFE_EXP, PREM_NCD = D("79.29"), D("17.19")
PUBLISHED_COUNTS = {"beds_k": BEDS, "doc_k": DOCTORS, "nurse_k": NURSES}
BOUNDED = {"epi_full": (">", D("90")), "myopia": ("<=", D("56.66"))}

# Nothing is published for these: plausible values, stated here and in truth.json as "assumed".
# rec_std follows the plan's text (8 township centres, one of recommended standard).
ASSUMED = {
    "epi_full": (D("95.6"), 100),
    "grass_posts": (D("4"), 100),
    "grass_term": (D("90"), 100),
    "tcm_train": (D("45"), 100),
    "vd_train": (D("52"), 100),
    "estab_k": (D("1.08"), 1_000),
    "tech_share": (D("88"), 100),
    "vd_k": (D("1.27"), 1_000),
    "vd_lic": (D("41"), 100),
    "integ_mgmt": (D("76"), 100),
    "vc_insurer": (D("90"), 100),
    "rec_std": (D("12.5"), 100),
    "day_tcm": (D("40"), 100),
}
ASSUMED_COUNTS = {"sink_staff": 86, "surge_beds": 40, "sub_centre": 0, "centre_village": 12,
                  "dip_base": 62, "dip_pay_months": 9}

VISITS, SETTLEMENTS, STAYS = 2_000_000, 2_000_000, 80_000
HTN, T2DM, BOTH, SMI_PATIENTS, OCC_SAMPLES, EMPLOYERS = 45_000, 17_000, 6_000, 2_800, 5_006, 300

# Institutions: kind, level, how many; the same at every scale.
KINDS = (("综合", "二级", 4), ("中医", "二级", 1), ("妇幼", "二级", 1), ("精神", "二级", 1), ("专科", "二级", 1),
         ("综合", "一级", 4), ("专科", "一级", 2), ("卫生院", "未定级", 8), ("社区中心", "未定级", 3),
         ("社区站", "未定级", 20), ("村卫生室", "未定级", 360), ("疾控", "未定级", 1), ("诊所", "未定级", 172),
         ("其他", "未定级", 5))

# Age bands of the life table: from, to, width, years lived in it by those who die (public/life_bands.csv).
BANDS = ((0, 0, 1, 0.1), (1, 4, 4, 1.6), *((lo, lo + 4, 5, 2.5) for lo in range(5, 85, 5)), (85, 125, 0, 0))
# Share of residents of 5 and older in each band, in per mille of all; and men in each, in per cent.
SHARES = (72, 64, 52, 46, 58, 84, 70, 64, 76, 89, 73, 53, 56, 38, 24, 15, 9)
MEN = (53, 54, 54, 52, 51, 50, 50, 51, 51, 50, 50, 50, 49, 48, 46, 43, 38)
# Deaths per 1,000 of each band from 5 on, before they are fitted to life expectancy and 40q30.
MORTALITY = (.15, .18, .3, .4, .5, .78, 1.1, 1.8, 2.7, 4.2, 6.2, 10, 16.6, 25, 44, 78, 160)


def nearest(published, factor, den):
    """The numerator whose figure comes nearest to the published one."""
    exact = Fraction(published) * den / factor
    below = math.floor(exact)
    return below if exact - below <= Fraction(1, 2) else below + 1


def figure(num, den, factor, digits=2):
    """num / den x factor, rounded half up to digits; None without a denominator."""
    if den == 0:
        return None
    scaled = Fraction(num) * factor / den * 10**digits
    return math.floor(scaled + Fraction(1, 2)) / 10**digits


def decimals(published):
    return max(0, -published.as_tuple().exponent)


def note(published, factor, num, den):
    """("equal", None), or ("nearest", the two possible figures around the published one)."""
    if figure(num, den, factor, decimals(published)) == float(published):
        return "equal", None
    below = math.floor(Fraction(published) * den / factor)
    around = [figure(k, den, factor) for k in (below, below + 1)]
    if num != nearest(published, factor, den):
        return "off", around
    return "nearest", around
