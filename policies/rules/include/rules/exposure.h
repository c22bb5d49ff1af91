/*
 * What an exposure report reads (scene.exposure; wire/exposure.h): the same choice of columns for the rules,
 * which check the request, and for the warden, which opens them.
 *
 * Threads: pure.
 */
#ifndef RULES_EXPOSURE_H
#define RULES_EXPOSURE_H

#include "rules/model.h"
#include "wire/exposure.h"

/* Reports of one grant. The figures are exact, and whoever may ask for ever, by ever other classes, would have
 * the table in the end. */
enum { RULES_EXPOSURES_MAX = 64 };

/* plan: one scan for each protected dataset of the grant, in its order, and its sources; nothing else. Each
 * scan has the unit first. roles: of the scans' names, one after the other. */
struct rules_exposure {
    struct sy_plan plan;
    enum sy_exposure_role *roles;
    size_t n_roles;
};

/* Lists are in `arena`, names borrowed from the grant. SY_E_FIELD ("quasi"): a quasi-identifier that the
 * grant does not give, a unit, or a field of grade 4; SY_E_STATE: the grant has no protected dataset; SY_E_NO_MEMORY. */
SY_MUST sy_status rules_exposure_read(const struct rules_grant *grant,
                                      const struct sy_exposure_ask *ask, struct sy_arena *arena,
                                      struct rules_exposure *ret, struct sy_error *reterr);

#endif
