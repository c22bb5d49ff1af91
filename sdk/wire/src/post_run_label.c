/*
 * The labels of a run, numbered in their order (wire/post.h): the declared labels of the keys that the
 * stage reads, then literals and parameters, then what only the blocks' tables have, bytewise.
 */
#include <stdlib.h>

#include "post_run_internal.h"

static const size_t UNDECLARED = SIZE_MAX; /* position of labels that only tables have */

/* Adds labels when `list` is there, else only counts them. */
struct collect {
    struct post_label *list;
    size_t n;
};

static void add(struct collect *c, struct sy_view text, bool declared)
{
    if (c->list != NULL) {
        /* a text without a pointer would be NULL in a table */
        struct sy_view v = text.p == NULL ? sy_view("", 0) : text;
        c->list[c->n] = (struct post_label){v, declared ? c->n : UNDECLARED, 0};
    }
    c->n++;
}

static void add_literals(const struct post_run *run, struct collect *c)
{
    for (size_t r = 0; r < run->post->n_rels; r++) {
        const struct sy_plan_rel *rel = &run->post->rels[r];
        for (size_t i = 0; i < rel->n_exprs; i++) {
            const struct sy_plan_expr *e = &rel->exprs[i];
            if (sy_view_is(e->op, "str")) {
                add(c, e->s, true);
            } else if (sy_view_is(e->op, "param")) {
                add(c, run->plan->params[e->i].values[run->params[e->i]], true);
            }
        }
    }
}

static void add_column(const struct sy_plan_key *key, const struct sy_post_column *col,
                       size_t n_rows, bool open, struct collect *c)
{
    if (key->open != open) {
        return;
    }
    for (size_t i = 0; !open && i < key->n_labels; i++) {
        add(c, key->labels[i], true);
    }
    for (size_t i = 0; open && i < n_rows; i++) {
        if (col->texts[i].p != NULL) {
            add(c, col->texts[i], false);
        }
    }
}

/* The label columns of one block: the labels of declared keys, or the texts of open ones. */
static void add_block(const struct post_run *run, const struct sy_plan_rel *rel, bool open,
                      struct collect *c)
{
    size_t b = post_block_of(run, rel);
    const struct sy_post_table *t = &run->tables[b];
    size_t col = 0;
    for (size_t i = 0; i < run->plan->n_outs; i++) {
        const struct sy_plan_out *o = &run->plan->outs[i];
        if (o->block != b) {
            continue;
        }
        if (t->cols[col].kind == SY_POST_LABEL) {
            add_column(&run->plan->blocks[b].keys[o->a], &t->cols[col], t->n_rows, open, c);
        }
        col++;
    }
}

static void add_blocks(const struct post_run *run, bool open, struct collect *c)
{
    for (size_t r = 0; r < run->post->n_rels; r++) {
        if (sy_view_is(run->post->rels[r].op, "block")) {
            add_block(run, &run->post->rels[r], open, c);
        }
    }
}

static void add_all(const struct post_run *run, struct collect *c)
{
    add_blocks(run, false, c);
    add_literals(run, c);
    add_blocks(run, true, c);
}

static int by_at(const struct post_label *a, const struct post_label *b)
{
    return (a->at > b->at) - (a->at < b->at);
}

static int compare_text(const void *pa, const void *pb)
{
    const struct post_label *a = pa;
    const struct post_label *b = pb;
    int c = sy_view_cmp(a->text, b->text);
    return c != 0 ? c : by_at(a, b);
}

static int compare_at(const void *pa, const void *pb)
{
    const struct post_label *a = *(const struct post_label *const *)pa;
    const struct post_label *b = *(const struct post_label *const *)pb;
    int c = by_at(a, b);
    return c != 0 ? c : sy_view_cmp(a->text, b->text);
}

/* Sort by text and keep of equal texts the first; returns how many are left. */
static size_t unique(struct post_label *l, size_t n)
{
    size_t kept = 0;
    qsort(l, n, sizeof *l, compare_text);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || !sy_view_eq(l[kept - 1].text, l[i].text)) {
            l[kept++] = l[i];
        }
    }
    return kept;
}

sy_status post_labels_init(struct post_run *run)
{
    struct post_labels *l = &run->labels;
    struct collect c = {0};
    add_all(run, &c);
    SY_TRY(post_alloc(run, c.n, sizeof *l->by_text, &l->by_text));
    c = (struct collect){l->by_text, 0};
    add_all(run, &c);
    l->n = unique(l->by_text, c.n);

    struct post_label **order;
    SY_TRY(post_alloc(run, l->n, sizeof(struct post_label *), &order));
    SY_TRY(post_alloc(run, l->n, sizeof *l->by_id, &l->by_id));
    for (size_t i = 0; i < l->n; i++) {
        order[i] = &l->by_text[i];
    }
    qsort(order, l->n, sizeof(struct post_label *), compare_at);
    for (size_t i = 0; i < l->n; i++) {
        order[i]->id = i;
        l->by_id[i] = order[i]->text;
    }
    return SY_OK;
}

bool post_label_id(const struct post_labels *l, struct sy_view text, double *ret)
{
    size_t lo = 0;
    size_t hi = l->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = sy_view_cmp(l->by_text[mid].text, text);
        if (c == 0) {
            *ret = (double)l->by_text[mid].id;
            return true;
        }
        lo = c < 0 ? mid + 1 : lo;
        hi = c < 0 ? hi : mid;
    }
    return false;
}
