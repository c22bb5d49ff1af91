/*
 * The tree of state_tree.h. Searching compares one byte a node and the whole key at the row: what lies
 * between is the same for all keys below a node, so it is compared once and stored nowhere.
 *
 * Invariants: a node has at least two edges; labels ascend, the key that ends comes before all; `at` grows
 * downwards; only what nobody shares is written, which tree_reserve sees to beforehand.
 */
#include "state_tree.h"

#include <stdlib.h>
#include <string.h>

#include "state_pool.h"
#include "state_row.h"

enum { SPARES_KEPT = 64, SHORT_SEARCH = 8, END = -1 };

static const uint16_t CAPS[TREE_CLASSES] = {8, 16, 48, 256};

struct node {
    struct item item;
    uint16_t at;      /* the byte of the key that the edges tell apart */
    uint16_t n;       /* edges with a label */
    uint16_t class;   /* its room is CAPS[class] */
    struct item *end; /* the key that ends at `at`; NULL: none */
    uint8_t
        labels[]; /* room for CAPS[class], beside what else a search reads; then as many children */
};

static struct item **children(struct node *x)
{
    return (struct item **)(void *)(x->labels + CAPS[x->class]);
}

static struct node *node_of(struct item *i)
{
    return (struct node *)(void *)i;
}

static struct state_row *row_of(struct item *i)
{
    return (struct state_row *)(void *)i;
}

static struct sy_view key_of(struct item *i)
{
    return state_row_key(row_of(i));
}

/* ---- memory ---- */

static size_t node_bytes(unsigned class)
{
    return sizeof(struct node) + CAPS[class] * (sizeof(struct item *) + 1);
}

static struct node *node_new(struct pool *pool, unsigned class)
{
    const size_t n = node_bytes(class);
    const bool pooled = pool != NULL && n <= POOL_BLOCK_MAX;
    struct node *x = pooled ? pool_take(pool, n) : calloc(1, n);
    if (x != NULL) {
        *x = (struct node){.item.pooled = pooled ? 1 : 0, .class = (uint16_t) class};
    }
    return x;
}

static void node_free(struct node *x)
{
    if (x->item.pooled != 0) {
        pool_give(x);
    } else {
        free(x);
    }
}

static void spare(struct tree *t, struct node *x)
{
    if (t->n_spares[x->class] >= SPARES_KEPT) {
        node_free(x);
        return;
    }
    x->end = t->spares[x->class] == NULL ? NULL : &t->spares[x->class]->item;
    t->spares[x->class] = x;
    t->n_spares[x->class]++;
}

/* An empty node of this class; reserved. */
static struct node *take_spare(struct tree *t, unsigned class)
{
    struct node *x = t->spares[class];
    t->spares[class] = x->end == NULL ? NULL : node_of(x->end);
    t->n_spares[class]--;
    x->item.refs = 1;
    x->n = 0;
    x->end = NULL;
    return x;
}

static void let_go(struct item *i);

static void node_let_go(struct node *x)
{
    for (size_t k = 0; k < x->n; k++) {
        let_go(children(x)[k]);
    }
    if (x->end != NULL) {
        let_go(x->end);
    }
    node_free(x);
}

/* As deep as the longest key at most. */
static void let_go(struct item *i)
{
    if (i->is_row != 0) {
        state_row_free(row_of(i));
    } else if (--i->refs == 0) {
        node_let_go(node_of(i));
    }
}

void tree_free(struct tree *t)
{
    if (t->root != NULL) {
        let_go(t->root);
    }
    for (size_t c = 0; c < TREE_CLASSES; c++) {
        while (t->spares[c] != NULL) {
            node_free(take_spare(t, (unsigned)c));
        }
    }
    t->root = NULL;
}

void tree_share(struct tree *t, struct tree *ret)
{
    t->shared = true;
    *ret = (struct tree){.root = t->root, .shared = true};
    if (t->root != NULL) {
        t->root->refs++;
    }
}

/* ---- searching ---- */

/* The label of a key at a node: its byte there, or END. Longer keys only: key.n >= at. */
static int label_of(const struct node *x, struct sy_view key)
{
    return key.n > x->at ? key.p[x->at] : END;
}

/* The edge with this label; NULL when there is none. */
static struct item **edge(struct node *x, int label)
{
    if (label == END) {
        return x->end == NULL ? NULL : &x->end;
    }
    if (x->n > SHORT_SEARCH) {
        const uint8_t *found = memchr(x->labels, label, x->n);
        return found == NULL ? NULL : &children(x)[found - x->labels];
    }
    for (size_t k = 0; k < x->n; k++) {
        if (x->labels[k] == label) {
            return &children(x)[k];
        }
    }
    return NULL;
}

const struct state_row *tree_get(const struct tree *t, struct sy_view key)
{
    struct item *i = t->root;
    while (i != NULL && i->is_row == 0) {
        struct node *x = node_of(i);
        struct item **next = key.n < x->at ? NULL : edge(x, label_of(x, key));
        i = next == NULL ? NULL : *next;
    }
    return i != NULL && sy_view_eq(key_of(i), key) ? row_of(i) : NULL;
}

