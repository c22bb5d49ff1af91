"""Which attack is carried out by which program, and which weaknesses each must expose.

ROWS: (id, title, parts); a part is (program, weaknesses). A program is an executable of the build
("bin:NAME", in BUILD/tests/attack) or a script of this folder ("py:FOLDER/NAME.py"). It is run as
`PROGRAM ID`. Against the plain build every part must pass; against the weak build, with SHUYU_WEAK set to
one of its weaknesses, it must fail. The weaknesses are those of sdk/base/include/base/weak.h, and each of
them must stand here at least once: tests/attack/attack.py sees to it.

T01..T46 are the attacks of docs/privacy/attacks.md; names of letters are the demands beside them.
"""

NOISE = "bin:attack_noise"
ENGINE = "bin:attack_engine"
DIALECT = "bin:attack_dialect"
CELLKEY = "bin:attack_cellkey"
VICTIM = "bin:attack_victim"
BUDGET = "bin:attack_budget"

ERRORS = "py:process/errors.py"
STATE = "py:process/state.py"
ORDER = "py:process/order.py"
LIES = "py:process/lies.py"

ROWS = [
    ("T01", "differencing two releases",
     [(NOISE, ["sensitivity_1175", "noise_090", "shared_noise"]), (VICTIM, ["guard_off"])]),
    ("T02", "general tracker", [(NOISE, ["noise_070", "shared_noise"]), (VICTIM, ["guard_off"])]),
    ("T03", "averaging one question", [(NOISE, ["free_repeats"])]),
    ("T04", "split averaging", [(NOISE, ["shared_noise", "cell_noise"])]),
    ("T05", "layered noise: pairs with dummy conditions", [(VICTIM, ["guard_off"])]),
    ("T06", "averaging over different questions of one cell", [(CELLKEY, ["cellkey_fresh"]), (BUDGET, ["guard_off"])]),
    ("T07", "intersection of data versions", [(VICTIM, ["guard_off"])]),
    ("T08", "linear reconstruction", [(BUDGET, ["no_cells_budget"])]),
    ("T09", "sampling as subset generator", [(DIALECT, ["sampling"])]),
    ("T10", "error channel: casts", [(DIALECT, ["loose_cast"]),
                                     (ERRORS, ["raising", "error_text"])]),
    ("T11", "error channel: arithmetic", [(DIALECT, ["any_function"]), (ERRORS, ["raising"])]),
    ("T12", "error channel without an error", [(DIALECT, ["any_function"]),
                                               (ERRORS, ["raising"])]),
    ("T13", "TRY as a shield", [(DIALECT, ["loose_cast"]), (ERRORS, ["raising"])]),
    ("T14", "early abort and partial output", [(ERRORS, ["no_slots", "nonce_reuse"])]),
    ("T15", "timing", [("py:process/timing.py", ["no_slots"])]),
    ("T16", "memory, spill and crash", [(STATE, ["error_text"])]),
    ("T17", "state between queries", [(STATE, ["noise_state"])]),
    ("T18", "spending that depends on data", [(NOISE, ["refund_on_error"]),
                                              (STATE, ["refund_on_error"])]),
    ("T19", "refund oracle", [(STATE, ["refund_on_error"])]),
    ("T20", "budget race", [("py:process/race.py", ["late_charge", "nonce_reuse"])]),
    ("T21", "which values floats can reach", [(NOISE, ["float_noise"])]),
    ("T22", "trailing bits", [(NOISE, ["float_noise"])]),
    ("T23", "repeated rounding of a running sum", [(ENGINE, ["float_sums"])]),
    ("T24", "order of summands", [(ENGINE, ["float_sums"])]),
    ("T25", "reach of one unit in every aggregate",
     [(ENGINE, ["clamp_skipped", "rows_unbounded", "groups_unbounded"])]),
    ("T26", "rounding of moments", [(ENGINE, ["float_sums"])]),
    ("T27", "group keys",
     [(ENGINE, ["threshold_rows", "threshold_off", "keys_as_found", "raw_order"])]),
    ("T28", "one row's value", [(DIALECT, ["any_function"])]),
    ("T29", "strings and bits", [(DIALECT, ["any_function"])]),
    ("T30", "patterns on text", [(DIALECT, ["patterns_on_text"])]),
    ("T31", "parameter that selects one person", [(DIALECT, ["support_off"])]),
    ("T32", "joins that multiply", [(DIALECT, ["loose_join", "loose_window"])]),
    ("T33", "nested thresholds", [(DIALECT, ["loose_join"])]),
    ("T34", "rows of nobody", [(ENGINE, ["null_units"])]),
    ("T35", "one person, several identifiers", [(ENGINE, ["ids_as_written"])]),
    ("T36", "order by data", [(DIALECT, ["order_by_data"]), (ORDER, ["order_by_data"])]),
    ("T37", "metadata", [(DIALECT, ["metadata"]), (ORDER, ["metadata"])]),
    ("T38", "different values of one person", [(ENGINE, ["groups_unbounded"])]),
    ("T39", "sums without bounds", [(DIALECT, ["no_bounds"])]),
    ("T40", "suppression undone by margins and linked releases", [("bin:attack_tables",
                                                                   ["no_complement"])]),
    ("T41", "dominance beaten by repetition", [("bin:attack_dominance", ["no_dominance"])]),
    ("T42", "selector columns", [(DIALECT, ["any_function"])]),
    ("T43", "histogram edges", [(DIALECT, ["any_function"])]),
    ("T44", "model output", [(ENGINE, ["no_dof"])]),
    ("T45", "malicious models", [(DIALECT, ["loose_join", "any_function", "order_by_data"])]),
    ("T46", "audit log as a channel", [(ORDER, ["leaf_tells"])]),
    ("FEW", "cells of few people, and of nobody", [("bin:attack_tables", ["no_min_units"])]),
    ("NEIGHBOUR", "neighbours, nine votes at epsilon ln 3",
     [(NOISE, ["sensitivity_1175", "noise_090", "noise_070"])]),
    ("CELLS", "independence of a release's cells", [(NOISE, ["cell_noise"])]),
    ("PAC", "a classifier over a thousand trials", [(NOISE, ["noise_070"])]),
    ("OUT", "whole calls on D and D'", [("py:process/outcomes.py", ["raising"])]),
    ("RIV", "rows that rivals fail",
     [("py:process/rivals.py", ["loose_window", "support_off", "refund_on_error",
                                   "no_min_units"])]),
    ("S01", "one consent, several answers", [("py:process/consent.py", ["token_reuse"])]),
    ("S02", "who is in the data, by the time of unknown", [("py:process/consent.py",
                                                            ["subject_early"])]),
    ("M01", "pseudonyms joined across scenes",
     [("py:process/pseudonyms.py", ["one_pseudonym_key"])]),
    ("ACCOUNT", "the accountant against another",
     [("py:inproc/accountant.py", ["sensitivity_1175"])]),
    ("PURPOSE", "who may open a production domain", [("py:process/purpose.py", ["noise_090"])]),
    ("RERUN", "a warden that noised answers otherwise than it says",
     [("py:process/lied.py", ["noise_070", "noise_state", "shared_noise", "cell_noise",
                              "float_noise"])]),
    ("TRIAL", "a product whose release was spoilt after its model was reviewed",
     [("py:process/trial.py", ["noise_010"])]),
    ("TRIALKEYS", "a product of cell keys that shows few people, or noises anew",
     [("py:process/trial.py", ["cellkey_fresh", "no_min_units"])]),
    ("EXACT", "released answers are the harness's", [("py:process/exact.py", ["noise_state"])]),
    ("L01", "a run that had to be refused, logged as allowed", [(LIES, ["lie_run"])]),
    ("L02", "a charge, logged with a wrong budget figure", [(LIES, ["lie_budget"])]),
    ("L03", "a grant without its final review", [(LIES, ["lie_review"])]),
    ("L04", "a suspension that takes effect later than ordered", [(LIES, ["lie_suspend"])]),
]
