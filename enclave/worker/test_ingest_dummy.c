/*
 * Dummy data against the checks that real data meets: every row of every dummy file is kept as it
 * is, units join across datasets, bounds and value sets are used to their ends, and files are the
 * same for the same seed. (Here, because sdk/ may not include what is under enclave/.)
 */
#include "test_ingest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../sdk/cli/src/dummy.h"
#include "base/fdio.h"

enum { PERSONS = 2000, BIRTHS = 2400, EVENTS = 6000, STREETS = 500, N_DEFS = 3 };

static struct sy_view events[] = {STR("MI"), STR("ang/isc"), STR("a \"b\", c"), STR("糖尿病")};

static struct sy_field_def person_fields[] = {
    {.name = STR("id"), .type = STR("unit"), .ref = STR("person")},
    {.name = STR("age"), .type = STR("int32"), .lo = 0, .hi = 120},
    {.name = STR("male"), .type = STR("bool")},
    {.name = STR("born"), .type = STR("date"), .lo = -20000, .hi = 20000, .nullable = true},
    {.name = STR("weight"),
     .type = STR("decimal"),
     .scale = 1,
     .lo = 200,
     .hi = 3000,
     .nullable = true},
    {.name = STR("balance"), .type = STR("decimal"), .scale = 2, .lo = INT64_MIN, .hi = INT64_MAX},
};
static struct sy_field_def event_fields[] = {
    {.name = STR("event"), .type = STR("enum"), .values = events, .n_values = 4},
    {.name = STR("who"), .source = STR("id card"), .type = STR("unit"), .ref = STR("person")},
    {.name = STR("days"), .type = STR("int32"), .lo = -1, .hi = 1},
};
static struct sy_field_def street_fields[] = {
    {.name = STR("code"), .type = STR("int64"), .nullable = true},
    {.name = STR("name"), .type = STR("text"), .nullable = true},
};

static const struct sy_dataset_def persons = {.id = STR("t.persons"),
                                              .encoding = STR("utf-8"),
                                              .ns = STR("person"),
                                              .unit = STR("id"),
                                              .units = 20000,
                                              .max_rows = 100000,
                                              .dummy_rows = PERSONS,
                                              .fields = person_fields,
                                              .n_fields = N_OF(person_fields)};
static const struct sy_dataset_def diagnoses = {.id = STR("t.events"),
                                                .encoding = STR("utf-8"),
                                                .ns = STR("person"),
                                                .unit = STR("who"),
                                                .units = 20000,
                                                .max_rows = 500000,
                                                .dummy_rows = EVENTS,
                                                .fields = event_fields,
                                                .n_fields = N_OF(event_fields)};
static const struct sy_dataset_def streets = {.id = STR("t.streets"),
                                              .encoding = STR("utf-8"),
                                              .max_rows = 100000,
                                              .dummy_rows = STREETS,
                                              .fields = street_fields,
                                              .n_fields = N_OF(street_fields)};
static const struct sy_dataset_def *const DEFS[N_DEFS] = {&persons, &diagnoses, &streets};

struct folder {
    char path[64];
    int fd;
};