/* A step for each key in turn, so that one is on its way from memory while the others are looked at. */
void tree_warm(const struct tree *t, const struct sy_view *keys, size_t n)
{
    struct item *at[TREE_WARM_MAX];
    bool on = t->root != NULL && n <= TREE_WARM_MAX;
    for (size_t i = 0; on && i < n; i++) {
        at[i] = t->root;
    }
    while (on) {
        on = false;
        for (size_t i = 0; i < n; i++) {
            if (at[i]->is_row != 0) {
                continue;
            }
            struct node *x = node_of(at[i]);
            struct item **next = keys[i].n < x->at ? NULL : edge(x, label_of(x, keys[i]));
            at[i] = next != NULL ? *next : x->n > 0 ? children(x)[0] : x->end; /* as nearest does */
            __builtin_prefetch(at[i]);
            on = true;
        }
    }
}

/* The edge that leads to the row with this key; NULL: no such row. */
static struct item **row_slot(struct tree *t, struct sy_view key)
{
    struct item **slot = t->root == NULL ? NULL : &t->root;
    while (slot != NULL && (*slot)->is_row == 0) {
        struct node *x = node_of(*slot);
        slot = key.n < x->at ? NULL : edge(x, label_of(x, key));
    }
    return slot != NULL && sy_view_eq(key_of(*slot), key) ? slot : NULL;
}

/* Some row below: all of them have the same bytes before the node. */
static struct item *any_row(struct item *i)
{
    while (i->is_row == 0) {
        i = node_of(i)->n > 0 ? children(node_of(i))[0] : node_of(i)->end;
    }
    return i;
}

/* A row that has as many bytes in common with the key as any; the tree is not empty. */
static struct item *nearest(const struct tree *t, struct sy_view key)
{
    struct item *i = t->root;
    while (i->is_row == 0) {
        struct node *x = node_of(i);
        struct item **next = key.n < x->at ? NULL : edge(x, label_of(x, key));
        if (next == NULL) {
            return any_row(i);
        }
        i = *next;
    }
    return i;
}

/* The first byte in which two keys differ; where the shorter ends when it begins the other. */
static size_t difference(struct sy_view a, struct sy_view b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    size_t i = 0;
    while (i < n && a.p[i] == b.p[i]) {
        i++;
    }
    return i;
}

/* Where the subtree of all keys hangs that share the key's first `n` bytes, when the tree has such. */
static struct item **slot_at(struct tree *t, struct sy_view key, size_t n)
{
    struct item **slot = &t->root;
    while ((*slot)->is_row == 0 && node_of(*slot)->at < n) {
        slot = edge(node_of(*slot), label_of(node_of(*slot), key));
    }
    return slot;
}

/* ---- order ---- */

static const struct state_row *first_row(struct item *i)
{
    while (i->is_row == 0) {
        struct node *x = node_of(i);
        i = x->end != NULL ? x->end : children(x)[0];
    }
    return row_of(i);
}

/* The child of the least label above this one; NULL: none. */
static struct item *child_above(struct node *x, int label)
{
    for (size_t k = 0; k < x->n; k++) {
        if (x->labels[k] > label) {
            return children(x)[k];
        }
    }
    return NULL;
}

const struct state_row *tree_after(const struct tree *t, struct sy_view key, bool or_equal)
{
    if (t->root == NULL) {
        return NULL;
    }
    struct item *near = nearest(t, key);
    struct sy_view other = key_of(near);
    const size_t n = difference(key, other);
    if (or_equal && n == key.n && n == other.n) {
        return row_of(near);
    }
    /* go down as far as the key leads; the last turn to the right that it passes comes next */
    struct item *right = NULL;
    struct item *i = t->root;
    while (i->is_row == 0 && node_of(i)->at < n) {
        struct node *x = node_of(i);
        struct item *above = child_above(x, key.p[x->at]);
        right = above != NULL ? above : right;
        i = *edge(x, key.p[x->at]);
    }
    if (i->is_row == 0 && node_of(i)->at == n) {
        struct item *above = child_above(node_of(i), key.n > n ? key.p[n] : END);
        right = above != NULL ? above : right;
    } else if (sy_view_cmp(other, key) > 0) {
        right = i; /* all keys here are on the same side of it */
    }
    return right == NULL ? NULL : first_row(right);
}

/* ---- room ---- */

static sy_status fill_spares(struct tree *t, unsigned class, size_t n)
{
    while (t->n_spares[class] < n) {
        struct node *x = node_new(t->pool, class);
        if (x == NULL) {
            return sy_status_of(SY_E_NO_MEMORY);
        }
        x->end = t->spares[class] == NULL ? NULL : &t->spares[class]->item;
        t->spares[class] = x;
        t->n_spares[class]++;
    }
    return SY_OK;
}

