/*
 * The linkage-risk report (rules/guard.h): sums over the rows that charges and refusals left. Nothing here
 * decides anything.
 */
#include "method.h"
#include "rules/guard.h"

#include <stdlib.h>

enum { FIELDS_SHOWN = 50 };

struct tally {
    const struct rules_state *state;
    struct sy_arena *arena;
    struct sy_risk_report *ret;
    size_t cap_pairs, cap_fields;
    struct sy_error *err;
};

/* Room for one more in a list that doubles; false: no memory. */
static bool room(struct sy_arena *a, void **list, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) {
        return true;
    }
    size_t want = *cap == 0 ? 16 : 2 * *cap;
    void *all = sy_arena_alloc(a, want, size);
    if (all == NULL) {
        return false;
    }
    if (n > 0) {
        memcpy(all, *list, n * size);
    }
    *list = all;
    *cap = want;
    return true;
}

static sy_status no_memory(struct tally *t)
{
    return sy_fail(t->err, SY_E_NO_MEMORY, NULL, NULL);
}

static struct sy_view copy(struct tally *t, struct sy_view v)
{
    return sy_arena_copy(t->arena, v);
}

/* ---- accounts ---- */

static sy_status add_space(struct tally *t, struct sy_view ns, struct sy_view value)
{
    struct sy_row_budget b;
    SY_TRY(sy_record_decode(&sy_row_budget_desc, value, &SY_MP_LARGE, t->arena, &b, t->err));
    t->ret->spaces[t->ret->n_spaces++] = (struct sy_risk_space){.cap_cells = b.cap_cells,
                                                                .cap_delta = b.cap_delta,
                                                                .cap_rho = b.cap_rho,
                                                                .held_cells = b.held_cells,
                                                                .held_delta = b.held_delta,
                                                                .held_rho = b.held_rho,
                                                                .ns = ns,
                                                                .spent_cells = b.spent_cells,
                                                                .spent_delta = b.spent_delta,
                                                                .spent_rho = b.spent_rho};
    return SY_OK;
}

/* ---- regions ---- */

static sy_status add_pair(struct tally *t, struct sy_view ns, struct sy_view a,
                          const struct sy_region_near *b)
{
    struct sy_risk_report *r = t->ret;
    size_t i = 0;
    while (i < r->n_pairs && !(sy_view_eq(r->pairs[i].ns, ns) && sy_view_eq(r->pairs[i].a, a) &&
                               sy_view_eq(r->pairs[i].b, b->party))) {
        i++;
    }
    if (i == r->n_pairs) {
        if (!room(t->arena, (void **)&r->pairs, i, &t->cap_pairs, sizeof(*r->pairs))) {
            return no_memory(t);
        }
        r->pairs[i] =
            (struct sy_risk_pair){.a = copy(t, a), .b = copy(t, b->party), .ns = copy(t, ns)};
        r->n_pairs++;
        if (r->pairs[i].a.p == NULL || r->pairs[i].b.p == NULL || r->pairs[i].ns.p == NULL) {
            return no_memory(t);
        }
    }
    r->pairs[i].n += b->n;
    return SY_OK;
}

static sy_status add_field(struct tally *t, const struct sy_region_dim *d)
{
    struct sy_risk_report *r = t->ret;
    size_t i = 0;
    while (i < r->n_fields && !(sy_view_eq(r->fields[i].dataset, d->dataset) &&
                                sy_view_eq(r->fields[i].field, d->field))) {
        i++;
    }
    if (i == r->n_fields) {
        if (!room(t->arena, (void **)&r->fields, i, &t->cap_fields, sizeof(*r->fields))) {
            return no_memory(t);
        }
        r->fields[i] =
            (struct sy_risk_field){.dataset = copy(t, d->dataset), .field = copy(t, d->field)};
        r->n_fields++;
        if (r->fields[i].dataset.p == NULL || r->fields[i].field.p == NULL) {
            return no_memory(t);
        }
    }
    r->fields[i].n++;
    return SY_OK;
}

/* key: NS/ENTRY. */
static sy_status add_region(struct tally *t, struct sy_view key, struct sy_view value)
{
    SY_ARENA_CLEANUP struct sy_arena scratch = {0};
    struct sy_row_region row;
    struct sy_view ns = sy_view(key.p, key.n - 21);
    SY_TRY(sy_record_decode(&sy_row_region_desc, value, &SY_MP_LARGE, &scratch, &row, t->err));
    t->ret->regions++;
    for (size_t i = 0; i < row.n_near; i++) {
        SY_TRY(add_pair(t, ns, row.party, &row.near[i]));
    }
    for (size_t i = 0; i < row.n_boxes; i++) {
        for (size_t k = 0; k < row.boxes[i].n_dims; k++) {
            SY_TRY(add_field(t, &row.boxes[i].dims[k]));
        }
    }
    return SY_OK;
}

static sy_status add_refusal(struct tally *t, struct sy_view party, struct sy_view value)
{
    struct sy_row_guard row;
    SY_TRY(sy_record_decode(&sy_row_guard_desc, value, &SY_MP_LARGE, t->arena, &row, t->err));
    t->ret->refusals[t->ret->n_refusals++] =
        (struct sy_risk_refusal){.entry = row.entry, .n = row.refused, .party = party};
    return SY_OK;
}

/* ---- all of them ---- */

static sy_status each_row(struct tally *t, const char *prefix,
                          sy_status (*add)(struct tally *, struct sy_view, struct sy_view))
{
    struct sy_view key = {0};
    struct sy_view value;
    size_t n = strlen(prefix);
    while (rules_state_next(t->state, sy_view_str(prefix), key, &key, &value)) {
        SY_TRY(add(t, sy_view(key.p + n, key.n - n), value));
    }
    return SY_OK;
}

static size_t count_rows(const struct rules_state *s, const char *prefix)
{
    struct sy_view key = {0};
    struct sy_view value;
    size_t n = 0;
    while (rules_state_next(s, sy_view_str(prefix), key, &key, &value)) {
        n++;
    }
    return n;
}

/* Most asked first, then by name. */
static int by_use(const void *p, const void *q)
{
    const struct sy_risk_field *a = p;
    const struct sy_risk_field *b = q;
    int c = (a->n < b->n) - (a->n > b->n);
    c = c != 0 ? c : sy_view_cmp(a->dataset, b->dataset);
    return c != 0 ? c : sy_view_cmp(a->field, b->field);
}

sy_status rules_risk_report(const struct rules_state *s, struct sy_arena *arena,
                            struct sy_risk_report *ret, struct sy_error *reterr)
{
    struct sy_risk_report r = {0};
    struct tally t = {.state = s, .arena = arena, .ret = &r, .err = reterr};
    *ret = r;
    r.spaces = sy_arena_alloc(arena, count_rows(s, "budget/") + 1, sizeof(*r.spaces));
    r.refusals = sy_arena_alloc(arena, count_rows(s, "guard/") + 1, sizeof(*r.refusals));
    if (r.spaces == NULL || r.refusals == NULL) {
        return no_memory(&t);
    }
    SY_TRY(each_row(&t, "budget/", add_space));
    SY_TRY(each_row(&t, "region/", add_region));
    SY_TRY(each_row(&t, "guard/", add_refusal));
    if (r.n_fields > 1) {
        qsort(r.fields, r.n_fields, sizeof(*r.fields), by_use);
    }
    r.n_fields = r.n_fields > FIELDS_SHOWN ? FIELDS_SHOWN : r.n_fields;
    *ret = r;
    return SY_OK;
}
