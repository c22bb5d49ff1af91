/*
 * From a region, which speaks of masked values (region.h), to the box that is kept: values as the catalogue
 * has them, so that developers whose grants mask a field differently can be compared.
 */
#include "guard.h"
#include "region.h"
#include "wire/mask.h"

#include <stdlib.h>

/* Masked values that were told apart one by one become classes from here on: above every other class, but
 * for that of NULL. */
#define CLASS_OF_MASKED (INT64_C(1) << 62)

struct unmask {
    const struct sy_field_def *field; /* before the mask */
    struct sy_mask mask;
    struct region_pool pool;
};

/* The last x in [from, hi] whose masked value is at most v; from - 1 when there is none. Masks ascend. */
static int64_t upto(const struct unmask *u, int64_t from, int64_t v)
{
    int64_t lo = from - 1;
    int64_t hi = u->field->hi;
    while (lo < hi) {
        int64_t mid = (int64_t)((uint64_t)lo + ((uint64_t)hi - (uint64_t)lo + 1) / 2);
        if (sy_mask_i64(u->field, &u->mask, mid) <= v) {
            lo = mid;
        } else {
            hi = mid - 1;
        }
    }
    return lo;
}

/* One segment of masked numbers, as the numbers that became them. */
static bool numbers(const struct unmask *u, const struct region_seg *s, struct region_list *l)
{
    int64_t from = upto(u, u->field->lo, s->lo - 1) + 1;
    int64_t end = upto(u, from, s->hi);
    if (s->cls != RULES_REGION_EACH) {
        return region_push(l, from, end, s->cls);
    }
    for (int64_t x = from; x <= end;) {
        int64_t v = sy_mask_i64(u->field, &u->mask, x);
        int64_t last = upto(u, x, v);
        if (!region_push(
                l, x, last,
                (int64_t)((uint64_t)CLASS_OF_MASKED + (uint64_t)(v & (CLASS_OF_MASKED - 1))))) {
            return false;
        }
        x = last + 1;
    }
    return true;
}

static bool unmask_numbers(const struct unmask *u, struct region_set s, struct region_list *l)
{
    bool fine = true;
    for (size_t i = 0; fine && i < s.n; i++) {
        const struct region_seg *x = &s.seg[i];
        fine = x->lo == RULES_REGION_NULL ? region_push(l, x->lo, x->hi, x->cls) : numbers(u, x, l);
    }
    return fine;
}

static const struct region_seg *find(struct region_set s, int64_t v)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.seg[i].lo <= v && v <= s.seg[i].hi) {
            return &s.seg[i];
        }
    }
    return NULL;
}

/* Labels by their first characters: each label is where its prefix is. */
static bool unmask_labels(const struct unmask *u, struct region_set s, struct region_list *l)
{
    const struct sy_field_def *f = u->field;
    struct sy_arena *a = u->pool.arena;
    struct sy_view *cut = sy_arena_alloc(a, f->n_values + 1, sizeof(*cut));
    uint32_t *map = sy_arena_alloc(a, f->n_values + 1, sizeof(*map));
    struct sy_view *merged;
    size_t n_merged;
    if (cut == NULL || map == NULL) {
        return false;
    }
    for (size_t i = 0; i < f->n_values; i++) {
        cut[i] = sy_mask_prefix(f->values[i], u->mask.n);
    }
    const struct region_seg *null = find(s, RULES_REGION_NULL);
    bool fine = sy_ok(sy_mask_merge(cut, f->n_values, a, &merged, &n_merged, map)) &&
                (null == NULL || region_push(l, null->lo, null->hi, null->cls));
    for (size_t i = 0; fine && i < f->n_values; i++) {
        const struct region_seg *x = find(s, (int64_t)map[i]);
        bool each = x != NULL && x->cls == RULES_REGION_EACH;
        fine = x == NULL || region_push(l, (int64_t)i, (int64_t)i,
                                        each ? CLASS_OF_MASKED + (int64_t)map[i] : x->cls);
    }
    return fine;
}