/* A node of our own in place of a shared one. */
static sy_status own(struct pool *pool, struct item **slot)
{
    struct node *shared = node_of(*slot);
    if (shared->item.refs == 1) {
        return SY_OK;
    }
    struct node *x = node_new(pool, shared->class);
    if (x == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    const struct item itself = {.refs = 1, .pooled = x->item.pooled};
    memcpy(x, shared, node_bytes(shared->class));
    x->item = itself;
    for (size_t k = 0; k < x->n; k++) {
        children(x)[k]->refs++;
    }
    if (x->end != NULL) {
        x->end->refs++;
    }
    shared->item.refs--;
    *slot = &x->item;
    return SY_OK;
}

/* Nothing on the way to this key is shared, nor what it may be merged with. */
static sy_status own_path(struct tree *t, struct sy_view key)
{
    struct item **slot = t->root == NULL ? NULL : &t->root;
    while (slot != NULL && (*slot)->is_row == 0) {
        SY_TRY(own(t->pool, slot));
        struct node *x = node_of(*slot);
        slot = key.n < x->at ? NULL : edge(x, label_of(x, key));
    }
    return SY_OK;
}

sy_status tree_reserve(struct tree *t, struct state_row *const *rows, size_t n)
{
    for (unsigned c = 0; c < TREE_CLASSES; c++) {
        SY_TRY(fill_spares(t, c, n));
    }
    for (size_t i = 0; t->shared && i < n; i++) {
        SY_TRY(own_path(t, state_row_key(rows[i])));
    }
    return SY_OK;
}

/* ---- writing ---- */

/* A node with room for one more edge in place of a full one. */
static struct node *widen(struct tree *t, struct item **slot)
{
    struct node *x = node_of(*slot);
    if (x->n < CAPS[x->class]) {
        return x;
    }
    struct node *wide = take_spare(t, x->class + 1u);
    wide->at = x->at;
    wide->n = x->n;
    wide->end = x->end;
    memcpy(children(wide), children(x), x->n * sizeof(struct item *));
    memcpy(wide->labels, x->labels, x->n);
    spare(t, x);
    *slot = &wide->item;
    return wide;
}

static void add_edge(struct node *x, int label, struct item *i)
{
    if (label == END) {
        x->end = i;
        return;
    }
    uint8_t *l = x->labels;
    struct item **c = children(x);
    size_t k = 0;
    while (k < x->n && l[k] < label) {
        k++;
    }
    memmove(&c[k + 1], &c[k], (x->n - k) * sizeof(struct item *));
    memmove(&l[k + 1], &l[k], x->n - k);
    c[k] = i;
    l[k] = (uint8_t)label;
    x->n++;
}

struct state_row *tree_put(struct tree *t, struct state_row *row)
{
    struct sy_view key = state_row_key(row);
    if (t->root == NULL) {
        t->root = &row->item;
        return NULL;
    }
    struct item **slot = row_slot(t, key);
    if (slot != NULL) {
        struct state_row *old = row_of(*slot);
        *slot = &row->item;
        return old;
    }
    struct sy_view other = key_of(nearest(t, key));
    const size_t n = difference(key, other);
    struct node *x;
    slot = slot_at(t, key, n);
    if ((*slot)->is_row == 0 && node_of(*slot)->at == n) {
        x = key.n > n ? widen(t, slot) : node_of(*slot);
    } else {
        x = take_spare(t, 0);
        x->at = (uint16_t)n;
        add_edge(x, other.n > n ? other.p[n] : END, *slot);
        *slot = &x->item;
    }
    add_edge(x, key.n > n ? key.p[n] : END, &row->item);
    return NULL;
}

static void drop_edge(struct node *x, struct item **at)
{
    if (at == &x->end) {
        x->end = NULL;
        return;
    }
    uint8_t *l = x->labels;
    struct item **c = children(x);
    const size_t k = (size_t)(at - c);
    x->n--;
    memmove(&c[k], &c[k + 1], (x->n - k) * sizeof(struct item *));
    memmove(&l[k], &l[k + 1], x->n - k);
}

struct state_row *tree_take(struct tree *t, struct sy_view key)
{
    struct item **above = NULL; /* the node whose edge leads to the row */
    struct item **slot = t->root == NULL ? NULL : &t->root;
    while (slot != NULL && (*slot)->is_row == 0) {
        struct node *x = node_of(*slot);
        above = slot;
        slot = key.n < x->at ? NULL : edge(x, label_of(x, key));
    }
    if (slot == NULL || !sy_view_eq(key_of(*slot), key)) {
        return NULL;
    }
    struct state_row *row = row_of(*slot);
    if (above == NULL) {
        t->root = NULL;
        return row;
    }
    struct node *x = node_of(*above);
    drop_edge(x, slot);
    if (x->n + (x->end == NULL ? 0 : 1) == 1) {
        *above = x->end != NULL ? x->end : children(x)[0];
        spare(t, x);
    }
    return row;
}
