/*
 * The controls of the scheme that plans, proposals and packs stand on (rules/control.h, "spine"): one test function
 * each, with what is allowed beside what is refused. And the levels of a pack, whose number is data.
 */
#include "test_kit.h"

#include <string.h>

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    kit_catalogue(&k);
    *state = &k;
    return 0;
}

static int setup_granted(void **state)
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

/* ---- what a model may be ---- */

static void control_granted_fields(void **state)
{
    struct world w = kit_world(*state);
    struct rules_plan_facts f;
    check_ok(kit_check(&w, &f));
    w.plan->rels[0].names = KIT_STRS(w.k, "id", "age", "male", "hiv"); /* catalogued, not granted */
    check_code(kit_check(&w, &f), SY_E_FIELD_DENIED);
}

static void control_no_raw_rows(void **state)
{
    struct world w = kit_world(*state);
    struct rules_plan_facts f;
    check_ok(kit_check(&w, &f));
    w.plan->n_outs = 2; /* keys, and no figure over them */
    check_code(kit_check(&w, &f), SY_E_ROW_LEVEL);
}

/* Even under a pack that allowed it, which could not be adopted. */
static void control_exact_public(void **state)
{
    struct world w = kit_world(*state);
    struct rules_plan_facts f;
    check_ok(kit_check(&w, &f));
    w.pack->grades[2].mechanisms = KIT_STRS(w.k, "gauss", "exact");
    w.plan->blocks[0].mechanism = V("exact");
    check_code(kit_check(&w, &f), SY_E_PRIVACY);
}

static void control_grade_mechanism(void **state)
{
    struct world w = kit_world(*state);
    struct rules_plan_facts f;
    check_ok(kit_check(&w, &f));
    w.pack->grades[2].n_mechanisms = 0; /* the events are of grade 3 */
    check_code(kit_check(&w, &f), SY_E_PRIVACY);
    struct sy_proposal *p = kit_proposal(w.k);
    p->scene = V("other");
    p->n_datasets = 1;
    p->mechanisms = KIT_STRS(w.k, "exact");
    p->n_mechanisms = 1;
    assert_int_equal(kit_apply(w.k, p), SY_E_PRIVACY);
    p->mechanisms = KIT_STRS(w.k, "gauss");
    assert_int_equal(kit_apply(w.k, p), 0);
}

static void control_support(void **state)
{
    struct world w = kit_world(*state);
    struct rules_plan_facts f;
    w.plan->params[0].support = w.pack->support_min;
    check_ok(kit_check(&w, &f));
    w.plan->params[0].support--;
    check_code(kit_check(&w, &f), SY_E_PRIVACY);
}

/* ---- what a scene may apply for ---- */

static void granted(struct kit *k, const struct sy_proposal *p)
{
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
}

/* The same model under two grants: where diseases are granted by their first letter, their names do not exist. */
static void control_masks(void **state)
{
    struct kit *k = *state;
    struct sy_proposal *p = kit_proposal(k);
    granted(k, p);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    p->scene = V("coarse");
    p->datasets[1].fields[1].mask = V("prefix:1");
    granted(k, p);
    assert_int_not_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
}

static void control_never_granted(void **state)
{
    struct kit *k = *state;
    struct sy_dataset_def *d = kit_persons(k);
    struct sy_proposal *p = kit_proposal(k);
    d->id = V("persons.2");
    d->fields[4].klass = V("address");
    assert_int_equal(kit_define(k, d), 0);
    p->datasets[0].dataset = d->id;
    assert_int_equal(kit_apply(k, p), SY_E_FIELD_DENIED);
    p->datasets[0].fields[4].mask = V("drop"); /* named, and not asked for */
    assert_int_equal(kit_apply(k, p), 0);
}

/* ---- levels ---- */

