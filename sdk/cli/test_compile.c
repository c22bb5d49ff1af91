/*
 * YAML into records: the demo's files, exact figures, and every way of being wrong with its place.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "cli/compile.h"
#include "cli/yaml.h"

static char written[64];

static int make_file(void **state)
{
    (void)state;
    snprintf(written, sizeof(written), "/tmp/test_compile-XXXXXX");
    int fd = mkstemp(written);
    return fd >= 0 ? close(fd) : -1;
}

static int drop_file(void **state)
{
    (void)state;
    return unlink(written);
}

static void write_text(const char *text)
{
    FILE *f = fopen(written, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

/* A copy of `text` with the first `from` replaced by `to`. */
static char *edit(const char *text, const char *from, const char *to)
{
    static char out[8192];
    const char *at = strstr(text, from);
    assert_non_null(at);
    snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

typedef sy_status compile_fn(const char *path, struct sy_arena *a, void *ret, struct sy_error *err);

static sy_status pack(const char *path, struct sy_arena *a, void *ret, struct sy_error *err)
{
    return cli_compile_pack(path, a, ret, err);
}

static sy_status dataset(const char *path, struct sy_arena *a, void *ret, struct sy_error *err)
{
    return cli_compile_dataset(path, a, ret, err);
}

static sy_status scene(const char *path, struct sy_arena *a, void *ret, struct sy_error *err)
{
    return cli_compile_scene(path, 1000, a, ret, err);
}

static sy_status model(const char *path, struct sy_arena *a, void *ret, struct sy_error *err)
{
    return cli_compile_model(path, a, ret, err);
}

static union {
    struct sy_pack pack;
    struct sy_dataset_def dataset;
    struct sy_proposal scene;
    struct sy_model_def model;
} out;

/* The text is refused with "FILE:" and exactly these words after it. */
static void check_refused(compile_fn *compile, const char *text, const char *words)
{
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_error err = {0};
    write_text(text);
    check_code(compile(written, &a, &out, &err), SY_E_FIELD);
    assert_int_equal(strncmp(err.reason, written, strlen(written)), 0);
    assert_string_equal(err.reason + strlen(written) + 1, words);
}

struct wrong {
    compile_fn *compile;
    const char *text, *from, *to, *words;
};

static void check_wrong(const struct wrong *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        check_refused(w[i].compile, edit(w[i].text, w[i].from, w[i].to), w[i].words);
    }
}

#define CHECK_WRONG(table) check_wrong(table, sizeof(table) / sizeof((table)[0]))

static const char good_pack[] = "id: p\n"
                                "version: 1\n"
                                "consent: yes\n"
                                "term_max: 365d\n"
                                "rho_run_max: 0.05\n"
                                "groups_max: 64\n"
                                "rows_max: 1000\n"
                                "cells_max: 8192\n"
                                "budgets:\n"
                                "  - {ns: person, rho: 4, delta: 1e-7}\n"
                                "grades:\n"
                                "  - {grade: 1, mechanisms: [exact]}\n"
                                "sizes:\n"
                                "  - {max_rows: 10, slot: 350ms, wall: 2s, cpu: 4s, memory: 1GiB}\n"
                                "grounds:\n"
                                "  - {code: incident, roles: [agency]}\n"
                                "support_min: 100\n";

static const char good_dataset[] =
    "id: d\n"
    "title: 名\n"
    "department: health\n"
    "encoding: gb18030\n"
    "membership: 3\n"
    "max_rows: 100\n"
    "fields:\n"
    "  - {name: w, type: decimal, scale: 2, lo: -1.5, hi: 20, grade: 2}\n"
    "  - {name: b, type: date, lo: 1970-01-02, hi: 2024-02-29, grade: 2}\n"
    "  - {name: e, type: enum, values: [x, '1'], grade: 1}\n"
    "  - {name: u, type: unit, ref: person, sources: [org, no], rows: 3, grade: 3}\n";

static const char good_scene[] = "scene: s\n"
                                 "title: t\n"
                                 "purpose: p\n"
                                 "mechanisms: [gauss]\n"
                                 "rho: 2.5\n"
                                 "calls: 3\n"
                                 "term: 2h\n"
                                 "datasets:\n"
                                 "  - dataset: d\n"
                                 "    fields:\n"
                                 "      - {name: w, mask: 'band:5', reason: r}\n";

