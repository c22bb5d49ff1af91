/*
 * Whole plans: blocks with thresholds, how many cells there may be, names, and plans with a post stage.
 * The plans are also the seeds of the fuzz target: its corpus holds exactly their encodings.
 */
#include "test_plan_kit.h"

#include <stdio.h>

#include "base/buf.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* --- whole plans: the corpus ---------------------------------------------------------------------- */

struct whole {
    struct kit kit;
    struct sy_plan plan;
    struct sy_plan_block blocks[2];
    struct sy_plan_key keys[2];
    struct sy_plan_figure figures[2];
    struct sy_plan_out outs[4];
    struct sy_plan_source sources[4];
    struct sy_plan_param params[2];
    struct sy_plan_post post;
    struct sy_plan_rel post_rels[2];
    struct sy_plan_post_out post_outs[1];
};

/* Counts and weights of births by sex; what the tests and the seeds below vary. */
static void whole_births(struct whole *w)
{
    memset(w, 0, sizeof *w);
    struct kit *k = &w->kit;
    kit_put(k, &(const struct kit_rel){
                   .op = "scan", .source = "birth", .names = "child,weight,sex,town,day"});
    struct sy_plan_block *b = &w->blocks[0];
    *b = (struct sy_plan_block){.name = sy_view_str("births"),
                                .ns = sy_view_str("person"),
                                .mechanism = sy_view_str("gauss"),
                                .groups = 1,
                                .rows = 2,
                                .rho = 1000,
                                .keys = w->keys,
                                .n_keys = 1,
                                .figures = w->figures,
                                .n_figures = 2};
    b->exprs = kit_exprs(k, "col:2 col:1", &b->n_exprs);
    w->keys[0] =
        (struct sy_plan_key){.name = sy_view_str("sex"), .labels = world_sexes, .n_labels = 2};
    w->figures[0] = (struct sy_plan_figure){.name = sy_view_str("n"), .fn = sy_view_str("count")};
    w->figures[1] = (struct sy_plan_figure){.name = sy_view_str("w"),
                                            .fn = sy_view_str("sum"),
                                            .has_arg = true,
                                            .expr = 1,
                                            .lo = 500,
                                            .hi = 6000};
    w->outs[0] = (struct sy_plan_out){.name = sy_view_str("sex"), .op = sy_view_str("key")};
    w->outs[1] = (struct sy_plan_out){.name = sy_view_str("n"), .op = sy_view_str("figure")};
    w->outs[2] = (struct sy_plan_out){
        .name = sy_view_str("mean"), .op = sy_view_str("ratio"), .a = 1, .scale = 1, .hi = 60000};
    w->sources[0].dataset = sy_view_str("birth");
    w->plan = (struct sy_plan){.v = SY_PLAN_SCHEMA,
                               .rels = k->rels,
                               .n_rels = 1,
                               .blocks = w->blocks,
                               .n_blocks = 1,
                               .outs = w->outs,
                               .n_outs = 3,
                               .sources = w->sources,
                               .n_sources = 1};
}

static void put_rel(struct whole *w, const struct kit_rel *r)
{
    w->plan.n_rels = kit_put(&w->kit, r) + 1;
    w->blocks[0].rel = w->plan.n_rels - 1;
}

#define PUT(w, ...) put_rel((w), &(const struct kit_rel){__VA_ARGS__})

static void seed_births(struct whole *w)
{
    whole_births(w);
}

static void seed_window(struct whole *w)
{
    whole_births(w);
    PUT(w, .op = "window", .in = "0", .exprs = "col:0 col:4", .outs = "0,1,1", .desc = "1",
        .fns = "row_number,lag", .kind = "all", .names = "r,l", .n_keys = 1, .n_order = 1);
    PUT(w, .op = "filter", .in = "1", .exprs = "col:5 int:1 eq(0,1)", .outs = "2");
}