static void make_folder(struct folder *f, uint64_t seed)
{
    (void)snprintf(f->path, sizeof(f->path), "/tmp/shuyu-dummy-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(f->fd >= 0);
    check_ok(cli_dummy_write(DEFS, N_DEFS, seed, f->path, NULL));
}

static void name_of(const struct sy_dataset_def *def, char *ret, size_t cap)
{
    (void)snprintf(ret, cap, "%.*s.dummy.csv", SY_PV(def->id));
}

static void remove_folder(struct folder *f)
{
    char name[64];
    for (size_t i = 0; i < N_DEFS; i++) {
        name_of(DEFS[i], name, sizeof(name));
        (void)unlinkat(f->fd, name, 0);
    }
    sy_fd_close(&f->fd);
    assert_int_equal(rmdir(f->path), 0);
}

static struct sy_buf read_table(const struct folder *f, const struct sy_dataset_def *def)
{
    char name[64];
    struct sy_buf b = sy_buf((size_t)16 << 20);
    name_of(def, name, sizeof(name));
    check_ok(sy_read_file_at(f->fd, name, &b));
    return b;
}

static void run_table(const struct folder *f, const struct sy_dataset_def *def, struct run *ret)
{
    SY_BUF_CLEANUP struct sy_buf b = read_table(f, def);
    run_file(ret, def, sy_buf_view(&b), 65536);
    run_expect_rows(ret, def->dummy_rows, def->dummy_rows);
    assert_int_equal(ret->end.quality[0].n_rules, 0); /* nothing nulled, coerced or rejected */
}

static size_t nulls_of(const struct run *r, size_t column)
{
    size_t n = 0;
    for (size_t row = 0; row < run_rows(r); row++) {
        n += run_null(r, column, row) ? 1 : 0;
    }
    return n;
}

static uint64_t unit_number(struct sy_view id)
{
    char text[64];
    assert_true(sy_view_starts(id, sy_view_str("DUMMY")));
    sy_view_to_cstr(id, text, sizeof(text));
    return strtoull(text + 5, NULL, 10);
}

static void test_the_registry_has_every_unit_once(void **state)
{
    (void)state;
    struct folder f;
    RUN_CLEANUP struct run r;
    make_folder(&f, 1);
    run_table(&f, &persons, &r);
    for (size_t row = 0; row < PERSONS; row++) {
        assert_int_equal(unit_number(run_id(&r, 0, row)), row + 1);
    }
    assert_true(nulls_of(&r, 3) > PERSONS / 40 && nulls_of(&r, 3) < PERSONS / 12);
    assert_true(nulls_of(&r, 4) > PERSONS / 40 && nulls_of(&r, 4) < PERSONS / 12);
    remove_folder(&f);
}

static void test_other_tables_find_partners(void **state)
{
    (void)state;
    static unsigned times[PERSONS + 1];
    struct folder f;
    RUN_CLEANUP struct run r;
    unsigned seen[N_OF(events)] = {0};
    unsigned ends = 0;
    unsigned low_half = 0;
    make_folder(&f, 1);
    run_table(&f, &diagnoses, &r);
    for (size_t row = 0; row < EVENTS; row++) {
        uint64_t unit = unit_number(run_id(&r, 1, row));
        assert_true(unit >= 1 && unit <= PERSONS);
        times[unit]++;
        low_half += unit <= PERSONS / 2 ? 1 : 0;
        seen[run_number(&r, 0, row)]++;
        ends += run_number(&r, 2, row) != 0 ? 1 : 0;
    }
    assert_true(low_half > EVENTS * 6 / 10); /* skewed: 71 % expected */
    assert_true(times[1] + times[2] + times[3] > 0);
    for (size_t i = 0; i < N_OF(events); i++) {
        assert_true(seen[i] > 0);
    }
    assert_true(ends > EVENTS / 2); /* both bounds of -1..1 occur */
    remove_folder(&f);
}

/* The registry is the table that can list every unit once, wherever it stands among the files. */
static void test_the_order_of_entries_does_not_matter(void **state)
{
    (void)state;
    static const struct sy_dataset_def *const turned[N_DEFS] = {&streets, &diagnoses, &persons};
    struct folder a, b;
    make_folder(&a, 5);
    make_folder(&b, 6);
    check_ok(cli_dummy_write(turned, N_DEFS, 5, b.path, NULL));
    for (size_t i = 0; i < N_DEFS; i++) {
        SY_BUF_CLEANUP struct sy_buf x = read_table(&a, DEFS[i]);
        SY_BUF_CLEANUP struct sy_buf y = read_table(&b, DEFS[i]);
        assert_true(sy_view_eq(sy_buf_view(&x), sy_buf_view(&y)));
    }
    remove_folder(&a);
    remove_folder(&b);
}

/* Births: a child has one row, a mother three at most. A visit is named by two columns together, one of
 * which is a column of its own as well. */
static struct sy_view visit_columns[] = {STR("place"), STR("serial")};
static struct sy_field_def birth_fields[] = {
    {.name = STR("child"), .type = STR("unit"), .ref = STR("person"), .rows = 1},
    {.name = STR("mother"), .type = STR("unit"), .ref = STR("person"), .rows = 3},
};
static struct sy_field_def visit_fields[] = {
    {.name = STR("visit"),
     .type = STR("unit"),
     .ref = STR("visit"),
     .sources = visit_columns,
     .n_sources = 2},
    {.name = STR("where"), .type = STR("text"), .source = STR("place")},
    {.name = STR("age"), .type = STR("int32"), .lo = 7, .hi = 7},
};

static void test_caps_are_kept(void **state)
{
    (void)state;
    static uint8_t children[BIRTHS + 1], mothers[BIRTHS + 1];
    const struct sy_dataset_def births = {.id = STR("t.births"),
                                          .encoding = STR("utf-8"),
                                          .ns = STR("person"),
                                          .unit = STR("child"),
                                          .units = 20000,
                                          .max_rows = 10000,
                                          .dummy_rows = BIRTHS,
                                          .fields = birth_fields,
                                          .n_fields = N_OF(birth_fields)};
    const struct sy_dataset_def *const list[] = {&births, &persons};
    struct folder f;
    RUN_CLEANUP struct run r;
    unsigned with_three = 0, strangers = 0;
    make_folder(&f, 3);
    check_ok(cli_dummy_write(list, 2, 3, f.path, NULL));
    run_table(&f, &births, &r);
    for (size_t row = 0; row < births.dummy_rows; row++) {
        uint64_t child = unit_number(run_id(&r, 0, row)), mother = unit_number(run_id(&r, 1, row));
        assert_true(child <= BIRTHS && mother <= PERSONS);
        strangers += child > PERSONS;
        assert_true(++children[child] == 1);
        assert_true(++mothers[mother] <= 3);
        with_three += mothers[mother] == 3;
    }
    assert_int_equal(with_three, BIRTHS / 3);
    assert_int_equal(strangers, BIRTHS - PERSONS); /* in no register */
    assert_int_equal(unlinkat(f.fd, "t.births.dummy.csv", 0), 0);
    remove_folder(&f);
}

static void test_composite_units(void **state)
{
    (void)state;
    const struct sy_dataset_def visits = {.id = STR("t.visits"),
                                          .encoding = STR("utf-8"),
                                          .ns = STR("visit"),
                                          .unit = STR("visit"),
                                          .max_rows = 100,
                                          .dummy_rows = 2,
                                          .fields = visit_fields,
                                          .n_fields = N_OF(visit_fields)};
    const struct sy_dataset_def *const list[] = {&visits};
    struct folder f;
    RUN_CLEANUP struct run r;
    make_folder(&f, 3);
    check_ok(cli_dummy_write(list, 1, 3, f.path, NULL));
    SY_BUF_CLEANUP struct sy_buf b = read_table(&f, &visits);
    check_ok(sy_buf_add(&b, "", 1));
    assert_string_equal((const char *)b.p, "\"place\",\"serial\",\"age\"\n"
                                           "DUMMY00000001,DUMMY00000001,7\n"
                                           "DUMMY00000002,DUMMY00000002,7\n");
    run_table(&f, &visits, &r);
    assert_int_equal(unlinkat(f.fd, "t.visits.dummy.csv", 0), 0);
    remove_folder(&f);
}

/* Code tables: a number, a date, a decimal, a text and a value set, each with no value twice; the value
 * set is the shortest and ends the table. */
static struct sy_field_def code_fields[] = {
    {.name = STR("code"), .type = STR("int32"), .lo = 0, .hi = 5, .rows = 1},
    {.name = STR("day"), .type = STR("date"), .lo = -3, .hi = 3000, .rows = 1},
    {.name = STR("part"),
     .type = STR("decimal"),
     .scale = 1,
     .lo = INT64_MIN,
     .hi = INT64_MAX,
     .rows = 1},
    {.name = STR("name"), .type = STR("text"), .rows = 1, .nullable = true},
    {.name = STR("event"), .type = STR("enum"), .values = events, .n_values = 4, .rows = 1},
};

static void test_keys_come_once(void **state)
{
    (void)state;
    struct sy_dataset_def codes = {.id = STR("t.codes"),
                                   .encoding = STR("utf-8"),
                                   .max_rows = 100,
                                   .dummy_rows = 40,
                                   .fields = code_fields,
                                   .n_fields = N_OF(code_fields)};
    const struct sy_dataset_def *const list[] = {&codes};
    struct folder f;
    RUN_CLEANUP struct run r;
    make_folder(&f, 3);
    check_ok(cli_dummy_write(list, 1, 3, f.path, NULL));
    codes.dummy_rows = 4;
    run_table(&f, &codes, &r);
    for (size_t row = 0; row + 1 < 4; row++) {
        for (size_t i = 0; i < 5; i++) {
            assert_true(i == 3 || run_number(&r, i, row) < run_number(&r, i, row + 1));
        }
    }
    assert_int_equal(r.batches[0].columns[3].n_dict, 4);
    assert_int_equal(nulls_of(&r, 3), 0);
    assert_int_equal(unlinkat(f.fd, "t.codes.dummy.csv", 0), 0);
    remove_folder(&f);
}

static void test_public_tables(void **state)
{
    (void)state;
    struct folder f;
    RUN_CLEANUP struct run r;
    make_folder(&f, 7);
    run_table(&f, &streets, &r);
    assert_true(r.batches[0].columns[1].n_dict >= 8);
    remove_folder(&f);
}

static void test_same_seed_same_bytes(void **state)
{
    (void)state;
    struct folder a, b, c;
    make_folder(&a, 42);
    make_folder(&b, 42);
    make_folder(&c, 43);
    for (size_t i = 0; i < N_DEFS; i++) {
        SY_BUF_CLEANUP struct sy_buf x = read_table(&a, DEFS[i]);
        SY_BUF_CLEANUP struct sy_buf y = read_table(&b, DEFS[i]);
        SY_BUF_CLEANUP struct sy_buf z = read_table(&c, DEFS[i]);
        assert_true(sy_view_eq(sy_buf_view(&x), sy_buf_view(&y)));
        assert_false(sy_view_eq(sy_buf_view(&x), sy_buf_view(&z)));
    }
    /* alone as in company */
    const struct sy_dataset_def *const alone[] = {&streets};
    check_ok(cli_dummy_write(alone, 1, 42, c.path, NULL));
    SY_BUF_CLEANUP struct sy_buf x = read_table(&a, &streets);
    SY_BUF_CLEANUP struct sy_buf z = read_table(&c, &streets);
    assert_true(sy_view_eq(sy_buf_view(&x), sy_buf_view(&z)));
    remove_folder(&a);
    remove_folder(&b);
    remove_folder(&c);
}

static void test_entries_that_are_refused(void **state)
{
    (void)state;
    struct sy_error e = {0};
    struct sy_field_def bad[] = {{.name = STR("x"), .type = STR("enum")}};
    struct sy_dataset_def def = def_of(bad, 1);
    const struct sy_dataset_def *const list[] = {&def};
    check_code(cli_dummy_write(list, 1, 1, "/tmp", &e), SY_E_FIELD);
    assert_string_equal(e.field, "x");
    bad[0] = (struct sy_field_def){.name = STR("y"), .type = STR("int32"), .lo = 2, .hi = 1};
    check_code(cli_dummy_write(list, 1, 1, "/tmp", &e), SY_E_FIELD);
    bad[0] = (struct sy_field_def){.name = STR("y"), .type = STR("bool")};
    check_code(cli_dummy_write(list, 1, 1, "/nonexistent/folder", &e), SY_E_NOT_FOUND);
    static const char *const ids[] = {"", "../evil", "a/b", ".hidden"};
    for (size_t i = 0; i < N_OF(ids); i++) {
        def.id = sy_view_str(ids[i]);
        check_code(cli_dummy_write(list, 1, 1, "/tmp", &e), SY_E_FIELD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_registry_has_every_unit_once),
        cmocka_unit_test(test_other_tables_find_partners),
        cmocka_unit_test(test_the_order_of_entries_does_not_matter),
        cmocka_unit_test(test_caps_are_kept),
        cmocka_unit_test(test_composite_units),
        cmocka_unit_test(test_keys_come_once),
        cmocka_unit_test(test_public_tables),
        cmocka_unit_test(test_same_seed_same_bytes),
        cmocka_unit_test(test_entries_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