static const char good_model[] = "name: m\n"
                                 "title: t\n"
                                 "mechanism: gauss\n"
                                 "rho: 0.1\n"
                                 "params:\n"
                                 "  - {name: a, type: int, values: [1, 2]}\n"
                                 "sql: SELECT 1\n";

static const char good_blocks[] =
    "name: m\n"
    "title: t\n"
    "version: '2'\n"
    "definition: d\n"
    "params:\n"
    "  - {name: y, type: period, calendar: 10-01, values: [2019, 2020], support: 100}\n"
    "  - {name: a, type: int, grid: {from: 20, to: 65, step: 10}}\n"
    "  - {name: x, type: int, scale: 2, grid: {from: -0.5, to: 0, step: 0.25}}\n"
    "  - {name: d, type: date, grid: {from: 2020-02-28, to: 2020-03-01, step: 1}}\n"
    "blocks:\n"
    "  - name: deaths\n"
    "    mechanism: gauss\n"
    "    rho: 0.1\n"
    "    delta: 1e-9\n"
    "    threshold: true\n"
    "    unit: m.mother_id\n"
    "    clamps: [{figure: s, lo: 0, hi: 500.5}]\n"
    "    sql: SELECT 1\n"
    "  - {name: pop, mechanism: exact, tree: bins, sql: SELECT 2}\n"
    "post: SELECT d.n / p.n FROM d CROSS JOIN p\n";

/* --- what is right ----------------------------------------------------------------------------------- */

static void test_pack(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_pack *p = &out.pack;
    write_text(good_pack);
    check_ok(pack(written, &a, p, NULL));
    assert_int_equal(p->rho_run_max, 50000000);
    assert_int_equal(p->term_max_s, 365 * 86400);
    assert_true(p->consent);
    assert_int_equal(p->support_min, 100);
    assert_int_equal(p->n_budgets, 1);
    assert_int_equal(p->budgets[0].rho, 4000000000);
    assert_int_equal(p->budgets[0].delta, 100000000);
    assert_int_equal(p->sizes[0].slot_ms, 350);
    assert_int_equal(p->sizes[0].wall_ms, 2000);
    assert_int_equal(p->sizes[0].cpu_s, 4);
    assert_int_equal(p->sizes[0].memory_mib, 1024);
    assert_int_equal(p->grades[0].n_mechanisms, 1);
    assert_true(sy_view_is(p->grounds[0].roles[0], "agency"));
}

static void test_dataset(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_dataset_def *d = &out.dataset;
    write_text(good_dataset);
    check_ok(dataset(written, &a, d, NULL));
    assert_int_equal(d->n_fields, 4);
    assert_int_equal(d->fields[0].lo, -150); /* scaled */
    assert_int_equal(d->fields[0].hi, 2000);
    assert_int_equal(d->fields[1].lo, 1); /* days */
    assert_int_equal(d->fields[1].hi, 19782);
    assert_int_equal(d->fields[2].n_values, 2);
    assert_true(sy_view_is(d->fields[2].values[1], "1"));
    assert_int_equal(d->fields[3].rows, 3);
    assert_int_equal(d->fields[3].n_sources, 2);
    assert_true(sy_view_is(d->fields[3].sources[1], "no"));
}

static void test_scene(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_proposal *p = &out.scene;
    write_text(good_scene);
    check_ok(scene(written, &a, p, NULL));
    assert_int_equal(p->not_before, 1000);
    assert_int_equal(p->not_after, 1000 + 7200);
    assert_int_equal(p->rho, 2500000000);
    assert_true(sy_view_is(p->datasets[0].fields[0].mask, "band:5"));
}

static void test_model(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_model_def *m = &out.model;
    write_text(good_model);
    check_ok(model(written, &a, m, NULL));
    assert_int_equal(m->n_blocks, 1);
    assert_true(sy_view_is(m->blocks[0].name, "main"));
    assert_int_equal(m->blocks[0].groups, 1); /* not given */
    assert_int_equal(m->blocks[0].rows, 1);
    assert_int_equal(m->n_params, 1);
    assert_int_equal(m->params[0].n_values, 2);
}

