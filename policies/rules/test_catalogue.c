/*
 * What packs, datasets and proposals may say: each record spoilt in one thing, and the code that
 * names it.
 */
#include "test_kit.h"

#include <string.h>

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* ---- packs ---- */

#define P(name, ...)                                                                               \
    static void name(struct kit *k, struct sy_pack *p)                                             \
    {                                                                                              \
        (void)k;                                                                                   \
        __VA_ARGS__                                                                                \
    }
P(p_grades, p->n_grades = 2;)
P(p_order, p->grades[0].grade = 2;)
P(p_mechanism, p->grades[1].mechanisms = KIT_STRS(k, "raw", "gauss");)
P(p_exact, p->grades[2].mechanisms = KIT_STRS(k, "exact", "gauss");)
P(p_core, p->grades[3].mechanisms = KIT_STRS(k, "gauss"); p->grades[3].n_mechanisms = 1;)
P(p_cells, p->cells_max = SY_PLAN_CELLS_MAX + 1;)
P(p_cells_zero, p->cells_max = 0;)
P(p_groups, p->groups_max = 0;)
P(p_sizes, p->n_sizes = 0;)
P(p_sizes_order, p->sizes[1].max_rows = 1;)
P(p_ground, p->grounds[1].code = p->grounds[0].code;)
P(p_ground_role, p->grounds[0].roles = KIT_STRS(k, "king", "operator", "agency");)
P(p_budget_twice, p->n_budgets = 2; struct sy_pack_budget *two = kit_alloc(k, 2, sizeof(*two));
  two[0] = p->budgets[0]; two[1] = p->budgets[0]; p->budgets = two;)
P(p_delta, p->budgets[0].delta = RULES_DELTA_ONE;)
P(p_support, p->support_min = (UINT64_C(1) << 40) + 1;)
P(p_version, p->version = 0;)
P(p_id, p->id = V("Not An Id");)

static void test_packs(void **state)
{
    static const struct {
        const char *name;
        void (*spoil)(struct kit *k, struct sy_pack *p);
        int32_t code;
    } cases[] = {
#define C(f, code) {#f, f, code}
        C(p_grades, SY_E_FIELD),       C(p_order, SY_E_FIELD),   C(p_mechanism, SY_E_FIELD),
        C(p_exact, SY_E_PRIVACY),      C(p_core, SY_E_PRIVACY),  C(p_cells, SY_E_FIELD),
        C(p_cells_zero, SY_E_FIELD),   C(p_groups, SY_E_FIELD),  C(p_sizes, SY_E_FIELD),
        C(p_sizes_order, SY_E_FIELD),  C(p_ground, SY_E_FIELD),  C(p_ground_role, SY_E_FIELD),
        C(p_budget_twice, SY_E_FIELD), C(p_delta, SY_E_FIELD),   C(p_version, SY_E_FIELD),
        C(p_id, SY_E_FIELD),           C(p_support, SY_E_FIELD),
#undef C
    };
    struct kit *k = *state;
    assert_int_equal(kit_genesis(k), 0);
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sy_pack *p = kit_pack_record(k, 1);
        cases[i].spoil(k, p);
        int32_t code = kit_adopt(k, p);
        if (code != cases[i].code) {
            fail_msg("%s: %s", cases[i].name, sy_code_name(code));
        }
    }
    struct sy_pack_adopt a = {.pack = V("nonsense")};
    assert_true(kit_call(k, "agency", "pack.adopt", &sy_pack_adopt_desc, &a, NULL, NULL) != 0);
    assert_int_equal(kit_adopt(k, kit_pack_record(k, 1)), 0);
}

/* ---- datasets ---- */

#define D(name, ...)                                                                               \
    static void name(struct kit *k, struct sy_dataset_def *d)                                      \
    {                                                                                              \
        (void)k;                                                                                   \
        __VA_ARGS__                                                                                \
    }
