/*
 * The application of a scene file, and scene files that we write: what is written compiles to the same proposal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "cli/compile.h"

enum { NOW = 1000 };

static char path[64];

static int make_file(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "/tmp/test_scene_file-XXXXXX");
    int fd = mkstemp(path);
    return fd >= 0 ? close(fd) : -1;
}

static int drop_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_bytes(struct sy_view text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
    assert_int_equal(fclose(f), 0);
}

#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char full[] =
    "scene: s-1\n"
    "title: '病种: 负担 #1'\n"
    "purpose: \"two words\"\n"
    "application:\n"
    "  class: public\n"
    "  domain: 医疗健康\n"
    "  market: 'no'\n" /* a text, whatever it looks like */
    "  route: '- not a list'\n"
    "  benefit: '{not: a map}'\n"
    "  revenue_plan: \"it's \\\"half\\\"\"\n"
    "  products_planned: [service, report]\n"
    "  own_data: ['病房: 名册', wards]\n"
    "  replaces: " ID "\n"
    "  shrinks: 'ff112233445566778899aabbccddeeff00112233445566778899aabbccddee00'\n"
    "mechanisms: [gauss, exact]\n"
    "rho: 2.500000001\n"
    "delta: 1e-15\n"
    "cells: 40\n"
    "calls: 3\n"
    "overruns: 1\n"
    "term: 2h\n"
    "datasets:\n"
    "  - dataset: d.one\n"
    "    fields:\n"
    "      - {name: w, mask: 'band:5', reason: '说明: 为什么'}\n"
    "      - {name: x, mask: drop}\n"
    "  - dataset: d.two\n"
    "    fields: [{name: y, reason: r}]\n";

static void compile(const char *text, struct sy_arena *a, struct sy_proposal *ret)
{
    struct sy_error err = {0};
    write_bytes(sy_view_str(text));
    sy_status s = cli_compile_scene(path, NOW, a, ret, &err);
    if (!sy_ok(s)) {
        fail_msg("%s", err.reason);
    }
}

static void test_application(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_proposal p;
    compile(full, &a, &p);
    assert_int_equal(p.n_application, 1);
    const struct sy_application *app = &p.application[0];
    assert_true(sy_view_is(app->class_, "public"));
    assert_true(sy_view_is(app->domain, "医疗健康"));
    assert_true(sy_view_is(app->market, "no"));
    assert_int_equal(app->n_products_planned, 2);
    assert_true(sy_view_is(app->own_data[0], "病房: 名册"));
    assert_int_equal(app->replaces[1], 0x11);
    assert_int_equal(app->shrinks[0], 0xff);
    assert_int_equal(app->shrinks[31], 0);
}

/* A file without the section gives the proposal that it always gave. */
static void test_none(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_proposal p;
    compile("scene: s\ntitle: t\npurpose: p\nmechanisms: [exact]\ncalls: 1\nterm: 1h\n"
            "datasets: [{dataset: d, fields: [{name: x}]}]\n",
            &a, &p);
    assert_int_equal(p.n_application, 0);
}

static void check_same(const struct sy_proposal *p)
{
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1 << 20);
    SY_BUF_CLEANUP struct sy_buf before = sy_buf(1 << 20);
    SY_BUF_CLEANUP struct sy_buf after = sy_buf(1 << 20);
    struct sy_error err = {0};
    struct sy_proposal again;
    check_ok(cli_write_scene(p, NOW, &text, NULL));
    write_bytes(sy_buf_view(&text));
    sy_status s = cli_compile_scene(path, NOW, &a, &again, &err);
    if (!sy_ok(s)) {
        fail_msg("%s in:\n%.*s", err.reason, SY_PV(sy_buf_view(&text)));
    }
    check_ok(sy_record_encode(&sy_proposal_desc, p, &before));
    check_ok(sy_record_encode(&sy_proposal_desc, &again, &after));
    assert_true(sy_view_eq(sy_buf_view(&before), sy_buf_view(&after)));
}

static void test_written(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_proposal p;
    compile(full, &a, &p);
    check_same(&p);
    p.rho = UINT64_C(4000000000);
    p.delta = 0;
    p.cells = 0;
    check_same(&p);
    p.rho = 1;
    p.delta = UINT64_C(1000000000000000);
    p.n_application = 0;
    check_same(&p);
}

/* The example of the documentation, compiled, written and compiled again. */
static void test_example(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_proposal p;
    const char *file = sy_arena_printf(&a, "%s/policies/packs/demo/scheme/scene.yaml",
                                       getenv("SHUYU_SOURCE_ROOT"));
    check_ok(cli_compile_scene(file, NOW, &a, &p, NULL));
    assert_int_equal(p.n_application, 1);
    check_same(&p);
}

/* What is left of a term that is over is a second: the domain says the rest. */
static void test_term(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1 << 20);
    struct sy_proposal p, again;
    compile(full, &a, &p);
    check_ok(cli_write_scene(&p, p.not_after + 5, &text, NULL));
    write_bytes(sy_buf_view(&text));
    check_ok(cli_compile_scene(path, NOW, &a, &again, NULL));
    assert_int_equal(again.not_after, NOW + 1);
}

static void test_wrong(void **state)
{
    static const struct {
        const char *from, *to, *says;
    } cases[] = {
        {"  class: public\n", "", ":5:3: class is missing"},
        {"  domain: 医疗健康\n", "  field: x\n", ":6:3: unknown key field"},
        {ID, "0011", ":5:3: replaces and shrinks are whole ids: 64 digits"},
        {"replaces: 00", "replaces: 0G", ":5:3: replaces and shrinks are whole ids: 64 digits"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SY_ARENA_CLEANUP struct sy_arena a = {0};
        struct sy_error err = {0};
        struct sy_proposal p;
        char text[4096];
        const char *at = strstr(full, cases[i].from);
        assert_non_null(at);
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - full), full, cases[i].to,
                 at + strlen(cases[i].from));
        write_bytes(sy_view_str(text));
        check_code(cli_compile_scene(path, NOW, &a, &p, &err), SY_E_FIELD);
        assert_string_equal(err.reason + strlen(path), cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_application), cmocka_unit_test(test_none),
        cmocka_unit_test(test_written),     cmocka_unit_test(test_term),
        cmocka_unit_test(test_wrong),       cmocka_unit_test(test_example),
    };
    return cmocka_run_group_tests_name("scene_file", tests, make_file, drop_file);
}
