/*
 * The file's shape: headers, quoting, line ends, ragged rows, sizes, batches; each in one piece and
 * cut at every place.
 */
#include "test_ingest.h"

#include <stdio.h>
#include <stdlib.h>

#include "ingest_columns.h"

static struct sy_field_def people[] = {
    {.name = STR("id"), .type = STR("unit")},
    {.name = STR("age"), .source = STR("Age in years"), .type = STR("int32"), .lo = 0, .hi = 120},
    {.name = STR("note"), .type = STR("text"), .nullable = true},
};

static struct sy_dataset_def people_def(void)
{
    return def_of(people, N_OF(people));
}

/* The same rows, whatever the steps: A1 31 "one, \"two\" three", its line end a blank; B2 7 NULL. */
static void check_people(struct sy_view file)
{
    const struct sy_dataset_def def = people_def();
    for (size_t step = 0; step < 8; step++) {
        RUN_CLEANUP struct run r;
        run_file(&r, &def, file, step);
        run_expect_rows(&r, 2, 2);
        assert_true(sy_view_is(run_id(&r, 0, 0), "A1"));
        assert_true(sy_view_is(run_id(&r, 0, 1), "B2"));
        assert_int_equal(run_number(&r, 1, 0), 31);
        assert_int_equal(run_number(&r, 1, 1), 7);
        assert_true(sy_view_is(run_text(&r, 2, 0), "one, \"two\" three"));
        assert_true(run_null(&r, 2, 1));
        assert_int_equal(r.end.bytes, file.n);
    }
}

static void test_shapes_of_one_table(void **state)
{
    (void)state;
    static const struct sy_view files[] = {
        STR("id,Age in years,note\nA1,31,\"one, \"\"two\"\"\nthree\"\nB2,7,\n"),
        STR("id,Age in years,note\nA1,31,\"one, \"\"two\"\"\nthree\"\nB2,7,"), /* no last line end */
        STR("id,Age in years,note\r\nA1,31,\"one, \"\"two\"\"\nthree\"\r\nB2,7,\"\"\r\n"),
        STR("id,Age in years,note\rA1,31,\"one, \"\"two\"\"\nthree\"\rB2,7,\r"),
        STR("\xEF\xBB\xBFid,Age in years,note\nA1,31,\"one, \"\"two\"\"\nthree\"\nB2,7,\n"),
        STR("\xEF\xBB\xBF\"id\",\"Age in years\",\"note\"\n"
            "\"A1\",\"31\",\"one, \"\"two\"\"\nthree\"\nB2,7,\n"),
        STR("\n\nid,Age in years,note\n\nA1,31,\"one, \"\"two\"\"\nthree\"\n  \nB2,7,\n\n\n"),
        STR("note,x,id, Age in years ,\n\"one, \"\"two\"\"\nthree\",\xFF,A1,31,junk\n,,B2,7,\n"),
        STR("id , Age in years,note\n A1 , 31 , \"one, \"\"two\"\"\nthree\" \nB2,7, \n"),
    };
    for (size_t i = 0; i < N_OF(files); i++) {
        check_people(files[i]);
    }
}

static void expect_refused(struct sy_view file, const char *field)
{
    const struct sy_dataset_def def = people_def();
    for (size_t step = 0; step < 4; step++) {
        RUN_CLEANUP struct run r;
        run_file(&r, &def, file, step);
        run_expect_error(&r, "data", field);
    }
}

static void test_files_that_are_refused(void **state)
{
    (void)state;
    expect_refused(sy_view_str(""), "");
    expect_refused(sy_view_str("\n\n\n"), "");
    expect_refused(sy_view_str("\xEF\xBB\xBF"), "");
    expect_refused(sy_view_str("\xEF\xBB"), "id"); /* half a mark is a column's title */
    expect_refused(sy_view_str("id,note\nA,b\n"), "age");
    expect_refused(sy_view_str("id,age,note\nA,1,b\n"), "age"); /* its source has another name */
    expect_refused(sy_view_str("ID,Age in years,note\n"), "id");
    expect_refused(sy_view_str("id,Age in years,note,id\n"), "id");
    expect_refused(sy_view_str("id,Age in years,note\nA1,1,\"open\n"), "");
    expect_refused(sy_view_str("id,Age in years,note\nA1,1,stray\"quote\nB,1,x\n"), "");
    expect_refused(sy_view_str("id,Age in years,note\nA1,1,\"a\"b\nB,1,x\n"), "");
    expect_refused(sy_view_str("\xFF\xFEi\0d\0"), "id");
}

