/*
 * Weaknesses: the mistakes that the attack suite must notice, each built into the production code at the
 * place where somebody could make it. A test that passes in spite of the weakness it is there for proves
 * nothing, so every attack is run against them too (tests/attack/table.py).
 *
 * In a build that ships sy_weak() is the constant false: compiler and linker leave no trace of it, which
 * tests/attack/attack.py checks. In a weak build (meson -Dweak=true, which opens test domains only) at most
 * one weakness is on, the one that the environment variable SHUYU_WEAK names when the process starts. A
 * name that is not in the list ends the process with code 70: a control that is misspelt must not pass.
 *
 * Runs in: every process. Trusts: the environment, in weak builds only. Holds: nothing.
 * May block/alloc: never. Threads: read-only after the start of the process.
 * Source: docs/privacy/attacks.md.
 */
#ifndef BASE_WEAK_H
#define BASE_WEAK_H

#include <stdbool.h>

/* X(enumerator, name in SHUYU_WEAK). What each does stands beside its use, and in docs/privacy/attacks.md. */
#define SY_WEAKNESSES(X)                                                                           \
    /* noise and price */                                                                          \
    X(SENSITIVITY_1175, "sensitivity_1175") /* scales for a reach 1.175 times too small */         \
    X(NOISE_090, "noise_090")               /* nine tenths of the scale */                         \
    X(NOISE_070, "noise_070")               /* seven tenths of the scale */                        \
    X(NOISE_010, "noise_010")               /* one tenth of the scale */                           \
    X(FLOAT_NOISE, "float_noise")           /* noise is a float, cast to an integer */             \
    X(SHARED_NOISE, "shared_noise")         /* every charge of an epoch has the same seed */       \
    X(CELL_NOISE, "cell_noise")             /* every cell of a block has the same stream */        \
    X(NOISE_STATE, "noise_state")           /* noise goes on where the last release stopped */     \
    X(THRESHOLD_OFF, "threshold_off")       /* every found key leaves */                           \
    X(THRESHOLD_ROWS, "threshold_rows")     /* the threshold sees rows, not distinct units */      \
    X(KEYS_AS_FOUND, "keys_as_found")       /* declared cells leave only where rows are */         \
    X(RAW_ORDER, "raw_order")               /* found keys leave in the engine's order */           \
    X(FREE_REPEATS, "free_repeats")         /* a stored question is noised afresh, free */         \
    X(REFUND_ON_ERROR, "refund_on_error")   /* a run that was refused gives its price back */      \
    X(LATE_CHARGE, "late_charge")           /* budget is checked at request, spent at answer */    \
    X(NO_DOF, "no_dof")                     /* regressions with any number of coefficients */      \
    /* bounding, in the engine */                                                                  \
    X(CLAMP_SKIPPED, "clamp_skipped")       /* values are summed as they are */                    \
    X(ROWS_UNBOUNDED, "rows_unbounded")     /* a unit counts with all its rows */                  \
    X(GROUPS_UNBOUNDED, "groups_unbounded") /* a unit counts in all its cells */                   \
    X(FLOAT_SUMS, "float_sums")             /* sums are doubles, in the order of the rows */       \
    X(NULL_UNITS, "null_units")             /* rows of nobody count */                             \
    X(IDS_AS_WRITTEN, "ids_as_written")     /* unit identifiers are not normalised */              \
    /* what a model may be */                                                                      \
    X(LOOSE_JOIN, "loose_join")     /* protected tables join on any key */                         \
    X(LOOSE_WINDOW, "loose_window") /* windows over other units' rows */                           \
    X(LOOSE_CAST, "loose_cast")     /* a cast that may fail is its argument */                     \
    X(ANY_FUNCTION, "any_function") /* a function that is not in the list is its argument */       \
    X(SAMPLING, "sampling")         /* TABLESAMPLE is overlooked */                                \
    X(PATTERNS_ON_TEXT, "patterns_on_text") /* LIKE on undeclared text */                          \
    X(SUPPORT_OFF, "support_off")           /* parameters that select one unit */                  \
    X(ORDER_BY_DATA, "order_by_data")       /* ORDER BY and LIMIT inside a query are overlooked */ \
    X(NO_BOUNDS, "no_bounds")               /* sums without declared bounds */                     \
    X(METADATA, "metadata")                 /* any table name is a granted dataset */              \
    /* what the process shows */                                                                   \
    X(NO_SLOTS, "no_slots")                   /* answers leave when they are ready */              \
    X(ERROR_TEXT, "error_text")               /* a refusal says why the run failed */              \
    X(RAISING, "raising")                     /* engine arithmetic that raises on some rows */     \
    X(NONCE_REUSE, "nonce_reuse")             /* the same envelope is a new request */             \
    X(LEAF_TELLS, "leaf_tells")               /* the public leaf of an overrun differs */          \
    X(ONE_PSEUDONYM_KEY, "one_pseudonym_key") /* all grants see the same pseudonyms */             \
    /* cell keys and subjects */                                                                   \
    X(CELLKEY_FRESH, "cellkey_fresh")     /* fresh noise for the same contributors */              \
    X(NO_MIN_UNITS, "no_min_units")       /* cells of one unit are shown */                        \
    X(NO_DOMINANCE, "no_dominance")       /* (n,k) and p% are off */                               \
    X(NO_COMPLEMENT, "no_complement")     /* withheld cells can be had from margins */             \
    X(NO_CELLS_BUDGET, "no_cells_budget") /* as many cells as one likes */                         \
    X(GUARD_OFF, "guard_off")             /* releases that differ by a few units */                \
    X(TOKEN_REUSE, "token_reuse")         /* a consent token is good for ever */                   \
    X(SUBJECT_EARLY, "subject_early")     /* "unknown" is said at once */                          \
    /* a warden that lies in its log */                                                            \
    X(LIE_RUN, "lie_run")         /* a model that nobody reviewed is run */                        \
    X(LIE_BUDGET, "lie_budget")   /* a charge is logged for less than it cost */                   \
    X(LIE_REVIEW, "lie_review")   /* the department's consent grants, without the final review */  \
    X(LIE_SUSPEND, "lie_suspend") /* a suspension takes effect only when it is ordered again */

enum sy_weakness {
    SY_WEAK_NONE = 0,
#define SY_WEAK_ENUM(name, text) SY_WEAK_##name,
    SY_WEAKNESSES(SY_WEAK_ENUM)
#undef SY_WEAK_ENUM
};

#ifdef SY_WEAK_BUILD
/* Is this weakness on in this process? */
bool sy_weak(enum sy_weakness which);

/* The control of the scheme that is off in this process (rules/control.h), by SHUYU_WEAK=control.NAME; NULL:
 * none. Whoever knows the names checks it. */
const char *sy_weak_control(void);

/* End the process: SHUYU_WEAK names nothing. */
_Noreturn void sy_weak_unknown(void);
#else
static inline bool sy_weak(enum sy_weakness which)
{
    (void)which;
    return false;
}
#endif

#endif
