/*
 * What: rows of the state into products. Invariant: before bridge_shelf_close products are in the order of the
 * pages, after it only the buyer's own are left, sorted by path.
 */
#include "bridge/shelf.h"

#include <sodium.h>
#include <stdlib.h>

#include "proof/ids.h"

enum { PRODUCTS_MAX = 4096, ARENA_MAX = 256 << 20, FIRST_CAP = 16 };

static const char *const PREFIXES[] = {"product/", "subscription/", NULL};

struct bridge_shelf *bridge_shelf_new(void)
{
    struct bridge_shelf *s = calloc(1, sizeof(*s));
    if (s != NULL) {
        s->refs = 1;
        s->arena.ceiling = ARENA_MAX;
    }
    return s;
}

struct bridge_shelf *bridge_shelf_hold(struct bridge_shelf *s)
{
    s->refs++;
    return s;
}

void bridge_shelf_drop(struct bridge_shelf *s)
{
    if (s != NULL && --s->refs == 0) {
        sy_arena_deinit(&s->arena);
        free(s);
    }
}

const char *bridge_shelf_prefix(size_t i)
{
    return PREFIXES[i];
}

/* ---- rows ---- */

/* 32 bytes from the first 64 digits of a key behind its prefix. */
static bool id_of_key(struct sy_view key, const char *prefix, uint8_t ret[32])
{
    size_t n = strlen(prefix);
    size_t n_bytes = 0;
    return key.n >= n + 64 && sy_view_starts(key, sy_view_str(prefix)) &&
           sodium_hex2bin(ret, 32, (const char *)key.p + n, 64, NULL, &n_bytes, NULL) == 0 &&
           n_bytes == 32;
}

/* Room for one more; the arena keeps what is outgrown. */
static struct bridge_product *add_place(struct bridge_shelf *s)
{
    if (s->n == s->cap) {
        size_t cap = s->cap == 0 ? FIRST_CAP : 2 * s->cap;
        struct bridge_product *more = sy_arena_alloc(&s->arena, cap, sizeof(*more));
        if (more == NULL) {
            return NULL;
        }
        if (s->n > 0) {
            memcpy(more, s->products, s->n * sizeof(*more));
        }
        s->products = more;
        s->cap = cap;
    }
    return &s->products[s->n];
}

/* A parameter that only a consent token can give has no place in a call here. */
static bool is_callable(const struct sy_product *p)
{
    for (size_t i = 0; i < p->n_params; i++) {
        if (p->params[i].asserted) {
            return false;
        }
    }
    return true;
}

static sy_status take_product(struct bridge_shelf *s, const struct sy_state_row *row)
{
    struct sy_product_row r;
    uint8_t id[32];
    struct bridge_product *to = add_place(s);
    if (to == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    *to = (struct bridge_product){0};
    if (!id_of_key(row->key, PREFIXES[0], to->id) ||
        !sy_ok(sy_record_decode(&sy_product_row_desc, row->value, &SY_MP_LARGE, &s->arena, &r,
                                NULL)) ||
        !sy_view_is(r.status, "published") ||
        !sy_ok(
            sy_record_decode(&sy_product_desc, r.product, &SY_MP_LARGE, &s->arena, &to->p, NULL))) {
        return SY_OK;
    }
    proof_product_id(id, r.product);
    if (memcmp(id, to->id, 32) != 0 || !is_callable(&to->p)) {
        return SY_OK;
    }
    sodium_bin2hex(to->hex, sizeof(to->hex), id, sizeof(id));
    to->exchange = r.exchange;
    to->registration = r.registration;
    s->n++;
    return SY_OK;
}

static struct sy_view title_of(const struct sy_product *p, struct sy_view use)
{
    for (size_t i = 0; i < p->n_uses; i++) {
        if (sy_view_eq(p->uses[i].code, use)) {
            return p->uses[i].title;
        }
    }
    return (struct sy_view){0};
}

static sy_status take_subscription(struct bridge_shelf *s, const struct sy_state_row *row,
                                   const char *buyer)
{
    struct sy_subscription sub;
    uint8_t id[32];
    if (!id_of_key(row->key, PREFIXES[1], id) ||
        !sy_ok(sy_record_decode(&sy_subscription_desc, row->value, &SY_MP_LARGE, &s->arena, &sub,
                                NULL)) ||
        !sy_view_is(sub.status, "active") || !sy_view_is(sub.buyer, buyer) ||
        memcmp(sub.product, id, 32) != 0) {
        return SY_OK;
    }
    for (size_t i = 0; i < s->n; i++) {
        if (memcmp(s->products[i].id, id, 32) == 0) {
            s->products[i].is_ours = true;
            s->products[i].sub = sub;
            s->products[i].use = title_of(&s->products[i].p, sub.purpose);
        }
    }
    return SY_OK;
}

sy_status bridge_shelf_take(struct bridge_shelf *s, size_t i, struct sy_view page,
                            const char *buyer, bool *ret_more, struct sy_view *ret_after)
{
    struct sy_state_rows rows;
    struct sy_view copy = sy_arena_copy(&s->arena, page);
    if (page.n > 0 && copy.p == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    SY_TRY(sy_record_decode(&sy_state_rows_desc, copy, &SY_MP_LARGE, &s->arena, &rows, NULL));
    for (size_t k = 0; k < rows.n_rows; k++) {
        SY_TRY(i == 0 ? take_product(s, &rows.rows[k])
                      : take_subscription(s, &rows.rows[k], buyer));
    }
    if (s->n > PRODUCTS_MAX || (rows.more && rows.n_rows == 0)) {
        return sy_status_of(SY_E_LIMIT);
    }
    *ret_more = rows.more;
    if (rows.more) {
        *ret_after = rows.rows[rows.n_rows - 1].key;
    }
    return SY_OK;
}

/* ---- closing ---- */

static bool is_path(struct sy_view v)
{
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
              c == '-')) {
            return false;
        }
    }
    return v.n >= 1 && v.n < 64 && v.p[0] != '.'; /* 64 would pass for an id */
}

static bool is_unique(const struct bridge_shelf *s, size_t i)
{
    for (size_t k = 0; k < s->n; k++) {
        if (k != i && sy_view_eq(s->products[k].p.name, s->products[i].p.name)) {
            return false;
        }
    }
    return true;
}

static int by_path(const void *a, const void *b)
{
    const struct bridge_product *x = a;
    const struct bridge_product *y = b;
    return strcmp(x->path, y->path);
}

sy_status bridge_shelf_close(struct bridge_shelf *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->products[i].is_ours) {
            s->products[n++] = s->products[i];
        }
    }
    s->n = n;
    for (size_t i = 0; i < n; i++) {
        struct bridge_product *p = &s->products[i];
        bool named = is_path(p->p.name) && is_unique(s, i);
        p->path = (const char *)sy_arena_copy(&s->arena, named ? p->p.name : sy_view_str(p->hex)).p;
        if (p->path == NULL) {
            return sy_status_of(SY_E_NO_MEMORY);
        }
    }
    if (n > 0) {
        qsort(s->products, n, sizeof(*s->products), by_path);
    }
    return SY_OK;
}

const struct bridge_product *bridge_shelf_find(const struct bridge_shelf *s, struct sy_view name)
{
    for (size_t i = 0; i < s->n; i++) {
        if (sy_view_is(name, s->products[i].path) || sy_view_is(name, s->products[i].hex)) {
            return &s->products[i];
        }
    }
    return NULL;
}
