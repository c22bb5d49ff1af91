/*
 * Private to the rules: a developer's own data (wire/own.h, docs/scheme/fusion.md), as other parts ask about it. Each
 * of these is OK for what has nothing to do with own data.
 */
#ifndef RULES_SCHEME_OWN_H
#define RULES_SCHEME_OWN_H

#include "scheme.h"
#include "wire/own.h"

/* The row of an own dataset. SY_E_NOT_FOUND, field "dataset" (own.c). */
SY_MUST sy_status own_read(const struct rules_state *s, struct sy_view id, struct sy_arena *arena,
                           struct sy_own_row *ret, struct sy_error *err);

/* ---- own_gate.c ---- */

/* May a proposal (or grant) with this id name the own data that it names: exactly what its application does, in no other
 * scene, and not over? SY_E_DENIED, SY_E_FIELD field "application.own_data", SY_E_EXISTS, SY_E_STATE. */
SY_MUST sy_status own_named(struct ask *c, const struct sy_pack *pack, const struct sy_proposal *p,
                            const uint8_t id[32]);

/* From now on its own data are this proposal's (apply side); granted: even what a grant that it shrinks had. */
SY_MUST sy_status own_bind(struct change *x, const struct sy_proposal *p, const uint8_t id[32],
                           bool granted);

/* Are the rows in that a plan of this grant reads? SY_E_GRANT, SY_E_STATE, field "data". */
SY_MUST sy_status own_runnable(const struct rules_state *s, const struct sy_plan *plan,
                               const uint8_t grant[32], struct sy_arena *arena,
                               struct sy_error *err);

/* Can what was charged be computed again: is none of it erased? SY_E_STATE, field "charge". */
SY_MUST sy_status own_left(const struct rules_state *s, const struct sy_row_charge *charge,
                           struct sy_arena *arena, struct sy_error *err);

/* May this version be published: confirmed, all in, its grant in force? SY_E_STATE, rules_grant_in_force's errors. */
SY_MUST sy_status own_publishable(struct ask *c, struct sy_view dataset);
/* It was (apply side). */
SY_MUST sy_status own_loaded(struct change *x, struct sy_view dataset);

#endif
