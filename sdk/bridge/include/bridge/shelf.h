/*
 * The products that the buyer may call: published ones that it has subscribed to, as the domain lists them. A
 * shelf is made from pages of state.list and is never changed afterwards; a newer one takes its place, and the old
 * one lives as long as somebody holds it.
 *
 * Runs in: bridge. Trusts: the SDK, which verified that the pages come from the warden; a product is what hashes
 * to its id, whatever the page says. Threads: one at a time. Source: wire/product.h.
 */
#ifndef BRIDGE_SHELF_H
#define BRIDGE_SHELF_H

#include "base/arena.h"
#include "base/status.h"
#include "wire/product.h"

struct bridge_product {
    const char *path; /* its name, or its id when another one here has that name */
    char hex[65];
    uint8_t id[32];
    struct sy_product p;
    struct sy_view exchange;     /* its number at the data exchange, if it has one */
    struct sy_view registration; /* its code in the register, if it has one */
    struct sy_subscription sub;
    struct sy_view use; /* title of the purpose that was subscribed to */
    bool is_ours;       /* subscribed to, actively */
};

struct bridge_shelf {
    unsigned refs;
    struct sy_arena arena;
    struct bridge_product *products; /* those of is_ours first, by path, after bridge_shelf_close */
    size_t n;
    size_t cap;
};

/* A shelf with one reference; NULL: no memory. */
struct bridge_shelf *bridge_shelf_new(void);
struct bridge_shelf *bridge_shelf_hold(struct bridge_shelf *s);
void bridge_shelf_drop(struct bridge_shelf *s); /* NULL-safe */

/* The prefixes to list, in this order: "product/", "subscription/"; NULL past the last. */
const char *bridge_shelf_prefix(size_t i);

/*
 * BOUNDARY: take one page of prefix i: a canonical sy_state_rows, copied. Rows that are not what their key says are
 * left out, and so are products that cannot be called by parameters alone. buyer: whose subscriptions count.
 * *ret_more: there is another page, after the key in *ret_after (of the arena). SY_E_FIELD and the decoder's
 * errors, SY_E_LIMIT (more products than anybody subscribes to), SY_E_NO_MEMORY.
 */
SY_MUST sy_status bridge_shelf_take(struct bridge_shelf *s, size_t i, struct sy_view page,
                                    const char *buyer, bool *ret_more, struct sy_view *ret_after);

/* All pages are there: keep what is subscribed to, and give each its path. */
SY_MUST sy_status bridge_shelf_close(struct bridge_shelf *s);

/* The product with this path, or with this id in hex; NULL: none. */
const struct bridge_product *bridge_shelf_find(const struct bridge_shelf *s, struct sy_view name);

#endif
