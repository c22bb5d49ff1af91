/*
 * FROM: datasets, common table expressions, subqueries and joins become relations under names. Whose
 * rows they are is tracked through every step (wire/plan_unit.h), because a join of two protected
 * tables must demand equality of their units (else one person's rows would multiply another's).
 */
#include "base/weak.h"
#include "lower_internal.h"

/* --- relations ------------------------------------------------------------------------------------ */

static bool share_namespace(const struct sy_rel_units *a, const struct sy_rel_units *b)
{
    for (size_t i = 0; i < a->n_tracks; i++) {
        for (size_t k = 0; k < b->n_tracks; k++) {
            if (sy_view_eq(a->tracks[i].ns, b->tracks[k].ns)) {
                return true;
            }
        }
    }
    return false;
}

/* The relation would have rows that nobody can say the unit of: which rule it breaks. */
static sy_status refuse_untracked(struct builder *b, const struct sy_plan_rel *r, uint64_t pos)
{
    static const struct {
        const char *op, *kind;
        enum lower_refusal why;
    } rules[] = {{"project", NULL, REFUSE_UNIT_DROPPED}, {"reduce", NULL, REFUSE_INNER_GROUP},
                 {"window", NULL, REFUSE_WINDOW_UNIT},   {"union", NULL, REFUSE_UNION_UNIT},
                 {"join", "semi", REFUSE_SEMI_UNIT},     {"join", "anti", REFUSE_SEMI_UNIT}};
    if (b->untracked != 0) {
        return lower_refuse(b, b->untracked, pos);
    }
    if (sy_view_is(r->op, "scan")) {
        return lower_refuse_named(b, REFUSE_NO_UNIT, pos, r->source, NULL);
    }
    if (lower_by_unit(b, r)) {
        return lower_refuse(b, REFUSE_WINDOW_ORDER, pos);
    }
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (sy_view_is(r->op, rules[i].op) &&
            (rules[i].kind == NULL || sy_view_is(r->kind, rules[i].kind))) {
            return lower_refuse(b, rules[i].why, pos);
        }
    }
    bool together = share_namespace(&b->units[r->in[0]], &b->units[r->in[1]]);
    return lower_refuse(b, together ? REFUSE_JOIN_UNIT : REFUSE_JOIN_NS, pos);
}

/* Type relation n and track its units. */
static sy_status rel_check(struct builder *b, size_t n, uint64_t pos)
{
    struct sy_error err = {0};
    sy_status st = sy_type_rel(&b->typer, b->plan.rels, n, b->types, &err);
    if (st.code == SY_E_PLAN) {
        return lower_refuse_named(b, REFUSE_TYPE, pos, (struct sy_view){0}, err.reason);
    }
    SY_TRY(st);
    st = sy_unit_rel(b->plan.rels, n, b->types, b->units, b->arena, &err);
    if (st.code == SY_E_PRIVACY) {
        return refuse_untracked(b, &b->plan.rels[n], pos);
    }
    return st.code == SY_E_LIMIT ? lower_refuse(b, REFUSE_TOO_LARGE, pos) : st;
}

sy_status rel_add(struct builder *b, const struct sy_plan_rel *r, uint64_t pos, size_t *ret)
{
    size_t n = b->plan.n_rels;
    b->plan.rels = lower_grow(b, b->plan.rels, n, &b->cap_rels, sizeof *b->plan.rels);
    b->types = lower_grow(b, b->types, n, &b->cap_types, sizeof *b->types);
    b->units = lower_grow(b, b->units, n, &b->cap_units, sizeof *b->units);
    if (b->plan.rels == NULL || b->types == NULL || b->units == NULL) {
        return lower_no_memory(b);
    }
    if (n >= SY_PLAN_RELS_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, pos);
    }
    b->plan.rels[n] = *r;
    SY_TRY(rel_check(b, n, pos));
    b->plan.n_rels = n + 1;
    *ret = n;
    return SY_OK;
}

sy_status rel_over(struct builder *b, const char *op, const struct relval *v,
                   const struct exprs *list, struct sy_plan_rel *r)
{
    uint64_t *in = sy_arena_alloc(b->arena, 1, sizeof *in);
    if (in == NULL) {
        return lower_no_memory(b);
    }
    *in = v->rel;
    r->op = sy_view_str(op);
    r->in = in;
    r->n_in = 1;
    r->exprs = list->e;
    r->n_exprs = list->n;
    return SY_OK;
}

