/*
 * The syntax tree: the engine's JSON, read by whitelist. Each kind of node has a row with exactly the
 * properties it may carry; a property that is not listed, or is set where it must be empty, refuses the
 * model, so that a newer parser cannot slip in a meaning that nobody lowered.
 */
#include <strings.h>

#include "base/weak.h"
#include "lower_internal.h"

enum rule {
    ANY,       /* the lowering looks at it */
    NONE,      /* null, false, "", [], {}: else refused */
    ORDERS,    /* an order modifier without orders */
    MODIFIERS, /* refused by the kind of the first one */
    DISTINCTS  /* nothing but a plain DISTINCT: else refused so too */
};

struct prop {
    const char *key;
    enum rule rule;
    enum lower_refusal why;
};

struct shape {
    const char *kind;
    enum lower_refusal refused; /* REFUSE_N: allowed */
    const struct prop *props;
    size_t n_props;
};

static const struct prop COMMON[] = {
    {"class", ANY, REFUSE_NODE},     {"type", ANY, REFUSE_NODE},
    {"alias", ANY, REFUSE_NODE},     {"query_location", ANY, REFUSE_NODE},
    {"sample", NONE, REFUSE_SAMPLE},
};

#define SELECT_PROPS(modifiers, clauses)                                                           \
    {                                                                                              \
        {"modifiers", modifiers, REFUSE_NODE}, {"cte_map", ANY, REFUSE_NODE},                      \
            {"select_list", ANY, REFUSE_NODE}, {"from_table", ANY, REFUSE_NODE},                   \
            {"where_clause", ANY, REFUSE_NODE}, {"group_expressions", ANY, REFUSE_NODE},           \
            {"group_sets", ANY, REFUSE_NODE}, {"aggregate_handling", ANY, REFUSE_NODE},            \
            {"having", clauses, REFUSE_HAVING}, {"qualify", clauses, REFUSE_QUALIFY},              \
    }
static const struct prop SELECT_BLOCK[] = SELECT_PROPS(MODIFIERS, NONE);
static const struct prop SELECT_QUERY[] = SELECT_PROPS(DISTINCTS, ANY);
static const struct prop SELECT_POST[] = SELECT_PROPS(ANY, ANY);
#define SET_PROPS(modifiers)                                                                       \
    {                                                                                              \
        {"modifiers", modifiers, REFUSE_NODE}, {"cte_map", ANY, REFUSE_NODE},                      \
            {"setop_type", ANY, REFUSE_NODE}, {"setop_all", ANY, REFUSE_NODE},                     \
            {"left", ANY, REFUSE_NODE}, {"right", ANY, REFUSE_NODE},                               \
            {"children", NONE, REFUSE_NODE},                                                       \
    }
static const struct prop SET_QUERY[] = SET_PROPS(MODIFIERS);
static const struct prop SET_POST[] = SET_PROPS(ANY);
static const struct prop BASE_TABLE[] = {
    {"schema_name", ANY, REFUSE_NODE},        {"catalog_name", NONE, REFUSE_QUALIFIED},
    {"table_name", ANY, REFUSE_NODE},         {"column_name_alias", ANY, REFUSE_NODE},
    {"at_clause", NONE, REFUSE_TABLE_OPTION},
};
static const struct prop JOIN[] = {
    {"left", ANY, REFUSE_NODE},           {"right", ANY, REFUSE_NODE},
    {"condition", ANY, REFUSE_NODE},      {"join_type", ANY, REFUSE_NODE},
    {"ref_type", ANY, REFUSE_NODE},       {"using_columns", ANY, REFUSE_NODE},
    {"delim_flipped", NONE, REFUSE_NODE}, {"duplicate_eliminated_columns", NONE, REFUSE_NODE},
};
static const struct prop SUBQUERY_REF[] = {{"subquery", ANY, REFUSE_NODE},
                                           {"column_name_alias", ANY, REFUSE_NODE}};
static const struct prop SUBQUERY[] = {{"subquery", ANY, REFUSE_NODE},
                                       {"child", ANY, REFUSE_NODE},
                                       {"subquery_type", ANY, REFUSE_NODE},
                                       {"comparison_type", ANY, REFUSE_NODE}};