D(d_department, d->department = V("clinic");)
D(d_id, d->id = V("Persons");)
D(d_id_units, d->id = V("units");)
D(d_encoding, d->encoding = V("latin1");)
D(d_rows, d->max_rows = 0;)
D(d_fields, d->n_fields = 0;)
D(d_twice, d->fields[2].name = d->fields[1].name;)
D(d_type, d->fields[1].type = V("float");)
D(d_grade, d->fields[1].grade = 6;)
D(d_no_bounds, d->fields[1].hi = 0;)
D(d_bounds, d->fields[1].lo = 121;)
D(d_int32, d->fields[1].hi = (int64_t)1 << 40;)
D(d_scale, d->fields[1].scale = 1;)
D(d_values, d->fields[6].n_values = 0;)
D(d_values_twice, d->fields[6].values[1] = d->fields[6].values[0];)
D(d_unit, d->unit = V("age");)
D(d_unit_none, d->unit = (struct sy_view){0};)
D(d_unit_ns, d->fields[0].ref = V("household");)
D(d_public, d->ns = d->unit = (struct sy_view){0};)
D(d_membership, d->membership = 0;)
D(d_custodian, d->custodian = V("acme");)
D(d_custodian_department, d->custodian = V("health");)
D(d_custodian_none, d->custodian = (struct sy_view){0};)

static void test_datasets(void **state)
{
    static const struct {
        const char *name;
        void (*spoil)(struct kit *k, struct sy_dataset_def *d);
        int32_t code;
    } cases[] = {
#define C(f, code) {#f, f, code}
        C(d_department, SY_E_DENIED),    C(d_id, SY_E_FIELD),
        C(d_encoding, SY_E_FIELD),       C(d_rows, SY_E_FIELD),
        C(d_fields, SY_E_FIELD),         C(d_twice, SY_E_FIELD),
        C(d_type, SY_E_FIELD),           C(d_grade, SY_E_FIELD),
        C(d_no_bounds, SY_E_FIELD),      C(d_bounds, SY_E_FIELD),
        C(d_int32, SY_E_FIELD),          C(d_scale, SY_E_FIELD),
        C(d_values, SY_E_FIELD),         C(d_values_twice, SY_E_FIELD),
        C(d_unit, SY_E_FIELD),           C(d_unit_none, SY_E_FIELD),
        C(d_unit_ns, SY_E_FIELD),        C(d_public, SY_E_FIELD),
        C(d_membership, SY_E_FIELD),     C(d_custodian, SY_E_PARTY),
        C(d_custodian_none, SY_E_PARTY), C(d_custodian_department, SY_E_PARTY),
        C(d_id_units, SY_E_FIELD),
#undef C
    };
    struct kit *k = *state;
    assert_int_equal(kit_genesis(k), 0);
    assert_int_equal(kit_enrol(k, "health", "department"), 0);
    assert_int_equal(kit_enrol(k, "acme", "developer"), 0);
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sy_dataset_def *d = kit_persons(k);
        struct sy_dataset_keys keys = {.pub = {1}, .platform = {1}, .custodian = {1}};
        cases[i].spoil(k, d);
        k->extra = (struct sy_inputs){.keys = &keys, .n_keys = 1};
        int32_t code = kit_call(k, "health", "dataset.define", &sy_dataset_def_desc, d, NULL, NULL);
        if (code != cases[i].code) {
            fail_msg("%s: %s %s", cases[i].name, sy_code_name(code), k->err.reason);
        }
    }
    assert_int_equal(kit_define(k, kit_persons(k)), 0);
    assert_int_equal(kit_define(k, kit_persons(k)), SY_E_EXISTS);
    assert_int_equal(kit_publish(k, kit_persons(k), 2), SY_E_STATE);
    struct sy_dataset_def *other = kit_persons(k);
    other->max_rows = 5;
    assert_int_equal(kit_publish(k, other, 1), SY_E_DIGEST);
    assert_int_equal(kit_publish(k, kit_events(k), 1), SY_E_NOT_FOUND);
    assert_int_equal(kit_publish(k, kit_persons(k), 1), 0);
    assert_int_equal(kit_publish(k, kit_persons(k), 1), SY_E_STATE);
    struct sy_ingest in = {.dataset = V("persons")};
    assert_int_equal(kit_call(k, "health", "dataset.ingest", &sy_ingest_desc, &in, NULL, NULL), 0);
    assert_true(sy_view_is(k->type, "ingest"));
    assert_int_equal(kit_enrol(k, "clinic", "department"), 0);
    assert_int_equal(kit_call(k, "clinic", "dataset.ingest", &sy_ingest_desc, &in, NULL, NULL),
                     SY_E_DENIED);
}

/* ---- owners of rows ---- */

