/* See region_set.h: sweeps over two ascending lists. */
#include "region_set.h"

#include "base/arith.h"

#include <stdlib.h>

static bool room(struct region_list *l)
{
    if (l->n < l->cap) {
        return true;
    }
    size_t cap = l->cap == 0 ? 8 : 2 * l->cap;
    bool allowed = l->n < REGION_SEGS_MAX && l->pool->left >= cap;
    struct region_seg *seg = allowed ? sy_arena_alloc(l->pool->arena, cap, sizeof(*seg)) : NULL;
    if (seg == NULL) {
        return false;
    }
    l->pool->left -= cap;
    if (l->n > 0) {
        memcpy(seg, l->seg, l->n * sizeof(*seg));
    }
    l->seg = seg;
    l->cap = cap;
    return true;
}

bool region_push(struct region_list *l, int64_t lo, int64_t hi, int64_t cls)
{
    if (hi < lo) {
        return true;
    }
    struct region_seg *last = l->n > 0 ? &l->seg[l->n - 1] : NULL;
    bool touches = last != NULL && last->cls == cls && last->hi != RULES_REGION_NULL &&
                   last->hi < INT64_MAX && last->hi + 1 == lo;
    if (touches) {
        last->hi = hi;
        return true;
    }
    if (!room(l)) {
        return false;
    }
    l->seg[l->n++] = (struct region_seg){lo, hi, cls};
    return true;
}

static int by_lo(const void *a, const void *b)
{
    const struct region_seg *x = a;
    const struct region_seg *y = b;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

void region_sort(struct region_list *l)
{
    size_t n = l->n;
    if (n == 0) {
        return;
    }
    qsort(l->seg, n, sizeof(*l->seg), by_lo);
    l->n = 0;
    for (size_t i = 0; i < n; i++) {
        struct region_seg s = l->seg[i];
        (void)region_push(l, s.lo, s.hi, s.cls); /* into the room there is: n never exceeds i */
    }
}

bool region_common(struct region_set a, struct region_set b, struct region_common *at)
{
    bool found = false;
    while (!found && at->i < a.n && at->j < b.n) {
        at->a = &a.seg[at->i];
        at->b = &b.seg[at->j];
        at->lo = sy_max_i64(at->a->lo, at->b->lo);
        at->hi = sy_min_i64(at->a->hi, at->b->hi);
        found = at->lo <= at->hi;
        bool a_ends = at->a->hi < at->b->hi;
        at->i += a_ends ? 1 : 0;
        at->j += a_ends ? 0 : 1;
    }
    return found;
}

bool region_and(struct region_set a, struct region_set b, struct region_pool *pool,
                struct region_set *ret)
{
    struct region_list l = {.pool = pool};
    struct region_common at = {0};
    while (region_common(a, b, &at)) {
        if (!region_push(&l, at.lo, at.hi, at.a->cls)) {
            return false;
        }
    }
    *ret = region_of(&l);
    return true;
}

bool region_minus(struct region_set a, struct region_set b, struct region_pool *pool,
                  struct region_set *ret)
{
    struct region_list l = {.pool = pool};
    size_t j = 0;
    for (size_t i = 0; i < a.n; i++) {
        int64_t lo = a.seg[i].lo;
        bool all = false;
        while (j < b.n && b.seg[j].hi < lo) {
            j++;
        }
        for (size_t k = j; k < b.n && b.seg[k].lo <= a.seg[i].hi && !all; k++) {
            if (b.seg[k].lo > lo && !region_push(&l, lo, b.seg[k].lo - 1, a.seg[i].cls)) {
                return false;
            }
            all = b.seg[k].hi >= a.seg[i].hi;
            lo = all ? lo : b.seg[k].hi + 1;
        }
        if (!all && !region_push(&l, lo, a.seg[i].hi, a.seg[i].cls)) {
            return false;
        }
    }
    *ret = region_of(&l);
    return true;
}

/* ---- refinement ---- */

/* Classes of pairs, in order of appearance. */
struct pairs {
    int64_t (*pair)[2];
    size_t n, cap;
};

static int64_t class_of(struct pairs *p, int64_t a, int64_t b)
{
    size_t i = 0;
    while (i < p->n && (p->pair[i][0] != a || p->pair[i][1] != b)) {
        i++;
    }
    if (i == p->n) {
        p->pair[i][0] = a;
        p->pair[i][1] = b;
        p->n++;
    }
    return (int64_t)i;
}

bool region_refine(struct region_set a, struct region_set b, struct region_pool *pool,
                   struct region_set *ret)
{
    struct region_list l = {.pool = pool};
    struct pairs p = {.pair = sy_arena_alloc(pool->arena, a.n + b.n + 1, sizeof(*p.pair))};
    struct region_common at = {0};
    if (p.pair == NULL) {
        return false;
    }
    while (region_common(a, b, &at)) {
        bool each = at.a->cls == RULES_REGION_EACH || at.b->cls == RULES_REGION_EACH;
        int64_t cls = each ? RULES_REGION_EACH : class_of(&p, at.a->cls, at.b->cls);
        if (!region_push(&l, at.lo, at.hi, cls)) {
            return false;
        }
    }
    *ret = region_of(&l);
    return true;
}

bool region_eq(struct region_set a, struct region_set b)
{
    bool same = a.n == b.n;
    for (size_t i = 0; same && i < a.n; i++) {
        same = a.seg[i].lo == b.seg[i].lo && a.seg[i].hi == b.seg[i].hi &&
               a.seg[i].cls == b.seg[i].cls;
    }
    return same;
}