static void test_model_blocks(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_model_def *m = &out.model;
    write_text(good_blocks);
    check_ok(model(written, &a, m, NULL));
    assert_int_equal(m->n_blocks, 2);
    assert_true(sy_view_is(m->blocks[1].name, "pop"));
    assert_true(sy_view_is(m->blocks[0].unit, "m.mother_id"));
    assert_true(m->blocks[0].threshold);
    assert_int_equal(m->blocks[0].tree.n, 0);
    assert_true(sy_view_is(m->blocks[1].tree, "bins"));
    assert_int_equal(m->blocks[0].delta, 1000000);
    assert_int_equal(m->blocks[0].n_clamps, 1);
    assert_true(sy_view_is(m->blocks[0].clamps[0].hi, "500.5"));
    assert_true(sy_view_starts(m->post, sy_view_str("SELECT d.n")));
    assert_int_equal(m->n_params, 4);
    assert_int_equal(m->params[0].support, 100);
    assert_true(sy_view_is(m->params[0].calendar, "10-01"));
    assert_int_equal(m->params[1].n_values, 5);
    assert_true(sy_view_is(m->params[1].values[4], "60"));
    assert_int_equal(m->params[2].n_values, 3);
    assert_true(sy_view_is(m->params[2].values[1], "-0.25"));
    assert_true(sy_view_is(m->params[3].values[2], "2020-03-01"));
}

static void check_file(compile_fn *compile, const struct sy_desc *desc, const char *path)
{
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct sy_error err = {0};
    sy_status s = compile(path, &a, &out, &err);
    assert_string_equal(err.reason, "");
    check_ok(s);
    if (desc != NULL) {
        check_ok(sy_record_encode(desc, &out, &b));
    }
}

static const char *source_root(void)
{
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    assert_non_null(root);
    return root;
}

/* Every file of the demo compiles and encodes. */
static void test_demo_files(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        compile_fn *compile;
        const struct sy_desc *desc;
    } files[] = {{"pack", pack, &sy_pack_desc},
                 {"persons", dataset, &sy_dataset_def_desc},
                 {"measurements", dataset, &sy_dataset_def_desc},
                 {"events", dataset, &sy_dataset_def_desc},
                 {"streets", dataset, &sy_dataset_def_desc},
                 {"models/burden", model, &sy_model_def_desc},
                 {"models/pressure", model, &sy_model_def_desc},
                 {"scene", scene, NULL}}; /* its developer and domain come later */
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s/policies/packs/demo/%s.yaml", source_root(),
                 files[i].name);
        check_file(files[i].compile, files[i].desc, path);
    }
}

static size_t check_folder(const char *folder, compile_fn *compile, const struct sy_desc *desc)
{
    char path[1024];
    size_t n = 0;
    snprintf(path, sizeof(path), "%s/policies/packs/health/%s", source_root(), folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (strstr(e->d_name, ".yaml") != NULL) {
            snprintf(path, sizeof(path), "%s/policies/packs/health/%s/%s", source_root(), folder,
                     e->d_name);
            check_file(compile, desc, path);
            n++;
        }
    }
    closedir(dir);
    return n;
}

/* So does every file of the health pack. */
static void test_health_files(void **state)
{
    (void)state;
    char path[512];
    snprintf(path, sizeof(path), "%s/policies/packs/health/pack.yaml", source_root());
    check_file(pack, &sy_pack_desc, path);
    assert_true(check_folder("catalogue", dataset, &sy_dataset_def_desc) >= 42);
    assert_true(check_folder("models", model, &sy_model_def_desc) >= 74);
    assert_true(check_folder("scenes", scene, NULL) >= 10);
}

/* --- figures ------------------------------------------------------------------------------------------ */

static void check_rho(const char *text, uint64_t want)
{
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    char line[80];
    snprintf(line, sizeof(line), "rho_run_max: %s\n", text);
    write_text(edit(good_pack, "rho_run_max: 0.05\n", line));
    check_ok(pack(written, &a, &out, NULL));
    assert_int_equal(out.pack.rho_run_max, want);
}

static void test_figures_are_exact(void **state)
{
    (void)state;
    check_rho("0.05", 50000000);
    check_rho("0.000000001", 1);
    check_rho("1.000000000000", 1000000000); /* zeros past the ninth do no harm */
    check_rho("5e-2", 50000000);
    check_rho("0", 0);
    check_rho("18446744073.709551615", UINT64_MAX);
}

static void test_figures_refused(void **state)
{
    (void)state;
    static const char want[] = "5:14: rho_run_max: expected a number with at most 9 decimals";
    static const char *const bad[] = {"0.0000000001", "18446744073.709551616",
                                      "1e99",         "99999999999999999999",
                                      "-1",           "+1",
                                      "1e",           "1e+2",
                                      "1.2.3",        ".",
                                      "0x10",         "NaN",
                                      "1,5",          "1e-100"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char line[80];
        snprintf(line, sizeof(line), "rho_run_max: %s\n", bad[i]);
        check_refused(pack, edit(good_pack, "rho_run_max: 0.05\n", line), want);
    }
}