static void name(struct sy_field_def *f, const char *text)
{
    f->name = V(text);
}

D(o_no_cap, d->fields[2].rows = 0;)
D(o_no_cap_other, d->fields[0].rows = 0;)
D(o_unit_moved, d->unit = V("mother");) /* the child has no cap now */
D(o_rows_of_int, d->fields[3].rows = 3;)
D(o_rows_of_date, d->fields[4].rows = 2;)
D(o_rows_high, d->fields[2].rows = (UINT64_C(1) << 40) + 1;)
D(o_sources_of_int, d->fields[3].sources = KIT_STRS(k, "a", "b"); d->fields[3].n_sources = 2;)
D(o_one_source, d->fields[2].n_sources = 1;)
D(o_nine_sources, d->fields[2].sources = KIT_STRS(k, "a", "b", "c", "d", "e", "f", "g", "h", "i");
  d->fields[2].n_sources = 9;)
D(o_source_twice, d->fields[2].sources = KIT_STRS(k, "a", "a");)
D(o_source_empty, d->fields[2].sources = KIT_STRS(k, "a", "");)
D(o_source_too, d->fields[2].source = V("mother_id");)
D(o_ref, d->fields[0].ref = V("A Clinic");)
D(
    o_public, d->ns = d->unit = (struct sy_view){0}; d->membership = 1;
    for (size_t i = 0; i < d->n_fields; i++) { d->fields[i].grade = 1; })
D(
    o_too_many, struct sy_field_def *all = kit_alloc(k, 14, sizeof(*all));
    static const char *const names[] = {"u0", "u1", "u2", "u3", "u4", "u5"};
    memcpy(all, d->fields, d->n_fields * sizeof(*all)); for (size_t i = 0; i < 6; i++) {
        all[d->n_fields + i] = d->fields[0];
        name(&all[d->n_fields + i], names[i]);
    } d->fields = all;
    d->n_fields += 6;)

D(v_as_it_is, (void)d;)
D(v_unit_capped, d->fields[1].rows = 1;)
D(v_capped_moved, d->fields[1].rows = 1; d->unit = V("mother"); d->fields[2].rows = 0;)
D(v_eight_sources, d->fields[2].sources = KIT_STRS(k, "a", "b", "c", "d", "e", "f", "g", "h");
  d->fields[2].n_sources = 8;)
D(v_eight_units, o_too_many(k, d); d->n_fields--;)

static void test_owners(void **state)
{
    static const struct {
        const char *name;
        void (*spoil)(struct kit *k, struct sy_dataset_def *d);
        int32_t code;
        const char *field;
    } cases[] = {
#define C(f, code, field) {#f, f, code, field}
        C(o_no_cap, SY_E_FIELD, "mother"),
        C(o_no_cap_other, SY_E_FIELD, "clinic"),
        C(o_unit_moved, SY_E_FIELD, "child"),
        C(o_rows_of_int, SY_E_FIELD, "weight"),
        C(o_rows_of_date, SY_E_FIELD, "born"),
        C(o_rows_high, SY_E_FIELD, "mother"),
        C(o_sources_of_int, SY_E_FIELD, "weight"),
        C(o_one_source, SY_E_FIELD, "mother"),
        C(o_nine_sources, SY_E_FIELD, "mother"),
        C(o_source_twice, SY_E_FIELD, "mother"),
        C(o_source_empty, SY_E_FIELD, "mother"),
        C(o_source_too, SY_E_FIELD, "mother"),
        C(o_ref, SY_E_FIELD, "clinic"),
        C(o_public, SY_E_FIELD, "ns"),
        C(o_too_many, SY_E_FIELD, "fields"),
        C(v_as_it_is, 0, ""),
        C(v_unit_capped, 0, ""),
        C(v_capped_moved, 0, ""),
        C(v_eight_sources, 0, ""),
        C(v_eight_units, 0, ""),
#undef C
    };
    struct kit *k = *state;
    assert_int_equal(kit_genesis(k), 0);
    assert_int_equal(kit_enrol(k, "clinic", "department"), 0);
    for (size_t i = 0; i < LEN(cases); i++) {
        char id[8] = {'d', (char)('a' + i)};
        struct sy_dataset_def *d = kit_births(k);
        d->id = V(id);
        cases[i].spoil(k, d);
        int32_t code = kit_define(k, d);
        if (code != cases[i].code || !sy_view_is(k->verdict.field, cases[i].field)) {
            fail_msg("%s: %s %.*s", cases[i].name, sy_code_name(code), SY_PV(k->verdict.field));
        }
    }
}