struct ctx rel_ctx(struct builder *b, const struct relval *v, struct exprs *list)
{
    return (struct ctx){.b = b,
                        .list = list,
                        .cols = b->types[v->rel].cols,
                        .n_cols = b->types[v->rel].n_cols,
                        .names = v->names,
                        .n_names = v->n_names,
                        .lifted = v->lifted};
}

/* --- tables --------------------------------------------------------------------------------------- */

/* The other unit columns of a dataset stand behind its granted fields: known, but not to be read. */
static size_t granted_fields(const struct sy_lower_job *job, size_t i)
{
    size_t n = job->datasets[i].n_fields;
    return i < job->n_granted && job->granted[i] < n ? (size_t)job->granted[i] : n;
}

static sy_status scan_dataset(struct builder *b, size_t dataset, uint64_t pos, struct relval *ret)
{
    const struct sy_dataset_def *def = &b->job->datasets[dataset];
    size_t n = granted_fields(b->job, dataset);
    struct sy_plan_rel r = {.op = sy_view_str("scan"), .source = def->id, .n_names = n};
    r.names = sy_arena_alloc(b->arena, n + 1, sizeof *r.names);
    ret->names = sy_arena_alloc(b->arena, n + 1, sizeof *ret->names);
    if (r.names == NULL || ret->names == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < n; i++) {
        r.names[i] = def->fields[i].name;
        ret->names[i] = (struct name){.name = def->fields[i].name, .ord = i};
    }
    ret->n_names = n;
    return rel_add(b, &r, pos, &ret->rel);
}

/* A copy of v whose names belong to `alias`, the first of them renamed. */
static sy_status rename_table(struct builder *b, const struct relval *v, struct sy_view alias,
                              const json_t *column_names, uint64_t pos, struct relval *ret)
{
    if (json_array_size(column_names) > v->n_names) {
        return lower_refuse_named(b, REFUSE_TABLE_OPTION, pos, alias,
                                  "more column names than columns");
    }
    struct name *names = sy_arena_alloc(b->arena, v->n_names + 1, sizeof *names);
    if (names == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < v->n_names; i++) {
        names[i] = (struct name){.table = alias, .name = v->names[i].name, .ord = v->names[i].ord};
        if (i < json_array_size(column_names)) {
            names[i].name = sy_arena_copy(b->arena, ast_view(json_array_get(column_names, i)));
        }
    }
    *ret = *v;
    ret->names = names;
    ret->lifted = NULL; /* its values are columns by now */
    return SY_OK;
}

static sy_status use_cte(struct builder *b, struct cte *cte)
{
    if (cte->lowered) {
        return SY_OK;
    }
    struct cte *scope = b->ctes;
    struct relval v = {0};
    b->ctes = cte->prev;
    SY_TRY(lower_query(b, cte->node, &v));
    b->ctes = scope;
    cte->lowered = true;
    return rename_table(b, &v, cte->name, cte->aliases, b->pos, &cte->val);
}

static bool looks_like_file(struct sy_view name)
{
    return memchr(name.p, '.', name.n) != NULL || memchr(name.p, '/', name.n) != NULL;
}

/* Dataset ids may have one dot (`health.persons`), which SQL reads as a schema. */
static struct sy_view table_id(struct builder *b, const json_t *node)
{
    struct sy_view schema = ast_view(json_object_get(node, "schema_name"));
    struct sy_view table = ast_view(json_object_get(node, "table_name"));
    return schema.n == 0
               ? table
               : sy_view_str(sy_arena_printf(b->arena, "%.*s.%.*s", SY_PV(schema), SY_PV(table)));
}

static sy_status base_table(struct builder *b, const json_t *node, struct relval *ret)
{
    bool plain = ast_view(json_object_get(node, "schema_name")).n == 0;
    struct sy_view name = table_id(b, node);
    uint64_t pos = ast_pos(b, node);
    for (struct cte *cte = plain ? b->ctes : NULL; cte != NULL; cte = cte->prev) {
        if (view_ieq(cte->name, name)) {
            SY_TRY(use_cte(b, cte));
            *ret = cte->val;
            return SY_OK;
        }
    }
    for (size_t i = 0; i < b->job->n_datasets; i++) {
        bool any = sy_weak(SY_WEAK_METADATA) && b->job->datasets[i].ns.n > 0;
        if (view_ieq(b->job->datasets[i].id, name) || any) {
            return scan_dataset(b, i, pos, ret);
        }
    }
    bool file = plain && name.n > 0 && looks_like_file(name);
    return lower_refuse_named(b, file ? REFUSE_TABLE_FUNCTION : REFUSE_UNKNOWN_TABLE, pos, name,
                              NULL);
}

