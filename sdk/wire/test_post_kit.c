#include "test_post_kit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int kit_setup(void **state)
{
    struct kit *k = calloc(1, sizeof *k);
    assert_non_null(k);
    k->arena.ceiling = (size_t)1 << 30;
    k->n_lanes = 1;
    k->plan = (struct sy_plan){.blocks = k->blocks,
                               .outs = k->outs,
                               .params = k->params,
                               .post = &k->post,
                               .n_post = 1,
                               .v = SY_PLAN_SCHEMA};
    k->types.blocks = k->block_types;
    k->post.rels = k->rels;
    k->post.outs = k->post_outs;
    *state = k;
    return 0;
}

int kit_teardown(void **state)
{
    struct kit *k = *state;
    sy_arena_deinit(&k->arena);
    free(k);
    return 0;
}

static void *need(struct kit *k, size_t n, size_t size)
{
    void *p = sy_arena_alloc(&k->arena, n + 1, size);
    assert_non_null(p);
    return p;
}

struct sy_view kit_text(struct kit *k, const char *s)
{
    struct sy_view v = sy_arena_copy(&k->arena, sy_view_str(s));
    assert_true(v.n == strlen(s));
    return v;
}

/* Words between any of `seps`. */
static size_t split(struct kit *k, const char *text, const char *seps, char ***ret)
{
    char *copy = need(k, strlen(text) + 1, 1);
    memcpy(copy, text, strlen(text));
    *ret = need(k, strlen(text) + 1, sizeof **ret);
    size_t n = 0;
    char *rest = NULL;
    for (char *w = strtok_r(copy, seps, &rest); w != NULL; w = strtok_r(NULL, seps, &rest)) {
        (*ret)[n++] = w;
    }
    return n;
}

static struct sy_view *views(struct kit *k, const char *text, size_t *ret_n)
{
    char **words;
    *ret_n = split(k, text, " ", &words);
    struct sy_view *v = need(k, *ret_n, sizeof *v);
    for (size_t i = 0; i < *ret_n; i++) {
        v[i] = sy_view_str(words[i]);
    }
    return v;
}

/* --- blocks -------------------------------------------------------------------------------------------------- */

static void add_out(struct kit *k, size_t b, const char *op, size_t a)
{
    assert_true(k->plan.n_outs < KIT_OUTS);
    size_t n = k->plan.n_outs++;
    char *name = sy_arena_printf(&k->arena, "o%zu", n);
    k->outs[n] =
        (struct sy_plan_out){.block = b, .op = sy_view_str(op), .a = a, .name = sy_view_str(name)};
}

static void set_key(struct kit *k, size_t b, size_t i, const struct kit_key *key)
{
    struct sy_plan_key *pk = &k->blocks[b].keys[i];
    *pk = (struct sy_plan_key){.open = key->labels == NULL, .nullable = key->nullable};
    if (!pk->open) {
        pk->labels = views(k, key->labels, &pk->n_labels);
    }
    struct sy_block_types *t = &k->block_types[b];
    t->keys[i].kind = key->kind;
    t->open = t->open || pk->open;
    t->n_cells *= pk->open ? 1 : pk->n_labels + (key->nullable ? 1 : 0);
    add_out(k, b, "key", i);
}

void kit_block(struct kit *k, const char *name, const char *ns, const struct kit_key *keys,
               size_t n_keys, size_t n_figures)
{
    assert_true(k->plan.n_blocks < KIT_BLOCKS);
    size_t b = k->plan.n_blocks++;
    k->blocks[b] =
        (struct sy_plan_block){.name = sy_view_str(name),
                               .ns = sy_view_str(ns),
                               .keys = need(k, n_keys, sizeof(struct sy_plan_key)),
                               .n_keys = n_keys,
                               .figures = need(k, n_figures, sizeof(struct sy_plan_figure)),
                               .n_figures = n_figures};
    k->block_types[b] =
        (struct sy_block_types){.keys = need(k, n_keys, sizeof(struct sy_type)), .n_cells = 1};
    for (size_t i = 0; i < n_keys; i++) {
        set_key(k, b, i, &keys[i]);
    }
    for (size_t i = 0; i < n_figures; i++) {
        add_out(k, b, "figure", i);
    }
}

