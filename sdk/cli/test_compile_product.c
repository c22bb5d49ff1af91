/*
 * Product files into records: the demonstration's, and what is refused with its place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "cli/compile.h"

static struct sy_arena arena;
static struct sy_error err;
static char written[64];

static int setup(void **state)
{
    (void)state;
    arena = (struct sy_arena){0};
    err = (struct sy_error){0};
    snprintf(written, sizeof(written), "/tmp/test_product-XXXXXX");
    int fd = mkstemp(written);
    return fd >= 0 ? close(fd) : -1;
}

static int teardown(void **state)
{
    (void)state;
    sy_arena_deinit(&arena);
    return unlink(written);
}

static const char *demo(void)
{
    return sy_arena_printf(&arena, "%s/policies/packs/demo/scheme/product.yaml",
                           getenv("SHUYU_SOURCE_ROOT"));
}

/* The demonstration's file with the first `from` replaced by `to`. */
static const char *spoilt(const char *from, const char *to)
{
    static char text[4096];
    FILE *f = fopen(demo(), "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    assert_int_equal(fclose(f), 0);
    const char *at = strstr(text, from);
    assert_non_null(at);
    f = fopen(written, "wb");
    assert_non_null(f);
    fprintf(f, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    assert_int_equal(fclose(f), 0);
    return written;
}

static void test_product(void **state)
{
    struct sy_product p;
    (void)state;
    check_ok(cli_compile_product(demo(), &arena, &p, &err));
    assert_true(sy_view_is(p.form, "service"));
    assert_true(sy_view_is(p.klass, "industry"));
    assert_int_equal(p.price, 1200);
    assert_int_equal(p.cap, 3000);
    assert_int_equal(p.fee_permille, 100);
    assert_int_equal(p.n_uses, 2);
    assert_true(sy_view_is(p.uses[1].code, "research"));
    assert_int_equal(p.n_sources, 2);
    assert_true(sy_view_is(p.sources[0].dataset, "nafld.persons"));
    assert_int_equal(p.n_columns, 4);
    assert_true(sy_view_is(p.columns[3].measure, "人"));
    assert_int_equal(p.grant[0] | p.model[0], 0); /* the model's to say */
}

static void test_wrong_files(void **state)
{
    static const struct {
        const char *from, *to, *says;
    } CASES[] = {{"form: service\n", "", "form"},
                 {"price: 1200", "price: cheap", "price"},
                 {"price: 1200", "price: -1", "price"},
                 {"cap: 3000", "model: 00", "model"}, /* not the file's to say */
                 {"{code: planning, title", "{code: planning, name", "name"},
                 {", basis: 《", ", base: 《", "base"}};
    struct sy_product p;
    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        check_code(cli_compile_product(spoilt(CASES[i].from, CASES[i].to), &arena, &p, &err),
                   SY_E_FIELD);
        assert_non_null(strstr(err.reason, CASES[i].says));
        assert_non_null(strstr(err.reason, ":")); /* file, line and column */
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_product), TEST(test_wrong_files)};
    return cmocka_run_group_tests_name("compile_product", tests, NULL, NULL);
}