static void test_a_header_alone_is_an_empty_table(void **state)
{
    (void)state;
    const struct sy_dataset_def def = people_def();
    RUN_CLEANUP struct run r;
    run_file(&r, &def, sy_view_str("id,Age in years,note"), 0);
    run_expect_rows(&r, 0, 0);
    assert_int_equal(r.n_batches, 0);
}

static void test_ragged_rows_are_rejected(void **state)
{
    (void)state;
    const struct sy_dataset_def def = people_def();
    RUN_CLEANUP struct run r;
    run_file(
        &r, &def,
        sy_view_str("id,Age in years,note\nA\nA,1\nA,1,x\nA,1,x,\nA,1,x,y,z\nx,,,,,,,,,,\nB,2,y"),
        0);
    run_expect_rows(&r, 7, 2);
    assert_int_equal(run_count(&r, "", "columns").rejected, 5);
    assert_int_equal(run_number(&r, 1, 1), 2);
}

/* A rejected row leaves nothing: no null bit, no identifier, no label. */
static void test_rejected_rows_leave_no_trace(void **state)
{
    (void)state;
    const struct sy_dataset_def def = people_def();
    RUN_CLEANUP struct run r;
    run_file(&r, &def,
             sy_view_str("note,id,Age in years\nkeep,A,1\n,B,999\ngone,C,x\ngone2,D,\nkeep,E,2\n"),
             0);
    run_expect_rows(&r, 5, 2);
    assert_false(run_null(&r, 2, 1));
    assert_true(sy_view_is(run_id(&r, 0, 1), "E"));
    assert_int_equal(r.batches[0].columns[2].n_dict, 1);
    assert_int_equal(r.batches[0].columns[0].ids.n, 4);
}

static void test_one_column_for_two_fields(void **state)
{
    (void)state;
    struct sy_field_def fields[] = {
        {.name = STR("who"), .source = STR("code"), .type = STR("unit")},
        {.name = STR("code"), .type = STR("int64")},
        {.name = STR("label"), .source = STR("code"), .type = STR("text")},
    };
    const struct sy_dataset_def def = def_of(fields, 3);
    RUN_CLEANUP struct run r;
    run_file(&r, &def, sy_view_str("code\n370812\nx\n"), 0);
    run_expect_rows(&r, 2, 1);
    assert_true(sy_view_is(run_id(&r, 0, 0), "370812"));
    assert_int_equal(run_number(&r, 1, 0), 370812);
    assert_true(sy_view_is(run_text(&r, 2, 0), "370812"));
}

/* head + n times `c` + tail, in a fresh block. */
static struct sy_buf long_file(const char *head, char c, size_t n, const char *tail)
{
    struct sy_buf b = sy_buf((size_t)8 << 20);
    check_ok(sy_buf_add_str(&b, head));
    uint8_t *at = sy_buf_reserve(&b, n);
    assert_non_null(at);
    memset(at, c, n);
    b.n += n;
    check_ok(sy_buf_add_str(&b, tail));
    return b;
}

static void test_long_cells(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        int nulled; /* -1: the file is refused */
    } cases[] = {{256, 0},
                 {257, 1},
                 {4096, 1},
                 {100000, 1},
                 {INGEST_CELL_BYTES - 1, 1},
                 {INGEST_CELL_BYTES + 1, -1},
                 {4 << 20, -1}};
    const struct sy_dataset_def def = people_def();
    for (size_t i = 0; i < N_OF(cases); i++) {
        SY_BUF_CLEANUP struct sy_buf b =
            long_file("id,Age in years,note\nA,1,", 'x', cases[i].n, "\nB,2,y\n");
        RUN_CLEANUP struct run r;
        run_file(&r, &def, sy_buf_view(&b), 65536);
        if (cases[i].nulled < 0) {
            run_expect_error(&r, "data", "");
            continue;
        }
        run_expect_rows(&r, 2, 2);
        assert_int_equal(run_count(&r, "note", "bounds").nulled, cases[i].nulled);
    }
}

static void test_more_columns_than_can_be(void **state)
{
    (void)state;
    const struct sy_dataset_def def = people_def();
    SY_BUF_CLEANUP struct sy_buf b =
        long_file("id,Age in years,note", ',', INGEST_HEADER_MAX, "\nB,2,y\n");
    RUN_CLEANUP struct run r;
    run_file(&r, &def, sy_buf_view(&b), 0);
    run_expect_error(&r, "data", "");
}

