/* Private to the plan check: what its parts hand each other. */
#ifndef RULES_PLAN_INTERNAL_H
#define RULES_PLAN_INTERNAL_H

#include "rules/plan_check.h"

/* A check in progress. */
struct plan_work {
    const struct rules_plan_case *c;
    struct sy_plan_types types;
    struct sy_rel_units *units;     /* per relation */
    const struct sy_track **tracks; /* per block: whose rows it bounds; NULL: public */
    uint64_t *caps; /* per block: cellkey: most rows of one unit, by the catalogue */
    struct sy_arena *arena;
    struct sy_error *err;
};

/* "blocks[i].part", for an error's field. */
const char *check_path(struct plan_work *w, const char *list, size_t i, const char *part);

/* Noise, ranges and thresholds of every block (plan_cost.c). */
SY_MUST sy_status plan_blocks(struct plan_work *w, struct rules_plan_facts *ret);

/* What a run costs each namespace whose units own rows (plan_price.c). */
SY_MUST sy_status plan_price(struct plan_work *w, struct rules_plan_facts *ret);

/* The post stage, the slot, and the length of the answer (plan_size.c). */
SY_MUST sy_status plan_sizes(struct plan_work *w, struct rules_plan_facts *ret);

/* Cell-key blocks (plan_cellkey.c): is it one; may it be; interval and measure of figure j, whose reach is
 * filled. */
bool plan_is_cellkey(const struct plan_work *w, size_t i);
SY_MUST sy_status plan_cellkey(struct plan_work *w, size_t i);
SY_MUST sy_status plan_cellkey_figure(struct plan_work *w, size_t i, size_t j,
                                      struct rules_figure_facts *ret);

/* Trees (plan_tree.c): the block's, if it has one; noise and interval of its figure, whose reach is that of a
 * cell; how many cells are noised when n_cells are declared. */
struct rules_tree_facts plan_tree(const struct sy_plan_block *b);
SY_MUST sy_status plan_tree_figure(struct plan_work *w, size_t i, const struct rules_block_facts *k,
                                   struct rules_figure_facts *ret);
uint64_t plan_noised_cells(const struct sy_plan_block *b, uint64_t n_cells);

/* The namespace whose units a figure counts as values, other than the block's own; else empty. */
struct sy_view plan_values_ns(const struct plan_work *w, size_t i, const struct sy_plan_figure *f);

/* Kind of noise of a mechanism name; NONE for "exact" and unknown words. */
enum rules_noise plan_noise(struct sy_view mechanism);

/* Does it answer about one consenting subject? */
bool plan_is_subject(const struct sy_plan_block *b);

/* A plan that reads a developer's own data is answered by noise only (plan_own.c). After typing. */
SY_MUST sy_status plan_own_check(struct plan_work *w);

/* What such plans must be, and what others must not (plan_subject.c). After typing and tracking. */
SY_MUST sy_status plan_subject_check(struct plan_work *w);

#endif
