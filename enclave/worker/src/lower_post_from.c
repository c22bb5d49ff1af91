/*
 * FROM in the post stage: blocks, common table expressions and subqueries, joined so that a row of the
 * left side finds one row of the right side at most. An inner join whose left side is the one that can
 * be found is turned round.
 */
#include "lower_post.h"

/* --- tables --------------------------------------------------------------------------------------- */

static sy_status rename_table(struct post *p, const struct relval *v, struct sy_view alias,
                              const json_t *column_names, uint64_t pos, struct relval *ret)
{
    if (json_array_size(column_names) > v->n_names) {
        return lower_refuse_named(p->b, REFUSE_TABLE_OPTION, pos, alias,
                                  "more column names than columns");
    }
    struct name *names = sy_arena_alloc(p->b->arena, v->n_names + 1, sizeof *names);
    if (names == NULL) {
        return lower_no_memory(p->b);
    }
    for (size_t i = 0; i < v->n_names; i++) {
        names[i] = (struct name){.table = alias, .name = v->names[i].name, .ord = v->names[i].ord};
        if (i < json_array_size(column_names)) {
            names[i].name = sy_arena_copy(p->b->arena, ast_view(json_array_get(column_names, i)));
        }
    }
    *ret = *v;
    ret->names = names;
    return SY_OK;
}

static sy_status use_cte(struct post *p, struct cte *cte)
{
    struct builder *b = p->b;
    struct cte *scope = b->ctes;
    struct relval v = {0};
    if (cte->lowered) {
        return SY_OK;
    }
    b->ctes = cte->prev;
    SY_TRY(post_query(p, cte->node, &v));
    b->ctes = scope;
    cte->lowered = true;
    return rename_table(p, &v, cte->name, cte->aliases, b->pos, &cte->val);
}

static sy_status base_table(struct post *p, const json_t *node, struct relval *ret)
{
    struct builder *b = p->b;
    struct sy_view name = ast_view(json_object_get(node, "table_name"));
    uint64_t pos = ast_pos(b, node);
    bool found = false;
    bool plain = ast_str(node, "schema_name")[0] == 0;
    for (struct cte *cte = plain ? b->ctes : NULL; cte != NULL; cte = cte->prev) {
        if (view_ieq(cte->name, name)) {
            SY_TRY(use_cte(p, cte));
            *ret = cte->val;
            return SY_OK;
        }
    }
    if (plain) {
        SY_TRY(post_block(p, name, pos, ret, &found));
    }
    return found ? SY_OK : lower_refuse_named(b, REFUSE_POST_SOURCE, pos, name, NULL);
}

static sy_status named_table(struct post *p, const json_t *node, struct relval *ret)
{
    struct relval v = {0};
    struct builder *b = p->b;
    uint64_t pos = ast_pos(b, node);
    struct sy_view alias = ast_view(json_object_get(node, "alias"));
    if (ast_is(node, "type", "BASE_TABLE")) {
        SY_TRY(base_table(p, node, &v));
        alias = alias.n != 0 ? alias : ast_view(json_object_get(node, "table_name"));
    } else {
        SY_TRY(post_query(p, json_object_get(json_object_get(node, "subquery"), "node"), &v));
    }
    return rename_table(p, &v, sy_arena_copy(b->arena, alias),
                        json_object_get(node, "column_name_alias"), pos, ret);
}

/* --- joins ---------------------------------------------------------------------------------------- */

/* Both sides' columns under their names; the predicate is lowered over them. */
struct post_joining {
    struct post *p;
    struct relval l, r;
    struct sy_post_col *cols;
    struct post_hint *hints;
    struct name *names;
    struct post_list list;
    struct post_ctx ctx;
};