static sy_status unmasked(const struct rules_state *s, const struct rules_model *m,
                          const struct region_dim *d, struct sy_arena *arena,
                          struct region_set *ret, bool *ret_all, struct sy_error *err)
{
    struct dataset data;
    struct region_set domain;
    SY_TRY(dataset_read(s, d->def->id, arena, &data, err));
    const struct sy_prop_dataset *p = proposal_dataset(&m->grant.proposal, d->def->id);
    const struct sy_prop_field *asked = p == NULL ? NULL : proposal_field(p, d->field->name);
    struct unmask u = {.field = def_field(&data.def, d->field->name),
                       .pool = {.arena = arena, .left = REGION_POOL_SEGS}};
    if (asked == NULL || u.field == NULL) {
        return sy_fail(err, SY_E_INTERNAL, "region", "a field outside the grant");
    }
    SY_TRY(sy_mask_parse(asked->mask, &u.mask, err));
    struct region_list l = {.pool = &u.pool};
    bool masks = u.mask.kind != SY_MASK_NONE && u.mask.kind != SY_MASK_PSEUDONYM;
    bool fine = true;
    if (masks) {
        fine = u.mask.kind == SY_MASK_PREFIX ? unmask_labels(&u, d->values, &l)
                                             : unmask_numbers(&u, d->values, &l);
    }
    *ret = masks ? region_of(&l) : d->values;
    if (!fine || !guard_domain(u.field, arena, &domain)) {
        return sy_fail(err, SY_E_LIMIT, "region",
                       "it has more separate ranges of values than can be compared");
    }
    *ret_all = region_eq(*ret, domain); /* class 0 throughout */
    return SY_OK;
}

/* ---- the record ---- */

static sy_status dim_record(const struct region_dim *d, struct region_set values,
                            struct sy_arena *arena, struct sy_region_dim *ret, struct sy_error *err)
{
    *ret = (struct sy_region_dim){.dataset = d->def->id,
                                  .field = d->field->name,
                                  .n_seg = 3 * values.n,
                                  .seg = sy_arena_alloc(arena, 3 * values.n + 1, sizeof(int64_t))};
    if (ret->seg == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < values.n; i++) {
        ret->seg[3 * i] = values.seg[i].lo;
        ret->seg[3 * i + 1] = values.seg[i].hi;
        ret->seg[3 * i + 2] = values.seg[i].cls;
    }
    return SY_OK;
}

static int by_name(const void *p, const void *q)
{
    const struct sy_region_dim *a = p;
    const struct sy_region_dim *b = q;
    int c = sy_view_cmp(a->dataset, b->dataset);
    return c != 0 ? c : sy_view_cmp(a->field, b->field);
}

static int by_id(const void *p, const void *q)
{
    const struct sy_view *a = p;
    const struct sy_view *b = q;
    return sy_view_cmp(*a, *b);
}

sy_status guard_box(const struct rules_state *s, const struct rules_model *m,
                    const struct sy_plan_types *types, const uint64_t *params, size_t i,
                    struct sy_arena *arena, struct sy_region_box *ret, struct sy_error *err)
{
    const struct region_case c = {.plan = &m->plan, .types = types, .params = params, .block = i};
    struct region r;
    SY_TRY(region_build(&c, arena, &r, err));
    *ret = (struct sy_region_box){
        .dims = sy_arena_alloc(arena, r.n_dims + 1, sizeof(*ret->dims)),
        .sources = sy_arena_alloc(arena, r.n_sources + 1, sizeof(*ret->sources))};
    if (ret->dims == NULL || ret->sources == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t k = 0; k < r.n_sources; k++) {
        ret->sources[ret->n_sources++] = r.sources[k]->id;
    }
    for (size_t k = 0; k < r.n_dims; k++) {
        struct region_set values;
        bool all;
        SY_TRY(unmasked(s, m, &r.dims[k], arena, &values, &all, err));
        if (!all) {
            SY_TRY(dim_record(&r.dims[k], values, arena, &ret->dims[ret->n_dims++], err));
        }
    }
    qsort(ret->sources, ret->n_sources, sizeof(*ret->sources), by_id);
    if (ret->n_dims > 1) {
        qsort(ret->dims, ret->n_dims, sizeof(*ret->dims), by_name);
    }
    return SY_OK;
}