size_t kit_source(struct kit *k, const char *name, const char *ns, const struct kit_key *keys,
                  size_t n_keys, size_t n_figures)
{
    kit_block(k, name, ns, keys, n_keys, n_figures);
    return KIT(k, .op = "block", .source = name);
}

void kit_param(struct kit *k, const char *name, const char *kind, const char *values)
{
    assert_true(k->plan.n_params < KIT_PARAMS);
    struct sy_plan_param *p = &k->params[k->plan.n_params++];
    *p = (struct sy_plan_param){.name = sy_view_str(name), .kind = sy_view_str(kind)};
    p->values = views(k, values, &p->n_values);
}

/* --- relations ------------------------------------------------------------------------------------------------- */

/* An operator's name, then perhaps ":i" and "/n". */
static void operator_of(char *word, struct sy_plan_expr *e)
{
    static const char *const unary[] = {"neg", "abs", "round", "sqrt",
                                        "exp", "ln",  "not",   "is_null"};
    char *slash = strchr(word, '/');
    e->n_args = slash == NULL ? 2 : (size_t)strtoul(slash + 1, NULL, 10);
    if (slash != NULL) {
        *slash = 0;
    }
    char *colon = strchr(word, ':');
    if (colon != NULL) {
        e->i = strtoll(colon + 1, NULL, 10);
        *colon = 0;
    }
    for (size_t i = 0; i < sizeof unary / sizeof unary[0]; i++) {
        e->n_args = strcmp(word, unary[i]) == 0 && slash == NULL ? 1 : e->n_args;
    }
    e->op = sy_view_str(word);
}

/* "c3" and the like; false for an operator. */
static bool leaf_of(struct kit *k, char *word, struct sy_plan_expr *e)
{
    static const char *const ops[] = {"col", "int", "bool", "param"};
    if (word[0] == '\'') {
        *e = (struct sy_plan_expr){.op = sy_view_str("str"), .s = kit_text(k, word + 1)};
        return true;
    }
    if (word[0] == 'n' &&
        (strcmp(word, "nint") == 0 || strcmp(word, "nstr") == 0 || strcmp(word, "nbool") == 0)) {
        *e = (struct sy_plan_expr){.op = sy_view_str("null"), .s = sy_view_str(word + 1)};
        return true;
    }
    for (size_t i = 0; i < 4; i++) {
        char *end;
        long long v = strtoll(word + 1, &end, 10);
        if (word[0] == ops[i][0] && end != word + 1 && (*end == 0 || *end == 'k')) {
            *e = (struct sy_plan_expr){.op = sy_view_str(ops[i]), .i = v};
            e->scale = *end == 'k' ? strtoull(end + 1, NULL, 10) : 0;
            return true;
        }
    }
    return false;
}

static void parse(struct kit *k, const char *text, struct sy_plan_rel *r)
{
    char **words;
    r->n_exprs = split(k, text, " ", &words);
    r->exprs = need(k, r->n_exprs, sizeof *r->exprs);
    r->outs = need(k, r->n_exprs, sizeof *r->outs);
    for (size_t i = 0; i < r->n_exprs; i++) {
        struct sy_plan_expr *e = &r->exprs[i];
        if (!leaf_of(k, words[i], e)) {
            operator_of(words[i], e);
            assert_true(r->n_outs >= e->n_args);
            e->args = need(k, e->n_args, sizeof *e->args);
            r->n_outs -= e->n_args;
            memcpy(e->args, r->outs + r->n_outs, e->n_args * sizeof *e->args);
        }
        r->outs[r->n_outs++] = i;
    }
}

