/*
 * UNION: the rows of several queries, one after the other, columns by position. Each part is brought to
 * the union's columns (kind, decimal digits) first; over protected rows every part holds the unit in
 * the same column. UNION without ALL keeps the distinct rows, which are distinct per unit.
 */
#include <stdio.h>

#include "lower_internal.h"

enum { UNION_PARTS_MAX = 64 };

struct parts {
    struct relval v[UNION_PARTS_MAX];
    size_t n;
    uint64_t pos;
};

static sy_status refuse_set(struct builder *b, const json_t *node)
{
    static const char *const words[] = {"EXCEPT", "INTERSECT", "UNION"};
    const char *shown = "UNION BY NAME";
    for (size_t i = 0; i < 2; i++) {
        shown = ast_is(node, "setop_type", words[i]) ? words[i] : shown;
    }
    char word[16];
    snprintf(word, sizeof word, "%.9s", shown[0] == 'U' ? "UNION" : shown);
    return lower_refuse_named(b, REFUSE_SET_OPERATION, lower_find(b->sql, b->pos, word),
                              sy_view_str(shown), NULL);
}

static sy_status add_part(struct builder *b, const json_t *node, struct parts *p)
{
    if (p->n >= UNION_PARTS_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, p->pos);
    }
    SY_TRY(lower_query(b, node, &p->v[p->n]));
    p->n++;
    return SY_OK;
}

/* (a UNION ALL b) UNION ALL c is one union of three. */
static sy_status add_parts(struct builder *b, const json_t *node, struct parts *p)
{
    const json_t *left = json_object_get(node, "left");
    bool chain = ast_is(left, "type", "SET_OPERATION_NODE") &&
                 ast_is(left, "setop_type", "UNION") &&
                 json_is_true(json_object_get(left, "setop_all")) &&
                 json_array_size(json_object_get(json_object_get(left, "cte_map"), "map")) == 0;
    if (b->depth >= LOWER_DEPTH_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    b->depth++;
    if (chain) {
        SY_TRY(ast_check_set(b, left, AST_QUERY));
    }
    SY_TRY(chain ? add_parts(b, left, p) : add_part(b, left, p));
    SY_TRY(add_part(b, json_object_get(node, "right"), p));
    b->depth--;
    return SY_OK;
}

/* What column i of every part becomes: the kind of the first that is not always NULL, and the most
 * decimal digits. */
static struct sy_type column_type(const struct builder *b, const struct parts *p, size_t i)
{
    struct sy_type r = {.nothing = true};
    for (size_t k = 0; k < p->n; k++) {
        const struct relval *v = &p->v[k];
        struct sy_type t = b->types[v->rel].cols[v->names[i].ord];
        if (r.kind == SY_TYPE_NONE || (r.nothing && !t.nothing)) {
            uint32_t scale = r.scale;
            r = t;
            r.scale = t.kind == SY_TYPE_INT && scale > t.scale ? scale : t.scale;
        }
        r.scale =
            r.kind == SY_TYPE_INT && t.kind == SY_TYPE_INT && t.scale > r.scale ? t.scale : r.scale;
    }
    return r;
}

/* Exactly the named columns, each of the type that the union gives it. */
static sy_status align(struct builder *b, const struct parts *p, size_t part, struct relval *v)
{
    struct exprs *list = sy_arena_alloc(b->arena, 1, sizeof *list);
    size_t *outs = sy_arena_alloc(b->arena, v->n_names + 1, sizeof *outs);
    *v = p->v[part];
    b->pos = p->pos;
    if (list == NULL || outs == NULL) {
        return lower_no_memory(b);
    }
    struct ctx c = rel_ctx(b, v, list);
    bool same = v->n_names == b->types[v->rel].n_cols;
    for (size_t i = 0; i < v->n_names; i++) {
        struct sy_type t = column_type(b, p, i);
        SY_TRY(expr_col(&c, v->names[i].ord, p->pos, &outs[i]));
        if (list->t[outs[i]].nothing && !t.nothing) {
            SY_TRY(expr_null_like(&c, &t, p->pos, &outs[i]));
        }
        SY_TRY(expr_fit(&c, &outs[i], &t, p->pos));
        same = same && sy_view_is(list->e[outs[i]].op, "col") && v->names[i].ord == i;
    }
    return same ? SY_OK : lower_project(&c, outs, v->n_names, p->v[0].names, v->n_names, v);
}

static sy_status unite(struct builder *b, struct parts *p, struct relval *ret)
{
    struct sy_plan_rel r = {.op = sy_view_str("union"), .n_in = p->n};
    struct relval *aligned = sy_arena_alloc(b->arena, p->n, sizeof *aligned);
    r.in = sy_arena_alloc(b->arena, p->n, sizeof *r.in);
    if (aligned == NULL || r.in == NULL) {
        return lower_no_memory(b);
    }
    b->untracked = REFUSE_UNION_UNIT;
    for (size_t i = 0; i < p->n; i++) {
        if (p->v[i].n_names != p->v[0].n_names) {
            return lower_refuse(b, REFUSE_UNION_COLUMNS, p->pos);
        }
        aligned[i] = p->v[i];
        SY_TRY(align(b, p, i, &aligned[i]));
        r.in[i] = aligned[i].rel;
    }
    *ret = (struct relval){.names = p->v[0].names, .n_names = p->v[0].n_names};
    for (size_t i = 0; i < ret->n_names; i++) {
        ret->names[i].ord = i;
    }
    SY_TRY(rel_add(b, &r, p->pos, &ret->rel));
    b->untracked = 0;
    return SY_OK;
}

sy_status lower_union(struct builder *b, const json_t *node, struct relval *ret)
{
    struct cte *before = b->ctes;
    struct parts *p = sy_arena_alloc(b->arena, 1, sizeof *p);
    if (p == NULL) {
        return lower_no_memory(b);
    }
    SY_TRY(ast_check_set(b, node, AST_QUERY));
    if (!ast_is(node, "setop_type", "UNION")) {
        return refuse_set(b, node);
    }
    p->pos = lower_find(b->sql, b->pos, "UNION");
    SY_TRY(lower_with(b, node));
    SY_TRY(add_parts(b, node, p));
    SY_TRY(unite(b, p, ret));
    if (!json_is_true(json_object_get(node, "setop_all"))) {
        SY_TRY(lower_distinct(b, ret, REFUSE_UNION_UNIT, p->pos));
    }
    return lower_with_end(b, before);
}
