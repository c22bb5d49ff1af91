/*
 * Fields that name people: what a catalogue entry may say of them, and that no proposal gets one,
 * whatever mask it asks for and whatever public data may show.
 */
#include "test_kit.h"

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

/* The table of persons, with its street as another kind of field. */
static struct sy_dataset_def *people(struct kit *k, struct sy_field_def f)
{
    struct sy_dataset_def *d = kit_persons(k);
    f.name = d->fields[4].name;
    f.grade = d->fields[4].grade;
    d->fields[4] = f;
    return d;
}

static void test_entries(void **state)
{
    struct kit *k = *state;
    const struct {
        struct sy_field_def f;
        int32_t code;
    } cases[] = {
        {{.type = V("text"), .klass = V("idno")}, SY_E_FIELD},
        {{.type = V("text"), .klass = V("phone")}, SY_E_FIELD},
        {{.type = V("date"), .lo = 1, .hi = 9, .derive = V("idno.birth")}, SY_E_FIELD},
        {{.type = V("bool"), .derive = V("idno.sex"), .nullable = true}, SY_E_FIELD},
        {{.type = V("bool"), .derive = V("idno.name"), .nullable = true, .source = V("idno")},
         SY_E_FIELD},
        {{.type = V("bool"), .derive = V("idno.sex"), .nullable = true, .source = V("idno")}, 0},
    };
    assert_int_equal(kit_genesis(k), 0);
    assert_int_equal(kit_enrol(k, "health", "department"), 0);
    for (size_t i = 0; i < LEN(cases); i++) {
        assert_int_equal(kit_define(k, people(k, cases[i].f)), cases[i].code);
    }
}

/* {class, type}: refused under every mask that fits the type, and dropped without complaint. */
static void test_no_grant_names_one(void **state)
{
    static const char *const klasses[] = {"", "free", "name", "address", "notes"};
    static const char *const masks[] = {"", "pseudonym", "prefix:1", "prefix:64"};
    struct kit *k = *state;
    kit_catalogue(k);
    for (size_t i = 0; i < LEN(klasses); i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "people%zu", i);
        struct sy_dataset_def *d =
            people(k, (struct sy_field_def){.type = V("text"), .klass = V(klasses[i])});
        d->id = V(id);
        assert_int_equal(kit_define(k, d), 0);
        assert_int_equal(kit_publish(k, d, 1), 0);
        struct sy_proposal *p = kit_proposal(k);
        p->datasets[0].dataset = V(id);
        p->scene = V(id);
        for (size_t m = 0; m < LEN(masks); m++) {
            p->datasets[0].fields[4].mask = V(masks[m]);
            assert_int_equal(kit_apply(k, p), SY_E_FIELD_DENIED);
        }
        p->datasets[0].fields[4].mask = V("drop");
        assert_int_equal(kit_apply(k, p), 0);
    }
    struct sy_proposal *p = kit_proposal(k); /* its street is of class code */
    assert_int_equal(kit_apply(k, p), 0);
    assert_true(p->datasets[0].n_fields == 6);
}

/* A declared value set of names is a list of names; a key of public data is nobody's. */
static void test_value_sets_and_public_data(void **state)
{
    struct kit *k = *state;
    kit_catalogue(k);
    struct sy_field_def f = {
        .type = V("enum"), .klass = V("name"), .values = KIT_STRS(k, "张", "王"), .n_values = 2};
    struct sy_dataset_def *d = people(k, f);
    d->id = V("people");
    assert_int_equal(kit_define(k, d), 0);
    assert_int_equal(kit_publish(k, d, 1), 0);
    struct sy_proposal *p = kit_proposal(k);
    p->datasets[0].dataset = V("people");
    assert_int_equal(kit_apply(k, p), SY_E_FIELD_DENIED);

    struct sy_field_def fields[] = {
        {.grade = 1, .name = V("code"), .type = V("text"), .klass = V("address")}};
    struct sy_dataset_def *open = kit_streets(k);
    open->id = V("roads");
    open->fields = fields;
    open->n_fields = 1;
    assert_int_equal(kit_define(k, open), 0);
    assert_int_equal(kit_publish(k, open, 1), 0);
    p = kit_proposal(k);
    p->datasets[2].dataset = V("roads");
    p->datasets[2].n_fields = 1;
    assert_int_equal(kit_apply(k, p), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_entries, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_grant_names_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_value_sets_and_public_data, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_identity", tests, NULL, NULL);
}
