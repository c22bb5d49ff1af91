/* Typing of the post stage: what an honest stage is, and that each rule refuses. */
#include "test_post_kit.h"

#include <string.h>

static struct kit_key AGE = {"0-4 5-9 10-14", SY_TYPE_STR, false};
static struct kit_key SEX = {"m f", SY_TYPE_STR, false};
static struct kit_key YEAR = {"2018 2019 2020", SY_TYPE_INT, false};
static struct kit_key DRUG = {NULL, SY_TYPE_STR, false};

/* 0: deaths(age, sex, n, m); 1: pop(age, n), public; 2: total(n) */
static struct kit *world(void **state)
{
    struct kit *k = *state;
    kit_source(k, "deaths", "person", (struct kit_key[]){AGE, SEX}, 2, 2);
    kit_source(k, "pop", "", &AGE, 1, 1);
    kit_source(k, "total", "person", NULL, 0, 1);
    return k;
}

/* --- what columns are ------------------------------------------------------------------------------------- */

static void test_blocks(void **state)
{
    struct kit *k = world(state);
    kit_source(k, "open", "person", (struct kit_key[]){DRUG, YEAR}, 2, 1);
    k->block_types[1].open = true; /* sparse */
    struct sy_post_block *b;
    size_t n;
    check_ok(sy_post_blocks(&k->plan, &k->types, &k->arena, &b, &n, NULL));
    assert_int_equal(n, 4);
    assert_true(sy_view_is(b[0].name, "deaths"));
    assert_int_equal(b[0].n_cols, 4);
    assert_int_equal(b[0].rows, 6);
    assert_int_equal(b[1].rows, SY_POST_ROWS_MAX);
    assert_int_equal(b[2].rows, 1);
    assert_int_equal(b[3].rows, SY_POST_ROWS_MAX);
    assert_true(b[0].cols[0].key && b[0].cols[0].kind == SY_POST_LABEL && !b[0].cols[0].noisy);
    assert_true(!b[0].cols[2].key && b[0].cols[2].kind == SY_POST_NUMBER && b[0].cols[2].noisy);
    assert_false(b[1].cols[1].noisy); /* exact */
    assert_true(b[3].cols[0].kind == SY_POST_LABEL && b[3].cols[1].kind == SY_POST_NUMBER);
    assert_true(b[3].cols[1].key && !b[3].cols[1].noisy);
}

/* A block that hides one of its keys may show two rows with the same visible keys. */
static void test_hidden_key_is_no_key(void **state)
{
    struct kit *k = world(state);
    struct sy_post_block *b;
    size_t n;
    k->outs[1] = k->outs[0]; /* age twice, sex hidden */
    check_ok(sy_post_blocks(&k->plan, &k->types, &k->arena, &b, &n, NULL));
    assert_false(b[0].cols[0].key || b[0].cols[1].key);
    KIT(k, .op = "join", .in = "1 0", .kind = "left", .e = "c0 c2 eq");
    kit_refused(k, "post.rels[3].in", "no key columns");
}

static const struct sy_post_col *cols_of(struct kit *k)
{
    sy_status st = kit_type(k);
    if (!sy_ok(st)) {
        fail_msg("%s: %s", k->err.field, k->err.reason);
    }
    return k->typed.rels[k->typed.n_rels - 1].cols;
}

static uint64_t rows_of(const struct kit *k)
{
    return k->typed.rels[k->typed.n_rels - 1].rows;
}

static void test_project_keeps_keys_when_it_copies_all(void **state)
{
    struct kit *k = world(state);
    KIT(k, .op = "project", .in = "0", .e = "c1 c0 c2 i1000 mul");
    const struct sy_post_col *c = cols_of(k);
    assert_true(c[0].key && c[1].key && !c[2].key);
    assert_true(!c[0].noisy && c[2].noisy);
    k->post.n_outs = 0;
    KIT(k, .op = "project", .in = "0", .e = "c0 c2");
    assert_false(cols_of(k)[0].key);
    k->post.n_outs = 0;
    /* a computed copy is not a copy */
    KIT(k, .op = "project", .in = "0", .e = "c0 c1 c1 coalesce");
    assert_false(cols_of(k)[0].key || k->typed.rels[5].cols[1].key);
}

