/*
 * Whom a product's test takes out: units of departments' rows, each once; nobody for being in a developer's own data,
 * and nobody at all where no department's rows are read. Data of nobody are no error. And what is recorded of the test:
 * nothing of the data but whether it passed.
 */
#include "test_kit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "product_test.h"
#include "sandbox/memfd.h"

enum { SOURCES = 3, UNITS_MAX = SY_PRODUCT_TEST_UNITS };

/* A model that protects persons, with a column of persons from each source. */
struct reading {
    struct warden_run run;
    struct sy_plan_rel rels[SOURCES];
    struct rules_block_facts block;
    struct sy_field_def def;
};

static int setup(void **state)
{
    struct reading *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    r->block.ns = V("person");
    r->def = (struct sy_field_def){.ref = V("person"), .type = V("unit")};
    r->run.model.plan.rels = r->rels;
    r->run.model.facts.blocks = &r->block;
    r->run.model.facts.n_blocks = 1;
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct reading *r = *state;
    for (size_t i = 0; i < r->run.n_feeds; i++) {
        close(r->run.feeds[i].fd);
    }
    free(r);
    return 0;
}

/* One column: rows of the units from..from + n. */
static void add_column(struct reading *r, const char *source, uint32_t from, uint32_t n)
{
    uint8_t codes[256];
    size_t i = r->run.n_feeds++;
    struct warden_feed *f = &r->run.feeds[i];
    for (uint32_t k = 0; k < n; k++) {
        sy_store_le32(codes + 4 * k, from + k);
    }
    r->rels[i] = (struct sy_plan_rel){.op = V("scan"), .source = V(source)};
    *f = (struct warden_feed){.scan = i, .fd = -1, .ask = {.def = &r->def}};
    f->column.column = (struct sy_run_column){.type = V("unit"), .width = 4, .rows = n};
    check_ok(sandbox_memfd_make("column", sy_view(codes, 4 * (size_t)n), &f->fd));
}

static sy_status drawn(const struct reading *r, struct trial_unit *ret, size_t *ret_n)
{
    static const uint8_t SEED[32] = {7};
    return product_test_units(&r->run, SEED, UNITS_MAX, ret, ret_n);
}

static void test_departments(void **state)
{
    struct reading *r = *state;
    struct trial_unit units[UNITS_MAX];
    size_t n = 0;
    add_column(r, "own.acme.list", 100, 60); /* many more than the department has */
    add_column(r, "city.residents", 3, 5);
    check_ok(drawn(r, units, &n));
    assert_int_equal(n, 5);
    uint64_t seen = 0;
    for (size_t i = 0; i < n; i++) {
        assert_in_range(units[i].code, 3, 7);
        seen |= 1ULL << units[i].code;
    }
    assert_int_equal(seen, 0xF8);
}

static void test_many(void **state)
{
    struct reading *r = *state;
    struct trial_unit units[UNITS_MAX];
    size_t n = 0;
    add_column(r, "city.residents", 0, 60);
    check_ok(drawn(r, units, &n));
    assert_int_equal(n, UNITS_MAX);
}

static void test_nobody(void **state)
{
    struct reading *r = *state;
    struct trial_unit units[UNITS_MAX];
    size_t n = 9;
    add_column(r, "city.residents", 0, 0);
    check_ok(drawn(r, units, &n));
    assert_int_equal(n, 0);
}

/* By the plan, whatever the data are. */
static void test_own_alone(void **state)
{
    struct reading *r = *state;
    struct trial_unit units[UNITS_MAX];
    size_t n = 9;
    add_column(r, "own.acme.list", 0, 60);
    assert_int_equal(drawn(r, units, &n).code, SY_E_STATE);
    assert_int_equal(n, 0);
}

/* ---- the record ---- */

static struct sy_product_tested recorded(const struct warden_product_test *t,
                                         struct sy_arena *arena)
{
    struct sy_product_tested a = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    check_ok(product_test_result(t, &b));
    check_ok(sy_record_decode(&sy_product_tested_desc, sy_arena_copy(arena, sy_buf_view(&b)),
                              &SY_MP_REQUEST, arena, &a, NULL));
    return a;
}

/* Gains, own limits and how many units there were change nothing of it. */
static void test_record(void **state)
{
    (void)state;
    static uint8_t seed[32];
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = 1 << 20};
    struct warden_product_test *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    t->run.seed.p = seed;
    t->found = true;
    t->n_units = 12;
    t->outcome = (struct trial_outcome){.passed = true, .price = 23, .draws = 8192};
    struct sy_product_tested a = recorded(t, &arena);
    assert_true(sy_view_is(a.outcome, "passed") && sy_view_is(a.membership, "bounded"));
    t->n_units = 3;
    t->outcome.moot = true;
    t->outcome.advantage = t->outcome.limit = 17;
    t->outcome.recall = t->outcome.recall_limit = 11;
    struct sy_product_tested b = recorded(t, &arena);
    assert_true(sy_view_eq(a.outcome, b.outcome) && sy_view_eq(a.membership, b.membership));
    assert_true(a.limit == b.limit && a.draws == b.draws && a.units == b.units);
    assert_memory_equal(a.commit, b.commit, sizeof(a.commit));
    t->outcome.passed = false;
    t->outcome.price = SY_PRODUCT_UNBOUNDED;
    b = recorded(t, &arena);
    assert_true(sy_view_is(b.outcome, "failed") && sy_view_is(b.membership, "unbounded"));
    t->found = false;
    b = recorded(t, &arena);
    assert_true(sy_view_is(b.outcome, "unable") && b.membership.n == 0 && b.limit == 0);
    free(t);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_departments), TEST(test_many), TEST(test_nobody),
                                       TEST(test_own_alone), cmocka_unit_test(test_record)};
    return cmocka_run_group_tests_name("warden_product_units", tests, NULL, NULL);
}