static void test_max_rows_counts_kept_rows(void **state)
{
    (void)state;
    struct sy_dataset_def def = people_def();
    def.max_rows = 2;
    RUN_CLEANUP struct run fits;
    run_file(&fits, &def, sy_view_str("id,Age in years,note\nA,1,\nB,x,\nC,2,\n,3,\n"), 0);
    run_expect_rows(&fits, 4, 2);
    RUN_CLEANUP struct run over;
    run_file(&over, &def, sy_view_str("id,Age in years,note\nA,1,\nB,2,\nC,3,\n"), 0);
    run_expect_error(&over, "data", "max_rows");
}

/* --- batches ----------------------------------------------------------------------------------- */

enum { MANY = 2 * SY_MORSEL_ROWS + 17 };

/* Row i: unit Ui, number i, label L(i / 1000), NULL every seventh. */
static void make_many(struct sy_buf *b)
{
    check_ok(sy_buf_add_str(b, "id,Age in years,note\n"));
    for (size_t i = 0; i < MANY; i++) {
        check_ok(sy_buf_printf(b, "u%zu,%zu,", i, i % 121));
        check_ok(i % 7 == 0 ? SY_OK : sy_buf_printf(b, "L%zu", i / 1000));
        check_ok(sy_buf_add_str(b, "\n"));
    }
}

static void test_batches_and_a_growing_dictionary(void **state)
{
    (void)state;
    const struct sy_dataset_def def = people_def();
    SY_BUF_CLEANUP struct sy_buf b = sy_buf((size_t)16 << 20);
    make_many(&b);
    RUN_CLEANUP struct run r;
    run_file(&r, &def, sy_buf_view(&b), 65536);
    run_expect_rows(&r, MANY, MANY);
    assert_int_equal(r.n_batches, 3);
    assert_int_equal(r.batches[0].rows, SY_MORSEL_ROWS);
    assert_int_equal(r.batches[2].rows, 17);
    assert_int_equal(run_count(&r, "id", "normalised").coerced, MANY);
    assert_true(r.batches[0].bytes < r.batches[1].bytes && r.batches[1].bytes <= b.n);
    size_t labels = 0;
    for (size_t i = 0; i < 3; i++) {
        labels += r.batches[i].columns[2].n_dict;
    }
    assert_int_equal(labels, (MANY + 999) / 1000);
    for (size_t batch = 0, row = 0; batch < 3; batch++) {
        const uint8_t *id = r.batches[batch].columns[0].ids.p;
        for (size_t i = 0; i < r.batches[batch].rows; i++, row++, id += 1 + *id) {
            char want[24];
            int n = snprintf(want, sizeof(want), "U%zu", row);
            assert_true(*id == n && memcmp(id + 1, want, (size_t)n) == 0);
            bool null = (r.batches[batch].columns[2].nulls.p[i / 8] >> (i % 8) & 1) != 0;
            assert_int_equal(null, row % 7 == 0);
        }
    }
    for (size_t row = 1; row < MANY; row += 7919) {
        char want[24];
        (void)snprintf(want, sizeof(want), "L%zu", row / 1000);
        assert_true(row % 7 == 0 || sy_view_is(run_text(&r, 2, row), want));
    }
}

/* A wide table: batches are cut by size, and every message stays below the limit. */
static void test_wide_rows_make_smaller_batches(void **state)
{
    (void)state;
    enum { WIDE = 500, ROWS = 9000 };
    struct sy_field_def *fields = calloc(WIDE, sizeof(*fields));
    char(*names)[8] = calloc(WIDE, sizeof(*names));
    SY_BUF_CLEANUP struct sy_buf b = sy_buf((size_t)32 << 20);
    assert_true(fields != NULL && names != NULL);
    for (size_t i = 0; i < WIDE; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "c%zu", i);
        fields[i] = (struct sy_field_def){
            .name = sy_view_str(names[i]), .type = STR("int64"), .nullable = true};
        check_ok(sy_buf_printf(&b, "%s%s", i == 0 ? "" : ",", names[i]));
    }
    for (size_t row = 0; row < ROWS; row++) {
        check_ok(sy_buf_printf(&b, "\n%zu", row));
        for (size_t i = 1; i < WIDE; i++) {
            check_ok(sy_buf_add_str(&b, ",1"));
        }
    }
    const struct sy_dataset_def def = def_of(fields, WIDE);
    RUN_CLEANUP struct run r;
    run_file(&r, &def, sy_buf_view(&b), 65536);
    run_expect_rows(&r, ROWS, ROWS);
    assert_true(r.n_batches > 1 && r.largest < (size_t)40 << 20);
    assert_int_equal(run_number(&r, 0, ROWS - 1), ROWS - 1);
    assert_int_equal(run_number(&r, WIDE - 1, ROWS - 1), 1);
    free(fields);
    free(names);
}

