/*
 * A domain whose pack has rules for products: an approved model of acme's, the product made of it, the security
 * authority "guard", and two buyers, "shop" and "store". Each record is fresh and sound, and may be spoilt.
 */
#ifndef RULES_TEST_PRODUCT_KIT_H
#define RULES_TEST_PRODUCT_KIT_H

#include "test_kit.h"

#include "rules/product.h"

enum {
    PRODUCT_PRICE = 1200,
    PRODUCT_PRICE_MAX = 5000,
    PRODUCT_PUBLIC_MAX = 100,
    PRODUCT_FEE_MAX = 150,
    PRODUCT_REPORTS = 3,
    PRODUCT_FREE = 2
};

/* What a test holds beside the domain. */
struct product_kit {
    struct kit k;
    uint8_t id[32];     /* of the last product submitted */
    uint8_t report[32]; /* digest of its last report */
};

/* cmocka's setup functions: up to an approved model; up to a product that was filed; up to one on sale, registered,
 * to which shop has subscribed for "planning". And the teardown of each. */
int product_setup(void **state);
int product_setup_filed(void **state);
int product_setup_sold(void **state);
int product_teardown(void **state);

struct sy_pack *product_pack(struct kit *k, uint64_t version);
struct sy_product *product_record(struct kit *k); /* for industry, of the kit's model */

/* One act each; the verdict's code. */
int32_t product_submit(struct product_kit *p, const struct sy_product *r);
int32_t product_submit_by(struct product_kit *p, const char *party, const struct sy_product *r);
int32_t product_report(struct product_kit *p, const char *party); /* sets p->report */
int32_t product_review(struct product_kit *p, const char *party, const char *decision);
int32_t product_act(struct product_kit *p, const char *party, const char *method); /* no args */
int32_t product_register(struct product_kit *p, const char *exchange, const char *registration);
int32_t product_order(struct product_kit *p, const char *party, const char *ground);
int32_t product_subscribe(struct product_kit *p, const char *buyer, const char *purpose);
int32_t product_call(struct product_kit *p, const char *buyer, const char *purpose,
                     const char *age);
/* As product_call, of a call that a test has spoilt; grant NULL: the product's. */
int32_t product_call_with(struct product_kit *p, const char *buyer, const struct sy_product_call *c,
                          const uint8_t *grant);
struct sy_product_call product_args(struct kit *k, const char *purpose, const char *age);

/* Up to a publication: report, both reviews, publish. */
void product_release(struct product_kit *p);

/* Rows as the state has them; all zero when there is none. */
struct sy_product_row product_row(struct product_kit *p);
struct sy_product_meter product_meter(struct product_kit *p, const char *buyer, uint64_t month);
struct sy_product_misuse product_misuse(struct product_kit *p, const char *party);
struct sy_product_report product_last_report(struct product_kit *p);

#endif
