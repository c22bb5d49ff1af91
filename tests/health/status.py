"""When is a target met? By the released interval alone: what it leaves open is not decided.

A target is a row of indicators.yaml. With an exact figure the interval is a point.
"""
EPS = 1e-9


def accepted(target):
    """[from, to] that the target accepts and whether each end belongs to it; None: no number decides it."""
    inf = float("inf")
    rule, value = target["rule"], target.get("value")
    if rule in ("ge", "at_least_each", "count"):
        return value, inf, True, True
    if rule == "gt":
        return value, inf, False, True
    if rule == "le":
        return -inf, value, True, True
    if rule == "lt":
        return -inf, value, True, False
    if rule in ("eq", "all"):
        return value, value, True, True
    if rule == "band":
        return target["lo"], target["hi"], True, True
    if rule == "about":
        return value - target["tolerance"], value + target["tolerance"], True, True
    return None


def inside(x, span):
    lo, hi, with_lo, with_hi = span
    above = x >= lo - EPS if with_lo else x > lo + EPS
    below = x <= hi + EPS if with_hi else x < hi - EPS
    return above and below


def judge(target, figure, before=None):
    """met, within limit, not met, not decided; or what else is needed. figure: (value, lo, hi) or None."""
    if target["rule"] == "qualitative":
        return "no number"
    if figure is None:
        return "no figure"
    value, lo, hi = figure
    if target["rule"] == "yearly_change":
        if before is None:
            return "needs the year before"
        step = target["value"]
        value, lo, hi = value - before[0], lo - before[2], hi - before[1]
        target = {"rule": "le" if step < 0 else "ge", "value": step}
    span = accepted(target)
    if span is None:
        return f"unknown rule {target['rule']}"
    if inside(lo, span) and inside(hi, span):
        return "within limit" if target.get("reads") == "within_limit" else "met"
    if hi < span[0] or lo > span[1] or (lo == hi and not inside(lo, span)):
        return "not met"
    if (hi == span[0] and not span[2]) or (lo == span[1] and not span[3]):
        return "not met"
    return "not decided by the interval"


SIGNS = {"ge": "≥ {value}", "gt": "> {value}", "le": "≤ {value}", "lt": "< {value}", "eq": "= {value}", "all": "= {value}",
         "band": "{lo} – {hi}", "about": "{value} ± {tolerance}", "yearly_change": "{value} a year",
         "at_least_each": "≥ {value} each", "count": "≥ {value}", "qualitative": "“{text}”"}


def words(target):
    return SIGNS[target["rule"]].format(**target)
