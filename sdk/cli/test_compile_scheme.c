/*
 * The scheme's sections of a pack: the pack of Yanzhou as it is, and what is wrong in each section when one line of it
 * is spoilt, with the line and the column of the place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "check.h"
#include "cli/compile.h"

static char written[64];
static char text[1 << 16];

static int read_pack(void **state)
{
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    char path[512];
    (void)state;
    (void)snprintf(written, sizeof(written), "/tmp/test_compile-XXXXXX");
    int fd = mkstemp(written);
    if (fd < 0 || close(fd) != 0 || root == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/policies/packs/yanzhou/pack.yaml", root);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return -1;
    }
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    return fclose(f);
}

static int drop_file(void **state)
{
    (void)state;
    return unlink(written);
}

/* The pack with its only `from` replaced; the line that it stood on. */
static unsigned spoil(const char *from, const char *to)
{
    const char *at = strstr(text, from);
    unsigned line = 1;
    assert_non_null(at);
    assert_null(strstr(at + 1, from));
    for (const char *p = text; p < at; p++) {
        line += *p == '\n' ? 1 : 0;
    }
    FILE *f = fopen(written, "wb");
    assert_non_null(f);
    assert_true(fprintf(f, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
    assert_int_equal(fclose(f), 0);
    return line;
}

static void test_sections(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_pack p;
    (void)state;
    (void)spoil("id: yanzhou", "id: yanzhou");
    check_ok(cli_compile_pack(written, &a, &p, NULL));
    assert_int_equal(p.n_scheme, 1);
    const struct sy_pack_scheme *s = p.scheme;
    assert_int_equal(s->calendar->utc_offset_s, 28800);
    assert_int_equal(s->calendar->holidays[0], 20089); /* 2025-01-01 */
    assert_int_equal(s->calendar->n_workdays, 11);
    assert_int_equal(s->qualify->scheme_ends, 1898784000); /* 2030-03-03T16:00:00Z */
    assert_int_equal(s->qualify->n_clauses, 10);
    assert_int_equal(s->qualify->n_endings, 6);
    assert_true(s->qualify->endings[0].own && !s->qualify->endings[0].cause);
    assert_true(s->qualify->endings[1].cause);
    assert_int_equal(s->catalogue->n_cycles, 8);
    assert_int_equal(s->catalogue->cycles[3].days, 45);
    assert_int_equal(s->product->n_reviewers, 2);
    assert_int_equal(s->supervise->disclosure_month, 3);
    assert_int_equal(s->supervise->drill_months, 12);
    assert_int_equal(s->supervise->n_sectors, 1);
    assert_true(sy_view_is(s->supervise->sectors[0].department, "health"));
    assert_true(s->qualify->endings[4].evaluated && !s->qualify->endings[3].evaluated);
    assert_int_equal(s->staff->training_days, 365);
    assert_int_equal(s->scene->rounds_max, 3);
    assert_int_equal(s->fusion->bytes, 64 << 20);
    assert_int_equal(s->fusion->grade, 3);
}

static void test_wrong(void **state)
{
    static const struct {
        const char *from, *to;
        unsigned column; /* 0: of the section, not of the line */
        const char *want;
    } w[] = {
        {"      - 2025-01-28\n", "      - 28 January\n", 9, "a date is written 2026-01-01"},
        {"      - 2025-01-26\n", "      - [2025-01-26]\n", 9, "a date is written"},
        {"    ahead_of_utc: 8h", "    ahead_of_utc: eight", 19, ""},
        {"    separated: true", "    separated: perhaps", 16, ""},
        {"    training_days: 365", "    training: 365", 5, "unknown key training"},
        {"    ban_years: 3 ", "    ban_years: three ", 16, ""},
        {"'2030-03-04T00:00:00+08:00'", "in 2030", 0, "scheme_ends is a time"},
        {"      - {code: breach, title: 违约责任}", "      - {title: 违约责任}", 9,
         "code is missing"},
        {"      - {code: weekly, title: 每周, days: 10}", "      - {code: weekly, days: -1}", 30,
         ""},
        {"    reason_min: 6 ", "    reasons: 6 ", 5, "unknown key reasons"},
        {"    bytes: 67108864 ", "    megabytes: 64 ", 5, "unknown key megabytes"},
        {"    grade: 3 ", "    grade: high ", 12, ""},
        {"    reports_max: 5 ", "    reports_max: [5] ", 18, ""},
        {"    disclosure_month: 3 ", "    disclosure_month: March ", 23, ""},
        {"  supervise:\n", "  supervision:\n", 3, "unknown key supervision"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(w) / sizeof(w[0]); i++) {
        SY_ARENA_CLEANUP struct sy_arena a = {0};
        struct sy_pack p;
        struct sy_error err = {0};
        char place[64];
        unsigned line = spoil(w[i].from, w[i].to);
        if (w[i].column > 0) {
            (void)snprintf(place, sizeof(place), ":%u:%u: %s", line, w[i].column, w[i].want);
        } else {
            (void)snprintf(place, sizeof(place), "%s", w[i].want);
        }
        sy_status s = cli_compile_pack(written, &a, &p, &err);
        if (s.code != SY_E_FIELD || strstr(err.reason, place) == NULL) {
            fail_msg("%zu: %s, not %s", i, sy_ok(s) ? "accepted" : err.reason, place);
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, read_pack, drop_file)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_sections), TEST(test_wrong)};
    return cmocka_run_group_tests_name("compile_scheme", tests, NULL, NULL);
}
