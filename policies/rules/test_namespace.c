/*
 * The units of a namespace have one code each, whichever dataset and column names them: identifiers that
 * ingest stores in different forms are refused when the second is defined.
 */
#include "test_kit.h"

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    assert_int_equal(kit_genesis(&k), 0);
    assert_int_equal(kit_enrol(&k, "health", "department"), 0);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* The table of persons under another name, its unit of this class. */
static struct sy_dataset_def *people(struct kit *k, const char *id, const char *klass)
{
    struct sy_dataset_def *d = kit_persons(k);
    d->id = V(id);
    d->fields[0].klass = V(klass);
    return d;
}

/* {klass first, klass then, verdict}: words that mean nothing store what stands there. */
static void test_one_form(void **state)
{
    static const struct {
        const char *first, *then;
        int32_t code;
    } cases[] = {
        {"", "", 0},
        {"idno", "idno", 0},
        {"phone", "phone", 0},
        {"", "card", 0},
        {"code", "name", 0},
        {"", "idno", SY_E_FIELD},
        {"idno", "", SY_E_FIELD},
        {"idno", "phone", SY_E_FIELD},
        {"card", "phone", SY_E_FIELD},
    };
    struct kit *k = *state;
    for (size_t i = 0; i < LEN(cases); i++) {
        char ns[16];
        char ids[2][16];
        (void)snprintf(ns, sizeof(ns), "space%zu", i);
        for (size_t n = 0; n < 2; n++) {
            (void)snprintf(ids[n], sizeof(ids[n]), "%c%zu", n == 0 ? 'z' : 'a', i);
            struct sy_dataset_def *d = people(k, ids[n], n == 0 ? cases[i].first : cases[i].then);
            d->ns = d->fields[0].ref = V(ns);
            assert_int_equal(kit_define(k, d), n == 0 ? 0 : cases[i].code);
        }
    }
}

/* Two columns of one table, and a second column of another: not the datasets' own units only. */
static void test_other_columns(void **state)
{
    struct kit *k = *state;
    struct sy_field_def mother = {.grade = 3,
                                  .klass = V("idno"),
                                  .name = V("mother"),
                                  .ref = V("person"),
                                  .rows = 3,
                                  .type = V("unit")};
    struct sy_dataset_def *births = people(k, "births", "");
    births->fields[4] = mother;
    assert_int_equal(kit_define(k, births), SY_E_FIELD);
    births->ns = births->fields[0].ref = V("child"); /* other units: not the same codes */
    assert_int_equal(kit_define(k, births), 0);
    assert_int_equal(kit_define(k, people(k, "plain", "")), SY_E_FIELD);
    assert_int_equal(kit_define(k, people(k, "number", "idno")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_columns, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_namespace", tests, NULL, NULL);
}