/* Who holds key shares must be able to send them. */
static void test_custody(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    static const struct {
        const char *lines, *custody, *consent_of;
    } good[] = {{"consent: yes\ncustody: department\n", "department", ""},
                {"consent: yes\ncustody: both\nconsent_of: custodians\n", "both", "custodians"},
                {"consent: yes\ncustody: both\nconsent_of: all\n", "both", ""},
                {"consent: no\ncustody: agency\n", "agency", ""},
                {"consent: no\n", "", ""}};
    static const struct wrong w[] = {
        {pack, good_pack, "consent: yes\n", "consent: no\ncustody: department\n",
         "4:10: a department deposits its key share with its consent: custody department needs "
         "consent: true"},
        {pack, good_pack, "consent: yes\n", "consent: no\ncustody: both\n",
         "4:10: a department deposits its key share with its consent: custody both needs consent: "
         "true"},
        {pack, good_pack, "consent: yes\n", "consent: yes\nconsent_of: custodians\n",
         "4:13: no department holds a share: custodians go with custody department or both"},
        {pack, good_pack, "consent: yes\n", "consent: yes\ncustody: operator\n",
         "4:10: agency, department or both"},
        {pack, good_pack, "consent: yes\n", "consent: yes\ncustody: [both]\n",
         "4:10: agency, department or both"},
        {pack, good_pack, "consent: yes\n", "consent: yes\ncustody: both\nconsent_of: some\n",
         "5:13: all, custodians"}};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        write_text(edit(good_pack, "consent: yes\n", good[i].lines));
        check_ok(pack(written, &a, &out, NULL));
        assert_true(sy_view_is(out.pack.custody, good[i].custody));
        assert_true(sy_view_is(out.pack.consent_of, good[i].consent_of));
    }
    CHECK_WRONG(w);
}

static void test_measures(void **state)
{
    (void)state;
    static const struct wrong w[] = {
        {pack, good_pack, "365d", "365",
         "4:11: term_max: expected a duration like 90s, 12h or 365d"},
        {pack, good_pack, "365d", "d", "4:11: term_max: expected a duration like 90s, 12h or 365d"},
        {pack, good_pack, "365d", "1.5d",
         "4:11: term_max: expected a duration like 90s, 12h or 365d"},
        {pack, good_pack, "365d", "999999999999999999d",
         "4:11: term_max: expected a duration like 90s, 12h or 365d"},
        {pack, good_pack, "350ms", "350", "14:26: slot: expected a duration like 350ms or 2s"},
        {pack, good_pack, "1GiB", "1GB", "14:60: memory: expected a size like 512MiB or 4GiB"},
        {pack, good_pack, "1e-7", "1e-16",
         "10:33: delta: expected a number like 1e-9, at least 1e-15"},
        {pack, good_pack, "consent: yes", "consent: maybe",
         "3:10: consent: expected true or false"},
        {pack, good_pack, "groups_max: 64", "groups_max: many",
         "6:13: groups_max: expected a whole number"},
        {pack, good_pack, "groups_max: 64", "groups_max: 6.5",
         "6:13: groups_max: expected a whole number"},
    };
    CHECK_WRONG(w);
}

/* --- shapes ------------------------------------------------------------------------------------------- */

