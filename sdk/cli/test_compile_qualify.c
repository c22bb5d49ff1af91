/*
 * Files of qualification into records: the demonstration's, with the digests of their papers, and what is refused
 * with its place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "cli/compile.h"
#include "proof/hash.h"

static struct sy_arena arena;
static struct sy_error err;
static char written[64];

static int setup(void **state)
{
    (void)state;
    arena = (struct sy_arena){0};
    err = (struct sy_error){0};
    snprintf(written, sizeof(written), "/tmp/test_qualify-XXXXXX");
    int fd = mkstemp(written);
    return fd >= 0 ? close(fd) : -1;
}

static int teardown(void **state)
{
    (void)state;
    sy_arena_deinit(&arena);
    return unlink(written);
}

static const char *demo(const char *name)
{
    return sy_arena_printf(&arena, "%s/policies/packs/demo/scheme/%s", getenv("SHUYU_SOURCE_ROOT"),
                           name);
}

static char *read_text(const char *path)
{
    static char text[16384];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    assert_int_equal(fclose(f), 0);
    return text;
}

/* The demonstration's file with the first `from` replaced by `to`; its papers are found beside the original. */
static const char *spoilt(const char *name, const char *from, const char *to)
{
    const char *text = read_text(demo(name));
    const char *at = strstr(text, from);
    assert_non_null(at);
    FILE *f = fopen(written, "wb");
    assert_non_null(f);
    fprintf(f, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    assert_int_equal(fclose(f), 0);
    return written;
}

static void digest_of(const char *name, uint8_t ret[32])
{
    proof_sha256_one(ret, sy_view_str(read_text(demo(name))));
}

static void test_announcement(void **state)
{
    struct sy_announcement a;
    (void)state;
    check_ok(cli_compile_announcement(demo("announcement-operator.yaml"), &arena, &a, &err));
    assert_true(sy_view_is(a.kind, "operator"));
    assert_int_equal(a.opens, 1767574800); /* date -d '2026-01-05 09:00 +0800' +%s */
    assert_int_equal(a.closes, 1893402000);
    assert_true(a.conditions.n > 0);
    assert_null(memchr(a.conditions.p, '\n', a.conditions.n));
}

static void test_application(void **state)
{
    struct sy_qualify_apply a;
    uint8_t statement[32], licence[32];
    (void)state;
    check_ok(cli_compile_qualify(demo("application.yaml"), &arena, &a, &err));
    digest_of("papers/statement.txt", statement);
    digest_of("papers/licence.txt", licence);
    assert_int_equal(a.n_lists, 3);
    assert_true(sy_view_is(a.lists[2].code, "tax"));
    assert_true(a.lists[2].clear);
    assert_memory_equal(a.lists[2].evidence, statement, 32);
    assert_memory_equal(a.incidents_evidence, statement, 32);
    assert_int_equal(a.n_evidence, 1);
    assert_memory_equal(a.evidence[0].digest, licence, 32);
    assert_int_equal(a.n_incidents, 0);
}

static void test_agreement(void **state)
{
    struct sy_agreement a;
    (void)state;
    check_ok(cli_compile_agreement(demo("agreement-developer.yaml"), &arena, &a, &err));
    assert_int_equal(a.n_clauses, 10);
    assert_int_equal(a.n_datasets, 2);
    assert_int_equal(a.fee_permille, 50);
    assert_int_equal(a.not_before, 1767542400); /* date -d '2026-01-05 00:00 +0800' +%s */
    check_ok(cli_compile_agreement(demo("agreement-whole.yaml"), &arena, &a, &err));
    assert_true(sy_view_is(a.datasets[0], SY_AGREEMENT_ALL));
}

static void test_paper(void **state)
{
    uint8_t got[32], want[32];
    char hex[65];
    (void)state;
    digest_of("papers/minutes.txt", want);
    check_ok(cli_paper(demo("x.yaml"), sy_view_str("papers/minutes.txt"), &arena, got, &err));
    assert_memory_equal(got, want, 32);
    check_ok(cli_paper("x.yaml", sy_view_str(demo("papers/minutes.txt")), &arena, got, &err));
    assert_memory_equal(got, want, 32);
    memset(got, 0, 32);
    for (size_t i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", want[i]);
    }
    check_ok(cli_paper(NULL, sy_view_str(hex), &arena, got, &err));
    assert_memory_equal(got, want, 32);
    assert_int_equal(cli_paper(NULL, sy_view_str("no/such"), &arena, got, &err).code,
                     SY_E_NOT_FOUND);
}

/* Each refusal names the place. */
static void refused(sy_status s, const char *place, const char *what)
{
    assert_int_equal(s.code, SY_E_FIELD);
    if (strstr(err.reason, place) == NULL || strstr(err.reason, what) == NULL) {
        fail_msg("%s", err.reason);
    }
    err = (struct sy_error){0};
}

static void test_refusals(void **state)
{
    struct sy_announcement n;
    struct sy_qualify_apply q;
    struct sy_agreement a;
    (void)state;
    refused(cli_compile_announcement(
                spoilt("announcement-operator.yaml", "'2026-01-05T09:00:00+08:00'", "'2026-01-05'"),
                &arena, &n, &err),
            ":2:1:", "2026-01-05: a time is written");
    refused(cli_compile_announcement(spoilt("announcement-operator.yaml", "title:", "titel:"),
                                     &arena, &n, &err),
            ":3:1:", "titel");
    refused(cli_compile_qualify(spoilt("application.yaml", "{code: unlawful, clear: true",
                                       "{code: unlawful, clear: perhaps"),
                                &arena, &q, &err),
            ":11:29:", "clear");
    refused(
        cli_compile_qualify(spoilt("application.yaml", "papers/statement.txt}", "/no/such.txt}"),
                            &arena, &q, &err),
        ":11:5:", "/no/such.txt");
    refused(cli_compile_agreement(spoilt("agreement-whole.yaml", "code: duties, ", ""), &arena, &a,
                                  &err),
            ":8:5:", "code");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_announcement), T(test_application), T(test_agreement),
        T(test_paper),        T(test_refusals),
    };
    return cmocka_run_group_tests_name("compile_qualify", tests, NULL, NULL);
}
