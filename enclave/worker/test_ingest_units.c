/*
 * Units at ingest: identifiers made of several columns, and caps on the rows of a unit. The caps are
 * checked against a count by hand over a random file; its seed is printed and can be set with
 * SHUYU_SEED.
 */
#include "test_ingest.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ingest_parts.h"
#include "ingest_unit_rows.h"

/* --- composite keys --------------------------------------------------------------------------------- */

static struct sy_view three[] = {STR("org"), STR("year"), STR("no")};

static void test_parts_are_joined(void **state)
{
    (void)state;
    struct sy_field_def fields[] = {
        {.name = STR("n"), .type = STR("int32"), .lo = 0, .hi = 99},
        {.name = STR("case"),
         .type = STR("unit"),
         .sources = three,
         .n_sources = 3,
         .nullable = true},
        {.name = STR("org"),
         .type = STR("unit"),
         .nullable = true}, /* a part may also be a field */
    };
    struct sy_dataset_def def = def_of(fields, N_OF(fields));
    static const char *const want[][2] = {
        {"A\x1f"
         "1\x1f"
         "X9",
         "A"},
        {"B\x1f"
         "2\x1f"
         "Y",
         "B"},
        {"", ""},
        {"", "C"},
        {"", "D"},
        {"A\x1f"
         "1\x1f"
         "X9",
         "A"},
    };
    RUN_CLEANUP struct run r;
    run_file(&r, &def,
             TEXT_OF("no,n,year,org\n"
                     "X9,0,1,A\n"
                     "ｙ,1, 2 ,b\n"
                     "1,2,3,\n" /* a NULL part */
                     ",3,,C\n"
                     "\"1\x1f"
                     "2\",4,3,D\n" /* holds the break */
                     "x9,5,1,a\n"),
             0);
    run_expect_rows(&r, 6, 6);
    for (size_t i = 0; i < N_OF(want); i++) {
        assert_int_equal(run_number(&r, 0, i), i);
        for (size_t k = 0; k < 2; k++) {
            if (!sy_view_is(run_id(&r, 1 + k, i), want[i][k])) {
                fail_msg("row %zu: %.*s", i, SY_PV(run_id(&r, 1 + k, i)));
            }
        }
    }
    assert_int_equal(run_count(&r, "case", "normalised").coerced, 2);
    assert_int_equal(run_count(&r, "case", "type").nulled, 1);
    assert_int_equal(run_count(&r, "case", "missing").nulled, 0); /* an empty cell is no fault */
}

/* The order of the key is that of `sources`, whatever that of the file. */
static void test_parts_that_break_the_key(void **state)
{
    (void)state;
    struct sy_view two[] = {STR("a"), STR("b")};
    struct sy_field_def fields[] = {
        {.name = STR("id"), .type = STR("unit"), .sources = two, .n_sources = 2}};
    struct sy_dataset_def def = def_of(fields, 1);
    char file[512];
    char longest[65] = "";
    memset(longest, '7', 62);
    snprintf(file, sizeof file,
             "a,b\n1,%s\n%s,1\n%s,12\n%s,\n,1\n\"\xff\",\n1,\"\xff\"\n%s99,\n,\"\xff\"\n3,4\n",
             longest, longest, longest, longest, longest);
    RUN_CLEANUP struct run r;
    run_file(&r, &def, sy_view_str(file), 7);
    run_expect_rows(&r, 10, 3);
    assert_int_equal(run_id(&r, 0, 0).n, INGEST_ID_BYTES);
    assert_int_equal(run_id(&r, 0, 1).n, INGEST_ID_BYTES);
    assert_true(sy_view_is(run_id(&r, 0, 2), "3\x1f"
                                             "4"));
    assert_int_equal(run_count(&r, "id", "bounds").rejected, 1);
    assert_int_equal(run_count(&r, "id", "missing").rejected, 3);
    assert_int_equal(run_count(&r, "id", "encoding").rejected, 3);
}

static void test_columns_of_parts_must_be_there_once(void **state)
{
    (void)state;
    struct sy_field_def fields[] = {
        {.name = STR("case"), .type = STR("unit"), .sources = three, .n_sources = 3}};
    struct sy_dataset_def def = def_of(fields, 1);
    RUN_CLEANUP struct run missing;
    run_file(&missing, &def, TEXT_OF("org,no\n1,2\n"), 0);
    run_expect_error(&missing, "data", "case");
    RUN_CLEANUP struct run twice;
    run_file(&twice, &def, TEXT_OF("org,no,year,no\n1,2,3,4\n"), 0);
    run_expect_error(&twice, "data", "case");
}

