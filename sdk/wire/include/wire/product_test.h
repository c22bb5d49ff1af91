/*
 * Tests of a product's own answers inside the domain (article 19 (4); docs/scheme/products.md): membership inference and
 * recall of raw rows. A reviewer asks (product.test, no arguments); the warden takes some units at random out of the data,
 * draws the product's release many times with and without each of them, and records what an attacker who knows
 * everything else gains by it (product.tested, signed by the warden). What leaves is one of two words and what follows
 * from the plan alone: neither which units those were, nor what was gained on them, nor what their rows cost.
 *
 * Row product_test/HEX sy_product_test_row: HEX is the product's id; for reviewers, never for the developer. Row
 * product_tries/HEX sy_product_tries: HEX is the model's id, whatever products are made of it.
 */
#ifndef WIRE_PRODUCT_TEST_H
#define WIRE_PRODUCT_TEST_H

#include "wire/product.h"

/* Unless the pack says otherwise: tests of the products of one model; milliseconds from request to outcome, whatever it
 * is. Units that one test takes out, at most; and the limit, in 1/100, from which on next to any gain is within it. */
enum {
    SY_PRODUCT_TESTS_DEFAULT = 3,
    SY_PRODUCT_TEST_MS_DEFAULT = 60000,
    SY_PRODUCT_TEST_UNITS = 12,
    SY_PRODUCT_UNBOUNDED = 95
};

/* product.tested (warden), and the result of product.test. outcome: passed | failed | unable (the grant was stopped, the
 * time was up, or the work failed; that the drawn units do not count in the answer is passed). The rest follows from
 * the plan: limit: in 1/100, most that any attacker may gain over a guess by the plan's price, sampling error included;
 * membership: bounded | unbounded, the latter from SY_PRODUCT_UNBOUNDED on: then passing says nothing of membership; draws:
 * of each of two worlds; units: that are taken out, at most; test: entry of the request. commit: SHA-256 over
 * "shuyu-product-test-1", the secret seed that everything random was drawn from, and the encoded result with commit zero.
 * Unable: outcome, product and test only. */
#define SY_PRODUCT_TESTED_FIELDS(F, S, L)                                                          \
    F(b32, commit, "commit", SY_OPT)                                                               \
    F(u64, draws, "draws", SY_OPT)                                                                 \
    F(u64, limit, "limit", SY_OPT)                                                                 \
    F(str, membership, "membership", SY_OPT)                                                       \
    F(str, outcome, "outcome", 0)                                                                  \
    F(b32, product, "product", 0)                                                                  \
    F(u64, test, "test", SY_OPT)                                                                   \
    F(u64, units, "units", SY_OPT)
SY_RECORD(product_tested, SY_PRODUCT_TESTED_FIELDS)

/* One try. asked: entry of the request; entry: of its outcome, 0: it has none yet; tested: canonical sy_product_tested. */
#define SY_PRODUCT_TRY_FIELDS(F, S, L)                                                             \
    F(u64, asked, "asked", 0)                                                                      \
    F(u64, entry, "entry", SY_OPT)                                                                 \
    F(bin, tested, "tested", SY_OPT)
SY_RECORD(product_try, SY_PRODUCT_TRY_FIELDS)

/* Row product_test/HEX: every try, oldest first. */
#define SY_PRODUCT_TEST_ROW_FIELDS(F, S, L) L(product_try, tries, "tries", 0)
SY_RECORD(product_test_row, SY_PRODUCT_TEST_ROW_FIELDS)

/* Row product_tries/HEX: tests of all products of one model, with an outcome or without. */
#define SY_PRODUCT_TRIES_FIELDS(F, S, L) F(u64, n, "n", 0)
SY_RECORD(product_tries, SY_PRODUCT_TRIES_FIELDS)

#endif