/* Texts that are all different: batches are cut by their bytes, the file by the dictionary. */
static void test_too_many_labels(void **state)
{
    (void)state;
    struct sy_field_def fields[] = {{.name = STR("t"), .type = STR("text")}};
    const struct sy_dataset_def def = def_of(fields, 1);
    SY_BUF_CLEANUP struct sy_buf b = sy_buf((size_t)64 << 20);
    check_ok(sy_buf_add_str(&b, "t\n"));
    for (size_t i = 0; i < 140000; i++) {
        check_ok(sy_buf_printf(&b, "%0250zu\n", i));
    }
    RUN_CLEANUP struct run r;
    run_file(&r, &def, sy_buf_view(&b), 65536);
    run_expect_error(&r, "data", "t");
    assert_true(r.n_batches >= 1 && r.largest < (size_t)40 << 20);
}

static sy_status broken_sink(void *ctx, const struct sy_ingest_batch *batch)
{
    (void)batch;
    ++*(int *)ctx;
    return sy_status_of(SY_E_CLOSED);
}

static void test_a_broken_sink_stops_it(void **state)
{
    (void)state;
    const struct sy_dataset_def def = people_def();
    SY_BUF_CLEANUP struct sy_buf b = sy_buf((size_t)16 << 20);
    int calls = 0;
    struct ingest *in = NULL;
    make_many(&b);
    check_ok(ingest_new(&def, broken_sink, &calls, &in, NULL));
    check_code(ingest_feed(in, sy_buf_view(&b)), SY_E_CLOSED);
    check_code(ingest_feed(in, sy_view_str("x")), SY_E_CLOSED);
    check_code(ingest_finish(in), SY_E_CLOSED);
    assert_int_equal(calls, 1);
    ingest_free(in);
    ingest_free(NULL);
}

/* --- what leaves ------------------------------------------------------------------------------- */

/* A marker in every place of a file where a value can be; the end message never has it, whether
 * the file is taken or refused. */
static void test_no_value_in_the_end_message(void **state)
{
    (void)state;
    static const char *const files[] = {
        "id,Age in years,note\nZQMARK7,ZQMARK7,ZQMARK7\nZQMARK7,1,ZQMARK7\n,ZQMARK7,\nZQMARK7\n",
        "id,Age in years,note,ZQMARK7\nA,ZQMARK7,\"ZQMARK7\"ZQMARK7,\n",
        "ZQMARK7,id,note\nZQMARK7,1,2\n",
        "id,Age in years,note\nA,1,\"ZQMARK7",
        "id,Age in years,note\nA,1,x\xFFZQMARK7\nA\x01ZQMARK7,1,\nZQMARK7,1,\nZQMARK7,1,\n",
    };
    struct sy_dataset_def def = people_def();
    def.max_rows = 2;
    for (size_t i = 0; i < N_OF(files); i++) {
        RUN_CLEANUP struct run r;
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(65536);
        run_file(&r, &def, sy_view_str(files[i]), 0);
        check_ok(sy_record_encode(&sy_ingest_batch_desc, &r.end, &b));
        assert_null(memmem(b.p, b.n, "ZQMARK7", 7));
        assert_null(memmem(b.p, b.n, "zqmark7", 7));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes_of_one_table),
        cmocka_unit_test(test_files_that_are_refused),
        cmocka_unit_test(test_a_header_alone_is_an_empty_table),
        cmocka_unit_test(test_ragged_rows_are_rejected),
        cmocka_unit_test(test_rejected_rows_leave_no_trace),
        cmocka_unit_test(test_one_column_for_two_fields),
        cmocka_unit_test(test_long_cells),
        cmocka_unit_test(test_more_columns_than_can_be),
        cmocka_unit_test(test_max_rows_counts_kept_rows),
        cmocka_unit_test(test_batches_and_a_growing_dictionary),
        cmocka_unit_test(test_wide_rows_make_smaller_batches),
        cmocka_unit_test(test_too_many_labels),
        cmocka_unit_test(test_a_broken_sink_stops_it),
        cmocka_unit_test(test_no_value_in_the_end_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