static const struct prop COLUMN_REF[] = {{"column_names", ANY, REFUSE_NODE}};
static const struct prop CONSTANT[] = {{"value", ANY, REFUSE_NODE}};
static const struct prop PARAMETER[] = {{"identifier", ANY, REFUSE_NODE}};
static const struct prop FUNCTION[] = {
    {"function_name", ANY, REFUSE_NODE}, {"schema", ANY, REFUSE_QUALIFIED},
    {"catalog", NONE, REFUSE_QUALIFIED}, {"children", ANY, REFUSE_NODE},
    {"filter", NONE, REFUSE_FILTER},     {"order_bys", ORDERS, REFUSE_AGG_ORDER},
    {"distinct", ANY, REFUSE_NODE},      {"is_operator", ANY, REFUSE_NODE},
    {"export_state", NONE, REFUSE_NODE},
};
static const struct prop AGGREGATE[] = {
    {"function_name", ANY, REFUSE_NODE}, {"schema", ANY, REFUSE_QUALIFIED},
    {"catalog", NONE, REFUSE_QUALIFIED}, {"children", ANY, REFUSE_NODE},
    {"filter", ANY, REFUSE_NODE},        {"order_bys", ANY, REFUSE_NODE},
    {"distinct", ANY, REFUSE_NODE},      {"is_operator", ANY, REFUSE_NODE},
    {"export_state", NONE, REFUSE_NODE},
};
static const struct prop WINDOW[] = {
    {"function_name", ANY, REFUSE_NODE},  {"schema", ANY, REFUSE_QUALIFIED},
    {"catalog", NONE, REFUSE_QUALIFIED},  {"children", ANY, REFUSE_NODE},
    {"partitions", ANY, REFUSE_NODE},     {"orders", ANY, REFUSE_NODE},
    {"start", ANY, REFUSE_NODE},          {"end", ANY, REFUSE_NODE},
    {"start_expr", ANY, REFUSE_NODE},     {"end_expr", ANY, REFUSE_NODE},
    {"offset_expr", ANY, REFUSE_NODE},    {"default_expr", ANY, REFUSE_NODE},
    {"ignore_nulls", ANY, REFUSE_NODE},   {"filter_expr", ANY, REFUSE_NODE},
    {"exclude_clause", ANY, REFUSE_NODE}, {"distinct", ANY, REFUSE_NODE},
    {"arg_orders", ANY, REFUSE_NODE},
};
static const struct prop COMPARISON[] = {{"left", ANY, REFUSE_NODE}, {"right", ANY, REFUSE_NODE}};
static const struct prop CHILDREN[] = {{"children", ANY, REFUSE_NODE}};
static const struct prop CASE[] = {{"case_checks", ANY, REFUSE_NODE},
                                   {"else_expr", ANY, REFUSE_NODE}};
static const struct prop BETWEEN[] = {
    {"input", ANY, REFUSE_NODE}, {"lower", ANY, REFUSE_NODE}, {"upper", ANY, REFUSE_NODE}};
static const struct prop CAST[] = {
    {"child", ANY, REFUSE_NODE}, {"cast_type", ANY, REFUSE_NODE}, {"try_cast", ANY, REFUSE_NODE}};

#define ALLOWED(kind, props)                                                                       \
    {                                                                                              \
        kind, REFUSE_N, props, sizeof(props) / sizeof((props)[0])                                  \
    }
#define REFUSED(kind, why)                                                                         \
    {                                                                                              \
        kind, REFUSE_##why, NULL, 0                                                                \
    }

