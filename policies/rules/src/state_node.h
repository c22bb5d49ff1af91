/*
 * Nodes of the tree (state_tree.h), and what searches do at each of them. Private to state_node.c and state_tree.c.
 *
 * Invariants: labels ascend; the key that ends comes before all. Labels fill whole words, so that eight are compared
 * at a time; what stands behind the last one is any byte.
 */
#ifndef RULES_STATE_NODE_H
#define RULES_STATE_NODE_H

#include "base/arith.h"
#include "state_pool.h"
#include "state_row.h"
#include "state_tree.h"

enum { NODE_WORD = 8, NODE_END = -1 /* the label of the key that ends at a node */ };

extern const uint16_t NODE_CAPS[TREE_CLASSES];

struct node {
    struct item item;
    uint16_t at;      /* the byte of the key that the edges tell apart */
    uint16_t n;       /* edges with a label */
    uint8_t class;    /* it has room for NODE_CAPS[class] edges */
    uint8_t words;    /* of labels, for these */
    struct item *end; /* the key that ends at `at`; NULL: none */
    uint8_t labels[]; /* beside what else a search reads; then as many children */
};

static inline struct item **children(struct node *x)
{
    return (struct item **)(void *)(x->labels + (size_t)x->words * NODE_WORD);
}

static inline struct node *node_of(struct item *i)
{
    return (struct node *)(void *)i;
}

static inline struct state_row *row_of(struct item *i)
{
    return (struct state_row *)(void *)i;
}

static inline struct sy_view key_of(struct item *i)
{
    return state_row_key(row_of(i));
}

/* ---- searching ---- */

/* The label of a key at a node: its byte there, or NODE_END. Longer keys only: key.n >= at. */
static inline int label_of(const struct node *x, struct sy_view key)
{
    return key.n > x->at ? key.p[x->at] : NODE_END;
}

/* Which of eight bytes is the first to be `byte`; NODE_WORD: none. Where a byte of `differs` is zero, taking 1 from
 * it borrows, and the lowest such borrow is that of the first. */
static inline size_t first_in_word(const uint8_t word[NODE_WORD], uint8_t byte)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t differs = sy_load_le64(word) ^ (ones * byte);
    const uint64_t borrows = (differs - ones) & ~differs & (ones << 7);
    return borrows == 0 ? NODE_WORD : (size_t)__builtin_ctzll(borrows) / 8;
}

/* The edge with this label; NULL when there is none. Labels are there once, and what stands behind the last one
 * comes after it: the first match is the one that counts. */
static inline struct item **edge(struct node *x, int label)
{
    if (label == NODE_END) {
        return x->end == NULL ? NULL : &x->end;
    }
    for (size_t from = 0; from < x->n; from += NODE_WORD) {
        const size_t k = from + first_in_word(x->labels + from, (uint8_t)label);
        if (k < from + NODE_WORD) {
            return k < x->n ? &children(x)[k] : NULL;
        }
    }
    return NULL;
}

/* The edge that a key takes at a node; NULL when there is none. */
static inline struct item **way(struct node *x, struct sy_view key)
{
    return key.n < x->at ? NULL : edge(x, label_of(x, key));
}

/* ---- changing: of what nobody shares ---- */

/* An empty node, in the pool's memory (NULL: of the heap); NULL when out of memory. */
struct node *node_new(struct pool *pool, unsigned class);
void node_free(struct node *x); /* itself only */

/* A copy, which holds all children too; NULL when out of memory. */
struct node *node_copy(struct pool *pool, struct node *x);

/* The edges of `from` into an empty node with more room. */
void node_move(struct node *x, const struct node *from);

/* There is room, and no such edge. */
void node_add(struct node *x, int label, struct item *child);

/* `at` is one of its edges. */
void node_drop(struct node *x, struct item **at);

/* Let go of a node or row, which is freed with all below it when nobody else holds it. */
void item_let_go(struct item *i);

#endif
