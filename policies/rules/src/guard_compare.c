/*
 * How close two boxes are (rules/guard.h). One field at a time: the two divisions cut its values into atoms,
 * each the values of one class of either; an atom that is smaller than the grain, and that is not a whole class
 * of one of them, is what a difference of answers would be about.
 */
#include "guard.h"

#include <stdlib.h>

enum { SCRATCH_SEGS = 4 * REGION_SEGS_MAX };

#define OUTSIDE INT64_C(-2) /* the class of the values that a division leaves out */

struct atom {
    int64_t a, b; /* classes; OUTSIDE */
    uint64_t size;
    bool all_of_a, all_of_b; /* it is all of its class */
};

struct atoms {
    struct atom *atom;
    size_t n;
};

bool guard_domain(const struct sy_field_def *f, struct sy_arena *arena, struct region_set *ret)
{
    bool boolean = sy_view_is(f->type, "bool");
    bool labels = sy_view_is(f->type, "enum");
    struct region_seg *seg = sy_arena_alloc(arena, 2, sizeof(*seg));
    size_t n = 0;
    if (seg == NULL) {
        return false;
    }
    if (f->nullable) {
        seg[n++] = (struct region_seg){RULES_REGION_NULL, RULES_REGION_NULL, 0};
    }
    seg[n++] = (struct region_seg){.lo = boolean || labels ? 0 : f->lo,
                                   .hi = boolean  ? 1
                                         : labels ? (int64_t)f->n_values - 1
                                                  : f->hi};
    *ret = (struct region_set){seg, n};
    return true;
}

/* ---- atoms ---- */

static void add(struct atoms *all, int64_t a, int64_t b, int64_t lo, int64_t hi)
{
    all->atom[all->n++] =
        (struct atom){.a = a, .b = b, .size = (uint64_t)hi - (uint64_t)lo + 1}; /* below 2^63 */
}

static int by_a(const void *p, const void *q)
{
    const struct atom *x = p;
    const struct atom *y = q;
    int c = (x->a > y->a) - (x->a < y->a);
    return c != 0 ? c : (x->b > y->b) - (x->b < y->b);
}

static int by_b(const void *p, const void *q)
{
    const struct atom *x = p;
    const struct atom *y = q;
    int c = (x->b > y->b) - (x->b < y->b);
    return c != 0 ? c : (x->a > y->a) - (x->a < y->a);
}

/* Pieces of one pair of classes are one atom. */
static void unite(struct atoms *all)
{
    size_t n = 0;
    if (all->n > 1) {
        qsort(all->atom, all->n, sizeof(*all->atom), by_a);
    }
    for (size_t i = 0; i < all->n; i++) {
        struct atom x = all->atom[i];
        if (n > 0 && by_a(&all->atom[n - 1], &x) == 0) {
            all->atom[n - 1].size += x.size;
        } else {
            all->atom[n++] = x;
        }
    }
    all->n = n;
}

/* Is an atom all of its class? `alone`: no other atom has it. Where each value is a class, an atom is many. */
static bool is_all(int64_t cls, int64_t other, uint64_t size, bool alone)
{
    if (cls == OUTSIDE) {
        return false;
    }
    if (cls == RULES_REGION_EACH) {
        return true;
    }
    return alone && (other != RULES_REGION_EACH || size == 1);
}

static void mark(struct atoms *all)
{
    for (size_t i = 0; i < all->n; i++) {
        struct atom *x = &all->atom[i];
        bool alone = (i == 0 || x[-1].a != x->a) && (i + 1 == all->n || x[1].a != x->a);
        x->all_of_a = is_all(x->a, x->b, x->size, alone);
    }
    if (all->n > 1) {
        qsort(all->atom, all->n, sizeof(*all->atom), by_b);
    }
    for (size_t i = 0; i < all->n; i++) {
        struct atom *x = &all->atom[i];
        bool alone = (i == 0 || x[-1].b != x->b) && (i + 1 == all->n || x[1].b != x->b);
        x->all_of_b = is_all(x->b, x->a, x->size, alone);
    }
}