/* By "class" of expressions, else by "type" of query nodes and table references. */
static const struct shape SHAPES[] = {
    ALLOWED("SELECT_NODE", SELECT_BLOCK),
    REFUSED("SET_OPERATION_NODE", SET_OPERATION),
    REFUSED("RECURSIVE_CTE_NODE", RECURSIVE),
    REFUSED("CTE_NODE", CTE_OPTION),
    ALLOWED("BASE_TABLE", BASE_TABLE),
    ALLOWED("JOIN", JOIN),
    REFUSED("TABLE_FUNCTION", TABLE_FUNCTION),
    REFUSED("EXPRESSION_LIST", VALUES),
    REFUSED("COLUMN_DATA", VALUES),
    REFUSED("SHOW_REF", SHOW),
    REFUSED("PIVOT", PIVOT),
    REFUSED("EMPTY", NO_FROM),
    ALLOWED("COLUMN_REF", COLUMN_REF),
    ALLOWED("CONSTANT", CONSTANT),
    ALLOWED("PARAMETER", PARAMETER),
    ALLOWED("FUNCTION", FUNCTION),
    ALLOWED("COMPARISON", COMPARISON),
    ALLOWED("CONJUNCTION", CHILDREN),
    ALLOWED("OPERATOR", CHILDREN),
    ALLOWED("CASE", CASE),
    ALLOWED("BETWEEN", BETWEEN),
    ALLOWED("CAST", CAST),
    ALLOWED("WINDOW", WINDOW),
    REFUSED("STAR", STAR),
    REFUSED("LAMBDA", LAMBDA),
    REFUSED("LAMBDA_REF", LAMBDA),
    REFUSED("COLLATE", COLLATE),
};

static const struct shape SUBQUERY_SHAPES[] = {ALLOWED("SUBQUERY as a table", SUBQUERY_REF),
                                               ALLOWED("SUBQUERY as a value", SUBQUERY)};
static const struct shape AGGREGATE_SHAPE = ALLOWED("FUNCTION", AGGREGATE);
static const struct shape SET_SHAPES[AST_PLACES] = {
    [AST_BLOCK] = REFUSED("SET_OPERATION_NODE", SET_OPERATION),
    [AST_QUERY] = ALLOWED("SET_OPERATION_NODE", SET_QUERY),
    [AST_POST] = ALLOWED("SET_OPERATION_NODE", SET_POST)};
static const struct shape SELECT_SHAPES[AST_PLACES] = {
    [AST_BLOCK] = ALLOWED("SELECT_NODE", SELECT_BLOCK),
    [AST_QUERY] = ALLOWED("SELECT_NODE", SELECT_QUERY),
    [AST_POST] = ALLOWED("SELECT_NODE", SELECT_POST)};

/* --- small readers -------------------------------------------------------------------------------- */

struct sy_view ast_view(const json_t *s)
{
    return json_is_string(s) ? sy_view(json_string_value(s), json_string_length(s))
                             : (struct sy_view){0};
}

const char *ast_str(const json_t *node, const char *key)
{
    const char *s = json_string_value(json_object_get(node, key));
    return s == NULL ? "" : s;
}

bool ast_is(const json_t *node, const char *key, const char *value)
{
    return strcmp(ast_str(node, key), value) == 0;
}

uint64_t ast_pos(const struct builder *b, const json_t *node)
{
    const json_t *at = json_object_get(node, "query_location");
    if (json_is_integer(at) && json_integer_value(at) >= 0) {
        return (uint64_t)json_integer_value(at);
    }
    if (ast_is(node, "class", "PARAMETER")) {
        char text[LOWER_NAME_MAX];
        snprintf(text, sizeof text, "$%s", ast_str(node, "identifier"));
        return lower_find(b->sql, b->pos, text);
    }
    return b->pos;
}

bool view_ieq(struct sy_view a, struct sy_view b)
{
    return a.n == b.n && (a.n == 0 || strncasecmp((const char *)a.p, (const char *)b.p, a.n) == 0);
}

bool view_ieq_str(struct sy_view a, const char *s)
{
    return view_ieq(a, sy_view_str(s));
}

/* --- the whitelist -------------------------------------------------------------------------------- */

static bool is_none(const json_t *v)
{
    return v == NULL || json_is_null(v) || json_is_false(v) ||
           (json_is_string(v) && json_string_length(v) == 0) ||
           (json_is_array(v) && json_array_size(v) == 0) ||
           (json_is_object(v) && json_object_size(v) == 0);
}

static const struct shape *find_shape(const json_t *node)
{
    const char *class = ast_str(node, "class");
    const char *kind = class[0] != 0 ? class : ast_str(node, "type");
    if (strcmp(kind, "SUBQUERY") == 0) {
        return &SUBQUERY_SHAPES[class[0] != 0 ? 1 : 0];
    }
    if (ast_is_aggregate(node)) {
        return &AGGREGATE_SHAPE;
    }
    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        if (strcmp(kind, SHAPES[i].kind) == 0) {
            return &SHAPES[i];
        }
    }
    return NULL;
}

