/*
 * The filter tables: what they say is kept in filters.txt (a change of rights must show as a
 * diff), every name in them is a system call somewhere we run, and they compile.
 */
#include "check.h"

#include <fcntl.h>
#include <seccomp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fdio.h"
#include "sandbox/filter.h"

static const struct sandbox_filter *const FILTERS[] = {&sandbox_filter_worker,
                                                       &sandbox_filter_daemon};
#define N_FILTERS (sizeof(FILTERS) / sizeof(FILTERS[0]))

/* The kept text; with SHUYU_UPDATE_GOLDEN set it is written instead. */
static void test_tables_are_as_reviewed(void **state)
{
    (void)state;
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    if (root == NULL) {
        check_skip("SHUYU_SOURCE_ROOT is not set");
    }
    SY_BUF_CLEANUP struct sy_buf now = sy_buf(1 << 16);
    SY_BUF_CLEANUP struct sy_buf kept = sy_buf(1 << 16);
    for (size_t i = 0; i < N_FILTERS; i++) {
        check_ok(sandbox_filter_render(FILTERS[i], &now));
    }
    SY_FD_CLEANUP int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    if (getenv("SHUYU_UPDATE_GOLDEN") != NULL) {
        check_ok(sy_replace_file_at(dir, "enclave/sandbox/filters.txt", sy_buf_view(&now), 0644));
    }
    check_ok(sy_read_file_at(dir, "enclave/sandbox/filters.txt", &kept));
    assert_int_equal(now.n, kept.n);
    assert_memory_equal(now.p, kept.p, now.n);
}

/* Does any of our architectures have it? (libseccomp answers names of the others with a number
 * below -1.) A misspelt row of a deny list would otherwise be left out silently. */
static bool exists_somewhere(const char *syscall)
{
    return seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, syscall) >= 0 ||
           seccomp_syscall_resolve_name_arch(SCMP_ARCH_AARCH64, syscall) >= 0;
}

static void check_rule(const struct sandbox_filter *f, const struct sandbox_rule *r)
{
    if (!exists_somewhere(r->syscall)) {
        fail_msg("%s: no such system call: %s", f->name, r->syscall);
    }
    assert_true(r->verdict != f->otherwise);
    assert_true((r->verdict == SANDBOX_REFUSE) == (r->err != 0));
    assert_true(r->arg < 6);
}

static void test_rows_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FILTERS; i++) {
        for (size_t j = 0; j < FILTERS[i]->n_rules; j++) {
            check_rule(FILTERS[i], &FILTERS[i]->rules[j]);
        }
    }
}

/* A worker's allowed calls exist on arm64 too; only this makes its compilation there succeed. */
static void test_allowed_calls_exist_on_both(void **state)
{
    (void)state;
    for (size_t j = 0; j < sandbox_filter_worker.n_rules; j++) {
        const struct sandbox_rule *r = &sandbox_filter_worker.rules[j];
        if (r->verdict == SANDBOX_ALLOW) {
            assert_true(seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, r->syscall) >= 0);
            assert_true(seccomp_syscall_resolve_name_arch(SCMP_ARCH_AARCH64, r->syscall) >= 0);
        }
    }
}

static void test_filters_compile(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FILTERS; i++) {
        struct sandbox_program program = {0};
        struct sy_error e = {0};
        check_ok(sandbox_program_compile(FILTERS[i], &program, &e));
        assert_true(program.n_ops > FILTERS[i]->n_rules);
        sandbox_program_free(&program);
        assert_null(program.ops);
    }
}

static void test_unknown_allowed_call_is_an_error(void **state)
{
    (void)state;
    const struct sandbox_rule rules[] = {{.syscall = "no_such_call", .verdict = SANDBOX_ALLOW}};
    const struct sandbox_filter bad = {
        .name = "bad", .otherwise = SANDBOX_KILL, .rules = rules, .n_rules = 1};
    struct sandbox_program program = {0};
    struct sy_error e = {0};
    check_code(sandbox_program_compile(&bad, &program, &e), SY_E_KERNEL);
    assert_null(program.ops);
    assert_non_null(strstr(e.reason, "no_such_call"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_as_reviewed),
        cmocka_unit_test(test_rows_are_sound),
        cmocka_unit_test(test_allowed_calls_exist_on_both),
        cmocka_unit_test(test_filters_compile),
        cmocka_unit_test(test_unknown_allowed_call_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
