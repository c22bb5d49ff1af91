/*
 * Who sees which row about products, beside the reviewers. What is, or was, on sale is there for everybody, with the
 * reviews that let it out; what is not, for its developer and the departments of its sources. Reports are for the
 * reviewers alone (read.c): nobody learns from them how to pass. A buyer sees its own subscriptions and meters, a
 * developer those of its products.
 * Source: scheme articles 19 (results to reviewers), 31 (lists of products are public).
 */
#include "product.h"

static bool of_department(const struct rules_state *s, const struct sy_party *caller,
                          const struct sy_product *p, struct sy_arena *arena)
{
    for (size_t i = 0; i < p->n_sources && sy_view_is(caller->role, "department"); i++) {
        struct dataset d;
        if (sy_ok(dataset_read(s, p->sources[i].dataset, arena, &d, NULL)) &&
            sy_view_eq(d.def.department, caller->party)) {
            return true;
        }
    }
    return false;
}

static bool row_concerns(const struct rules_state *s, const struct sy_party *caller,
                         struct sy_view value, struct sy_arena *arena)
{
    struct sy_product_row row;
    struct sy_product p;
    if (!sy_ok(sy_record_decode(&sy_product_row_desc, value, &SY_MP_LARGE, arena, &row, NULL)) ||
        !sy_ok(sy_record_decode(&sy_product_desc, row.product, &SY_MP_REQUEST, arena, &p, NULL))) {
        return false;
    }
    return row.published > 0 || sy_view_eq(row.developer, caller->party) ||
           of_department(s, caller, &p, arena);
}

static bool own_product(const struct rules_state *s, const struct sy_party *caller,
                        const uint8_t id[32], struct sy_arena *arena)
{
    struct rules_product p;
    return sy_ok(rules_product_read(s, id, arena, &p, NULL)) &&
           sy_view_eq(p.row.developer, caller->party);
}

static bool subscription_concerns(const struct rules_state *s, const struct sy_party *caller,
                                  struct sy_view value, struct sy_arena *arena)
{
    struct sy_subscription row;
    return sy_ok(
               sy_record_decode(&sy_subscription_desc, value, &SY_MP_REQUEST, arena, &row, NULL)) &&
           (sy_view_eq(row.buyer, caller->party) || own_product(s, caller, row.product, arena));
}

static bool meter_concerns(const struct rules_state *s, const struct sy_party *caller,
                           struct sy_view value, struct sy_arena *arena)
{
    struct sy_product_meter row;
    return sy_ok(sy_record_decode(&sy_product_meter_desc, value, &SY_MP_REQUEST, arena, &row,
                                  NULL)) &&
           (sy_view_eq(row.buyer, caller->party) || own_product(s, caller, row.product, arena));
}

bool product_concerns(const struct rules_state *s, const struct sy_party *caller,
                      struct sy_view key, struct sy_view value, struct sy_arena *arena)
{
    static const struct {
        const char *prefix;
        bool (*concerns)(const struct rules_state *, const struct sy_party *, struct sy_view,
                         struct sy_arena *);
    } ROWS[] = {{"product/", row_concerns},
                {"subscription/", subscription_concerns},
                {"meter/", meter_concerns}};
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        if (sy_view_starts(key, sy_view_str(ROWS[i].prefix))) {
            return ROWS[i].concerns(s, caller, value, arena);
        }
    }
    return false;
}