static sy_status open_join(struct post_joining *j)
{
    struct post *p = j->p;
    size_t n_left = p->types[j->l.rel].n_cols;
    size_t n = n_left + p->types[j->r.rel].n_cols;
    size_t n_names = j->l.n_names + j->r.n_names;
    j->cols = sy_arena_alloc(p->b->arena, n + 1, sizeof *j->cols);
    j->hints = sy_arena_alloc(p->b->arena, n + 1, sizeof *j->hints);
    j->names = sy_arena_alloc(p->b->arena, n_names + 1, sizeof *j->names);
    if (j->cols == NULL || j->hints == NULL || j->names == NULL) {
        return lower_no_memory(p->b);
    }
    for (size_t i = 0; i < n; i++) {
        const struct relval *v = i < n_left ? &j->l : &j->r;
        size_t at = i < n_left ? i : i - n_left;
        j->cols[i] = p->types[v->rel].cols[at];
        j->hints[i] = p->hints[v->rel][at];
    }
    for (size_t i = 0; i < n_names; i++) {
        j->names[i] = i < j->l.n_names ? j->l.names[i] : j->r.names[i - j->l.n_names];
        j->names[i].ord += i < j->l.n_names ? 0 : n_left;
    }
    j->list = (struct post_list){0};
    j->ctx = (struct post_ctx){.p = p,
                               .names = {.b = p->b, .names = j->names, .n_names = n_names},
                               .cols = j->cols,
                               .hints = j->hints,
                               .n_cols = n,
                               .list = &j->list};
    return SY_OK;
}

static size_t using_at(const struct relval *v, struct sy_view name)
{
    size_t i = 0;
    while (i < v->n_names && (v->names[i].qualified_only || !view_ieq(v->names[i].name, name))) {
        i++;
    }
    return i;
}

static sy_status join_using(struct post_joining *j, const json_t *using, uint64_t pos, size_t *ret)
{
    struct builder *b = j->p->b;
    size_t all[SY_PLAN_KEYS_MAX];
    size_t n = json_array_size(using);
    if (n == 0 || n > SY_PLAN_KEYS_MAX) {
        return lower_refuse(b, REFUSE_POST_JOIN, pos);
    }
    for (size_t i = 0; i < n; i++) {
        struct sy_view name = ast_view(json_array_get(using, i));
        size_t l = using_at(&j->l, name);
        size_t r = using_at(&j->r, name);
        size_t args[2];
        if (l == j->l.n_names || r == j->r.n_names) {
            return lower_refuse_named(b, REFUSE_POST_COLUMN, pos, name, NULL);
        }
        SY_TRY(post_col(&j->ctx, j->names[l].ord, pos, &args[0]));
        SY_TRY(post_col(&j->ctx, j->names[j->l.n_names + r].ord, pos, &args[1]));
        SY_TRY(post_op(&j->ctx, "eq", args, 2, pos, &all[i]));
        j->names[j->l.n_names + r].qualified_only = true;
    }
    *ret = all[0];
    return n == 1 ? SY_OK : post_op(&j->ctx, "and", all, n, pos, ret);
}

static sy_status join_condition(struct post_joining *j, const json_t *node, uint64_t pos,
                                size_t *ret)
{
    const json_t *on = json_object_get(node, "condition");
    if (ast_is(node, "ref_type", "CROSS")) {
        struct sy_plan_expr yes = {.op = sy_view_str("bool"), .i = 1};
        return post_add(&j->ctx, &yes, pos, ret);
    }
    if (json_is_object(on)) {
        return post_condition(&j->ctx, on, ret);
    }
    return join_using(j, json_object_get(node, "using_columns"), pos, ret);
}

/* Is column `col` (of both sides) equated with one of the other side under the top AND? */
static bool is_equated(const struct post_joining *j, size_t at, size_t col)
{
    const struct sy_plan_expr *e = &j->list.e[at];
    size_t n_left = j->p->types[j->l.rel].n_cols;
    if (sy_view_is(e->op, "and")) {
        for (size_t i = 0; i < e->n_args; i++) {
            if (is_equated(j, (size_t)e->args[i], col)) {
                return true;
            }
        }
        return false;
    }
    if (!sy_view_is(e->op, "eq")) {
        return false;
    }
    const struct sy_plan_expr *x = &j->list.e[e->args[0]];
    const struct sy_plan_expr *y = &j->list.e[e->args[1]];
    bool cols = sy_view_is(x->op, "col") && sy_view_is(y->op, "col");
    bool across = cols && ((size_t)x->i < n_left) != ((size_t)y->i < n_left);
    return across && ((size_t)x->i == col || (size_t)y->i == col);
}