static const struct prop *find_prop(const struct prop *props, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(props[i].key, key) == 0) {
            return &props[i];
        }
    }
    return NULL;
}

static sy_status refuse_modifier(struct builder *b, const json_t *modifier)
{
    static const struct {
        const char *type, *keyword;
        enum lower_refusal why;
    } kinds[] = {{"ORDER_MODIFIER", "ORDER", REFUSE_ORDER_BY},
                 {"LIMIT_MODIFIER", "LIMIT", REFUSE_LIMIT},
                 {"LIMIT_PERCENT_MODIFIER", "LIMIT", REFUSE_LIMIT},
                 {"DISTINCT_MODIFIER", "DISTINCT", REFUSE_DISTINCT}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (sy_weak(SY_WEAK_ORDER_BY_DATA) && kinds[i].why != REFUSE_DISTINCT) {
            return SY_OK;
        }
        if (ast_is(modifier, "type", kinds[i].type)) {
            struct sy_view sql = b->sql;
            uint64_t at = lower_find(sql, b->pos, kinds[i].keyword);
            return lower_refuse(b, kinds[i].why, at);
        }
    }
    return lower_refuse(b, REFUSE_NODE, b->pos);
}

static sy_status refuse_prop(struct builder *b, const json_t *node, const struct prop *p)
{
    static const struct {
        const char *key, *keyword;
    } words[] = {{"having", "HAVING"},   {"qualify", "QUALIFY"}, {"filter", "FILTER"},
                 {"order_bys", "ORDER"}, {"sample", "SAMPLE"},   {"at_clause", "AT"}};
    uint64_t at = ast_pos(b, node);
    if (p->why == REFUSE_SAMPLE && sy_weak(SY_WEAK_SAMPLING)) {
        return SY_OK;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].key, p->key) == 0) {
            uint64_t found = lower_find(b->sql, at, words[i].keyword);
            at = found == at ? lower_find(b->sql, at, "TABLESAMPLE") : found;
        }
    }
    return lower_refuse(b, p->why, at);
}

static sy_status check_distinct(struct builder *b, const json_t *modifiers)
{
    for (size_t i = 0; i < json_array_size(modifiers); i++) {
        const json_t *m = json_array_get(modifiers, i);
        if (!ast_is(m, "type", "DISTINCT_MODIFIER")) {
            return refuse_modifier(b, m);
        }
        if (!is_none(json_object_get(m, "distinct_on_targets"))) {
            return lower_refuse(b, REFUSE_DISTINCT_ON, lower_find(b->sql, b->pos, "DISTINCT"));
        }
    }
    return SY_OK;
}

static sy_status check_prop(struct builder *b, const json_t *node, const struct shape *shape,
                            const char *key)
{
    const struct prop *p = find_prop(shape->props, shape->n_props, key);
    p = p != NULL ? p : find_prop(COMMON, sizeof COMMON / sizeof COMMON[0], key);
    if (p == NULL) {
        return lower_refuse_named(b, REFUSE_NODE, ast_pos(b, node), sy_view_str(key), NULL);
    }
    const json_t *v = json_object_get(node, key);
    if (p->rule == MODIFIERS && !is_none(v)) {
        return refuse_modifier(b, json_array_get(v, 0));
    }
    if (p->rule == DISTINCTS) {
        return check_distinct(b, v);
    }
    const json_t *none = p->rule == ORDERS ? json_object_get(v, "orders") : v;
    if ((p->rule == NONE || p->rule == ORDERS) && !is_none(none)) {
        return refuse_prop(b, node, p);
    }
    return SY_OK;
}

static sy_status check_props(struct builder *b, const json_t *node, const struct shape *shape)
{
    json_t *o = (json_t *)(uintptr_t)node;
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        SY_TRY(check_prop(b, node, shape, json_object_iter_key(it)));
    }
    return SY_OK;
}

