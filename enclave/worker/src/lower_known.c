/* Finding aggregates, group keys and aliases in the expressions of a SELECT: lower_known.h. */
#include "lower_known.h"

sy_status known_add(struct builder *b, struct knowns *known, const struct known *k)
{
    if (known->n >= LOWER_KNOWN_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    known->v = lower_grow(b, known->v, known->n, &known->cap, sizeof *known->v);
    if (known->v == NULL) {
        return lower_no_memory(b);
    }
    known->v[known->n++] = *k;
    return SY_OK;
}

const struct known *known_find(const struct knowns *known, const json_t *node)
{
    for (size_t i = 0; known != NULL && i < known->n; i++) {
        if (known->v[i].node == node) {
            return &known->v[i];
        }
    }
    return NULL;
}

/* --- the same expression -------------------------------------------------------------------------- */

static bool same_node(const struct walker *w, const json_t *x, const json_t *y);

static bool same_column(const struct walker *w, const json_t *x, const json_t *y)
{
    size_t a = 0;
    size_t b = 0;
    bool has_a = false;
    bool has_b = false;
    return sy_ok(lower_column(w->c, x, &a, &has_a)) && sy_ok(lower_column(w->c, y, &b, &has_b)) &&
           has_a && has_b && a == b;
}

static bool same_array(const struct walker *w, const json_t *x, const json_t *y)
{
    size_t n = json_array_size(x);
    bool same = n == json_array_size(y);
    for (size_t i = 0; same && i < n; i++) {
        same = same_node(w, json_array_get(x, i), json_array_get(y, i));
    }
    return same;
}

static bool same_object(const struct walker *w, const json_t *x, const json_t *y)
{
    if (ast_is(x, "class", "COLUMN_REF") && ast_is(y, "class", "COLUMN_REF")) {
        return same_column(w, x, y);
    }
    if (ast_is(x, "class", "SUBQUERY")) {
        return false; /* its names are its own: only the same node is the same */
    }
    json_t *o = (json_t *)(uintptr_t)x;
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        const char *key = json_object_iter_key(it);
        bool place = strcmp(key, "query_location") == 0 || strcmp(key, "alias") == 0;
        if (!place && !same_node(w, json_object_iter_value(it), json_object_get(y, key))) {
            return false;
        }
    }
    return true;
}

/* Equal but for where they stand, and how a column is qualified. */
static bool same_node(const struct walker *w, const json_t *x, const json_t *y)
{
    if (x == y) {
        return true;
    }
    if (json_is_array(x) && json_is_array(y)) {
        return same_array(w, x, y);
    }
    if (json_is_object(x) && json_is_object(y)) {
        return same_object(w, x, y);
    }
    return json_equal(x, y);
}

size_t known_key(const struct walker *w, const json_t *node)
{
    size_t i = 0;
    while (i < w->n_keys && !(ast_is(node, "class", ast_str(w->keys[i], "class")) &&
                              same_node(w, w->keys[i], node))) {
        i++;
    }
    return i;
}

/* --- the walk ------------------------------------------------------------------------------------- */

static sy_status walk_below(const struct walker *w, const json_t *node)
{
    for (size_t i = 0; json_is_array(node) && i < json_array_size(node); i++) {
        SY_TRY(known_walk(w, json_array_get(node, i)));
    }
    json_t *o = (json_t *)(uintptr_t)node;
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        SY_TRY(known_walk(w, json_object_iter_value(it)));
    }
    return SY_OK;
}

static sy_status walk_column(const struct walker *w, const json_t *node)
{
    const json_t *parts = json_object_get(node, "column_names");
    struct known k = {.node = node};
    if (json_array_size(parts) == 1) {
        k.item = ast_aliased(w->aliases, ast_view(json_array_get(parts, 0)));
    }
    if (k.item != NULL) {
        return known_add(w->c->b, w->known, &k);
    }
    size_t ord;
    SY_TRY(lower_column(w->c, node, &ord, NULL));
    return lower_refuse_named(w->c->b, REFUSE_NOT_GROUPED, ast_pos(w->c->b, node),
                              lower_item_name(w->c->b, node), NULL);
}

static sy_status walk_expr(const struct walker *w, const json_t *node)
{
    struct builder *b = w->c->b;
    struct known k = {.node = node};
    SY_TRY(ast_check(b, node));
    if (ast_is(node, "class", "CONSTANT") || ast_is(node, "class", "PARAMETER")) {
        return SY_OK;
    }
    size_t key = known_key(w, node);
    if (key < w->n_keys) {
        SY_TRY(w->key(w->self, key, &k.col));
        return known_add(b, w->known, &k);
    }
    if (ast_is(node, "class", "SUBQUERY")) {
        return lower_refuse(b, REFUSE_SCALAR_SUBQUERY, ast_pos(b, node));
    }
    if (ast_is_aggregate(node)) {
        SY_TRY(w->aggregate(w->self, node, &k));
        return known_add(b, w->known, &k);
    }
    return ast_is(node, "class", "COLUMN_REF") ? walk_column(w, node) : walk_below(w, node);
}

sy_status known_walk(const struct walker *w, const json_t *node)
{
    struct builder *b = w->c->b;
    if (!json_is_object(node) && !json_is_array(node)) {
        return SY_OK;
    }
    if (b->depth >= LOWER_DEPTH_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    if (known_find(w->known, node) != NULL) {
        return SY_OK;
    }
    b->depth++;
    bool expr = ast_str(node, "class")[0] != 0;
    sy_status st = expr ? walk_expr(w, node) : walk_below(w, node);
    b->depth--;
    return st;
}