/* A grant reserves its share for every owner of its datasets' rows, asked for or not. */
static void test_spaces(void **state)
{
    struct kit *k = *state;
    kit_catalogue(k);
    struct sy_proposal *p = kit_proposal(k);
    p->datasets += 3; /* births: child and mother are persons, the clinic was not asked for */
    p->n_datasets = 1;
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    struct sy_row_account a = kit_account(k);
    assert_int_equal(a.n_shares, 2);
    assert_true(sy_view_is(a.shares[0].ns, "person"));
    assert_true(sy_view_is(a.shares[1].ns, "clinic"));
    assert_int_equal(a.shares[1].rho, p->rho);
    struct sy_row_budget b;
    check_ok(
        rules_state_read(k->state, V("budget/clinic"), &sy_row_budget_desc, &k->arena, &b, NULL));
    assert_int_equal(b.held_rho, p->rho);
    /* the catalogue that the grant shows: what was granted, masks kept, then the owner */
    struct rules_grant shown;
    check_ok(rules_grant_read(k->state, k->grant, &k->arena, &shown, NULL));
    const struct sy_dataset_def *d = &shown.defs.defs[0];
    assert_int_equal(d->n_fields, 5);
    assert_true(sy_view_is(d->fields[1].name, "mother"));
    assert_int_equal(d->fields[1].rows, 3);
    assert_int_equal(d->fields[1].n_sources, 2);
    assert_true(sy_view_is(d->fields[4].name, "clinic"));
    assert_int_equal(d->fields[4].rows, 4);
}

/* A unit column that is named as dropped, or under a pseudonym, owns its rows as before. */
static void test_masked_owners(void **state)
{
    struct kit *k = *state;
    kit_catalogue(k);
    struct sy_proposal *p = kit_proposal(k);
    p->datasets[3].fields[0].mask = V("pseudonym");
    p->datasets[3].fields[1].mask = V("drop");
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    struct rules_grant shown;
    check_ok(rules_grant_read(k->state, k->grant, &k->arena, &shown, NULL));
    const struct sy_dataset_def *d = &shown.defs.defs[3];
    assert_int_equal(d->n_fields, 5);
    assert_true(sy_view_is(d->fields[0].name, "child") && sy_view_is(d->fields[0].type, "unit"));
    assert_true(sy_view_is(d->fields[3].name, "clinic"));
    assert_true(sy_view_is(d->fields[4].name, "mother"));
    assert_int_equal(d->fields[4].rows, 3);
    struct world w = kit_world(k);
    struct rules_plan_facts f;
    w.proposal = p;
    w.plan = kit_births_plan(k);
    check_ok(kit_check(&w, &f));
    assert_int_equal(f.spends[1].rho, 49 * 5000000);
    w.plan->rels[0].names = KIT_STRS(k, "child", "mother", "born"); /* not to be read */
    check_code(kit_check(&w, &f), SY_E_FIELD_DENIED);
}

/* Without an account of one of its owners' namespaces a dataset can't be granted. */
static void test_no_account(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_genesis(k), 0);
    assert_int_equal(kit_enrol(k, "clinic", "department"), 0);
    assert_int_equal(kit_enrol(k, "acme", "developer"), 0);
    struct sy_pack *pack = kit_pack_record(k, 1);
    pack->n_budgets = 1; /* persons only */
    assert_int_equal(kit_adopt(k, pack), 0);
    assert_int_equal(kit_define(k, kit_births(k)), 0);
    struct sy_proposal *p = kit_proposal(k);
    p->datasets += 3;
    p->n_datasets = 1;
    assert_int_equal(kit_apply(k, p), SY_E_BUDGET);
}

/* ---- proposals ---- */

#define A(name, ...)                                                                               \
    static void name(struct kit *k, struct sy_proposal *p)                                         \
    {                                                                                              \
        (void)k;                                                                                   \
        __VA_ARGS__                                                                                \
    }