static void test_entries_that_make_no_sense(void **state)
{
    (void)state;
    static struct sy_view many[INGEST_PARTS_MAX + 1];
    const struct sy_field_def bad[] = {
        {.type = STR("int32"), .rows = 2},
        {.type = STR("text"), .sources = three, .n_sources = 2},
        {.type = STR("unit"), .sources = three, .n_sources = 1},
        {.type = STR("unit"), .sources = three, .n_sources = 2, .source = STR("x")},
        {.type = STR("unit"), .sources = many, .n_sources = N_OF(many)},
    };
    for (size_t i = 0; i < N_OF(bad); i++) {
        struct ingest_spec spec;
        check_code(ingest_spec_init(&bad[i], &spec), SY_E_FIELD);
    }
    const struct sy_field_def most = {
        .type = STR("unit"), .sources = many, .n_sources = INGEST_PARTS_MAX};
    struct ingest_spec spec;
    check_ok(ingest_spec_init(&most, &spec));
    ingest_spec_deinit(&spec);
}

/* --- keys ------------------------------------------------------------------------------------------- */

/* A key's second row goes, whatever its text was; rows without one stay. */
static void test_keys_are_not_repeated(void **state)
{
    (void)state;
    struct sy_view labels[] = {STR("a"), STR("b")};
    struct sy_field_def fields[] = {
        {.name = STR("code"), .type = STR("int32"), .lo = 0, .hi = 99, .rows = 1, .nullable = true},
        {.name = STR("name"), .type = STR("text"), .nullable = true},
        {.name = STR("kind"), .type = STR("enum"), .values = labels, .n_values = 2},
    };
    struct sy_dataset_def def = def_of(fields, N_OF(fields));
    RUN_CLEANUP struct run r;
    run_file(&r, &def,
             TEXT_OF("code,name,kind\n7,x,a\n07,x,a\n8,x,b\n,y,a\n,y,a\n7,z,b\n9,,c\n9,,b\n"), 3);
    run_expect_rows(&r, 8, 5);
    assert_int_equal(run_count(&r, "code", "unit-rows").rejected, 2);
    assert_int_equal(run_number(&r, 0, 4), 9); /* the first 9 was rejected for another reason */
}

static void test_texts_and_labels_may_be_keys(void **state)
{
    (void)state;
    struct sy_view labels[] = {STR("a"), STR("b")};
    struct sy_field_def fields[] = {
        {.name = STR("name"), .type = STR("text"), .rows = 1},
        {.name = STR("kind"), .type = STR("enum"), .values = labels, .n_values = 2, .rows = 1},
    };
    struct sy_dataset_def def = def_of(fields, N_OF(fields));
    RUN_CLEANUP struct run r;
    run_file(&r, &def, TEXT_OF("name,kind\nx,a\nx,b\ny,a\ny,b\nz,b\n"), 2);
    run_expect_rows(&r, 5, 2);
    assert_int_equal(run_count(&r, "name", "unit-rows").rejected, 1);
    assert_int_equal(run_count(&r, "kind", "unit-rows").rejected, 2);
}

/* --- caps ------------------------------------------------------------------------------------------- */

static void test_the_first_rows_stay(void **state)
{
    (void)state;
    struct sy_field_def fields[] = {
        {.name = STR("child"), .type = STR("unit"), .rows = 1},
        {.name = STR("mother"), .type = STR("unit"), .rows = 2, .nullable = true},
        {.name = STR("n"), .type = STR("int32"), .lo = 0, .hi = 99},
    };
    struct sy_dataset_def def = def_of(fields, N_OF(fields));
    static const int kept[] = {0, 1, 2, 4, 5, 7, 10, 11};
    RUN_CLEANUP struct run r;
    run_file(&r, &def,
             TEXT_OF("child,mother,n\n"
                     "a,M,0\n"
                     "b,m,1\n"
                     "c,,2\n"
                     "d,M,3\n" /* M has two */
                     "d,,4\n"  /* the rejected row was not counted for d */
                     "e,,5\n"  /* NULL has no cap */
                     "A,,6\n"  /* a has one */
                     "f,N,7\n"
                     "f,N,8\n"   /* f has one: not counted for N either */
                     "g,N,100\n" /* rejected for another reason */
                     "g,N,10\n"
                     "M,,11\n" /* caps count column by column */
                     "M,O,12\n"),
             0);
    run_expect_rows(&r, 13, 8);
    for (size_t i = 0; i < N_OF(kept); i++) {
        assert_int_equal(run_number(&r, 2, i), kept[i]);
    }
    assert_int_equal(run_count(&r, "child", "unit-rows").rejected, 3);
    assert_int_equal(run_count(&r, "mother", "unit-rows").rejected, 1);
    assert_int_equal(run_count(&r, "n", "bounds").rejected, 1);
}