static void name_columns(struct kit *k, size_t n, struct sy_plan_rel *r)
{
    r->names = need(k, n, sizeof *r->names);
    r->n_names = n;
    for (size_t i = 0; i < n; i++) {
        r->names[i] = sy_view_str(sy_arena_printf(&k->arena, "x%zu", i));
    }
}

static void set_inputs(struct kit *k, const char *text, struct sy_plan_rel *r)
{
    char **words;
    r->n_in = split(k, text, " ", &words);
    r->in = need(k, r->n_in, sizeof *r->in);
    for (size_t i = 0; i < r->n_in; i++) {
        r->in[i] = strtoull(words[i], NULL, 10);
    }
}

size_t kit_add(struct kit *k, struct kit_rel s)
{
    assert_true(k->post.n_rels < KIT_RELS);
    struct sy_plan_rel *r = &k->rels[k->post.n_rels];
    *r = (struct sy_plan_rel){.op = sy_view_str(s.op),
                              .kind = sy_view_str(s.kind),
                              .source = sy_view_str(s.source),
                              .n_keys = s.keys,
                              .limit = s.limit};
    set_inputs(k, s.in == NULL ? "" : s.in, r);
    parse(k, s.e == NULL ? "" : s.e, r);
    if (s.fns != NULL) {
        r->fns = views(k, s.fns, &r->n_fns);
    }
    r->n_order = r->n_desc = s.desc == NULL ? 0 : strlen(s.desc);
    r->desc = need(k, r->n_desc, sizeof *r->desc);
    for (size_t i = 0; i < r->n_desc; i++) {
        r->desc[i] = (uint64_t)(s.desc[i] - '0');
    }
    if (strcmp(s.op, "project") == 0) {
        name_columns(k, r->n_outs, r);
    } else if (r->n_fns > 0 || strcmp(s.op, "reduce") == 0) {
        name_columns(k, r->n_fns + (strcmp(s.op, "reduce") == 0 ? s.keys : 0), r);
    }
    return k->post.n_rels++;
}

/* --- tables -------------------------------------------------------------------------------------------------------- */

/* A number in all lanes: "1|2|3" by lane, the last one for further lanes. */
static void put_number(struct kit *k, char *word, double *lanes)
{
    char *rest = NULL;
    char *part = strtok_r(word, "|", &rest);
    for (size_t lane = 0; lane < k->n_lanes; lane++) {
        lanes[lane] = strcmp(part, "-") == 0 ? (double)NAN : strtod(part, NULL);
        char *next = strtok_r(NULL, "|", &rest);
        part = next == NULL ? part : next;
    }
}

static void put_cell(struct kit *k, struct sy_post_column *col, size_t row, char *word)
{
    if (col->kind == SY_POST_LABEL) {
        bool null = strcmp(word, "-") == 0;
        col->texts[row] = null ? (struct sy_view){0} : sy_view_str(word);
    } else {
        put_number(k, word, col->lanes + row * k->n_lanes);
    }
}

void kit_table(struct kit *k, size_t b, const char *text)
{
    struct sy_post_block *blocks;
    size_t n_blocks;
    check_ok(sy_post_blocks(&k->plan, &k->types, &k->arena, &blocks, &n_blocks, NULL));
    struct sy_post_table *t = &k->tables[b];
    char **rows;
    *t = (struct sy_post_table){.n_rows = split(k, text, ";", &rows), .n_cols = blocks[b].n_cols};
    t->cols = need(k, t->n_cols, sizeof *t->cols);
    for (size_t c = 0; c < t->n_cols; c++) {
        t->cols[c].kind = blocks[b].cols[c].kind;
        t->cols[c].lanes = need(k, t->n_rows * k->n_lanes, sizeof(double));
        t->cols[c].texts = need(k, t->n_rows, sizeof(struct sy_view));
    }
    for (size_t row = 0; row < t->n_rows; row++) {
        char **cells;
        assert_int_equal(split(k, rows[row], " ", &cells), t->n_cols);
        for (size_t c = 0; c < t->n_cols; c++) {
            put_cell(k, &t->cols[c], row, cells[c]);
        }
    }
}

