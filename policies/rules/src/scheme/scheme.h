/*
 * Private to the rules: what the parts of the scheme share. Each part is one file of this folder; its section of
 * the pack says what it demands, and without the section it demands nothing.
 */
#ifndef RULES_SCHEME_SCHEME_H
#define RULES_SCHEME_SCHEME_H

#include "method.h"
#include "rules/calendar.h"
#include "rules/control.h"
#include "rules/rows_scheme.h"

/* The sections of the pack; NULL: it has none (pack.c). Borrowed from the pack. */
const struct sy_pack_calendar *scheme_calendar(const struct sy_pack *p);
const struct sy_pack_staff *scheme_staff(const struct sy_pack *p);
const struct sy_pack_qualify *scheme_qualify(const struct sy_pack *p);
const struct sy_pack_catalogue *scheme_catalogue(const struct sy_pack *p);
const struct sy_pack_scene *scheme_scene(const struct sy_pack *p);
const struct sy_pack_fusion *scheme_fusion(const struct sy_pack *p);
const struct sy_pack_product *scheme_product(const struct sy_pack *p);
const struct sy_pack_supervise *scheme_supervise(const struct sy_pack *p);
const struct sy_pack_sync *scheme_sync(const struct sy_pack *p);

/* Is the whole part sound? SY_E_FIELD, field "pack.scheme..." (pack.c). */
SY_MUST sy_status scheme_pack_check(const struct sy_pack *p, struct sy_error *err);

/* Has the pack a rota of staff? SY_E_STATE, field "pack.scheme.staff" (staff.c). */
SY_MUST sy_status staff_asked(struct ask *c);
/* Does the asker review what the asker filed: the same party, and the same member of it (filed_by; empty: its own key)?
 * SY_E_ROLE, field "staff.id". Demands nothing when the pack has no rota (signer.c). */
SY_MUST sy_status own_filing(struct ask *c, struct sy_view party, struct sy_view filed_by);
/* The id of the member who signed the event first, to be kept as filed_by; empty: the party's own key (signer.c). */
SY_MUST sy_status change_member(struct change *x, struct sy_view *ret_id);

/* A party's standing; all zero when it has no row (standing.c). */
SY_MUST sy_status standing_read(const struct rules_state *s, struct sy_view party,
                                struct sy_arena *arena, struct sy_row_standing *ret,
                                struct sy_error *err);

/* May the party take part now? Closed access of the operator closes everybody's, for its grant is the parent of all.
 * Whoever closes access suspends the live grants in the same event; runs ask all the same.
 * SY_E_DENIED, field "ban"; SY_E_SUSPENDED, field "closed" (standing.c). */
SY_MUST sy_status standing_open(struct ask *c, struct sy_view party);

/* Write it (apply side). A row of zeros is deleted. */
SY_MUST sy_status standing_put(struct change *x, struct sy_view party,
                               const struct sy_row_standing *row);

/* Which live grants (active, awaiting, suspended) an act stops: of those of a developer, what is named: each grant whose
 * id is listed or that reads a listed dataset. */
struct stop {
    struct sy_view developer;       /* empty: of anyone */
    const struct sy_view *datasets; /* neither these nor grants: whatever there is; borrowed */
    size_t n_datasets;
    const struct sy_view *grants; /* ids of 32 bytes; borrowed */
    size_t n_grants;
    bool for_good;         /* revoked: the rest of the budget goes back; else suspended */
    struct sy_view ground; /* a code, as the row's ground */
};

/* Stop them in the event that is being applied (stop.c). The warden makes their rows bite (warden/stop.h). Each grant
 * is written once: an event that stops grants writes none of them in another way, unless on top of what this has put
 * (effect_pending). */
SY_MUST sy_status grants_stop(struct change *x, const struct stop *which);

/* Does the developer's agreement in force cover the proposal, and the operator's whole grant above it: every dataset,
 * the whole term, inside the scheme's trial? Demands nothing without pack.scheme.qualify. SY_E_GRANT, SY_E_EXPIRED,
 * field "agreement" or "parent" (agreement.c). */
SY_MUST sy_status agreement_covers(struct ask *c, const struct sy_proposal *p);

/* End every agreement of a party that leaves otherwise, by its enrolment's end, and the application that it has on its
 * way (apply side; agreement_end.c). Its grants are the caller's to stop. Nobody's stands under a developer's. */
SY_MUST sy_status agreements_end(struct change *x, struct sy_view party, struct sy_view ground);

/* Tell the platforms that the pack says (apply side): put an item about the row `of`, whose canonical record is
 * `record`, into their outboxes. kind: catalogue | registration | product | withdrawal. One item a kind and event. Does
 * nothing without pack.scheme.sync (sync.c). */
SY_MUST sy_status sync_queue(struct change *x, const char *kind, const struct rules_key *of,
                             struct sy_view record);

#endif
