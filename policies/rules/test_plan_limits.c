/*
 * What one run may hold: a key column for each namespace that its blocks protect, up to a limit. Built
 * from a catalogue whose births have eight owners, and persons beside them.
 */
#include "test_kit.h"

#include <string.h>

enum { OWNERS = 8 };

static const char *const NAMES[OWNERS] = {"u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7"};

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

/* Owner i is a unit of a namespace of its own; each has one row at most. */
static void eight_owners(struct world *w)
{
    struct sy_dataset_def *d = &w->defs.defs[3];
    struct sy_prop_dataset *asked = &w->proposal->datasets[3];
    d->fields = kit_alloc(w->k, OWNERS, sizeof(*d->fields));
    d->n_fields = OWNERS;
    d->unit = d->ns = V(NAMES[0]);
    asked->fields = kit_alloc(w->k, OWNERS, sizeof(*asked->fields));
    asked->n_fields = OWNERS;
    for (size_t i = 0; i < OWNERS; i++) {
        d->fields[i] = (struct sy_field_def){
            .grade = 3, .name = V(NAMES[i]), .ref = V(NAMES[i]), .rows = 1, .type = V("unit")};
        asked->fields[i] = (struct sy_prop_field){.name = V(NAMES[i])};
    }
}

/* A block for each of the first n owners, and one more for persons; the answer is the first one's. */
static void plan_of(struct world *w, size_t n, bool persons)
{
    struct kit *k = w->k;
    struct sy_plan *p = w->plan = kit_births_plan(k);
    struct sy_plan_block proto = p->blocks[0];
    p->rels = kit_alloc(k, 2, sizeof(*p->rels));
    p->n_rels = 2;
    p->rels[0] = (struct sy_plan_rel){.names = kit_strs(k, NAMES, OWNERS),
                                      .n_names = OWNERS,
                                      .op = V("scan"),
                                      .source = V("births")};
    p->rels[1] = (struct sy_plan_rel){
        .names = KIT_STRS(k, "id"), .n_names = 1, .op = V("scan"), .source = V("persons")};
    p->n_blocks = n + (persons ? 1 : 0);
    p->blocks = kit_alloc(k, p->n_blocks, sizeof(*p->blocks));
    p->outs = kit_alloc(k, p->n_blocks, sizeof(*p->outs));
    p->n_outs = p->n_blocks;
    proto.n_exprs = proto.n_keys = 0;
    proto.figures = kit_alloc(k, 1, sizeof(*proto.figures));
    proto.figures[0] = (struct sy_plan_figure){.fn = V("units"), .name = V("n")};
    proto.n_figures = 1;
    proto.rho = 1000;
    for (size_t i = 0; i < p->n_blocks; i++) {
        bool person = i == n;
        p->blocks[i] = proto;
        p->blocks[i].name = V(person ? "persons" : NAMES[i]);
        p->blocks[i].ns = V(person ? "person" : NAMES[i]);
        p->blocks[i].rel = person ? 1 : 0;
        p->blocks[i].unit = person ? 0 : i;
        p->outs[i] = (struct sy_plan_out){.block = i, .name = V("n"), .op = V("figure")};
    }
    p->post = kit_alloc(k, 1, sizeof(*p->post));
    p->n_post = 1;
    p->post[0].rels = kit_alloc(k, 1, sizeof(*p->post[0].rels));
    p->post[0].rels[0] = (struct sy_plan_rel){.op = V("block"), .source = V(NAMES[0])};
    p->post[0].n_rels = 1;
    p->post[0].outs = kit_alloc(k, 1, sizeof(*p->post[0].outs));
    p->post[0].outs[0] = (struct sy_plan_post_out){.name = V("n")};
    p->post[0].n_outs = 1;
    kit_sources(k, p);
}

/* Each block costs its own namespace rho, and each of the seven others (2 x 1)^2 of it. */
static void test_spaces(void **state)
{
    struct world w = kit_world(*state);
    struct rules_plan_facts f;
    eight_owners(&w);
    plan_of(&w, OWNERS, false);
    sy_status s = kit_check(&w, &f);
    if (!sy_ok(s)) {
        fail_msg("%s %s %s", sy_code_name(s.code), w.k->err.field, w.k->err.reason);
    }
    assert_int_equal(f.n_spends, OWNERS);
    for (size_t i = 0; i < OWNERS; i++) {
        assert_true(sy_view_is(f.spends[i].ns, NAMES[i]));
        assert_int_equal(f.spends[i].rho, 1000 + 7 * 4 * 1000);
    }
    plan_of(&w, OWNERS - 1, true);
    check_ok(kit_check(&w, &f));
    assert_int_equal(f.n_spends,
                     OWNERS + 1); /* the eighth owner pays, though no block is about it */
    plan_of(&w, OWNERS, true);
    check_code(kit_check(&w, &f), SY_E_LIMIT);
    assert_string_equal(w.k->err.field, "blocks[8].ns");
    w.plan->blocks[8] = w.plan->blocks[0]; /* nine blocks of eight namespaces */
    w.plan->blocks[8].name = V("again");
    check_ok(kit_check(&w, &f));
}

/* A plan of more blocks than there may be is not looked at any further. */
static void test_blocks(void **state)
{
    struct world w = kit_world(*state);
    struct rules_plan_facts f;
    eight_owners(&w);
    plan_of(&w, OWNERS, false);
    struct sy_plan_block *all = kit_alloc(w.k, SY_PLAN_BLOCKS_MAX + 1, sizeof(*all));
    for (size_t i = 0; i <= SY_PLAN_BLOCKS_MAX; i++) {
        all[i] = w.plan->blocks[0];
        all[i].name = V(sy_arena_printf(&w.k->arena, "b%zu", i));
    }
    w.plan->blocks = all;
    w.plan->n_blocks = SY_PLAN_BLOCKS_MAX + 1;
    check_code(kit_check(&w, &f), SY_E_PLAN);
    assert_string_equal(w.k->err.field, "blocks");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_spaces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blocks, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_plan_limits", tests, NULL, NULL);
}