static void seed_union(struct whole *w)
{
    whole_births(w);
    PUT(w, .op = "project", .in = "0", .names = "c,w,s", .exprs = "col:0 col:1 col:2",
        .outs = "0,1,2");
    PUT(w, .op = "union", .in = "1,1,1");
}

static void seed_join(struct whole *w)
{
    whole_births(w);
    w->sources[1].dataset = sy_view_str("visit");
    w->plan.n_sources = 2;
    PUT(w, .op = "scan", .source = "visit", .names = "person,at,code,fee");
    PUT(w, .op = "reduce", .in = "1", .names = "p,n,c", .exprs = "col:0 col:2 col:1",
        .outs = "0,1,1,2", .fns = "count_distinct,arg_max", .n_keys = 1);
    PUT(w, .op = "join", .in = "0,2", .kind = "left",
        .exprs = "col:0 col:5 eq(0,1) col:7 like~I%(3) col:7 prefix:1(5) str~B ge(6,7) and(2,4,8)",
        .outs = "9");
}

static void seed_dates(struct whole *w)
{
    static struct sy_view values[] = {WORLD_V("2020"), WORLD_V("2020-Q3"), WORLD_V("2020-03")};
    whole_births(w);
    w->params[0] = (struct sy_plan_param){.name = sy_view_str("p"),
                                          .kind = sy_view_str("period"),
                                          .calendar = sy_view_str("10-01"),
                                          .values = values,
                                          .n_values = 3,
                                          .support = 50};
    w->plan.params = w->params;
    w->plan.n_params = 1;
    PUT(w, .op = "filter", .in = "0",
        .exprs =
            "col:4 pstart:0 pend:0 ge(0,1) le(0,2) years(0,2) int:3 lt(5,6) trunc~week(0) "
            "isodow(8) int:-2 add_months(8,10) quarter(11) months(11,0) eq(12,13) and(3,4,7,14)",
        .outs = "15");
}

static void seed_sparse(struct whole *w)
{
    whole_births(w);
    w->blocks[0].exprs = kit_exprs(&w->kit, "col:2 col:1 col:3", &w->blocks[0].n_exprs);
    w->blocks[0].sparse = true;
    w->blocks[0].delta = 1000;
    w->blocks[0].n_keys = 2;
    w->keys[1] = (struct sy_plan_key){.name = sy_view_str("town"), .expr = 2, .open = true};
    w->outs[3] =
        (struct sy_plan_out){.name = sy_view_str("town"), .op = sy_view_str("key"), .a = 1};
    w->plan.n_outs = 4;
}

static void seed_public(struct whole *w)
{
    whole_births(w);
    w->sources[0].dataset = sy_view_str("day");
    w->kit.n_rels = 0;
    PUT(w, .op = "scan", .source = "day", .names = "day,work,title");
    PUT(w, .op = "filter", .in = "0", .exprs = "col:2 str~x ne(0,1)", .outs = "2");
    w->blocks[0] = (struct sy_plan_block){.name = sy_view_str("days"),
                                          .mechanism = sy_view_str("exact"),
                                          .rel = 1,
                                          .figures = w->figures,
                                          .n_figures = 1};
    w->outs[0] = (struct sy_plan_out){.name = sy_view_str("n"), .op = sy_view_str("figure")};
    w->plan.n_outs = 1;
}

/* Two blocks, both with a column n, and a post stage over them. */
static void seed_post(struct whole *w)
{
    whole_births(w);
    w->blocks[1] = w->blocks[0];
    w->blocks[1].name = sy_view_str("all");
    w->blocks[1].n_keys = 0;
    w->outs[2].block = 1;
    w->outs[2].name = sy_view_str("mean");
    w->outs[3] = w->outs[1];
    w->outs[3].block = 1;
    w->plan.n_blocks = 2;
    w->plan.n_outs = 4;
    w->post_rels[0] = (struct sy_plan_rel){.op = sy_view_str("block"), .source = w->blocks[0].name};
    w->post_outs[0] = (struct sy_plan_post_out){.name = sy_view_str("n"), .col = 1};
    w->post =
        (struct sy_plan_post){.outs = w->post_outs, .n_outs = 1, .rels = w->post_rels, .n_rels = 1};
    w->plan.post = &w->post;
    w->plan.n_post = 1;
}