static void control_core_data(void **state)
{
    struct kit *k = *state;
    struct sy_pack *p = kit_subject_pack(k, 2);
    p->grades[3].mechanisms = KIT_STRS(k, "gauss");
    assert_int_equal(kit_adopt(k, p), SY_E_PRIVACY);
    assert_int_equal(kit_adopt(k, kit_subject_pack(k, 2)), 0);
}

/* A pack of n levels: noise for all between the first and the last. */
static struct sy_pack *with_levels(struct kit *k, size_t n)
{
    struct sy_pack *p = kit_pack_record(k, 1);
    p->grades = kit_alloc(k, n, sizeof(*p->grades));
    p->n_grades = n;
    for (size_t i = 0; i < n; i++) {
        bool first = i == 0;
        bool last = i + 1 == n;
        p->grades[i] = (struct sy_pack_grade){.grade = i + 1,
                                              .mechanisms = first ? KIT_STRS(k, "exact")
                                                                  : KIT_STRS(k, "gauss", "laplace"),
                                              .n_mechanisms = first  ? 1
                                                              : last ? 0
                                                                     : 2};
    }
    return p;
}

static void founded(struct kit *k)
{
    kit_init(k);
    assert_int_equal(kit_genesis(k), 0);
    assert_int_equal(kit_enrol(k, "health", "department"), 0);
}

/* How many levels a domain has is its first pack's; what the first and the last mean never differs. */
static void test_levels(void **state)
{
    (void)state;
    for (size_t n = 2; n <= 6; n++) {
        struct kit k;
        founded(&k);
        bool fine = n >= SY_LEVELS_MIN && n <= SY_LEVELS_MAX;
        assert_int_equal(kit_adopt(&k, with_levels(&k, n)), fine ? 0 : SY_E_FIELD);
        struct sy_dataset_def *d = kit_persons(&k);
        struct sy_pack *other = with_levels(&k, n == 3 ? 4 : n - 1);
        other->version = 2;
        d->fields[5].grade = n; /* hiv */
        if (fine) {
            assert_int_equal(kit_define(&k, d), 0);
            d->id = V("persons.2");
            d->fields[5].grade = n + 1;
            assert_int_equal(kit_define(&k, d), SY_E_FIELD);
            assert_int_equal(kit_adopt(&k, other),
                             SY_E_FIELD); /* grades would mean something else */
        }
        kit_free(&k);
    }
}

static void test_level_mechanisms(void **state)
{
    static const struct {
        size_t levels, grade;
        const char *mechanism;
        bool fits;
    } cases[] = {
        {3, 1, "cellkey", true}, {3, 2, "cellkey", false}, {3, 2, "exact", false},
        {3, 3, "gauss", false},  {4, 2, "cellkey", true},  {4, 3, "cellkey", false},
        {5, 2, "cellkey", true}, {5, 3, "cellkey", false}, {5, 4, "gauss", true},
        {5, 4, "exact", false},  {5, 5, "gauss", false},   {5, 5, "laplace", false},
    };
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct kit k;
        founded(&k);
        struct sy_pack *p = with_levels(&k, cases[i].levels);
        struct sy_pack_grade *g = &p->grades[cases[i].grade - 1];
        g->mechanisms = kit_strs(&k, &cases[i].mechanism, 1);
        g->n_mechanisms = 1;
        int32_t code = kit_adopt(&k, p);
        /* what fits still lacks the parameters of its section, where it has one */
        bool refused = code == SY_E_PRIVACY;
        if (refused == cases[i].fits) {
            fail_msg("case %zu: %s", i, sy_code_name(code));
        }
        kit_free(&k);
    }
}

int main(void)
{
#define G(name) cmocka_unit_test_setup_teardown(name, setup_granted, teardown)
#define C(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        G(control_granted_fields),
        G(control_no_raw_rows),
        G(control_exact_public),
        G(control_grade_mechanism),
        G(control_support),
        C(control_masks),
        C(control_never_granted),
        C(control_core_data),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_level_mechanisms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
