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
    bool whole; /* it is all of a class of one division */
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

/* An atom is all of its class when it is the only one with that class. */
static void mark_whole(struct atoms *all)
{
    for (size_t i = 0; i < all->n; i++) {
        struct atom *x = &all->atom[i];
        bool alone = (i == 0 || x[-1].a != x->a) && (i + 1 == all->n || x[1].a != x->a);
        x->whole = x->a != OUTSIDE && (alone || x->a == RULES_REGION_EACH);
    }
    if (all->n > 1) {
        qsort(all->atom, all->n, sizeof(*all->atom), by_b);
    }
    for (size_t i = 0; i < all->n; i++) {
        struct atom *x = &all->atom[i];
        bool alone = (i == 0 || x[-1].b != x->b) && (i + 1 == all->n || x[1].b != x->b);
        x->whole = x->whole || (x->b != OUTSIDE && (alone || x->b == RULES_REGION_EACH));
    }
}

static bool cut(struct region_set a, struct region_set b, struct sy_arena *arena, struct atoms *ret)
{
    struct region_pool pool = {.arena = arena, .left = SCRATCH_SEGS};
    struct region_set only_a;
    struct region_set only_b;
    if (!region_minus(a, b, &pool, &only_a) || !region_minus(b, a, &pool, &only_b)) {
        return false;
    }
    ret->n = 0;
    ret->atom = sy_arena_alloc(arena, a.n + b.n + only_a.n + only_b.n + 1, sizeof(*ret->atom));
    if (ret->atom == NULL) {
        return false;
    }
    for (size_t i = 0, j = 0; i < a.n && j < b.n;) {
        int64_t lo = sy_max_i64(a.seg[i].lo, b.seg[j].lo);
        int64_t hi = sy_min_i64(a.seg[i].hi, b.seg[j].hi);
        if (lo <= hi) {
            add(ret, a.seg[i].cls, b.seg[j].cls, lo, hi);
        }
        if (a.seg[i].hi < b.seg[j].hi) {
            i++;
        } else {
            j++;
        }
    }
    for (size_t i = 0; i < only_a.n; i++) {
        add(ret, only_a.seg[i].cls, OUTSIDE, only_a.seg[i].lo, only_a.seg[i].hi);
    }
    for (size_t i = 0; i < only_b.n; i++) {
        add(ret, OUTSIDE, only_b.seg[i].cls, only_b.seg[i].lo, only_b.seg[i].hi);
    }
    return true;
}

/* Is nothing told apart inside? */
static bool is_plain(struct region_set s)
{
    bool plain = true;
    for (size_t i = 0; plain && i < s.n; i++) {
        plain = s.seg[i].cls == s.seg[0].cls && s.seg[i].cls != RULES_REGION_EACH;
    }
    return plain;
}

bool guard_meet(struct region_set a, struct region_set b, uint64_t grain, struct sy_arena *arena,
                struct guard_meeting *ret)
{
    struct atoms all;
    bool same = true;
    *ret = (struct guard_meeting){0};
    if (!cut(a, b, arena, &all)) {
        return false;
    }
    unite(&all);
    mark_whole(&all);
    ret->a_in_b = ret->b_in_a = true;
    for (size_t i = 0; i < all.n; i++) {
        const struct atom *x = &all.atom[i];
        bool common = x->a != OUTSIDE && x->b != OUTSIDE;
        ret->overlap = ret->overlap || common;
        ret->a_in_b = ret->a_in_b && x->b != OUTSIDE;
        ret->b_in_a = ret->b_in_a && x->a != OUTSIDE;
        same = same && common;
        ret->narrow = ret->narrow || (!x->whole && (grain == 0 || x->size < grain));
        ret->apart = ret->apart || !x->whole;
    }
    ret->agree = is_plain(a) && is_plain(b) ? same : ret->overlap;
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

static bool same_sources(const struct sy_region_box *a, const struct sy_region_box *b)
{
    bool same = a->n_sources == b->n_sources;
    for (size_t i = 0; same && i < a->n_sources; i++) {
        same = sy_view_eq(a->sources[i], b->sources[i]);
    }
    return same;
}

/* What the fields of two boxes come to, all together. */
struct sum {
    size_t fields, differ;
    bool apart_there, apart_else;   /* something is set apart in fields that differ; that agree */
    bool narrow_there, narrow_else; /* and it is small */
    bool all_narrow;                /* in every field that differs */
    bool a_in_b, b_in_a;
};

static void take(struct sum *s, const struct guard_meeting *m)
{
    s->fields++;
    s->differ += m->agree ? 0 : 1;
    s->apart_there = s->apart_there || (!m->agree && m->apart);
    s->apart_else = s->apart_else || (m->agree && m->apart);
    s->narrow_there = s->narrow_there || (!m->agree && m->narrow);
    s->narrow_else = s->narrow_else || (m->agree && m->narrow);
    s->all_narrow = s->all_narrow && (m->agree || m->narrow);
    s->a_in_b = s->a_in_b && m->a_in_b;
    s->b_in_a = s->b_in_a && m->b_in_a;
}

/* The grain of a field speaks of the whole population. Where another field is restricted or told apart too,
 * the same values may hold one person, so everything that is set apart is too small. */
static bool is_close(const struct sum *s)
{
    bool alone = s->fields <= 1;
    if (s->differ == 0) {
        return alone ? s->narrow_else : s->apart_else;
    }
    if (s->differ == 1) {
        return alone ? s->narrow_there : s->apart_there;
    }
    return s->all_narrow || ((s->a_in_b || s->b_in_a) && s->apart_there);
}

sy_status guard_distance_of(const struct rules_state *s, const struct sy_region_box *a,
                            const struct sy_region_box *b, struct sy_arena *arena,
                            enum guard_distance *ret, struct sy_error *err)
{
    struct sum sum = {.all_narrow = true, .a_in_b = true, .b_in_a = true};
    *ret = GUARD_APART;
    if (!same_sources(a, b)) {
        return SY_OK;
    }
    for (size_t i = 0, j = 0; i < a->n_dims || j < b->n_dims;) {
        int c = i == a->n_dims ? 1 : j == b->n_dims ? -1 : name_cmp(&a->dims[i], &b->dims[j]);
        struct guard_meeting m;
        SY_TRY(
            meet_dims(s, c <= 0 ? &a->dims[i] : NULL, c >= 0 ? &b->dims[j] : NULL, arena, &m, err));
        if (!m.overlap) {
            return SY_OK;
        }
        take(&sum, &m);
        i += c <= 0 ? 1 : 0;
        j += c >= 0 ? 1 : 0;
    }
    *ret = is_close(&sum) ? GUARD_CLOSE : GUARD_FAR;
    return SY_OK;
}
