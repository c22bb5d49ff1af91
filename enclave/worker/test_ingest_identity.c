/*
 * Identifiers of people in raw files: checked, brought to one form, and derived of, so that nothing but
 * the derived fields is stored; and dummy files of such a catalogue, which ingest must accept whole.
 * (Dummy files here, because sdk/ may not include what is under enclave/.)
 */
#include "test_ingest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../sdk/cli/src/dummy.h"
#include "base/fdio.h"
#include "base/time.h"

static struct sy_view regions[] = {STR("33"), STR("3301"), STR("110105")};
static struct sy_view sexes[] = {STR("女"), STR("男")};
static struct sy_view segments[] = {STR("138"), STR("1391"), STR("0571")};
static struct sy_view places[] = {STR("浙江省"), STR("浙江省杭州市"), STR("北京市")};

static int64_t day(int y, int m, int d)
{
    int32_t days = 0;
    assert_true(sy_days_of_date(y, m, d, &days));
    return days;
}

enum { ID, REGION, BORN, SEX, MALE, CALL, AREA, HOME, N_FIELDS };

static void fields_of(struct sy_field_def f[N_FIELDS])
{
    const struct sy_field_def fields[N_FIELDS] = {
        [ID] = {.name = STR("id"),
                .source = STR("idno"),
                .type = STR("unit"),
                .klass = STR("idno"),
                .ref = STR("person")},
        [REGION] = {.name = STR("region"),
                    .source = STR("idno"),
                    .type = STR("enum"),
                    .values = regions,
                    .n_values = 3,
                    .derive = STR("idno.region"),
                    .nullable = true},
        [BORN] = {.name = STR("born"),
                  .source = STR("idno"),
                  .type = STR("date"),
                  .lo = day(1920, 1, 1),
                  .hi = day(2020, 12, 31),
                  .derive = STR("idno.birth"),
                  .nullable = true},
        [SEX] = {.name = STR("sex"),
                 .source = STR("idno"),
                 .type = STR("enum"),
                 .values = sexes,
                 .n_values = 2,
                 .derive = STR("idno.sex"),
                 .nullable = true},
        [MALE] = {.name = STR("male"),
                  .source = STR("idno"),
                  .type = STR("bool"),
                  .derive = STR("idno.sex"),
                  .nullable = true},
        [CALL] = {.name = STR("call"),
                  .source = STR("phone"),
                  .type = STR("unit"),
                  .klass = STR("phone"),
                  .ref = STR("line")},
        [AREA] = {.name = STR("area"),
                  .source = STR("phone"),
                  .type = STR("enum"),
                  .values = segments,
                  .n_values = 3,
                  .derive = STR("phone.region"),
                  .nullable = true},
        [HOME] = {.name = STR("home"),
                  .source = STR("address"),
                  .type = STR("enum"),
                  .values = places,
                  .n_values = 3,
                  .derive = STR("address.region"),
                  .nullable = true},
    };
    memcpy(f, fields, sizeof(fields));
}

/* Rows: fine; another way of writing the same two; a wrong check character; no such day; nothing
 * declared fits (a region, an area, an address), and a birth date outside the bounds. */
static const char FILE_TEXT[] = "idno,phone,address\n"
                                "11010519491231002X,13812345678,浙江省杭州市某路 1 号\n"
                                "110105491231002,+86 138-1234-5678,浙江省宁波市某路 2 号\n"
                                "110105194912310021,13912345678,北京市某路\n"
                                "11010519491331002X,13912345678,北京市某路\n"
                                "440524188001010014,15912345678,上海市某路\n";

static void test_numbers_in_one_form_and_what_is_derived(void **state)
{
    (void)state;
    struct sy_field_def fields[N_FIELDS];
    fields_of(fields);
    struct sy_dataset_def def = def_of(fields, N_FIELDS);
    RUN_CLEANUP struct run r;
    run_file(&r, &def, sy_view_str(FILE_TEXT), 7);
    run_expect_rows(&r, 5, 3); /* a unit that cannot be read takes its row with it */
    for (size_t row = 0; row < 2; row++) {
        assert_true(sy_view_is(run_id(&r, ID, row), "11010519491231002X"));
        assert_true(sy_view_is(run_id(&r, CALL, row), "13812345678"));
        assert_int_equal(run_number(&r, REGION, row), 2); /* 110105, not a shorter one */
        assert_int_equal(run_number(&r, BORN, row), day(1949, 12, 31));
        assert_int_equal(run_number(&r, SEX, row), 0);
        assert_int_equal(run_number(&r, MALE, row), 0);
        assert_int_equal(run_number(&r, AREA, row), 0);
        assert_int_equal(run_number(&r, HOME, row), row == 0 ? 1 : 0);
    }
    assert_true(sy_view_is(run_id(&r, ID, 2), "440524188001010014"));
    assert_int_equal(run_number(&r, SEX, 2), 1);
    assert_true(run_null(&r, REGION, 2) && run_null(&r, BORN, 2));
    assert_true(run_null(&r, AREA, 2) && run_null(&r, HOME, 2));
}