sy_status ast_check(struct builder *b, const json_t *node)
{
    b->pos = ast_pos(b, node);
    const struct shape *shape = find_shape(node);
    if (shape == NULL || !json_is_object(node)) {
        const char *kind =
            ast_str(node, "class")[0] ? ast_str(node, "class") : ast_str(node, "type");
        return lower_refuse_named(b, REFUSE_NODE, b->pos, sy_view_str(kind), NULL);
    }
    if (shape->refused == REFUSE_CTE_OPTION) {
        b->pos = lower_find(b->sql, b->pos, "MATERIALIZED");
    }
    if (shape->refused != REFUSE_N) {
        return lower_refuse(b, shape->refused, b->pos);
    }
    return check_props(b, node, shape);
}

static sy_status check_as(struct builder *b, const json_t *node, const struct shape *shape)
{
    b->pos = ast_pos(b, node);
    return ast_is(node, "type", shape->kind) ? check_props(b, node, shape) : ast_check(b, node);
}

sy_status ast_check_select(struct builder *b, const json_t *node, enum ast_place place)
{
    return check_as(b, node, &SELECT_SHAPES[place]);
}

sy_status ast_check_set(struct builder *b, const json_t *node, enum ast_place place)
{
    return check_as(b, node, &SET_SHAPES[place]);
}

/* --- from text ------------------------------------------------------------------------------------ */

/* "No position" is 2^64 - 1 in the engine's JSON, which no JSON library takes: it becomes -1. The
 * sought bytes hold unescaped quotes, so they cannot lie inside a string. */
static void mend_positions(uint8_t *p, size_t n)
{
    static const char find[] = ",\"query_location\":18446744073709551615";
    static const char put[] = ",\"query_location\":-1                  ";
    _Static_assert(sizeof find == sizeof put, "in place");
    for (size_t i = 0; i + sizeof find - 1 <= n;) {
        if (memcmp(p + i, find, sizeof find - 1) == 0) {
            memcpy(p + i, put, sizeof put - 1);
            i += sizeof find - 1;
        } else {
            i++;
        }
    }
}

static uint64_t error_position(const json_t *root)
{
    uint64_t at = 0;
    for (const char *s = ast_str(root, "position"); *s >= '0' && *s <= '9'; s++) {
        at = at < UINT32_MAX ? at * 10 + (uint64_t)(*s - '0') : at;
    }
    return at;
}

static sy_status check_root(struct builder *b, json_t *root, json_t **ret)
{
    if (!json_is_false(json_object_get(root, "error"))) {
        bool other = ast_is(root, "error_type", "not implemented");
        return lower_refuse(b, other ? REFUSE_NOT_SELECT : REFUSE_SYNTAX, error_position(root));
    }
    const json_t *statements = json_object_get(root, "statements");
    if (json_array_size(statements) != 1) {
        bool none = json_array_size(statements) == 0;
        uint64_t at = lower_find(b->sql, 0, ";");
        return lower_refuse(b, none ? REFUSE_SYNTAX : REFUSE_STATEMENTS, none ? 0 : at);
    }
    *ret = json_object_get(json_array_get(statements, 0), "node");
    return *ret == NULL ? lower_refuse(b, REFUSE_SYNTAX, 0) : SY_OK;
}

sy_status ast_parse(struct builder *b, worker_parse_fn *parse, void *parser, json_t **ret)
{
    struct sy_view sql = b->sql;
    if (sql.n == 0 || sql.n > LOWER_SQL_MAX || memchr(sql.p, 0, sql.n) != NULL) {
        return lower_refuse(b, sql.n > LOWER_SQL_MAX ? REFUSE_TOO_LARGE : REFUSE_SYNTAX, 0);
    }
    struct sy_view text;
    if (!parse(parser, sql, b->arena, &text)) {
        return lower_refuse(b, REFUSE_SYNTAX, 0);
    }
    struct sy_view copy = sy_arena_copy(b->arena, text);
    if (copy.p == NULL) {
        return lower_no_memory(b);
    }
    mend_positions((uint8_t *)(uintptr_t)copy.p, copy.n);
    json_error_t e;
    json_t *root = json_loadb((const char *)copy.p, copy.n, JSON_REJECT_DUPLICATES, &e);
    if (root == NULL) {
        return lower_refuse(b, REFUSE_LITERAL, 0);
    }
    json_t *node = NULL;
    sy_status st = check_root(b, root, &node);
    *ret = sy_ok(st) ? json_incref(node) : NULL;
    json_decref(root);
    return st;
}
