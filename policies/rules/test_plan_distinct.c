/*
 * Different values: how far one unit moves such a figure, how large a cell can be, whose selection keys a
 * run needs for it, and what cannot be counted so.
 */
#include "test_kit.h"

#include <string.h>

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

/* Births by year, the clinic granted too; the second figure counts different values of one expression. */
static struct world births(struct kit *k, struct sy_plan_expr of)
{
    struct world w = kit_world(k);
    w.plan = kit_births_plan(k);
    struct sy_prop_dataset *d = &w.proposal->datasets[3];
    struct sy_prop_field *fields = kit_alloc(k, d->n_fields + 1, sizeof(*fields));
    memcpy(fields, d->fields, d->n_fields * sizeof(*fields));
    fields[d->n_fields].name = V("clinic");
    d->fields = fields;
    d->n_fields++;
    w.plan->rels[0].names = KIT_STRS(k, "child", "weight", "born", "clinic");
    w.plan->rels[0].n_names = 4;
    struct sy_plan_block *b = &w.plan->blocks[0];
    struct sy_plan_expr e[4] = {b->exprs[0], b->exprs[1], b->exprs[2], of};
    b->exprs = list(&w, e, 4);
    b->n_exprs = 4;
    b->figures[1] = (struct sy_plan_figure){
        .expr = 3, .fn = V("distinct"), .has_arg = true, .name = V("kinds")};
    return w;
}

static const struct rules_figure_facts *facts_of(struct world *w, struct rules_plan_facts *f)
{
    sy_status s = kit_check(w, f);
    if (!sy_ok(s)) {
        fail_msg("%s %s %s", sy_code_name(s.code), w->k->err.field, w->k->err.reason);
    }
    return &f->blocks[0].figures[1];
}

static uint64_t noise_of_rows(struct world *w, const struct rules_figure_facts *d)
{
    uint64_t noise = 0;
    check_ok(rules_noise_scale(RULES_NOISE_GAUSS, &d->reach, d->rho, &noise, &w->k->err));
    return noise;
}

/* Like a count of rows: `rows` in each of `groups` cells. */
static void test_reach_and_range(void **state)
{
    struct rules_plan_facts f;
    struct world w = births(*state, (struct sy_plan_expr){.i = 1, .op = V("col")});
    w.plan->blocks[0].rows = 3;
    const struct rules_figure_facts *d = facts_of(&w, &f);
    assert_int_equal(d->reach.groups, 2);
    assert_int_equal(d->reach.rows, 3);
    assert_int_equal(d->reach.bound, 1);
    assert_int_equal(d->noise, noise_of_rows(&w, d));
    assert_int_equal(d->lo, 0);
    assert_int_equal(d->hi, 8000 - 200 + 1); /* weights, each once */
    assert_int_equal(d->values_ns.n, 0);
    assert_int_equal(d->scale, 0);
}

/* A cell holds no more values than there are, however many units are in it. */
static void test_range_of_each_kind(void **state)
{
    struct kit *k = *state;
    struct rules_plan_facts f;
    struct world w = births(k, (struct sy_plan_expr){.args = kit_nums(k, (const uint64_t[]){0}, 1),
                                                     .n_args = 1,
                                                     .op = V("quarter")});
    assert_int_equal(facts_of(&w, &f)->hi, 4);
    w = births(k, (struct sy_plan_expr){.args = kit_nums(k, (const uint64_t[]){0}, 1),
                                        .n_args = 1,
                                        .op = V("is_null")});
    assert_int_equal(facts_of(&w, &f)->hi, 2);
    w = births(k, (struct sy_plan_expr){.i = 2, .op = V("col")});
    assert_true(facts_of(&w, &f)->hi > 300); /* days */
}

/* Units of another namespace: chosen by their own keys. */
static void test_units_of_others(void **state)
{
    struct rules_plan_facts f;
    struct world w = births(*state, (struct sy_plan_expr){.i = 3, .op = V("col")});
    const struct rules_figure_facts *d = facts_of(&w, &f);
    assert_true(sy_view_is(d->values_ns, "clinic"));
    assert_int_equal(d->hi, f.blocks[0].units_max);
}

static void test_refusals(void **state)
{
    struct rules_plan_facts f;
    struct world w = births(*state, (struct sy_plan_expr){.i = 0, .op = V("col")});
    check_code(kit_check(&w, &f), SY_E_PLAN); /* the block's own unit */
    w = births(*state, (struct sy_plan_expr){.i = 1, .op = V("col")});
    w.plan->blocks[0].figures[1].has_arg = false;
    w.plan->blocks[0].figures[1].expr = 0;
    check_code(kit_check(&w, &f), SY_E_PLAN);
    w = births(*state, (struct sy_plan_expr){.i = 1, .op = V("col")});
    w.plan->blocks[0].figures[1].hi = 5;
    check_code(kit_check(&w, &f), SY_E_PLAN);
    w = births(*state, (struct sy_plan_expr){.op = V("null"), .s = V("int")});
    check_code(kit_check(&w, &f), SY_E_PLAN);
    w = births(*state, (struct sy_plan_expr){.i = 1, .op = V("col")});
    w.plan->blocks[0].mechanism = V("cellkey");
    check_code(kit_check(&w, &f), SY_E_PLAN);
    w.plan->blocks[0].mechanism = V("gauss");
    check_ok(kit_check(&w, &f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reach_and_range, setup, teardown),
        cmocka_unit_test_setup_teardown(test_range_of_each_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_units_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
