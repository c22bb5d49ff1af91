/*
 * What: nodes in memory. Invariant: a node with room for few edges, as most are, fits in a cache line.
 */
#include "state_node.h"

#include <stdlib.h>
#include <string.h>

const uint16_t NODE_CAPS[TREE_CLASSES] = {4, 8, 16, 48, 256};

static size_t words_of(unsigned class)
{
    return (NODE_CAPS[class] + NODE_WORD - 1u) / NODE_WORD;
}

static size_t bytes_of(unsigned class)
{
    return sizeof(struct node) + words_of(class) * NODE_WORD +
           NODE_CAPS[class] * sizeof(struct item *);
}

struct node *node_new(struct pool *pool, unsigned class)
{
    const size_t n = bytes_of(class);
    const bool pooled = pool != NULL && n <= POOL_BLOCK_MAX;
    struct node *x = pooled ? pool_take(pool, n) : calloc(1, n);
    if (x != NULL) {
        *x = (struct node){.item = {.refs = 1, .pooled = pooled ? 1 : 0},
                           .class = (uint8_t) class,
                           .words = (uint8_t)words_of(class)};
        memset(x->labels, 0, words_of(class) * NODE_WORD);
    }
    return x;
}

void node_free(struct node *x)
{
    if (x->item.pooled != 0) {
        pool_give(x);
    } else {
        free(x);
    }
}

struct node *node_copy(struct pool *pool, struct node *x)
{
    struct node *copy = node_new(pool, x->class);
    if (copy == NULL) {
        return NULL;
    }
    node_move(copy, x);
    for (size_t k = 0; k < x->n; k++) {
        children(x)[k]->refs++;
    }
    if (x->end != NULL) {
        x->end->refs++;
    }
    return copy;
}

void node_move(struct node *x, const struct node *from)
{
    const struct item *const *c =
        (const struct item *const *)(const void *)(from->labels + (size_t)from->words * NODE_WORD);
    x->at = from->at;
    x->n = from->n;
    x->end = from->end;
    memcpy(children(x), c, from->n * sizeof(struct item *));
    memcpy(x->labels, from->labels, from->n);
}

void node_add(struct node *x, int label, struct item *child)
{
    if (label == NODE_END) {
        x->end = child;
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
    c[k] = child;
    l[k] = (uint8_t)label;
    x->n++;
}

void node_drop(struct node *x, struct item **at)
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

static void node_let_go(struct node *x)
{
    for (size_t k = 0; k < x->n; k++) {
        item_let_go(children(x)[k]);
    }
    if (x->end != NULL) {
        item_let_go(x->end);
    }
    node_free(x);
}

/* As deep as the longest key at most. */
void item_let_go(struct item *i)
{
    if (i->is_row != 0) {
        state_row_free(row_of(i));
    } else if (--i->refs == 0) {
        node_let_go(node_of(i));
    }
}