static void test_filter_sort_window_keep_keys(void **state)
{
    struct kit *k = world(state);
    KIT(k, .op = "filter", .in = "0", .e = "c2 i5 gt");
    assert_true(cols_of(k)[0].key && k->typed.rels[3].cols[1].key);
    k->post.n_outs = 0;
    KIT(k, .op = "window", .in = "3", .e = "c1 c0 c2", .fns = "sum", .keys = 1, .desc = "0",
        .kind = "rows");
    const struct sy_post_col *c = cols_of(k);
    assert_true(c[0].key && c[1].key && !c[4].key && c[4].noisy);
    k->post.n_outs = 0;
    KIT(k, .op = "sort", .in = "4", .e = "c4", .desc = "1", .limit = 2);
    assert_true(cols_of(k)[1].key);
    assert_int_equal(rows_of(k), 2);
}

static void test_reduce_types(void **state)
{
    struct kit *k = world(state);
    KIT(k, .op = "reduce", .in = "0", .e = "c2 i5 gt c2 c0 b1", .fns = "sum count count",
        .keys = 1);
    const struct sy_post_col *c = cols_of(k);
    assert_true(c[0].key && !c[0].noisy && c[0].kind == SY_POST_BOOL); /* lane 0 for all */
    assert_true(c[1].noisy && c[1].kind == SY_POST_NUMBER);
    assert_true(!c[2].noisy && !c[3].noisy && c[2].kind == SY_POST_NUMBER);
    assert_int_equal(rows_of(k), 6);
    k->post.n_outs = 0;
    KIT(k, .op = "reduce", .in = "0", .e = "c2", .fns = "sum");
    (void)cols_of(k);
    assert_int_equal(rows_of(k), 1);
}

static void test_join_types(void **state)
{
    struct kit *k = world(state);
    KIT(k, .op = "join", .in = "0 1", .kind = "left", .e = "c0 c4 eq");
    const struct sy_post_col *c = cols_of(k);
    assert_true(c[0].key && c[1].key && !c[4].key);
    assert_int_equal(rows_of(k), 6);
    k->post.n_outs = 0;
    KIT(k, .op = "join", .in = "3 2", .kind = "inner", .e = "b1"); /* one row */
    (void)cols_of(k);
    k->post.n_outs = 0;
    /* all of several keys, nested and in any order */
    KIT(k, .op = "join", .in = "0 0", .kind = "inner", .e = "c5 c1 eq c0 c4 eq and c1 c5 eq and");
    (void)cols_of(k);
}

static void test_union_types(void **state)
{
    struct kit *k = world(state);
    KIT(k, .op = "project", .in = "0", .e = "c0 c2");
    KIT(k, .op = "union", .in = "1 3");
    const struct sy_post_col *c = cols_of(k);
    assert_true(!c[0].key && c[1].noisy && !k->typed.rels[1].cols[1].noisy);
    assert_int_equal(rows_of(k), 9);
}

static void test_labels_are_not_noisy(void **state)
{
    struct kit *k = world(state);
    KIT(k, .op = "project", .in = "0",
        .e = "c2 i5 gt 'high 'low case/3 c2 i5 gt i1 c3 case/3 c2 i5 gt i1 i0 case/3 c2 i5 gt b1");
    const struct sy_post_col *c = cols_of(k);
    assert_true(c[0].kind == SY_POST_LABEL && !c[0].noisy);
    assert_true(c[1].noisy && c[2].noisy && c[3].noisy && c[3].kind == SY_POST_BOOL);
    assert_false(c[4].noisy);
}

static void test_bounds(void **state)
{
    struct kit *k = world(state);
    KIT(k, .op = "project", .in = "0", .e = "c0 c2 c3 div");
    (void)cols_of(k);
    /* blocks: 6 x 4, 3 x 2, 1 x 1; project: 6 x (2 columns, 2 outs, 4 expressions, 2 arguments) */
    assert_int_equal(k->typed.values, 24 + 6 + 1 + 6 * 4);
    assert_int_equal(k->typed.work, 24 + 6 + 1 + 6 * 8);
    k->post.n_outs = 0;
    KIT(k, .op = "reduce", .in = "0", .e = "c2", .fns = "sum"); /* goes through 6 rows to make 1 */
    (void)cols_of(k);
    assert_int_equal(k->typed.work, 31 + 6 * 8 + 6 * 2);
}

