/*
 * The outermost SELECT of a block: group keys become declared cells, aggregates become bounded figures,
 * and each selected item one column, in order. Whatever is neither a key nor an aggregate, nor made of
 * them alone, would be a row, and is refused. What is made of them (a rate, HAVING, ORDER BY) becomes a
 * post stage over released figures, when the model has one block and no post stage of its own.
 */
#include <stdio.h>

#include "lower_block.h"
#include "lower_quantile.h"

/* --- keys ----------------------------------------------------------------------------------------- */

static sy_status add_key(struct block *k, const json_t *node)
{
    struct builder *b = k->b;
    size_t at;
    SY_TRY(lower_expr(&k->c, node, &at));
    uint64_t pos = ast_pos(b, node);
    for (size_t i = 0; i < k->plan.n_keys; i++) {
        if (k->plan.keys[i].expr == at) {
            return SY_OK;
        }
    }
    const struct sy_type *t = &k->list.t[at];
    if (t->kind == SY_TYPE_UNIT) {
        return lower_refuse_named(b, REFUSE_UNIT_OUTPUT, pos, lower_item_name(b, node), NULL);
    }
    const struct sy_view *labels;
    size_t n;
    struct sy_error err = {0};
    sy_status st = sy_type_labels(t, b->arena, &labels, &n, &err);
    if (st.code == SY_E_PLAN) {
        return lower_refuse_named(b, REFUSE_KEY, pos, lower_item_name(b, node), err.reason);
    }
    SY_TRY(st);
    k->keys[k->plan.n_keys] = node;
    k->plan.keys[k->plan.n_keys++] =
        (struct sy_plan_key){.expr = at,
                             .labels = (struct sy_view *)(uintptr_t)labels,
                             .n_labels = n,
                             .nullable = t->nullable,
                             .open = t->open};
    return SY_OK;
}

static sy_status add_keys(struct block *k)
{
    const json_t **nodes;
    size_t n;
    SY_TRY(lower_group_nodes(&k->c, k->select, &nodes, &n));
    k->plan.keys = sy_arena_alloc(k->b->arena, n + 1, sizeof *k->plan.keys);
    k->key_out = sy_arena_alloc(k->b->arena, n + 1, sizeof *k->key_out);
    k->keys = sy_arena_alloc(k->b->arena, n + 1, sizeof(json_t *));
    if (k->plan.keys == NULL || k->key_out == NULL || k->keys == NULL) {
        return lower_no_memory(k->b);
    }
    for (size_t i = 0; i < n; i++) {
        SY_TRY(add_key(k, nodes[i]));
    }
    return SY_OK;
}

/* --- columns, each once --------------------------------------------------------------------------- */