static const struct {
    const char *name;
    void (*make)(struct whole *);
} SEEDS[] = {{"births", seed_births}, {"window", seed_window}, {"union", seed_union},
             {"join", seed_join},     {"dates", seed_dates},   {"sparse", seed_sparse},
             {"public", seed_public}, {"post", seed_post}};

static sy_status type_whole(struct whole *w, struct sy_plan_types *ret)
{
    w->kit.err = (struct sy_error){0};
    return sy_plan_type(&w->plan, world_defs, WORLD_DEFS, &w->kit.arena, ret, &w->kit.err);
}

/* The file of the corpus; false when it is not there or too long. */
static bool read_seed(const char *name, uint8_t *ret, size_t cap, size_t *ret_n)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/fuzz/corpus/plan/%s", getenv("SHUYU_SOURCE_ROOT"), name);
    FILE *f = fopen(path, "rbe");
    *ret_n = f == NULL ? 0 : fread(ret, 1, cap, f);
    if (f != NULL) {
        fclose(f);
    }
    return f != NULL && *ret_n < cap;
}

/* SHUYU_WRITE_SEEDS names a folder that gets the seeds, to be put into the corpus. */
static void write_seed(const char *name, const struct sy_buf *b)
{
    char path[4096];
    const char *folder = getenv("SHUYU_WRITE_SEEDS");
    if (folder == NULL) {
        return;
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wbe");
    assert_non_null(f);
    assert_int_equal(fwrite(b->p, 1, b->n, f), b->n);
    assert_int_equal(fclose(f), 0);
}

static void test_the_seeds_of_the_fuzzer_are_whole_plans(void **state)
{
    (void)state;
    bool have_source = getenv("SHUYU_SOURCE_ROOT") != NULL;
    for (size_t i = 0; i < N_OF(SEEDS); i++) {
        static struct whole w;
        struct sy_plan_types types;
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(65536);
        uint8_t seed[65536];
        size_t n;
        SEEDS[i].make(&w);
        if (!sy_ok(type_whole(&w, &types))) {
            fail_msg("%s: %s: %s", SEEDS[i].name, w.kit.err.field, w.kit.err.reason);
        }
        check_ok(sy_record_encode(&sy_plan_desc, &w.plan, &b));
        write_seed(SEEDS[i].name, &b);
        if (have_source && (!read_seed(SEEDS[i].name, seed, sizeof seed, &n) || n != b.n ||
                            memcmp(seed, b.p, n) != 0)) {
            fail_msg("tests/fuzz/corpus/plan/%s is not this plan", SEEDS[i].name);
        }
        kit_end(&w.kit);
    }
    if (!have_source) {
        check_skip("SHUYU_SOURCE_ROOT is not set");
    }
}

/* --- blocks ------------------------------------------------------------------------------------- */

static void check_whole(struct whole *w, const char *field)
{
    struct sy_plan_types types;
    sy_status st = type_whole(w, &types);
    if (st.code != (*field == 0 ? 0 : SY_E_PLAN) || strcmp(w->kit.err.field, field) != 0) {
        fail_msg("%s at %s: %s", sy_code_name(st.code), w->kit.err.field, w->kit.err.reason);
    }
    kit_end(&w->kit);
}

static void test_blocks_with_thresholds_are_open(void **state)
{
    (void)state;
    static struct whole w;
    struct sy_plan_types types;
    whole_births(&w);
    check_ok(type_whole(&w, &types));
    assert_true(!types.blocks[0].open && types.blocks[0].n_cells == 2);
    w.blocks[0].sparse = true;
    check_ok(type_whole(&w, &types));
    assert_true(types.blocks[0].open && types.blocks[0].n_cells == 2);
    kit_end(&w.kit);
    seed_sparse(&w);
    w.blocks[0].sparse = false;
    check_ok(type_whole(&w, &types));
    assert_true(types.blocks[0].open && types.blocks[0].n_cells == 2);
    kit_end(&w.kit);
}

/* A block whose n keys take `values` values each, but the last, which takes `last`. */
static void whole_cells(struct whole *w, struct sy_plan_key *keys, size_t n, int64_t last)
{
    enum { VALUES = 4096 };
    whole_births(w);
    struct sy_plan_block *b = &w->blocks[0];
    b->exprs = kit_exprs(&w->kit,
                         sy_arena_printf(&w->kit.arena,
                                         "col:2 col:1 col:4 date:0 sub(2,3) int:%d mod(4,5) "
                                         "int:%d mod(4,7)",
                                         VALUES, (int)last),
                         &b->n_exprs);
    for (size_t i = 0; i < n; i++) {
        const struct sy_view *labels;
        struct sy_type t = {.kind = SY_TYPE_INT, .hi = (i + 1 == n ? last : VALUES) - 1};
        check_ok(sy_type_labels(&t, &w->kit.arena, &labels, &keys[i].n_labels, NULL));
        keys[i].labels = (struct sy_view *)(uintptr_t)labels;
        keys[i].name = sy_view_str("k");
        keys[i].expr = i + 1 == n ? 8 : 6;
    }
    b->keys = keys;
    b->n_keys = n;
}

static void test_cells_are_bounded_where_all_are_released(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        int64_t last;
        const char *declared, *sparse; /* where each is refused */
    } cases[] = {
        {1, 4096, "", ""},
        {2, 16, "", ""},            /* 2^16 */
        {2, 17, "blocks[0].k", ""}, /* more than SY_PLAN_CELLS_MAX */
        {6, 4, "blocks[0].k", ""},  /* 2^62 */
        {6, 5, "blocks[0].k[5].l", "blocks[0].k[5].l"},
        {6, 4096, "blocks[0].k[5].l", "blocks[0].k[5].l"}, /* 2^72 */
    };
    static struct whole w;
    struct sy_plan_key keys[SY_PLAN_KEYS_MAX] = {{.expr = 0}};
    for (size_t i = 0; i < N_OF(cases); i++) {
        whole_cells(&w, keys, cases[i].n, cases[i].last);
        check_whole(&w, cases[i].declared);
        whole_cells(&w, keys, cases[i].n, cases[i].last);
        w.blocks[0].sparse = true;
        check_whole(&w, cases[i].sparse);
    }
}

static void test_names_and_post_stages(void **state)
{
    (void)state;
    static struct whole w;
    seed_post(&w);
    check_whole(&w, "");
    seed_post(&w);
    w.plan.n_post = 0;
    check_whole(&w, "post"); /* two blocks without a post stage */
    seed_post(&w);
    w.plan.n_post = 2;
    check_whole(&w, "post");
    seed_post(&w);
    w.outs[2].name = w.outs[3].name;
    check_whole(&w, "outs"); /* twice in one block */
    seed_post(&w);
    w.blocks[1].name = w.blocks[0].name;
    check_whole(&w, "blocks");
    whole_births(&w);
    w.outs[2].name = w.outs[1].name;
    check_whole(&w, "outs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_seeds_of_the_fuzzer_are_whole_plans),
        cmocka_unit_test(test_blocks_with_thresholds_are_open),
        cmocka_unit_test(test_cells_are_bounded_where_all_are_released),
        cmocka_unit_test(test_names_and_post_stages),
    };
    return cmocka_run_group_tests_name("wire_plan_whole", tests, NULL, NULL);
}