static bool cut(struct region_set a, struct region_set b, struct sy_arena *arena, struct atoms *ret)
{
    struct region_pool pool = {.arena = arena, .left = SCRATCH_SEGS};
    struct region_set only_a;
    struct region_set only_b;
    struct region_common at = {0};
    if (!region_minus(a, b, &pool, &only_a) || !region_minus(b, a, &pool, &only_b)) {
        return false;
    }
    ret->n = 0;
    ret->atom = sy_arena_alloc(arena, a.n + b.n + only_a.n + only_b.n + 1, sizeof(*ret->atom));
    if (ret->atom == NULL) {
        return false;
    }
    while (region_common(a, b, &at)) {
        add(ret, at.a->cls, at.b->cls, at.lo, at.hi);
    }
    for (size_t i = 0; i < only_a.n; i++) {
        add(ret, only_a.seg[i].cls, OUTSIDE, only_a.seg[i].lo, only_a.seg[i].hi);
    }
    for (size_t i = 0; i < only_b.n; i++) {
        add(ret, OUTSIDE, only_b.seg[i].cls, only_b.seg[i].lo, only_b.seg[i].hi);
    }
    return true;
}

/* Below the grain; where each value is a class, a value. */
static bool is_small(const struct atom *x, uint64_t grain)
{
    bool one = x->a == RULES_REGION_EACH || x->b == RULES_REGION_EACH;
    return grain == 0 || (one ? 1 : x->size) < grain;
}

bool guard_meet(struct region_set a, struct region_set b, uint64_t grain, struct sy_arena *arena,
                struct guard_meeting *ret)
{
    struct atoms all;
    *ret = (struct guard_meeting){0};
    if (!cut(a, b, arena, &all)) {
        return false;
    }
    unite(&all);
    mark(&all);
    for (size_t i = 0; i < all.n; i++) {
        const struct atom *x = &all.atom[i];
        bool common = x->a != OUTSIDE && x->b != OUTSIDE;
        bool apart = !x->all_of_a && !x->all_of_b;
        ret->overlap = ret->overlap || common;
        ret->apart = ret->apart || apart;
        ret->narrow = ret->narrow || (apart && is_small(x, grain));
        ret->small = ret->small || is_small(x, grain);
        ret->a_finer = ret->a_finer || (common && !x->all_of_b);
        ret->b_finer = ret->b_finer || (common && !x->all_of_a);
    }
    return true;
}

/* ---- boxes ---- */

static int name_cmp(const struct sy_region_dim *a, const struct sy_region_dim *b)
{
    int c = sy_view_cmp(a->dataset, b->dataset);
    return c != 0 ? c : sy_view_cmp(a->field, b->field);
}

static bool set_of(const struct sy_region_dim *d, struct sy_arena *arena, struct region_set *ret)
{
    size_t n = d->n_seg / 3;
    struct region_seg *seg = sy_arena_alloc(arena, n + 1, sizeof(*seg));
    for (size_t i = 0; seg != NULL && i < n; i++) {
        seg[i] = (struct region_seg){d->seg[3 * i], d->seg[3 * i + 1], d->seg[3 * i + 2]};
    }
    *ret = (struct region_set){seg, n};
    return seg != NULL;
}

/* The field as catalogued; a definition never changes. */
static sy_status field_of(const struct rules_state *s, const struct sy_region_dim *d,
                          struct sy_arena *arena, const struct sy_field_def **ret,
                          struct sy_error *err)
{
    struct dataset data;
    SY_TRY(dataset_read(s, d->dataset, arena, &data, err));
    *ret = def_field(&data.def, d->field);
    return *ret != NULL ? SY_OK
                        : sy_fail(err, SY_E_INTERNAL, "region", "a field left the catalogue");
}