static void test_caps_of_composite_keys(void **state)
{
    (void)state;
    struct sy_view two[] = {STR("a"), STR("b")};
    struct sy_field_def fields[] = {
        {.name = STR("id"), .type = STR("unit"), .sources = two, .n_sources = 2, .rows = 1},
        {.name = STR("n"), .type = STR("int32"), .lo = 0, .hi = 9}};
    struct sy_dataset_def def = def_of(fields, 2);
    RUN_CLEANUP struct run r;
    run_file(&r, &def, TEXT_OF("a,b,n\n1,23,0\n12,3,1\n1,23,2\n1,2,3\n"), 0);
    run_expect_rows(&r, 4, 3);
    assert_int_equal(run_number(&r, 1, 2), 3);
    assert_int_equal(run_count(&r, "id", "unit-rows").rejected, 1);
}

enum { UNITS = 3000, ROWS = 30000, CAP = 7 };

static uint64_t draw(uint64_t *s)
{
    *s += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *s;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    return z ^ z >> 31;
}

static void test_caps_over_a_random_file(void **state)
{
    (void)state;
    static uint64_t rows[UNITS];
    static bool kept[ROWS];
    const char *set = getenv("SHUYU_SEED");
    uint64_t seed = set != NULL ? strtoull(set, NULL, 10) : (uint64_t)time(NULL);
    print_message("SHUYU_SEED=%llu\n", (unsigned long long)seed);
    struct sy_field_def fields[] = {{.name = STR("id"), .type = STR("unit"), .rows = CAP},
                                    {.name = STR("n"), .type = STR("int32"), .lo = 0, .hi = ROWS}};
    struct sy_dataset_def def = def_of(fields, 2);
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(8 << 20);
    uint64_t n_kept = 0;
    check_ok(sy_buf_add_str(&b, "id,n\n"));
    for (size_t i = 0; i < ROWS; i++) {
        size_t u = (size_t)(draw(&seed) % UNITS);
        u = u * u / UNITS; /* some have many more rows than others */
        kept[i] = rows[u]++ < CAP;
        n_kept += kept[i] ? 1 : 0;
        check_ok(sy_buf_printf(&b, "unit-%zu,%zu\n", u, i));
    }
    RUN_CLEANUP struct run r;
    run_file(&r, &def, sy_buf_view(&b), 4096);
    run_expect_rows(&r, ROWS, n_kept);
    const uint8_t *data = r.batches[0].columns[1].data.p;
    for (size_t i = 0, at = 0; i < ROWS; i++) {
        if (kept[i]) {
            uint32_t n;
            memcpy(&n, data + 4 * at++, sizeof n);
            assert_int_equal(n, i);
        }
    }
    assert_int_equal(run_count(&r, "id", "unit-rows").rejected, ROWS - n_kept);
}

/* Memory follows the units, not the rows. */
static void test_the_table_grows_with_units(void **state)
{
    (void)state;
    struct ingest_unit_rows u = {.cap = UINT64_MAX};
    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t id = i % 500;
        check_ok(ingest_unit_rows_add(&u, sy_view(&id, sizeof id)));
    }
    assert_int_equal(u.used, 500);
    assert_int_equal(u.n_slots, 1024);
    for (uint64_t i = 500; i < 100000; i++) {
        check_ok(ingest_unit_rows_add(&u, sy_view(&i, sizeof i)));
    }
    assert_int_equal(u.used, 100000);
    assert_true(u.n_slots <= (size_t)4 * 100000);
    u.cap = 200;
    uint64_t id = 499;
    assert_false(ingest_unit_rows_left(&u, sy_view(&id, sizeof id))); /* kept its 200 */
    id = 500;
    assert_true(ingest_unit_rows_left(&u, sy_view(&id, sizeof id)));
    ingest_unit_rows_deinit(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_are_joined),
        cmocka_unit_test(test_parts_that_break_the_key),
        cmocka_unit_test(test_columns_of_parts_must_be_there_once),
        cmocka_unit_test(test_entries_that_make_no_sense),
        cmocka_unit_test(test_keys_are_not_repeated),
        cmocka_unit_test(test_texts_and_labels_may_be_keys),
        cmocka_unit_test(test_the_first_rows_stay),
        cmocka_unit_test(test_caps_of_composite_keys),
        cmocka_unit_test(test_caps_over_a_random_file),
        cmocka_unit_test(test_the_table_grows_with_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
