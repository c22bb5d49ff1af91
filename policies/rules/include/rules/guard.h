/*
 * The guard against differencing of cell-key (g2) releases, and the linkage-risk figures.
 *
 * A cell-key block's rows are a box: for each field a set of values. When a run is charged, the box of each of
 * its cell-key blocks becomes a row region/NS/ENTRY, and is compared with every earlier one of the namespace,
 * whoever asked. Two boxes that share a protected dataset and overlap in every field are *too close* when
 *
 *   a group is set apart      in a field, the two divisions of its values together set a group apart that neither
 *                             asked for as such; fine only if no other field is restricted or a key, and the
 *                             group is no smaller than the field's grain (wire/catalog.h)
 *   cells cross               a cell of one is within a cell of the other by one field, and the other way by
 *                             another; fine only if those are the only fields, and no group is below the grain
 *   the datasets differ       a join leaves out whoever has no row
 *   the data changed          a dataset of both has another version; fine only with one field at most, and if the
 *                             catalogue promises turnover enough (wire/catalog.h)
 *
 * because the two answers' difference could be about few people. Grain and turnover are promises about the
 * whole population: they say nothing about those of one town.
 *
 *   divisions  a field that is no key has one class, what was asked for; a key has one for each cell; what is
 *              left out is no class, because nobody asked for it
 *   grain      0: every difference is too small (labels and booleans: 1)
 *
 * What is compared is plans, parameters and catalogue: a refusal tells nothing about any row. It names the
 * caller's own earlier release by its entry; of another's it only says that there is one. The same box is
 * never too close to itself. What the guard does not see (datasets that share nothing, three questions together)
 * is bounded by the noise and by the lifetime budget of cells; docs/privacy/cellkey.md.
 *
 * The report is for operator, agency and security (scheme article 28: risks of linkage and aggregation). It is
 * counted from the log alone and never changes an answer.
 *
 * Threads: pure over a state nobody writes meanwhile. Cost: linear in the regions of the namespace.
 * Source: scheme article 28; DESIGN section 4.7; docs/privacy/cellkey.md.
 */
#ifndef RULES_GUARD_H
#define RULES_GUARD_H

#include "rules/rows.h"
#include "rules/state.h"
#include "wire/methods.h"

/* The linkage-risk figures of the state; lists and views in the arena or the state. SY_E_NO_MEMORY;
 * SY_E_INTERNAL: a row that does not decode. *ret is zeroed on error. */
SY_MUST sy_status rules_risk_report(const struct rules_state *s, struct sy_arena *arena,
                                    struct sy_risk_report *ret, struct sy_error *reterr);

#endif