/* One field of two boxes; NULL: the box leaves it alone. */
static sy_status meet_dims(const struct rules_state *s, const struct sy_region_dim *a,
                           const struct sy_region_dim *b, struct sy_arena *arena,
                           struct guard_meeting *ret, struct sy_error *err)
{
    const struct sy_field_def *f;
    struct region_set x;
    struct region_set y;
    SY_TRY(field_of(s, a != NULL ? a : b, arena, &f, err));
    bool labels = sy_view_is(f->type, "enum") || sy_view_is(f->type, "bool");
    uint64_t grain = f->grain == 0 && labels ? 1 : f->grain;
    bool fine = (a != NULL ? set_of(a, arena, &x) : guard_domain(f, arena, &x)) &&
                (b != NULL ? set_of(b, arena, &y) : guard_domain(f, arena, &y)) &&
                guard_meet(x, y, grain, arena, ret);
    return fine ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

/* ---- tables ---- */

static bool has_source(const struct sy_region_box *b, struct sy_view id)
{
    size_t i = 0;
    while (i < b->n_sources && !sy_view_eq(b->sources[i], id)) {
        i++;
    }
    return i < b->n_sources;
}

/* Do they share a table with units, and have they all tables in common? */
static sy_status compare_sources(const struct rules_state *s, const struct sy_region_box *a,
                                 const struct sy_region_box *b, struct sy_arena *arena,
                                 bool *shared, bool *same, struct sy_error *err)
{
    *shared = false;
    *same = a->n_sources == b->n_sources;
    for (size_t i = 0; i < a->n_sources; i++) {
        struct dataset data;
        bool both = has_source(b, a->sources[i]);
        *same = *same && both;
        SY_TRY(dataset_read(s, a->sources[i], arena, &data, err));
        *shared = *shared || (both && is_protected(&data.def));
    }
    return SY_OK;
}

/* Do all tables that changed promise that enough units did? */
static sy_status enough_changed(const struct rules_state *s, const struct sy_region_box *b,
                                const struct guard_moved *moved, struct sy_arena *arena, bool *ret,
                                struct sy_error *err)
{
    *ret = true;
    for (size_t i = 0; i < moved->n; i++) {
        struct dataset data;
        if (has_source(b, moved->datasets[i])) {
            SY_TRY(dataset_read(s, moved->datasets[i], arena, &data, err));
            *ret = *ret && data.def.turnover > 0 && data.def.turnover >= moved->units_min;
        }
    }
    return SY_OK;
}

static bool any_moved(const struct sy_region_box *b, const struct guard_moved *moved)
{
    bool any = false;
    for (size_t i = 0; i < moved->n; i++) {
        any = any || has_source(b, moved->datasets[i]);
    }
    return any;
}

/* ---- boxes, compared ---- */

/* What the fields of two boxes come to, all together. */
struct sum {
    size_t fields;
    size_t a_finer, b_finer, both_finer; /* in how many fields */
    bool apart, narrow, small;
};

static void take(struct sum *s, const struct guard_meeting *m)
{
    s->fields++;
    s->a_finer += m->a_finer ? 1 : 0;
    s->b_finer += m->b_finer ? 1 : 0;
    s->both_finer += m->a_finer && m->b_finer ? 1 : 0;
    s->apart = s->apart || m->apart;
    s->narrow = s->narrow || m->narrow;
    s->small = s->small || m->small;
}

/* A cell of a lies within one of b by one field, and the other way by another: each has people that the other
 * has not. */
static bool is_crossing(const struct sum *s)
{
    bool one_field = s->a_finer == 1 && s->b_finer == 1 && s->both_finer == 1;
    return s->a_finer > 0 && s->b_finer > 0 && !one_field;
}

/* The grain of a field speaks of the whole population. Where another field is restricted or told apart too,
 * the same values may hold one person, so everything that is set apart is too small; so are the differences
 * of cells that cross, unless they are of all people by one field and of all people by another. */
static bool is_close(const struct sum *s)
{
    if (s->apart) {
        return s->fields > 1 || s->narrow;
    }
    return is_crossing(s) && (s->fields > 2 || s->small);
}

static sy_status sum_fields(const struct rules_state *s, const struct sy_region_box *a,
                            const struct sy_region_box *b, struct sy_arena *arena, struct sum *ret,
                            bool *overlap, struct sy_error *err)
{
    *overlap = true;
    for (size_t i = 0, j = 0; *overlap && (i < a->n_dims || j < b->n_dims);) {
        int c = i == a->n_dims ? 1 : j == b->n_dims ? -1 : name_cmp(&a->dims[i], &b->dims[j]);
        struct guard_meeting m;
        SY_TRY(
            meet_dims(s, c <= 0 ? &a->dims[i] : NULL, c >= 0 ? &b->dims[j] : NULL, arena, &m, err));
        take(ret, &m);
        *overlap = m.overlap;
        i += c <= 0 ? 1 : 0;
        j += c >= 0 ? 1 : 0;
    }
    return SY_OK;
}

sy_status guard_distance_of(const struct rules_state *s, const struct sy_region_box *a,
                            const struct sy_region_box *b, const struct guard_moved *moved,
                            struct sy_arena *arena, enum guard_distance *ret, struct sy_error *err)
{
    struct sum sum = {0};
    bool overlap = false;
    bool shared;
    bool same;
    bool enough;
    *ret = GUARD_APART;
    SY_TRY(compare_sources(s, a, b, arena, &shared, &same, err));
    if (!shared) {
        return SY_OK;
    }
    SY_TRY(sum_fields(s, a, b, arena, &sum, &overlap, err));
    if (!overlap) {
        return SY_OK;
    }
    SY_TRY(enough_changed(s, a, moved, arena, &enough, err));
    bool another_version = any_moved(a, moved) && (sum.fields > 1 || !enough);
    *ret = !same || another_version || is_close(&sum) ? GUARD_CLOSE : GUARD_FAR;
    return SY_OK;
}
