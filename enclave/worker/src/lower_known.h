/*
 * The SELECT around aggregates, in blocks and in the post stage alike: which nodes of its expressions
 * are columns already. A walk finds aggregates, group keys and aliases; whoever lowers the expressions
 * afterwards meets them as columns, and everything above them as arithmetic.
 */
#ifndef WORKER_LOWER_KNOWN_H
#define WORKER_LOWER_KNOWN_H

#include "lower_internal.h"

enum { LOWER_KNOWN_MAX = 4096 };

struct post_ctx;

/* A value that the post stage makes of several released columns of a block: the first member of what
 * knows which. lower appends its expression to the list of c. */
struct derived {
    sy_status (*lower)(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret);
};

/* node is column `col`; or, when `item` is set, an alias that stands for it; or, when `derived` is set,
 * that arithmetic over columns. */
struct known {
    const json_t *node;
    const json_t *item;
    size_t col;
    const struct derived *derived;
};

struct knowns {
    struct known *v;
    size_t n, cap;
};

/* keys[i]: nodes of the group keys, over the columns that `c` names. aliases: the select list whose
 * aliases may be used where no column fits; NULL while the list itself is walked. */
struct walker {
    struct ctx *c;
    const json_t **keys;
    size_t n_keys;
    const json_t *aliases;
    struct knowns *known;
    void *self;
    sy_status (*aggregate)(void *self, const json_t *node, struct known *ret); /* col or derived */
    sy_status (*key)(void *self, size_t key, size_t *ret_col);
};

/* Note all that is a column below a node; a column that is neither grouped nor aggregated is refused. */
sy_status known_walk(const struct walker *w, const json_t *node);
sy_status known_add(struct builder *b, struct knowns *known, const struct known *k);
/* NULL when the node is not known. */
const struct known *known_find(const struct knowns *known, const json_t *node);
/* Position of the key that is the same expression; n_keys when none is. */
size_t known_key(const struct walker *w, const json_t *node);

#endif
