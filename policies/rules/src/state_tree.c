/*
 * The tree of state_tree.h. Searching compares one byte a node and the whole key at the row: what lies
 * between is the same for all keys below a node, so it is compared once and stored nowhere.
 *
 * Invariants: a node has at least two edges; labels ascend, the key that ends comes before all; `at` grows
 * downwards; only what nobody shares is written, which tree_reserve sees to beforehand.
 */
#include "state_tree.h"

#include <string.h>

#include "state_node.h"

enum { SPARES_KEPT = 64 };

/* ---- memory ---- */

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
    x->n = 0;
    x->end = NULL;
    return x;
}

void tree_free(struct tree *t)
{
    if (t->root != NULL) {
        item_let_go(t->root);
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

const struct state_row *tree_get(const struct tree *t, struct sy_view key)
{
    struct item *i = t->root;
    while (i != NULL && i->is_row == 0) {
        struct item **next = way(node_of(i), key);
        i = next == NULL ? NULL : *next;
    }
    return i != NULL && sy_view_eq(key_of(i), key) ? row_of(i) : NULL;
}

/* Some child: where to go on when all that counts is what lies before the node. */
static struct item *any_child(struct node *x)
{
    return x->n > 0 ? children(x)[0] : x->end;
}

/* Some row below: all of them have the same bytes before the node. */
static struct item *any_row(struct item *i)
{
    while (i->is_row == 0) {
        i = any_child(node_of(i));
    }
    return i;
}

/* A step for each key in turn, so that one is on its way from memory while the others are looked at. */
void tree_warm(const struct tree *t, const struct sy_view *keys, size_t n)
{
    struct item *at[TREE_WARM_MAX];
    uint8_t who[TREE_WARM_MAX]; /* is on its way */
    size_t left = t->root == NULL || n > TREE_WARM_MAX ? 0 : n;
    for (size_t i = 0; i < left; i++) {
        at[i] = t->root;
        who[i] = (uint8_t)i;
    }
    while (left > 0) {
        size_t on = 0;
        for (size_t i = 0; i < left; i++) {
            if (at[i]->is_row != 0) {
                __builtin_prefetch(state_row_value(row_of(at[i])).p);
                continue;
            }
            struct node *x = node_of(at[i]);
            struct item **next = way(x, keys[who[i]]);
            if (next != NULL) {
                at[on] = *next;
                who[on] = who[i];
                __builtin_prefetch(at[on++]);
            }
        }
        left = on;
    }
}

/* A row that has as many bytes in common with the key as any; the tree is not empty. */
static struct item *nearest(const struct tree *t, struct sy_view key)
{
    struct item *i = t->root;
    while (i->is_row == 0) {
        struct item **next = way(node_of(i), key);
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
    while (i + NODE_WORD <= n) {
        const uint64_t differs = sy_load_le64(a.p + i) ^ sy_load_le64(b.p + i);
        if (differs != 0) {
            return i + (size_t)__builtin_ctzll(differs) / 8;
        }
        i += NODE_WORD;
    }
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
        struct item *above = child_above(node_of(i), key.n > n ? key.p[n] : NODE_END);
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
    struct node *x = node_copy(pool, shared);
    if (x == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
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
        slot = way(node_of(*slot), key);
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
    if (x->n < NODE_CAPS[x->class]) {
        return x;
    }
    struct node *wide = take_spare(t, x->class + 1u);
    node_move(wide, x);
    spare(t, x);
    *slot = &wide->item;
    return wide;
}

/* Where a key leads. */
struct lead {
    struct item **slot; /* the edge to a row, or to a node without an edge for the key */
    size_t passed;      /* so many bytes the nodes above have seen, but for those before `unseen` */
    struct item
        *unseen; /* the lowest node on the way before which bytes went by unseen; NULL: none */
};

/* As far down as the key leads; the tree is not empty. */
static struct lead follow(struct tree *t, struct sy_view key)
{
    struct lead l = {.slot = &t->root};
    while ((*l.slot)->is_row == 0) {
        struct node *x = node_of(*l.slot);
        l.unseen = x->at > l.passed ? &x->item : l.unseen;
        struct item **next = way(x, key);
        if (next == NULL) {
            break;
        }
        l.passed = x->at + 1u;
        l.slot = next;
    }
    return l;
}

/* The first byte in which the key differs from the rows that it leads to. Below `unseen` every byte was looked at, so
 * at a node it is enough to compare with any row below that: the same one for many a key, and at hand. */
static size_t parting(const struct lead *l, struct sy_view key)
{
    if ((*l->slot)->is_row != 0) {
        return difference(key, key_of(*l->slot));
    }
    const size_t at = node_of(*l->slot)->at;
    const size_t n = l->unseen == NULL ? at : difference(key, key_of(any_row(l->unseen)));
    return l->unseen == NULL || n >= node_of(l->unseen)->at ? at : n;
}

static void add_row(struct tree *t, struct item **slot, size_t n, struct state_row *row)
{
    struct sy_view key = state_row_key(row);
    struct node *x = node_of(*slot);
    if ((*slot)->is_row == 0 && x->at == n) {
        x = key.n > n ? widen(t, slot) : x;
    } else {
        struct sy_view other = key_of(any_row(*slot));
        x = take_spare(t, 0);
        x->at = (uint16_t)n;
        node_add(x, other.n > n ? other.p[n] : NODE_END, *slot);
        *slot = &x->item;
    }
    node_add(x, key.n > n ? key.p[n] : NODE_END, &row->item);
}

struct state_row *tree_put(struct tree *t, struct state_row *row)
{
    struct sy_view key = state_row_key(row);
    if (t->root == NULL) {
        t->root = &row->item;
        return NULL;
    }
    const struct lead l = follow(t, key);
    const size_t n = parting(&l, key);
    struct item *there = *l.slot;
    if (there->is_row != 0 && n == key.n && n == there->n_key) {
        *l.slot = &row->item;
        return row_of(there);
    }
    add_row(t, n >= l.passed ? l.slot : slot_at(t, key, n), n, row);
    return NULL;
}

struct state_row *tree_take(struct tree *t, struct sy_view key)
{
    struct item **above = NULL; /* the node whose edge leads to the row */
    struct item **slot = t->root == NULL ? NULL : &t->root;
    while (slot != NULL && (*slot)->is_row == 0) {
        above = slot;
        slot = way(node_of(*slot), key);
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
    node_drop(x, slot);
    if (x->n + (x->end == NULL ? 0 : 1) == 1) {
        *above = x->end != NULL ? x->end : children(x)[0];
        spare(t, x);
    }
    return row;
}
