/*
 * The guard against differencing of cell-key (g2) releases, and the linkage-risk figures.
 *
 * A cell-key block's rows are a box: for each field a set of values. When a run is charged, the box of each of
 * its cell-key blocks becomes a row region/NS/ENTRY, and is compared with every earlier one of the namespace,
 * whoever asked. Two boxes over the same datasets that overlap in every field are *too close* when
 *
 *   one field differs         and, in that one, the two divisions of its values together set a group apart that
 *                             neither asked for as such, and that is smaller than the field's grain
 *                             (wire/catalog.h); or of any size, if another field is restricted or a key too
 *   several fields differ     and one box lies within the other, so that their difference may be anything; or
 *                             in each of them the group that is set apart is smaller than the grain
 *
 * because the two answers' difference could be about few people. A grain is a promise about the whole
 * population: it says nothing about those of one town.
 *
 *   agree      the same values; or, where a field is a key, values in common: sums over its cells could agree
 *   divisions  a field that is no key has one class, what was asked for; a key has one for each cell; what is
 *              left out is no class, because nobody asked for it
 *   grain      0: every difference is too small (labels and booleans: 1)
 *
 * What is compared is plans, parameters and catalogue: a refusal tells nothing about any row. It names the
 * caller's own earlier release by its entry; of another's it only says that there is one. The same box is
 * never too close to itself. What the guard does not see (boxes that cross in several fields, other datasets, other
 * data versions) is bounded by the noise and by the lifetime budget of cells; docs/privacy/cellkey.md.
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
