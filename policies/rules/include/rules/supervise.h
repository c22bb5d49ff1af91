/*
 * What supervision counts and what is due (docs/scheme/supervision.md), from the state alone: for the list that
 * `shuyu due` shows, for the operator's yearly report, and for the audit tool, which counts the same again.
 *
 * Runs in: warden, audit tool. Trusts: nothing. Holds: nothing. May block/alloc: allocates in the caller's arena.
 * Threads: pure over a state nobody writes meanwhile. Cost: linear in the rows that are looked at.
 * Source: the scheme, articles 8, 12, 15, 27, 28, 30, 31, 32.
 */
#ifndef RULES_SUPERVISE_H
#define RULES_SUPERVISE_H

#include "rules/rows_scheme.h"
#include "rules/state.h"
#include "wire/supervise.h"

/*
 * What is over at `now`, or due within `within_s` seconds from then (0: 30 days), by due time; what the caller (its party row; NULL:
 * everything) may see: reviewers all, others what is their own. Without a pack, or without its section for
 * supervision, the yearly duties are left out. Items live in the arena. SY_E_NO_MEMORY; SY_E_INTERNAL: a row that
 * does not decode. *ret is zeroed on error.
 */
SY_MUST sy_status rules_due(const struct rules_state *s, const struct sy_party *caller, int64_t now,
                            uint64_t within_s, struct sy_arena *arena, struct sy_due_list *ret,
                            struct sy_error *reterr);

/* The figures of a year's report as the state counts them now. SY_E_STATE: no pack was adopted. The rest as above. */
SY_MUST sy_status rules_annual_figures(const struct rules_state *s, uint64_t year,
                                       struct sy_arena *arena, struct sy_annual_figures *ret,
                                       struct sy_error *reterr);

#endif
