/*
 * Data products as the state knows them: what the warden needs of a product beside a verdict, by the same
 * functions that decide uses. Rows and records: wire/product.h.
 *
 * Runs in: warden, audit tool. Trusts: nothing. Holds: nothing. May block/alloc: allocates in the arena, never
 * blocks. Threads: pure over a state nobody writes meanwhile.
 * Source: scheme articles 11, 19-22; docs/scheme/products.md.
 */
#ifndef RULES_PRODUCT_H
#define RULES_PRODUCT_H

#include "rules/model.h"
#include "wire/product_test.h"

/* A product's row, with what it says; views are borrowed from the state, lists live in the arena. */
struct rules_product {
    struct sy_product_row row;
    struct sy_product def;
};

/* Read product `id`. SY_E_NOT_FOUND, field "header.subject"; SY_E_NO_MEMORY, SY_E_INTERNAL; *ret is zeroed then. */
SY_MUST sy_status rules_product_read(const struct rules_state *s, const uint8_t id[32],
                                     struct sy_arena *arena, struct rules_product *ret,
                                     struct sy_error *reterr);

/* Is it on sale: published, and not withdrawn? SY_E_STATE, field "product". */
SY_MUST sy_status rules_product_on_sale(const struct rules_product *p, struct sy_error *reterr);

/* Milliseconds that a test of a product takes, from request to outcome, under this pack. */
uint64_t rules_product_test_ms(const struct sy_pack *pack);

/* One try of the product's tests; views borrowed from the state. SY_E_NOT_FOUND, field "test"; SY_E_NO_MEMORY. */
SY_MUST sy_status rules_product_try(const struct rules_state *s, const uint8_t id[32],
                                    uint64_t asked, struct sy_arena *arena,
                                    struct sy_product_try *ret, struct sy_error *reterr);

/* The model that a request's header asks for: header.subject, or of a product.call or product.test the product's. Errors of
 * rules_product_read; ret is untouched then. */
SY_MUST sy_status rules_asked_model(const struct rules_state *s, const struct sy_header *h,
                                    struct sy_arena *arena, uint8_t ret[32],
                                    struct sy_error *reterr);

/* One month of a product, as `caller` may see it: a buyer its own line, the others all. Lines ascend by buyer and live
 * in the arena. Errors of rules_product_read; SY_E_NO_MEMORY. */
SY_MUST sy_status rules_product_statement(const struct rules_state *s,
                                          const struct sy_party *caller, const uint8_t id[32],
                                          uint64_t month, struct sy_arena *arena,
                                          struct sy_product_statement *ret,
                                          struct sy_error *reterr);

#endif
