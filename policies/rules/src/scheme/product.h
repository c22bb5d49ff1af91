/* Private to the rules: what the files about products share. */
#ifndef RULES_SCHEME_PRODUCT_H
#define RULES_SCHEME_PRODUCT_H

#include "rules/product.h"
#include "scheme.h"

/* The pack's section; SY_E_STATE, field "pack": without it nobody files or sells products. Lists live in the
 * arena (product.c). */
SY_MUST sy_status product_section(const struct rules_state *s, struct sy_arena *arena,
                                  struct sy_pack *ret_pack, const struct sy_pack_product **ret,
                                  struct sy_error *err);

/* The product that the request's header names, for decide and for apply; and is it in this status? SY_E_NOT_FOUND,
 * SY_E_STATE (product.c). */
SY_MUST sy_status product_asked(struct ask *c, struct rules_product *ret);
SY_MUST sy_status product_changed(struct change *x, struct rules_product *ret);
SY_MUST sy_status product_in(struct ask *c, const struct rules_product *p, const char *status);

/* Has this role given an opinion on the last report, and this one where `decision` is not NULL (product_review.c)? */
bool product_has_opinion(const struct sy_product_row *row, struct sy_view role,
                         const char *decision);

/* Write the row of product `id` (product.c). */
SY_MUST sy_status product_put(struct change *x, const uint8_t id[32],
                              const struct sy_product_row *row);

/* By itself: names, texts, codes, prices (product_form.c). SY_E_FIELD with the member's name; and within what the
 * pack allows: SY_E_LIMIT. */
SY_MUST sy_status product_form(const struct sy_product *p, struct sy_error *err);
SY_MUST sy_status product_prices(const struct sy_product *p, const struct sy_pack_product *pack,
                                 struct sy_error *err);

/* Is what it says of its model the model's own (product_bound.c)? schema: parameters and columns; sources: exactly
 * the datasets that the model reads, each with its lawful basis, which is the catalogue's where that has one. SY_E_FIELD.
 * scope: scene and purpose are the grant's; class and form are among what its application planned, if there is one. */
SY_MUST sy_status product_schema(const struct sy_product *p, const struct rules_model *m,
                                 struct sy_error *err);
SY_MUST sy_status product_sources(const struct rules_state *s, const struct sy_product *p,
                                  const struct rules_model *m, struct sy_arena *arena,
                                  struct sy_error *err);
/* The own data that a grant names, with where it came from; the list lives in the arena (product_bound.c). */
SY_MUST sy_status product_fused(const struct rules_state *s, const struct sy_proposal *grant,
                                struct sy_arena *arena, struct sy_product_fused **ret,
                                size_t *ret_n, struct sy_error *err);
SY_MUST sy_status product_scope(const struct sy_product *p, const struct sy_proposal *grant,
                                struct sy_error *err);

/* The machine-made report of a product at `now` (product_report.c). Errors of rules_model_read. */
SY_MUST sy_status product_report_make(const struct rules_state *s, const uint8_t id[32],
                                      const struct rules_product *p, int64_t now,
                                      struct sy_arena *arena, struct sy_product_report *ret,
                                      struct sy_error *err);

/* YYYYMM of the pack's clock (product_meter.c). */
uint64_t product_month(const struct sy_pack *p, int64_t now);

/* What an approval asks of tests inside the domain, where the pack wants one (product_test.c): the last has passed.
 * SY_E_REVIEW, field "test". */
SY_MUST sy_status product_test_passed(struct ask *c, const struct rules_product *p,
                                      const struct sy_pack_product *section);

/* One call of a product. */
struct meter_case {
    const uint8_t *id; /* of the product, 32 bytes */
    struct sy_view buyer;
    const struct sy_product *def;
    int64_t now;
};

/* The buyer's meter of this month with the call in it, and what the call is billed (product_meter.c): the price, or
 * nothing within the free calls of a month, and never more than the product's cap in a month. */
SY_MUST sy_status meter_next(const struct rules_state *s, const struct meter_case *k,
                             struct sy_arena *arena, struct sy_product_meter *ret,
                             uint64_t *ret_fen, struct sy_error *err);
SY_MUST sy_status meter_put(struct change *x, const struct sy_product_meter *row);

#endif