/* --- typing, running ----------------------------------------------------------------------------------------------- */

sy_status kit_type(struct kit *k)
{
    k->err = (struct sy_error){0};
    if (k->post.n_outs == 0) {
        struct sy_post_typer t = {k->params, k->plan.n_params, NULL, 0, &k->arena};
        struct sy_post_rel_types *rels = need(k, k->post.n_rels, sizeof *rels);
        struct sy_post_block *blocks;
        SY_TRY(sy_post_blocks(&k->plan, &k->types, &k->arena, &blocks, &t.n_blocks, &k->err));
        t.blocks = blocks;
        for (size_t i = 0; i < k->post.n_rels; i++) {
            SY_TRY(sy_post_rel(&t, k->rels, i, rels, &k->err));
        }
        size_t n = k->post.n_rels == 0 ? 0 : rels[k->post.n_rels - 1].n_cols;
        assert_true(n <= KIT_OUTS);
        for (size_t i = 0; i < n; i++) {
            k->post_outs[i].col = i;
            k->post_outs[i].name = sy_view_str(sy_arena_printf(&k->arena, "c%zu", i));
        }
        k->post.n_outs = n;
    }
    return sy_post_type(&k->plan, &k->types, &k->arena, &k->typed, &k->err);
}

sy_status kit_run(struct kit *k)
{
    return sy_post_run(&k->plan, &k->typed, k->positions, k->tables, k->n_lanes, &k->arena,
                       &k->answer, &k->err);
}

double kit_number(const struct kit *k, size_t row, size_t col, size_t lane)
{
    assert_true(row < k->answer.n_rows && col < k->answer.n_cols);
    return k->answer.cols[col].lanes[row * k->n_lanes + lane];
}

static bool near(double a, double b)
{
    return isnan(a) ? isnan(b) : fabs(a - b) <= 1e-12 * fabs(b);
}

static void expect_cell(struct kit *k, size_t row, size_t c, size_t lane, char *want)
{
    const struct sy_post_column *col = &k->answer.cols[c];
    bool null = strcmp(want, "-") == 0;
    if (col->kind == SY_POST_LABEL) {
        if (null ? col->texts[row].p != NULL : !sy_view_is(col->texts[row], want)) {
            fail_msg("row %zu column %zu: %.*s, want %s", row, c, SY_PV(col->texts[row]), want);
        }
        return;
    }
    double number = null ? (double)NAN : strtod(want, NULL);
    if (!near(kit_number(k, row, c, lane), number)) {
        fail_msg("row %zu column %zu: %.17g, want %s", row, c, kit_number(k, row, c, lane), want);
    }
}

void kit_expect(struct kit *k, size_t lane, const char *text)
{
    sy_status st = kit_type(k);
    if (!sy_ok(st) || !sy_ok(st = kit_run(k))) {
        fail_msg("%s at %s: %s", sy_code_name(st.code), k->err.field, k->err.reason);
    }
    char **rows;
    assert_int_equal(split(k, text, ";", &rows), k->answer.n_rows);
    for (size_t row = 0; row < k->answer.n_rows; row++) {
        char **cells;
        assert_int_equal(split(k, rows[row], " ", &cells), k->answer.n_cols);
        for (size_t c = 0; c < k->answer.n_cols; c++) {
            expect_cell(k, row, c, lane, cells[c]);
        }
    }
}

void kit_refused(struct kit *k, const char *field, const char *reason)
{
    check_code(kit_type(k), SY_E_PLAN);
    if (strcmp(k->err.field, field) != 0 || strstr(k->err.reason, reason) == NULL) {
        fail_msg("at %s: %s, want %s: %s", k->err.field, k->err.reason, field, reason);
    }
}