static void test_every_fault_is_counted(void **state)
{
    (void)state;
    struct sy_field_def fields[N_FIELDS];
    fields_of(fields);
    struct sy_dataset_def def = def_of(fields, N_FIELDS);
    RUN_CLEANUP struct run r;
    run_file(&r, &def, sy_view_str(FILE_TEXT), 4096);
    assert_int_equal(run_count(&r, "id", "identity-checksum").rejected, 1);
    assert_int_equal(run_count(&r, "id", "identity-form").rejected, 1);
    assert_int_equal(run_count(&r, "id", "normalised").coerced, 1);
    assert_int_equal(run_count(&r, "call", "normalised").coerced, 1);
    assert_int_equal(run_count(&r, "born", "bounds").nulled, 1);
    assert_int_equal(run_count(&r, "region", "value_set").nulled, 1);
    assert_int_equal(run_count(&r, "area", "value_set").nulled, 1);
    assert_int_equal(run_count(&r, "home", "value_set").nulled, 1);
}

/* Derived alone, without the number itself: nothing rejects a row. */
static void test_derived_fields_alone_are_null_where_the_number_is_bad(void **state)
{
    (void)state;
    struct sy_field_def fields[N_FIELDS];
    fields_of(fields);
    struct sy_dataset_def def = def_of(fields + REGION, MALE);
    RUN_CLEANUP struct run r;
    run_file(&r, &def, sy_view_str(FILE_TEXT), 4096);
    run_expect_rows(&r, 5, 5);
    for (size_t column = 0; column < MALE; column++) {
        assert_true(run_null(&r, column, 2) && run_null(&r, column, 3));
    }
    assert_int_equal(run_count(&r, "sex", "identity-checksum").nulled, 1);
    assert_int_equal(run_count(&r, "male", "identity-form").nulled, 1);
}

/* No byte of an identifier, beyond what was derived of it, is in a message to the warden when the unit
 * itself is not a column. */
static void test_no_digit_of_the_number_is_stored(void **state)
{
    (void)state;
    struct sy_field_def fields[N_FIELDS];
    fields_of(fields);
    struct sy_dataset_def def = def_of(fields + REGION, MALE);
    RUN_CLEANUP struct run r;
    run_file(&r, &def, sy_view_str(FILE_TEXT), 4096);
    for (size_t b = 0; b < r.n_batches; b++) {
        for (size_t c = 0; c < r.batches[b].n_columns; c++) {
            const struct sy_ingest_column *column = &r.batches[b].columns[c];
            assert_null(memmem(column->data.p, column->data.n, "4912", 4));
            assert_null(memmem(column->data.p, column->data.n, "9123100", 7));
        }
    }
}

/* --- dummy data ----------------------------------------------------------------------------------- */

enum { DUMMY_ROWS = 3000 };

static void test_dummy_files_pass(void **state)
{
    (void)state;
    struct sy_field_def fields[N_FIELDS];
    fields_of(fields);
    struct sy_dataset_def def = def_of(fields, N_FIELDS);
    def.id = sy_view_str("t.people");
    def.ns = sy_view_str("person");
    def.unit = sy_view_str("id");
    def.dummy_rows = DUMMY_ROWS;
    const struct sy_dataset_def *list[] = {&def};
    char path[] = "/tmp/shuyu-dummy-XXXXXX";
    assert_non_null(mkdtemp(path));
    check_ok(cli_dummy_write(list, 1, 11, path, NULL));
    SY_FD_CLEANUP int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SY_BUF_CLEANUP struct sy_buf b = sy_buf((size_t)1 << 20);
    check_ok(sy_read_file_at(fd, "t.people.dummy.csv", &b));
    RUN_CLEANUP struct run r;
    run_file(&r, &def, sy_buf_view(&b), 4096);
    run_expect_rows(&r, DUMMY_ROWS, DUMMY_ROWS);
    assert_int_equal(r.end.quality[0].n_rules, 0);
    bool seen[3] = {false};
    for (size_t row = 0; row < DUMMY_ROWS; row++) {
        assert_false(run_null(&r, BORN, row) || run_null(&r, AREA, row) || run_null(&r, HOME, row));
        seen[run_number(&r, REGION, row)] = true;
        struct sy_view id = run_id(&r, ID, row);
        assert_true(row == 0 || !sy_view_eq(id, run_id(&r, ID, row - 1)));
    }
    assert_true(seen[2]); /* 33 and 3301 are prefixes of no declared six digits: padded */
    assert_int_equal(unlinkat(fd, "t.people.dummy.csv", 0), 0);
    assert_int_equal(rmdir(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_in_one_form_and_what_is_derived),
        cmocka_unit_test(test_every_fault_is_counted),
        cmocka_unit_test(test_derived_fields_alone_are_null_where_the_number_is_bad),
        cmocka_unit_test(test_no_digit_of_the_number_is_stored),
        cmocka_unit_test(test_dummy_files_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
