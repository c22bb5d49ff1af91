/*
 * Products: what happens around a decision about them. A call is a run (run.c): it is charged to the developer's grant
 * and answered in the plan's slot; what the buyer gets names the buyer, the product and the purpose.
 *
 * Runs in: warden, its loop's thread. Trusts: the rules. Holds: nothing. May block/alloc: arena of the call.
 * Source: docs/scheme/products.md, wire/product.h.
 */
#ifndef WARDEN_PRODUCT_H
#define WARDEN_PRODUCT_H

#include "warden/call.h"

/* Is it a buyer's call? */
bool warden_is_product_call(const struct warden_call *c);

/* End a buyer's call with the stored bytes of an answer, which was made under charge `charge`. */
void warden_product_give(struct warden_call *c, uint64_t charge, struct sy_view answer);

/* product.report, done: the report that the event made. product.withdraw, done: calls under way are ended. */
void warden_product_report_done(struct warden_call *c);
void warden_product_withdraw_done(struct warden_call *c);

/* product.statement. */
void warden_read_statement(struct warden_call *c);

#endif