static sy_status named_table(struct builder *b, const json_t *node, struct relval *ret)
{
    struct relval v = {0};
    uint64_t pos = ast_pos(b, node);
    struct sy_view alias = ast_view(json_object_get(node, "alias"));
    if (ast_is(node, "type", "BASE_TABLE")) {
        SY_TRY(base_table(b, node, &v));
        alias = alias.n != 0 ? alias : ast_view(json_object_get(node, "table_name"));
    } else {
        const json_t *query = json_object_get(json_object_get(node, "subquery"), "node");
        SY_TRY(lower_query(b, query, &v));
    }
    return rename_table(b, &v, sy_arena_copy(b->arena, alias),
                        json_object_get(node, "column_name_alias"), pos, ret);
}

/* --- joins ---------------------------------------------------------------------------------------- */

sy_status join_open(struct builder *b, const struct relval *l, const struct relval *r,
                    struct joining *ret)
{
    const struct sy_rel_types *lt = &b->types[l->rel];
    const struct sy_rel_types *rt = &b->types[r->rel];
    *ret = (struct joining){.l = l, .r = r};
    size_t n = lt->n_cols + rt->n_cols;
    ret->cols = sy_arena_alloc(b->arena, n + 1, sizeof *ret->cols);
    ret->names = sy_arena_alloc(b->arena, l->n_names + r->n_names + 1, sizeof *ret->names);
    if (ret->cols == NULL || ret->names == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < n; i++) {
        ret->cols[i] = i < lt->n_cols ? lt->cols[i] : rt->cols[i - lt->n_cols];
    }
    for (size_t i = 0; i < l->n_names + r->n_names; i++) {
        ret->names[i] = i < l->n_names ? l->names[i] : r->names[i - l->n_names];
        ret->names[i].ord += i < l->n_names ? 0 : lt->n_cols;
    }
    ret->ctx = (struct ctx){.b = b,
                            .list = &ret->list,
                            .cols = ret->cols,
                            .n_cols = n,
                            .names = ret->names,
                            .n_names = l->n_names + r->n_names};
    return SY_OK;
}

sy_status join_close(struct builder *b, struct joining *j, const char *kind, size_t condition,
                     uint64_t pos, size_t *ret_rel)
{
    struct sy_plan_rel r = {.op = sy_view_str("join"),
                            .kind = sy_view_str(kind),
                            .n_in = 2,
                            .exprs = j->list.e,
                            .n_exprs = j->list.n,
                            .n_outs = 1};
    r.in = sy_arena_alloc(b->arena, 2, sizeof *r.in);
    r.outs = sy_arena_alloc(b->arena, 1, sizeof *r.outs);
    if (r.in == NULL || r.outs == NULL) {
        return lower_no_memory(b);
    }
    r.in[0] = j->l->rel;
    r.in[1] = j->r->rel;
    r.outs[0] = condition;
    return rel_add(b, &r, pos, ret_rel);
}

static const struct name *using_name(const struct relval *v, struct sy_view name)
{
    for (size_t i = 0; i < v->n_names; i++) {
        if (view_ieq(v->names[i].name, name) && !v->names[i].qualified_only) {
            return &v->names[i];
        }
    }
    return NULL;
}

/* USING (a, b): equality of each, and the right copies answer only to their qualified names. */
static sy_status join_using(struct joining *j, const json_t *using, uint64_t pos, size_t *ret)
{
    struct builder *b = j->ctx.b;
    size_t n_left = b->types[j->l->rel].n_cols;
    size_t all[SY_PLAN_KEYS_MAX];
    size_t n = json_array_size(using);
    if (n > SY_PLAN_KEYS_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, pos);
    }
    for (size_t i = 0; i < n; i++) {
        struct sy_view name = ast_view(json_array_get(using, i));
        const struct name *l = using_name(j->l, name);
        const struct name *r = using_name(j->r, name);
        size_t args[2];
        if (l == NULL || r == NULL) {
            return lower_refuse_named(b, REFUSE_UNKNOWN_FIELD, pos, name, NULL);
        }
        SY_TRY(expr_col(&j->ctx, l->ord, pos, &args[0]));
        SY_TRY(expr_col(&j->ctx, n_left + r->ord, pos, &args[1]));
        SY_TRY(expr_unify(&j->ctx, &args[0], &args[1], pos));
        SY_TRY(expr_op(&j->ctx, "eq", args, 2, pos, &all[i]));
        j->names[j->l->n_names + (size_t)(r - j->r->names)].qualified_only = true;
    }
    return expr_and(&j->ctx, all, n, pos, ret);
}