static void test_keys(void **state)
{
    (void)state;
    static const struct wrong w[] = {
        {pack, good_pack, "version: 1\n", "", "1:1: version is missing"},
        {pack, good_pack, "version: 1\n", "version: 1\nversion: 2\n", "3:1: version comes twice"},
        {pack, good_pack, "cells_max", "cell_max", "8:1: unknown key cell_max"},
        {pack, good_pack, "ns: person, ", "", "10:5: ns is missing"},
        {pack, good_pack, "rho: 4", "rho: 4, rho: 5", "10:26: rho comes twice"},
        {pack, good_pack, "mechanisms: [exact]", "mechanism: [exact]",
         "12:16: unknown key mechanism"},
        {dataset, good_dataset, "lo: -1.5", "low: -1.5", "8:40: unknown key low"},
        {dataset, good_dataset, "title: 名\n", "", "1:1: title is missing"},
        {scene, good_scene, "dataset: d\n", "data: d\n", "9:5: unknown key data"},
        {model, good_model, "sql: SELECT 1\n", "", "1:1: sql is missing"},
        {model, good_model, "type: int, ", "", "6:5: type is missing"},
        {model, good_model, "title: t", "? [a]\n: t", "2:3: unknown key "},
        {model, good_model, "mechanism: gauss\n", "", "1:1: mechanism is missing"},
        {model, good_model, "values: [1, 2]", "scale: 0", "6:5: give either values or a grid"},
        {model, good_blocks, "blocks:", "rows: 2\nblocks:",
         "12:3: a model has one block at the top level, or a list of blocks"},
        {model, good_blocks, "post: SELECT", "blocks: []\npost: SELECT",
         "20:1: blocks comes twice"},
        {model, good_blocks, "to: 65", "to: 10",
         "7:32: grid: from, to and step make 1 to 4096 values"},
        {model, good_blocks, "step: 10", "step: 0",
         "7:32: grid: from, to and step make 1 to 4096 values"},
        {model, good_blocks, "step: 10", "step: 0.5",
         "7:32: grid: from, to and step make 1 to 4096 values"},
        {model, good_blocks, "2020-02-28", "2020-02-30",
         "9:33: grid: from, to and step make 1 to 4096 values"},
        {model, good_blocks, "    sql: SELECT 1\n", "", "11:5: sql is missing"},
        {model, good_blocks, "figure: s, ", "", "17:14: figure is missing"},
    };
    CHECK_WRONG(w);
}

static void test_kinds_of_node(void **state)
{
    (void)state;
    static const struct wrong w[] = {
        {pack, good_pack, "id: p", "id: [p]", "1:5: id: expected a value"},
        {pack, good_pack, "id: p", "id:", "1:4: id: expected a value"},
        {pack, good_pack, "mechanisms: [exact]", "mechanisms: exact", "12:28: expected a list"},
        {pack, good_pack, "[exact]", "[[exact]]", "12:29: expected a text"},
        {pack, good_pack, "  - {code: incident, roles: [agency]}", "  - incident",
         "16:5: expected keys and values"},
        {pack, good_pack, "grounds:\n  - {code: incident, roles: [agency]}", "grounds: none",
         "15:10: expected a list"},
    };
    CHECK_WRONG(w);
    check_refused(pack, "- a\n", "1:1: expected keys and values");
    check_refused(pack, "", "1:1: expected keys and values");
}

static void test_not_yaml(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_error err = {0};
    check_refused(pack, "id: 'p\n", "2:1: found unexpected end of stream");
    check_refused(pack, "id: p\n\tversion: 1\n",
                  "2:1: found a tab character that violates indentation");
    check_code(pack("/nowhere/pack.yaml", &a, &out, &err), SY_E_NOT_FOUND);
    assert_string_equal(err.reason, "/nowhere/pack.yaml: cannot be opened");
}

static void test_bounds(void **state)
{
    (void)state;
    static const char range[] = "8:5: lo or hi is not a value of the field's type and scale";
    static const char range2[] = "9:5: lo or hi is not a value of the field's type and scale";
    static const struct wrong w[] = {
        {dataset, good_dataset, "lo: -1.5, ", "", "8:5: lo and hi are missing"},
        {dataset, good_dataset, "hi: 20, ", "", "8:5: lo and hi are missing"},
        {dataset, good_dataset, "values: [x, '1']", "lo: 1, hi: 2",
         "10:5: lo and hi do not belong here"},
        {dataset, good_dataset, "-1.5", "-1.505", range},
        {dataset, good_dataset, "hi: 20", "hi: 9223372036854775807", range},
        {dataset, good_dataset, "scale: 2", "scale: 40", range},
        {dataset, good_dataset, "2024-02-29", "2023-02-29", range2},
        {dataset, good_dataset, "1970-01-02", "1970-01-02T10:00:00Z", range2},
        {dataset, good_dataset, "1970-01-02", "1970", range2},
    };
    CHECK_WRONG(w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_file, drop_file)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pack),          TEST(test_dataset),           TEST(test_scene),
        TEST(test_model),         TEST(test_model_blocks),      TEST(test_demo_files),
        TEST(test_health_files),  TEST(test_figures_are_exact), TEST(test_figures_refused),
        TEST(test_custody),       TEST(test_measures),          TEST(test_keys),
        TEST(test_kinds_of_node), TEST(test_not_yaml),          TEST(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