/* Does the condition find at most one row of v, whose columns begin at `first`? */
static bool finds_one(const struct post_joining *j, size_t condition, const struct relval *v,
                      size_t first)
{
    const struct sy_post_rel_types *t = &j->p->types[v->rel];
    size_t keys = 0;
    for (size_t i = 0; i < t->n_cols; i++) {
        keys += t->cols[i].key ? 1 : 0;
        if (t->rows > 1 && t->cols[i].key && !is_equated(j, condition, first + i)) {
            return false;
        }
    }
    return t->rows <= 1 || keys > 0;
}

static sy_status close_join(struct post_joining *j, const json_t *node, size_t condition,
                            uint64_t pos, struct relval *ret)
{
    struct post *p = j->p;
    struct sy_plan_rel r = {.op = sy_view_str("join"),
                            .kind =
                                sy_view_str(ast_is(node, "join_type", "LEFT") ? "left" : "inner"),
                            .n_in = 2,
                            .exprs = j->list.e,
                            .n_exprs = j->list.n,
                            .n_outs = 1};
    r.in = sy_arena_alloc(p->b->arena, 2, sizeof *r.in);
    r.outs = sy_arena_alloc(p->b->arena, 1, sizeof *r.outs);
    if (r.in == NULL || r.outs == NULL) {
        return lower_no_memory(p->b);
    }
    r.in[0] = j->l.rel;
    r.in[1] = j->r.rel;
    r.outs[0] = condition;
    *ret = (struct relval){.names = j->names, .n_names = j->ctx.names.n_names};
    return post_rel_add(p, &r, j->hints, pos, &ret->rel);
}

static sy_status check_aliases(const struct post_joining *j, uint64_t pos)
{
    for (size_t i = 0; i < j->l.n_names; i++) {
        struct sy_view t = j->l.names[i].table;
        for (size_t k = 0; k < j->r.n_names; k++) {
            if (t.n != 0 && view_ieq(t, j->r.names[k].table)) {
                return lower_refuse_named(j->p->b, REFUSE_DUPLICATE_ALIAS, pos, t, NULL);
            }
        }
    }
    return SY_OK;
}

static sy_status check_kind(struct builder *b, const json_t *node, uint64_t pos)
{
    bool kind = ast_is(node, "join_type", "INNER") || ast_is(node, "join_type", "LEFT");
    if (ast_is(node, "ref_type", "NATURAL")) {
        return lower_refuse(b, REFUSE_NATURAL_JOIN, pos);
    }
    if (kind && (ast_is(node, "ref_type", "REGULAR") || ast_is(node, "ref_type", "CROSS"))) {
        return SY_OK;
    }
    return lower_refuse_named(b, REFUSE_POST_JOIN, pos,
                              sy_view_str(ast_str(node, kind ? "ref_type" : "join_type")),
                              "only INNER, LEFT and CROSS joins are in the post stage");
}

static sy_status join_table(struct post *p, const json_t *node, struct relval *ret)
{
    struct builder *b = p->b;
    uint64_t pos = ast_pos(b, node);
    struct post_joining *j = sy_arena_alloc(b->arena, 1, sizeof *j);
    if (j == NULL) {
        return lower_no_memory(b);
    }
    j->p = p;
    SY_TRY(check_kind(b, node, pos));
    SY_TRY(post_from(p, json_object_get(node, "left"), &j->l));
    SY_TRY(post_from(p, json_object_get(node, "right"), &j->r));
    SY_TRY(check_aliases(j, pos));
    bool turns = !ast_is(node, "join_type", "LEFT");
    for (int turned = 0;; turned++) {
        size_t condition;
        SY_TRY(open_join(j));
        SY_TRY(join_condition(j, node, pos, &condition));
        if (finds_one(j, condition, &j->r, p->types[j->l.rel].n_cols)) {
            return close_join(j, node, condition, pos, ret);
        }
        if (!turns || turned == 1) {
            return lower_refuse(b, REFUSE_POST_JOIN, pos);
        }
        struct relval l = j->l;
        j->l = j->r;
        j->r = l;
    }
}

sy_status post_from(struct post *p, const json_t *node, struct relval *ret)
{
    struct builder *b = p->b;
    SY_TRY(ast_check(b, node));
    if (b->depth >= LOWER_DEPTH_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    *ret = (struct relval){0};
    b->depth++;
    bool join = ast_is(node, "type", "JOIN");
    sy_status st = join ? join_table(p, node, ret) : named_table(p, node, ret);
    b->depth--;
    return st;
}
