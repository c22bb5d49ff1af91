/*
 * Private to the rules: the catalogue (entry.c, entry_check.c), the operation catalogue (offer.c), demand that neither
 * meets (demand.c) and tickets about the quality of data (ticket.c). All of it stands under the pack's section
 * `catalogue`; without it nothing of this can be filed, and no grant is held against it.
 * Source: scheme articles 2, 6-8, 17, 18; wire/catalogue.h; docs/scheme/catalogue.md.
 */
#ifndef RULES_SCHEME_CATALOGUE_H
#define RULES_SCHEME_CATALOGUE_H

#include "scheme.h"
#include "wire/catalogue.h"

/* The pack in force, and its section; SY_E_STATE, field "pack", when it has none. */
SY_MUST sy_status catalogue_terms(const struct rules_state *s, struct sy_arena *arena,
                                  struct sy_pack *ret_pack, const struct sy_pack_catalogue **ret,
                                  struct sy_error *err);

/* 1..64 bytes of letters, digits and . _ / -: codes that others have given out. */
bool is_code(struct sy_view v);

/* Is there a number of more digits than a date's parts have? Then it may be somebody's. */
bool has_long_number(struct sy_view v);

/* A dataset's place in the catalogue; SY_E_NOT_FOUND, field "dataset" (entry.c). */
SY_MUST sy_status entry_read(const struct rules_state *s, struct sy_view dataset,
                             struct sy_arena *arena, struct sy_entry_row *ret,
                             struct sy_error *err);

/* Version `version` of its description (entry.c). ret_row may be NULL. */
SY_MUST sy_status entry_version(const struct rules_state *s, struct sy_view dataset,
                                uint64_t version, struct sy_arena *arena,
                                struct sy_described *ret_row, struct sy_entry *ret,
                                struct sy_error *err);

/* May this description be in the catalogue now, by its core metadata, the dataset's definition, the pack, and what
 * others have described (entry_check.c)? The chain of its versions is looked at by catalog.describe alone. */
SY_MUST sy_status entry_sound(struct ask *c, const struct sy_entry *e);

/* The latest data version of a dataset; all zero when there is none (entry.c). */
SY_MUST sy_status updated_read(const struct rules_state *s, struct sy_view dataset,
                               struct sy_arena *arena, struct sy_updated *ret,
                               struct sy_error *err);

/* May a grant over this dataset be given now? It is offered, by the entry that is in the catalogue; and, where the pack
 * says so, its data are not stale and no ticket about them is overdue (offer.c). A pack without a catalogue demands
 * nothing. SY_E_DENIED, SY_E_STATE, field "datasets". */
SY_MUST sy_status offer_check(const struct rules_state *s, struct sy_view dataset, int64_t now,
                              struct sy_arena *arena, struct sy_error *err);

/* Is a ticket about the dataset overdue (ticket.c)? ret_ticket: which one. */
SY_MUST sy_status ticket_overdue(const struct rules_state *s, struct sy_view dataset, int64_t now,
                                 struct sy_arena *arena, bool *ret, uint64_t *ret_ticket,
                                 struct sy_error *err);

/* May an entry of this dataset say that it meets this demand (demand.c)? */
SY_MUST sy_status demand_meets(struct ask *c, uint64_t demand, struct sy_view dataset);

/* The demand is met by this dataset (apply side, demand.c). */
SY_MUST sy_status demand_put_met(struct change *x, uint64_t demand, struct sy_view dataset);

#endif