/* --- refusals ------------------------------------------------------------------------------------------------- */

static void test_refused_expressions(void **state)
{
    static const struct {
        const char *e, *reason;
    } bad[] = {
        {"c4", "no column 4"},
        {"p1", "no parameter 1"},
        {"c-1", "no column -1"},
        {"i9000000000000000000", "leaves +-2^62"},
        {"b2", "a boolean is 0 or 1"},
        {"c0 c2 add", "add takes a number; argument 0 is a label"},
        {"c0 c1 lt", "lt takes a number"},
        {"c2 c0 eq", "eq: one argument is a number, another a label"},
        {"c2 not", "not takes a condition"},
        {"b1 c2 and", "and takes a condition"},
        {"c2 c3 in", "no literal"},
        {"c2 '5 in", "in: one argument"},
        {"c2 c0 coalesce", "coalesce: one argument"},
        {"b1 c2 b1 c3 case/4", "pairs"},
        {"c2 c2 c2 case/3", "argument 0 is a number, not a condition"},
        {"b1 c2 c0 case/3", "case: one argument"},
        {"c2 round:10", "round: -9 to 9"},
        {"c2 round:-10", "round: -9 to 9"},
        {"c2 year/1", "no such operator"},
        {"c2 c3 add/1", "add: wrong number"},
        {"c2 c2 c2 sub/3", "sub: wrong number"},
        {"c2 least/1", "least: wrong number"},
        {"c2 sqrt:1", "sqrt: a field is set"},
        {"i1k10", "at most 9 decimal digits"},
        {"c2 c3 round/2", "round: wrong number"},
    };
    struct kit *k = world(state);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        k->post.n_rels = 3;
        KIT(k, .op = "project", .in = "0", .e = bad[i].e);
        if (kit_type(k).code != SY_E_PLAN || strstr(k->err.reason, bad[i].reason) == NULL ||
            strncmp(k->err.field, "post.rels[3].e[", 15) != 0) {
            fail_msg("%s: at %s: %s", bad[i].e, k->err.field, k->err.reason);
        }
    }
}

static void test_refused_arguments(void **state)
{
    struct kit *k = world(state);
    KIT(k, .op = "project", .in = "0", .e = "c2 c3 add");
    k->rels[3].exprs[2].args[1] = 2; /* itself */
    kit_refused(k, "post.rels[3].e[2]", "not an earlier position");
    k->rels[3].exprs[2].args[1] = 1;
    k->rels[3].exprs[0].s = kit_text(k, "x");
    kit_refused(k, "post.rels[3].e[0]", "a field is set");
    k->rels[3].exprs[0].s = (struct sy_view){0};
    k->rels[3].exprs[1].scale = 1;
    kit_refused(k, "post.rels[3].e[1]", "a field is set");
    k->rels[3].exprs[1].scale = 0;
    k->rels[3].outs[0] = 3;
    kit_refused(k, "post.rels[3].x", "no expression 3");
    k->rels[3].exprs[0] =
        (struct sy_plan_expr){.op = sy_view_str("null"), .s = sy_view_str("date")};
    kit_refused(k, "post.rels[3].e[0]", "int, str or bool");
    k->rels[3].exprs[0] = (struct sy_plan_expr){.op = sy_view_str("str"), .s = sy_view("\xff", 1)};
    kit_refused(k, "post.rels[3].e[0]", "not UTF-8");
}