static bool name_taken(const struct block *k, struct sy_view name)
{
    for (size_t i = 0; i < k->n_outs; i++) {
        if (view_ieq(k->outs[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* `name`, or `name_2`, ... */
static struct sy_view free_name(const struct block *k, struct sy_view name)
{
    struct sy_view free = name;
    for (size_t i = 2; name_taken(k, free) && i <= SY_PLAN_OUTS_MAX + 1; i++) {
        free = sy_view_str(sy_arena_printf(k->b->arena, "%.*s_%zu", SY_PV(name), i));
    }
    return free;
}

/* What the next column of the item at hand is called. */
static struct sy_view part_name(struct block *k)
{
    return k->n_named == 0 ? k->name
                           : sy_view_str(sy_arena_printf(k->b->arena, "%.*s_%zu", SY_PV(k->name),
                                                         k->n_named++));
}

sy_status block_out(struct block *k, const struct sy_plan_out *o, uint64_t pos, size_t *ret)
{
    for (size_t i = 0; i < k->n_outs; i++) {
        const struct sy_plan_out *x = &k->outs[i];
        if (sy_view_eq(x->op, o->op) && x->a == o->a && x->b == o->b) {
            *ret = i;
            return SY_OK;
        }
    }
    if (k->n_outs >= SY_PLAN_OUTS_MAX) {
        return lower_refuse(k->b, REFUSE_TOO_LARGE, pos);
    }
    *ret = k->n_outs;
    k->outs[k->n_outs] = *o;
    k->outs[k->n_outs].block = k->ordinal;
    k->outs[k->n_outs].name = free_name(k, part_name(k));
    k->n_outs++;
    return SY_OK;
}

/* A key is named by the first item that is it, else as it is written. */
static sy_status use_key(void *self, size_t i, size_t *ret_out)
{
    struct block *k = self;
    struct sy_plan_key *key = &k->plan.keys[i];
    struct sy_view item = k->name;
    size_t n_named = k->n_named;
    struct sy_plan_out o = {.op = sy_view_str("key"), .a = i};
    k->name = k->whole ? item : lower_item_name(k->b, k->keys[i]);
    k->n_named = 0;
    key->name = k->key_out[i] ? key->name : k->name;
    k->key_out[i] = true;
    sy_status st = block_out(k, &o, k->b->pos, ret_out);
    k->name = item;
    k->n_named = n_named;
    return st;
}

/* --- items ---------------------------------------------------------------------------------------- */

/* The position of the key that has the item's value though it is written otherwise; n_keys: none.
 * What cannot be lowered over rows may still be arithmetic over figures: its refusal is taken back. */
static sy_status key_by_value(struct block *k, const json_t *item, size_t *ret)
{
    struct builder *b = k->b;
    struct sy_lower_result before = *b->ret;
    size_t depth = b->depth;
    size_t at = SIZE_MAX;
    sy_status st = lower_expr(&k->c, item, &at);
    *ret = k->plan.n_keys;
    if (b->refused) {
        b->refused = false;
        b->depth = depth;
        *b->ret = before;
        return SY_OK;
    }
    SY_TRY(st);
    for (size_t i = 0; i < k->plan.n_keys; i++) {
        *ret = k->plan.keys[i].expr == at ? i : *ret;
    }
    return SY_OK;
}

static size_t count_calls(const json_t *node)
{
    size_t n = ast_is_aggregate(node) ? 1 : 0;
    for (size_t i = 0; json_is_array(node) && i < json_array_size(node); i++) {
        n += count_calls(json_array_get(node, i));
    }
    json_t *o = (json_t *)(uintptr_t)node;
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        n += count_calls(json_object_iter_value(it));
    }
    return n;
}

static struct walker walker_of(struct block *k, const json_t *aliases)
{
    return (struct walker){.c = &k->c,
                           .keys = k->keys,
                           .n_keys = k->plan.n_keys,
                           .aliases = aliases,
                           .known = &k->known,
                           .self = k,
                           .aggregate = block_aggregate,
                           .key = use_key};
}

/* *direct stays true while items are keys and aggregates only. */
static sy_status add_item(struct block *k, const json_t *item, bool *direct)
{
    struct walker w = walker_of(k, NULL);
    struct known as = {.node = item};
    size_t key = k->plan.n_keys;
    SY_TRY(ast_check(k->b, item));
    k->name = lower_item_name(k->b, item);
    k->whole =
        (ast_is_aggregate(item) && !block_derives(item)) || known_key(&w, item) < k->plan.n_keys;
    if (!k->whole && !ast_has_aggregate(item) && !ast_is(item, "class", "CONSTANT")) {
        SY_TRY(key_by_value(k, item, &key));
    }
    if (key < k->plan.n_keys) {
        k->whole = true;
        SY_TRY(use_key(k, key, &as.col));
        return known_add(k->b, &k->known, &as);
    }
    *direct = *direct && k->whole;
    size_t calls = k->whole ? 0 : count_calls(item);
    k->n_named = calls > 1 ? 1 : 0;
    return known_walk(&w, item);
}

static sy_status check_keys_selected(struct block *k)
{
    for (size_t i = 0; i < k->plan.n_keys; i++) {
        if (!k->key_out[i]) {
            uint64_t at = lower_find(k->b->sql, ast_pos(k->b, k->select), "GROUP");
            return lower_refuse(k->b, REFUSE_KEY_UNSELECTED, at);
        }
    }
    return SY_OK;
}

/* The columns in SELECT order, under the names of the items. */
static sy_status outs_of_items(struct block *k)
{
    struct builder *b = k->b;
    const json_t *items = json_object_get(k->select, "select_list");
    size_t first = b->plan.n_outs;
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        struct sy_plan_out o = k->outs[known_find(&k->known, item)->col];
        o.name = lower_item_name(b, item);
        for (size_t j = first; j < b->plan.n_outs; j++) {
            if (view_ieq(b->plan.outs[j].name, o.name)) {
                return lower_refuse_named(b, REFUSE_DUPLICATE_NAME, ast_pos(b, item), o.name, NULL);
            }
        }
        if (b->plan.n_outs >= SY_PLAN_OUTS_MAX) {
            return lower_refuse(b, REFUSE_TOO_LARGE, ast_pos(b, item));
        }
        b->plan.outs[b->plan.n_outs++] = o;
    }
    return SY_OK;
}

/* --- what comes after aggregation ----------------------------------------------------------------- */

static const json_t *tail_of(const json_t *select, const char **ret_word)
{
    static const struct {
        const char *key, *word;
    } parts[] = {{"having", "HAVING"}, {"qualify", "QUALIFY"}, {"modifiers", "ORDER"}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const json_t *part = json_object_get(select, parts[i].key);
        if (json_is_object(part) || json_array_size(part) != 0) {
            *ret_word = parts[i].word;
            return part;
        }
    }
    return NULL;
}

static sy_status refuse_tail(struct block *k, const char *word)
{
    uint64_t at = lower_find(k->b->sql, 0, word);
    at = at == 0 ? lower_find(k->b->sql, 0, "LIMIT") : at;
    return lower_refuse_named(k->b, REFUSE_BLOCK_SHAPE, at, sy_view_str(word), NULL);
}

/* Everything that is released, for a post stage made of this same SELECT. */
static sy_status outs_for_post(struct block *k)
{
    static const char *const tail[] = {"having", "qualify", "modifiers"};
    struct builder *b = k->b;
    struct walker w = walker_of(k, json_object_get(k->select, "select_list"));
    k->name = (struct sy_view){0}; /* what stands only here gives its own name */
    k->n_named = 0;
    k->whole = false;
    for (size_t i = 0; i < sizeof tail / sizeof tail[0]; i++) {
        SY_TRY(known_walk(&w, json_object_get(k->select, tail[i])));
    }
    SY_TRY(block_quantiles_end(k));
    if (k->n_outs > SY_PLAN_OUTS_MAX - b->plan.n_outs) {
        return lower_refuse(b, REFUSE_TOO_LARGE, ast_pos(b, k->select));
    }
    b->implicit[k->ordinal].select = k->select;
    b->implicit[k->ordinal].known = k->known;
    memcpy(b->plan.outs + b->plan.n_outs, k->outs, k->n_outs * sizeof *k->outs);
    b->plan.n_outs += k->n_outs;
    return SY_OK;
}

static sy_status add_items(struct block *k)
{
    const json_t *items = json_object_get(k->select, "select_list");
    const struct sy_model_def *m = &k->b->job->model;
    const char *word = NULL;
    bool direct = k->m->n_shape == 0;
    for (size_t i = 0; i < json_array_size(items); i++) {
        SY_TRY(add_item(k, json_array_get(items, i), &direct));
    }
    SY_TRY(check_keys_selected(k));
    const json_t *tail = tail_of(k->select, &word);
    if (direct && tail == NULL) {
        return outs_of_items(k);
    }
    return tail != NULL && m->post.n != 0 ? refuse_tail(k, word) : outs_for_post(k);
}

/* --- the block ------------------------------------------------------------------------------------ */

/* Rows instead of aggregates? Said first, whatever else is wrong with the list. */
static sy_status check_rows(struct builder *b, const json_t *node)
{
    const json_t *items = json_object_get(node, "select_list");
    if (ast_has_aggregate(items) || ast_is(json_object_get(node, "from_table"), "type", "EMPTY")) {
        return SY_OK;
    }
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        if (!ast_is(item, "class", "STAR")) {
            SY_TRY(ast_check(b, item));
        }
    }
    return lower_refuse(b, REFUSE_ROW_LEVEL, ast_pos(b, json_array_get(items, 0)));
}

/* An answer about one subject is the label of its cell: one item, nothing counted, nothing after it. */
static sy_status check_subject(struct builder *b, const json_t *node)
{
    const json_t *items = json_object_get(node, "select_list");
    const char *word = NULL;
    bool fine = json_array_size(items) == 1 && !ast_has_aggregate(items) &&
                json_array_size(json_object_get(node, "group_expressions")) == 1 &&
                tail_of(node, &word) == NULL;
    return fine ? SY_OK : lower_refuse(b, REFUSE_SUBJECT_SHAPE, ast_pos(b, node));
}

/* One SELECT, perhaps with what a post stage can do after it. */
static sy_status check_shape(struct builder *b, const struct sy_model_block *m, const json_t *node)
{
    if (!ast_is(node, "type", "SELECT_NODE")) {
        return ast_is(node, "type", "SET_OPERATION_NODE")
                   ? lower_refuse(b, REFUSE_SET_OPERATION, lower_find(b->sql, 0, "UNION"))
                   : ast_check(b, node);
    }
    SY_TRY(ast_check_select(b, node, AST_POST));
    const json_t *modifiers = json_object_get(node, "modifiers");
    for (size_t i = 0; i < json_array_size(modifiers); i++) {
        if (ast_is(json_array_get(modifiers, i), "type", "DISTINCT_MODIFIER")) {
            return lower_refuse(b, REFUSE_DISTINCT, lower_find(b->sql, 0, "DISTINCT"));
        }
    }
    return sy_view_is(m->mechanism, SY_PLAN_SUBJECT) ? check_subject(b, node) : check_rows(b, node);
}

static sy_status finish(struct block *k)
{
    struct builder *b = k->b;
    SY_TRY(block_bounds(k));
    k->plan.name = k->m->name;
    k->plan.rel = k->v.rel;
    k->plan.exprs = k->list.e;
    k->plan.n_exprs = k->list.n;
    b->plan.blocks[b->plan.n_blocks++] = k->plan;
    return SY_OK;
}

sy_status lower_block(struct builder *b, const struct sy_model_block *m, const json_t *node)
{
    struct block *k = sy_arena_alloc(b->arena, 1, sizeof *k);
    struct sy_plan_out *outs = sy_arena_alloc(b->arena, SY_PLAN_OUTS_MAX, sizeof *outs);
    if (k == NULL || outs == NULL) {
        return lower_no_memory(b);
    }
    *k = (struct block){.b = b, .m = m, .select = node, .ordinal = b->plan.n_blocks, .outs = outs};
    SY_TRY(check_shape(b, m, node));
    struct cte *before = b->ctes;
    SY_TRY(lower_rows(b, node, &k->v));
    k->c = rel_ctx(b, &k->v, &k->list);
    SY_TRY(block_unit(k));
    SY_TRY(add_keys(k));
    SY_TRY(add_items(k));
    SY_TRY(lower_with_end(b, before));
    return finish(k);
}
