/*
 * Descriptions and offers of the catalogue from YAML: the demonstration's files, what they become, and every way of
 * being wrong with its place.
 */
#include "cli/compile.h"
#include "test_written.h"

enum { TEXT_MAX = 8192 };

/* A file of the demonstration. */
static const char *demo(const char *name)
{
    static char path[4096];
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    assert_non_null(root);
    snprintf(path, sizeof(path), "%s/policies/packs/demo/scheme/%s", root, name);
    return path;
}

static const char *text_of(const char *name)
{
    static char text[TEXT_MAX];
    FILE *f = fopen(demo(name), "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    assert_int_equal(fclose(f), 0);
    text[n] = '\0';
    return text;
}

/* The file with the first `from` replaced by `to`, into the temporary one. */
static void edit(const char *name, const char *from, const char *to)
{
    static char out[2 * TEXT_MAX];
    const char *text = text_of(name);
    const char *at = strstr(text, from);
    assert_non_null(at);
    snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    write_text(out);
}

static void entry_reads(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_error err = {0};
    struct sy_entry e;
    (void)state;
    check_ok(cli_compile_entry(demo("entry-persons.yaml"), &a, &e, &err));
    assert_true(sy_view_is(e.dataset, "nafld.persons") && sy_view_is(e.region, "370812"));
    assert_int_equal(e.published, 20089); /* 2025-01-01 */
    assert_int_equal(e.n_class_path, 4);
    assert_true(sy_view_is(e.share.kind, "conditional") && sy_view_is(e.open.kind, "none"));
    assert_int_equal(e.n_items, 2);
    assert_true(sy_view_is(e.items[0].code, "DE01.00.009.00") && e.items[0].from.n == 0);
    assert_true(!e.secret && !e.credit && e.n_demands == 0 && e.version == 0);
    check_ok(cli_compile_entry(demo("entry-events.yaml"), &a, &e, &err));
    assert_true(sy_view_is(e.items[0].from, "nafld.persons") && e.time_to.n == 0);
    edit("entry-events.yaml", "format: csv", "format: csv\ndemands: [7, '12']\nsecret: true");
    check_ok(cli_compile_entry(written, &a, &e, &err));
    assert_true(e.n_demands == 2 && e.demands[0] == 7 && e.demands[1] == 12 && e.secret);
}

static void offer_reads(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_error err = {0};
    struct sy_offer o;
    (void)state;
    check_ok(cli_compile_offer(demo("offer-persons.yaml"), &a, &o, &err));
    assert_true(sy_view_is(o.dataset, "nafld.persons") && o.n_scenes == 2 && o.version == 0);
    edit("offer-persons.yaml", "industry:", "trade:");
    check_code(cli_compile_offer(written, &a, &o, &err), SY_E_FIELD);
    assert_non_null(strstr(err.reason, ":3:1: unknown key trade"));
}

static void entry_refused(void **state)
{
    static const struct {
        const char *from, *to, *words;
    } cases[] = {
        {"abstract:", "abstrakt:", ":4:1: unknown key abstrakt"},
        {"format: csv\n", "", ":3:1: format is missing"},
        {"published: 2025-01-01", "published: soon", "published: a date is written 2026-01-01"},
        {"published: 2025-01-01", "published: 2025-01-01T12:00:00Z", "published: a date"},
        {"{kind: none,", "{sort: none,", "unknown key sort"},
        {"share: {kind: conditional", "share: {condition: x", "twice"},
        {"class_path: [", "class_path: [[a], ", "expected a text"},
        {"format: csv", "format: csv\ndemands: [x]", "demands: numbers of demands"},
        {"format: csv", "format: csv\nsecret: perhaps", "secret: expected true or false"},
        {"{field: age,", "{name: age,", "twice"},
        {"  - {field: id,", "  - id\n  - {field: id,", ":21:5: expected keys and values"},
    };
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sy_error err = {0};
        struct sy_entry e;
        edit("entry-persons.yaml", cases[i].from, cases[i].to);
        sy_status s = cli_compile_entry(written, &a, &e, &err);
        if (s.code != SY_E_FIELD || strstr(err.reason, cases[i].words) == NULL) {
            fail_msg("%s: %s %s", cases[i].to, sy_code_name(s.code), err.reason);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entry_reads),
        cmocka_unit_test(offer_reads),
        cmocka_unit_test(entry_refused),
    };
    return cmocka_run_group_tests_name("compile_catalogue", tests, make_file, drop_file);
}