/* One relation on top of the world; what is wrong with it, and where. */
static const struct {
    struct kit_rel r;
    const char *field, *reason;
} BAD_RELS[] = {
    {{.op = "scan"}, "post.rels[3].o", "no such operator"},
    {{.op = "block", .source = "x"}, "post.rels[3].s", "no block x"},
    {{.op = "block", .source = "pop", .in = "0"}, "post.rels[3].in", "wrong number"},
    {{.op = "block", .source = "pop", .limit = 1}, "post.rels[3]", "a field is set"},
    {{.op = "filter", .in = "0", .e = "c2"}, "post.rels[3].x", "one condition"},
    {{.op = "filter", .in = "0", .e = "b1 b1"}, "post.rels[3].x", "one condition"},
    {{.op = "filter", .in = "3", .e = "b1"}, "post.rels[3].in", "not an earlier relation"},
    {{.op = "filter", .in = "0", .e = "b1", .kind = "x"}, "post.rels[3]", "a field is set"},
    {{.op = "filter", .in = "0", .e = "b1", .fns = "sum"}, "post.rels[3]", "a field is set"},
    {{.op = "filter", .in = "0", .e = "b1", .keys = 1}, "post.rels[3]", "a field is set"},
    {{.op = "filter", .in = "0", .e = "b1", .desc = "0"}, "post.rels[3]", "a field is set"},
    {{.op = "filter", .in = "0", .e = "b1", .source = "pop"}, "post.rels[3]", "a field is set"},
    {{.op = "project", .in = "0 1", .e = "c0"}, "post.rels[3].in", "wrong number"},
    {{.op = "project", .in = "0"}, "post.rels[3]", "columns"},
    {{.op = "join", .in = "0 1", .kind = "semi", .e = "c0 c4 eq"},
     "post.rels[3].k",
     "inner or left"},
    {{.op = "join", .in = "0 1", .kind = "left", .e = "b1"}, "post.rels[3].x", "key column 0"},
    {{.op = "join", .in = "0 1", .kind = "left", .e = "c1 c5 c5 eq"},
     "post.rels[3].x",
     "one condition"},
    {{.op = "join", .in = "0 1", .kind = "left", .e = "c2 c5 eq"},
     "post.rels[3].x",
     "key column 0"},
    {{.op = "join", .in = "1 0", .kind = "left", .e = "c0 c2 eq"},
     "post.rels[3].x",
     "key column 1"},
    {{.op = "join", .in = "1 0", .kind = "left", .e = "c0 c2 eq c0 c2 eq and"},
     "post.rels[3].x",
     "key column 1"},
    {{.op = "join", .in = "0 1", .kind = "left", .e = "c0 c1 eq"}, "post.rels[3].x", "equalities"},
    {{.op = "join", .in = "0 1", .kind = "left", .e = "c4 c4 eq"}, "post.rels[3].x", "equalities"},
    {{.op = "join", .in = "0 1", .kind = "left", .e = "c0 c4 ne"}, "post.rels[3].x", "equalities"},
    {{.op = "join", .in = "0 1", .kind = "left", .e = "c0 c4 eq c0 c4 eq or"},
     "post.rels[3].x",
     "equalities"},
    {{.op = "join", .in = "0 1", .kind = "left", .e = "c0 c4 eq b1 and"},
     "post.rels[3].x",
     "equalities"},
    {{.op = "join", .in = "0 1", .kind = "left", .e = "c2 i1 add c5 eq"},
     "post.rels[3].x",
     "equalities"},
    {{.op = "join", .in = "0 2", .kind = "left", .e = "b0"}, "post.rels[3].x", "equalities"},
    {{.op = "join", .in = "0 1", .kind = "left", .e = "c0 c5 eq"},
     "post.rels[3].e[2]",
     "one argument is a label"},
    {{.op = "reduce", .in = "0", .e = "c0", .fns = "sum"}, "post.rels[3].f", "sum takes a number"},
    {{.op = "reduce", .in = "0", .e = "c2", .fns = "lag"}, "post.rels[3].f", "unknown"},
    {{.op = "reduce", .in = "0", .e = "c2", .fns = "median"}, "post.rels[3].f", "unknown"},
    {{.op = "reduce", .in = "0", .e = "c2", .fns = "sum sum"}, "post.rels[3].f", "lacks"},
    {{.op = "reduce", .in = "0", .e = "c2 c2", .fns = "sum"}, "post.rels[3].f", "one argument for"},
    {{.op = "reduce", .in = "0", .e = "c2", .fns = "sum", .keys = 2},
     "post.rels[3].nk",
     "more keys"},
    {{.op = "reduce", .in = "0"}, "post.rels[3]", "columns"},
    {{.op = "window", .in = "0", .e = "c2", .fns = "sum", .kind = "range"},
     "post.rels[3].k",
     "frame"},
    {{.op = "window", .in = "0", .e = "c2", .fns = "sum"}, "post.rels[3].k", "frame"},
    {{.op = "window", .in = "0", .e = "c2", .kind = "all", .keys = 1},
     "post.rels[3].nk",
     "function"},
    {{.op = "window", .in = "0", .e = "c2", .fns = "sum", .kind = "all", .desc = "00"},
     "post.rels[3].nk",
     "as many keys"},
    {{.op = "window", .in = "0", .e = "c2 c2", .fns = "row_number", .kind = "all"},
     "post.rels[3].f",
     "one argument for"},
    {{.op = "window", .in = "0", .e = "c2 c2", .fns = "sum", .kind = "all", .desc = "2"},
     "post.rels[3].d",
     "0 or 1"},
    {{.op = "union", .in = "0"}, "post.rels[3].in", "wrong number"},
    {{.op = "union", .in = "0 1"}, "post.rels[3].in", "the same columns"},
    {{.op = "sort", .in = "0", .e = "c0"}, "post.rels[3].no", "order keys and nothing else"},
    {{.op = "sort", .in = "0"}, "post.rels[3].no", "or a limit"},
    {{.op = "sort", .in = "0", .e = "c0", .desc = "3"}, "post.rels[3].d", "0 or 1"},
};

