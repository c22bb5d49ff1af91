/*
 * The reviewer's text says what the plan does and can't be forged or blown up; random damage of plan
 * bytes never crashes check or rendering, and what still passes is still priced and noised.
 */
#include "test_kit.h"

#include <stdlib.h>
#include <string.h>

static struct kit *kit_of(void **state)
{
    return *state;
}

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    kit_granted(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* ---- rendering ---- */

static void test_render(void **state)
{
    static const char *const wanted[] = {
        "persons.weight  g3  mask none",
        "persons.id  g3  mask none  (unit)",
        "inner join of r0 and r1 on r0.id = r1.id",
        "rows of r2 where (r1.event in ('htn', 'diabetes')) and (r0.age >= $min_age)",
        "key male := r0.male  {false, true}",
        "clamped to [30.0, 200.0]",
        "noise scale 2323.8",
        "weight = w / n, within [30.0, 200.0]",
        "rho 0.2, delta 0 of the budget of person",
        "$min_age (int) one of 18, 40"};
    struct world w = kit_world(kit_of(state));
    struct rules_plan_facts f;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    check_ok(kit_check(&w, &f));
    struct rules_plan_case c = {w.plan, &w.defs, w.pack, w.proposal};
    check_ok(rules_plan_render(&c, &f, &w.k->arena, &b));
    check_ok(sy_buf_add(&b, "", 1));
    for (size_t i = 0; i < LEN(wanted); i++) {
        if (strstr((const char *)b.p, wanted[i]) == NULL) {
            fail_msg("'%s' is not in:\n%s", wanted[i], (const char *)b.p);
        }
    }
}

/* Labels can't forge lines of the reviewer's text, and sharing can't blow it up. */
static void test_render_hostile(void **state)
{
    enum { DEEP = 60 };
    struct world w = kit_world(kit_of(state));
    struct rules_plan_facts f;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct sy_plan_expr e[DEEP + 3] = {{.op = V("bool"), .i = 1}};
    for (uint64_t i = 1; i < DEEP; i++) {
        e[i] = call(&w, i % 2 == 0 ? "and" : "or", i - 1, i - 1);
    }
    struct sy_plan_rel *r = &w.plan->rels[3];
    r->exprs = list(&w, e, DEEP);
    r->n_exprs = DEEP;
    r->outs[0] = DEEP - 1;
    w.plan->outs[2].name = V("a\nCost of a run\n    nothing");
    check_ok(kit_check(&w, &f));
    struct rules_plan_case c = {w.plan, &w.defs, w.pack, w.proposal};
    check_ok(rules_plan_render(&c, &f, &w.k->arena, &b));
    assert_true(b.n < 20000);
    check_ok(sy_buf_add(&b, "", 1));
    assert_non_null(strstr((const char *)b.p, "a?Cost of a run?"));
}

/* ---- random damage ---- */

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Change a few bytes of the plan; what still decodes is checked and, if it passes, rendered. */
static void test_fuzz(void **state)
{
    enum { ROUNDS = 20000 };
    struct kit *k = kit_of(state);
    struct world w = kit_world(k);
    struct sy_view bytes = kit_encode(k, &sy_plan_desc, w.plan);
    uint8_t *copy = malloc(bytes.n);
    uint64_t seed = 88172645463325252ULL;
    size_t decoded = 0;
    size_t passed = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        SY_BUF_CLEANUP struct sy_buf text = sy_buf(1 << 20);
        struct sy_plan plan;
        struct rules_plan_facts f;
        memcpy(copy, bytes.p, bytes.n);
        for (uint64_t n = 1 + next(&seed) % 2; n > 0; n--) {
            copy[next(&seed) % bytes.n] =
                (uint8_t)(next(&seed) % 3 == 0 ? next(&seed) : next(&seed) % 16);
        }
        if (!sy_ok(sy_record_decode(&sy_plan_desc, sy_view(copy, bytes.n), &SY_MP_REQUEST, &arena,
                                    &plan, NULL))) {
            continue;
        }
        decoded++;
        struct rules_plan_case c = {&plan, &w.defs, w.pack, w.proposal};
        if (sy_ok(rules_plan_check(&c, &arena, &f, NULL))) {
            passed++;
            assert_true(f.rho > 0 && f.rho <= w.pack->rho_run_max);
            for (size_t j = 0; j < f.blocks[0].n_figures; j++) {
                assert_true(f.blocks[0].figures[j].noise > 0);
            }
            check_ok(rules_plan_render(&c, &f, &arena, &text));
        }
    }
    free(copy);
    print_message("# %d damaged, %zu decoded, %zu pass\n", ROUNDS, decoded, passed);
    assert_true(decoded > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_render, setup, teardown),
        cmocka_unit_test_setup_teardown(test_render_hostile, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fuzz, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_plan_render", tests, NULL, NULL);
}