static sy_status check_aliases(struct builder *b, const struct joining *j, uint64_t pos)
{
    for (size_t i = 0; i < j->l->n_names; i++) {
        struct sy_view t = j->l->names[i].table;
        for (size_t k = 0; k < j->r->n_names; k++) {
            if (t.n != 0 && view_ieq(t, j->r->names[k].table)) {
                return lower_refuse_named(b, REFUSE_DUPLICATE_ALIAS, pos, t, NULL);
            }
        }
    }
    return SY_OK;
}

/* The plan's kind of a join. A left join that keeps public rows beside protected ones keeps rows of
 * nobody: their unit is NULL, and such rows are dropped before anything is counted. What is left of it
 * is the inner join, so that is what is lowered. */
static const char *join_kind(const struct builder *b, const struct joining *j, bool left)
{
    bool nobodys = !b->units[j->l->rel].is_protected && b->units[j->r->rel].is_protected;
    return left && !nobodys ? "left" : "inner";
}

static sy_status check_join_kind(struct builder *b, const json_t *node, uint64_t pos)
{
    static const struct {
        const char *ref;
        enum lower_refusal why;
    } refs[] = {{"CROSS", REFUSE_CROSS_JOIN}, {"NATURAL", REFUSE_NATURAL_JOIN}};
    for (size_t i = 0; i < sizeof refs / sizeof refs[0]; i++) {
        if (ast_is(node, "ref_type", refs[i].ref)) {
            return lower_refuse(b, refs[i].why, pos);
        }
    }
    bool kind = ast_is(node, "join_type", "INNER") || ast_is(node, "join_type", "LEFT") ||
                ast_is(node, "join_type", "RIGHT");
    if (!kind || !ast_is(node, "ref_type", "REGULAR")) {
        const char *shown = ast_str(node, kind ? "ref_type" : "join_type");
        return lower_refuse_named(b, REFUSE_JOIN_KIND, pos, sy_view_str(shown), NULL);
    }
    return SY_OK;
}

/* What is written as A RIGHT JOIN B is B LEFT JOIN A. */
static sy_status join_table(struct builder *b, const json_t *node, struct relval *ret)
{
    uint64_t pos = ast_pos(b, node);
    struct relval *sides = sy_arena_alloc(b->arena, 2, sizeof *sides);
    struct joining *j = sy_arena_alloc(b->arena, 1, sizeof *j);
    if (sides == NULL || j == NULL) {
        return lower_no_memory(b);
    }
    SY_TRY(check_join_kind(b, node, pos));
    bool turned = ast_is(node, "join_type", "RIGHT");
    bool left = turned || ast_is(node, "join_type", "LEFT");
    SY_TRY(lower_from(b, json_object_get(node, "left"), &sides[turned ? 1 : 0]));
    SY_TRY(lower_from(b, json_object_get(node, "right"), &sides[turned ? 0 : 1]));
    SY_TRY(join_open(b, &sides[0], &sides[1], j));
    SY_TRY(check_aliases(b, j, pos));
    const json_t *on = json_object_get(node, "condition");
    size_t condition;
    if (json_is_object(on)) {
        SY_TRY(lower_condition(&j->ctx, on, &condition));
    } else {
        SY_TRY(join_using(j, json_object_get(node, "using_columns"), pos, &condition));
    }
    ret->names = j->names;
    ret->n_names = j->ctx.n_names;
    return join_close(b, j, join_kind(b, j, left), condition, pos, &ret->rel);
}

sy_status lower_from(struct builder *b, const json_t *node, struct relval *ret)
{
    SY_TRY(ast_check(b, node));
    if (b->depth >= LOWER_DEPTH_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    *ret = (struct relval){0};
    b->depth++;
    bool join = ast_is(node, "type", "JOIN");
    sy_status st = join ? join_table(b, node, ret) : named_table(b, node, ret);
    b->depth--;
    return st;
}