static void test_refused_relations(void **state)
{
    struct kit *k = world(state);
    for (size_t i = 0; i < sizeof BAD_RELS / sizeof BAD_RELS[0]; i++) {
        k->post.n_rels = 3;
        kit_add(k, BAD_RELS[i].r);
        kit_refused(k, BAD_RELS[i].field, BAD_RELS[i].reason);
    }
}

static void test_refused_kinds_and_names(void **state)
{
    struct kit *k = world(state);
    KIT(k, .op = "project", .in = "1", .e = "c1 c0");
    KIT(k, .op = "union", .in = "1 3");
    kit_refused(k, "post.rels[4].in", "column 0 is of two kinds");
    k->post.n_rels = 4;
    k->rels[3].n_names = 1;
    kit_refused(k, "post.rels[3].n", "one name for each");
    k->rels[3].n_names = 2;
    k->rels[3].names[1] = (struct sy_view){0};
    kit_refused(k, "post.rels[3].n", "has no name");
    k->post.n_rels = 3;
    KIT(k, .op = "window", .in = "0", .e = "c2", .fns = "sum", .kind = "all");
    k->rels[3].n_order = 1;
    kit_refused(k, "post.rels[3].d", "one direction");
    k->rels[3].n_order = 0;
    k->rels[3].names[0] = (struct sy_view){0};
    kit_refused(k, "post.rels[3].n", "has no name");
    k->rels[3].n_names = 0; /* a window need not name its columns */
    check_ok(kit_type(k));
}

/* A union has no keys, however it came about; so has a projection that drops one. */
static void test_refused_joins_without_keys(void **state)
{
    struct kit *k = world(state);
    KIT(k, .op = "union", .in = "1 1");
    KIT(k, .op = "join", .in = "1 3", .kind = "left", .e = "c0 c2 eq");
    kit_refused(k, "post.rels[4].in", "no key columns");
    k->post.n_rels = 3;
    KIT(k, .op = "project", .in = "1", .e = "c1");
    KIT(k, .op = "join", .in = "1 3", .kind = "left", .e = "c1 c2 eq");
    kit_refused(k, "post.rels[4].in", "no key columns");
    k->post.n_rels = 4;
    KIT(k, .op = "sort", .in = "3", .e = "c0", .desc = "0", .limit = 1); /* one row again */
    KIT(k, .op = "join", .in = "1 4", .kind = "left", .e = "b1");
    check_ok(kit_type(k));
}