A(a_developer, p->developer = V("rival");)
A(a_domain, p->domain[0] ^= 1;)
A(a_scene, p->scene = V("a b");)
A(a_purpose, p->purpose = (struct sy_view){0};)
A(a_calls, p->calls = 0;)
A(a_overruns, p->overruns = 6;)
A(a_datasets, p->n_datasets = 0;)
A(a_dataset, p->datasets[0].dataset = V("claims");)
A(a_dataset_twice, p->datasets[1] = p->datasets[0];)
A(a_no_fields, p->datasets[0].n_fields = 0;)
A(a_field, p->datasets[0].fields[1].name = V("salary");)
A(a_field_twice, p->datasets[0].fields[1].name = V("male");)
A(a_no_unit, p->datasets[0].fields++; p->datasets[0].n_fields--;)
A(a_unit_drop, p->datasets[0].fields[0].mask = V("drop");)
A(a_reason, p->datasets[0].fields[1].reason = (struct sy_view){0};)
A(a_mask, p->datasets[0].fields[1].mask = V("blur");)
A(a_mask_type, p->datasets[0].fields[1].mask = V("date:month");)
A(a_core, p->datasets[0].fields[1].name = V("hiv");)
A(a_mechanism, p->mechanisms = KIT_STRS(k, "gauss", "magic", "exact");)
A(a_mechanism_twice, p->mechanisms = KIT_STRS(k, "gauss", "gauss", "exact");)
A(a_mechanism_exact, p->mechanisms = KIT_STRS(k, "exact"); p->n_mechanisms = 1;)
A(a_mechanism_none, p->n_mechanisms = 0;)
A(a_term, p->not_after = p->not_before + 6LL * 366 * 86400;)
A(a_term_negative, p->not_after = p->not_before;)
A(a_term_over, p->not_before -= 86400 * 400; p->not_after = k->time - 1;)
A(a_rho_zero, p->rho = 0;)
A(a_rho, p->rho = 4000000001;)
A(a_rho_wrap, p->rho = UINT64_MAX;)
A(a_delta, p->delta = 100000001;)

static void test_proposals(void **state)
{
    static const struct {
        const char *name;
        void (*spoil)(struct kit *k, struct sy_proposal *p);
        int32_t code;
    } cases[] = {
#define C(f, code) {#f, f, code}
        C(a_developer, SY_E_DENIED),
        C(a_domain, SY_E_FIELD),
        C(a_scene, SY_E_FIELD),
        C(a_purpose, SY_E_FIELD),
        C(a_calls, SY_E_FIELD),
        C(a_overruns, SY_E_FIELD),
        C(a_datasets, SY_E_FIELD),
        C(a_dataset, SY_E_NOT_FOUND),
        C(a_dataset_twice, SY_E_FIELD),
        C(a_no_fields, SY_E_FIELD),
        C(a_field, SY_E_NOT_FOUND),
        C(a_field_twice, SY_E_FIELD),
        C(a_no_unit, SY_E_FIELD),
        C(a_unit_drop, SY_E_FIELD),
        C(a_reason, SY_E_FIELD),
        C(a_mask, SY_E_FIELD),
        C(a_mask_type, SY_E_FIELD),
        C(a_core, SY_E_PRIVACY),
        C(a_mechanism, SY_E_PRIVACY),
        C(a_mechanism_twice, SY_E_PRIVACY),
        C(a_mechanism_exact, SY_E_PRIVACY),
        C(a_mechanism_none, SY_E_FIELD),
        C(a_term, SY_E_FIELD),
        C(a_term_negative, SY_E_FIELD),
        C(a_term_over, SY_E_EXPIRED),
        C(a_rho_zero, SY_E_BUDGET),
        C(a_rho, SY_E_BUDGET),
        C(a_rho_wrap, SY_E_BUDGET),
        C(a_delta, SY_E_BUDGET),
#undef C
    };
    struct kit *k = *state;
    kit_catalogue(k);
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sy_proposal *p = kit_proposal(k);
        cases[i].spoil(k, p);
        int32_t code = kit_apply(k, p);
        if (code != cases[i].code) {
            fail_msg("%s: %s", cases[i].name, sy_code_name(code));
        }
    }
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_packs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_datasets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_owners, setup, teardown),
        cmocka_unit_test_setup_teardown(test_spaces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_masked_owners, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_account, setup, teardown),
        cmocka_unit_test_setup_teardown(test_proposals, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_catalogue", tests, NULL, NULL);
}