static void test_refused_outs(void **state)
{
    struct kit *k = world(state);
    check_ok(kit_type(k)); /* total(n) */
    k->post_outs[0].col = 1;
    kit_refused(k, "post.outs[0].c", "one of the last relation");
    k->post_outs[0].col = 0;
    k->post_outs[0].scale = 10;
    kit_refused(k, "post.outs[0].s", "decimal digits");
    k->post_outs[0].scale = 9;
    check_ok(kit_type(k));
    k->post_outs[1] = k->post_outs[0];
    k->post.n_outs = 2;
    kit_refused(k, "post.outs[1].n", "two columns");
    k->post_outs[1].name = (struct sy_view){0};
    kit_refused(k, "post.outs[1].c", "has a name");
    k->post.n_outs = SY_PLAN_OUTS_MAX + 1;
    kit_refused(k, "post.outs", "1 to 512");
    k->post.n_rels = 2; /* pop(age, n) */
    k->post.n_outs = 1;
    kit_refused(k, "post.outs[0].s", "of numbers only");
    k->plan.n_post = 0;
    kit_refused(k, "post", "one post stage");
    k->plan.n_post = 1;
    k->post.n_rels = 0;
    kit_refused(k, "post.rels", "1 to 128");
}

static void test_refused_sizes(void **state)
{
    struct kit *k = *state;
    kit_source(k, "open", "person", &DRUG, 1, 1);
    for (int i = 0; i < 14;
         i++) { /* 2^17 for the block, then 65536 rows x (2 columns + 2 outs) each */
        KIT(k, .op = "project", .in = "0", .e = "c0 c1");
    }
    check_ok(kit_type(k));
    KIT(k, .op = "project", .in = "0", .e = "c0 c1");
    check_ok(kit_type(k));
    KIT(k, .op = "project", .in = "0", .e = "c0 c1");
    kit_refused(k, "post.rels", "up to relation 16");
    k->post.n_rels = 1;
    for (int i = 0; i < 128; i++) {
        KIT(k, .op = "sort", .in = "0", .limit = 1);
    }
    kit_refused(k, "post.rels", "1 to 128 relations");
}

/* Work without columns: long expressions. */
static void test_refused_work(void **state)
{
    struct kit *k = *state;
    kit_source(k, "open", "person", &DRUG, 1, 1);
    char e[1024] = "c1";
    for (int i = 0; i < 41; i++) { /* 1 + 41 x (1 expression + 2 arguments) + ... > 128 a row */
        memcpy(e + 2 + 7 * (size_t)i, " c1 add", 8);
    }
    KIT(k, .op = "project", .in = "0", .e = e);
    kit_refused(k, "post.rels", "up to relation 1");
    e[2 + 7 * 30] = 0;
    k->post.n_rels = 1;
    KIT(k, .op = "project", .in = "0", .e = e);
    check_ok(kit_type(k));
}

/* However small the arena, typing and running answer with a status. */
static void test_no_memory(void **state)
{
    struct kit *k = world(state);
    KIT(k, .op = "join", .in = "0 1", .kind = "left", .e = "c0 c4 eq");
    KIT(k, .op = "reduce", .in = "3", .e = "c0 c2", .fns = "sum", .keys = 1);
    check_ok(kit_type(k));
    size_t refused = 0;
    for (size_t ceiling = 1; ceiling < 8192; ceiling += 16) {
        struct sy_arena small SY_ARENA_CLEANUP = {.ceiling = ceiling};
        struct sy_post_types t;
        sy_status st = sy_post_type(&k->plan, &k->types, &small, &t, NULL);
        assert_true(sy_ok(st) || (st.code == SY_E_NO_MEMORY && t.rels == NULL));
        refused += sy_ok(st) ? 0 : 1;
    }
    assert_true(refused > 10 && refused < 500);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_blocks),
        TEST(test_hidden_key_is_no_key),
        TEST(test_project_keeps_keys_when_it_copies_all),
        TEST(test_filter_sort_window_keep_keys),
        TEST(test_reduce_types),
        TEST(test_join_types),
        TEST(test_union_types),
        TEST(test_labels_are_not_noisy),
        TEST(test_bounds),
        TEST(test_refused_expressions),
        TEST(test_refused_arguments),
        TEST(test_refused_relations),
        TEST(test_refused_kinds_and_names),
        TEST(test_refused_joins_without_keys),
        TEST(test_refused_outs),
        TEST(test_refused_sizes),
        TEST(test_refused_work),
        TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
