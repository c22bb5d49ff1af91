/*
 * Tables to programs. libseccomp builds a binary tree over the rows and is then done with: the
 * program is exported to memory, so that a forked worker only hands an array to the kernel and
 * runs no library code between fork and seal.
 * Invariants: a wrong architecture is killed, not the default; a program is complete or absent.
 */
#include "sandbox/filter.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"

#define OPS_MAX 4096 /* the kernel's limit (BPF_MAXINSNS) */

static void release(scmp_filter_ctx *ctx)
{
    if (*ctx != NULL) {
        seccomp_release(*ctx);
    }
}
#define CTX_CLEANUP __attribute__((cleanup(release)))

static uint32_t action_of(enum sandbox_verdict verdict, int err)
{
    const uint32_t actions[SANDBOX_VERDICT_N] = {
        [0] = SCMP_ACT_KILL_PROCESS,
        [SANDBOX_ALLOW] = SCMP_ACT_ALLOW,
        [SANDBOX_REFUSE] = SCMP_ACT_ERRNO((uint32_t)err),
        [SANDBOX_KILL] = SCMP_ACT_KILL_PROCESS,
    };
    return actions[verdict];
}

/* libseccomp's comparison of a row; returns how many there are (0 or 1). */
static unsigned comparison_of(const struct sandbox_rule *r, struct scmp_arg_cmp *ret)
{
    const struct scmp_arg_cmp forms[SANDBOX_CONDITION_N] = {
        [SANDBOX_ALWAYS] = {0},
        [SANDBOX_ARG_IS] = {r->arg, SCMP_CMP_MASKED_EQ, r->mask, r->value},
        [SANDBOX_ARG_IS_NOT] = {r->arg, SCMP_CMP_NE, r->value, 0},
    };
    *ret = forms[r->condition];
    return r->condition == SANDBOX_ALWAYS ? 0 : 1;
}

static sy_status add_rule(scmp_filter_ctx ctx, const struct sandbox_rule *r,
                          struct sy_error *reterr)
{
    struct scmp_arg_cmp cmp;
    unsigned n = comparison_of(r, &cmp);
    int nr = seccomp_syscall_resolve_name(r->syscall);
    if (nr < 0 && r->verdict != SANDBOX_ALLOW) {
        return SY_OK; /* this architecture has no such call: nothing to refuse */
    }
    int e = nr < 0 ? -ENOSYS
                   : seccomp_rule_add_exact_array(ctx, action_of(r->verdict, r->err), nr, n, &cmp);
    if (e != 0) {
        return sy_fail(reterr, SY_E_KERNEL, "seccomp", "rule %s: %s", r->syscall, strerror(-e));
    }
    return SY_OK;
}

static bool names(const struct sandbox_filter *f, const char *syscall)
{
    for (size_t i = 0; i < f->n_rules; i++) {
        if (strcmp(f->rules[i].syscall, syscall) == 0) {
            return true;
        }
    }
    return false;
}

static sy_status add_rules(scmp_filter_ctx ctx, const struct sandbox_filter *f,
                           struct sy_error *reterr)
{
    for (size_t i = 0; i < f->n_rules; i++) {
        SY_TRY(add_rule(ctx, &f->rules[i], reterr));
    }
    for (size_t i = 0; f->base != NULL && i < f->base->n_rules; i++) {
        if (!names(f, f->base->rules[i].syscall)) {
            SY_TRY(add_rule(ctx, &f->base->rules[i], reterr));
        }
    }
    return SY_OK;
}

static sy_status read_program(int fd, struct sandbox_program *ret)
{
    struct stat st = {0};
    if (fstat(fd, &st) != 0 || lseek(fd, 0, SEEK_SET) != 0) {
        return sy_status_of(SY_E_IO);
    }
    size_t n = (size_t)st.st_size / sizeof(struct sock_filter);
    if (n == 0 || n > OPS_MAX || (size_t)st.st_size % sizeof(struct sock_filter) != 0) {
        return sy_status_of(SY_E_KERNEL);
    }
    struct sock_filter *ops = calloc(n, sizeof(*ops));
    if (ops == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    sy_status s = sy_read_all(fd, ops, n * sizeof(*ops));
    if (!sy_ok(s)) {
        free(ops);
        return s;
    }
    *ret = (struct sandbox_program){.ops = ops, .n_ops = (unsigned short)n};
    return SY_OK;
}

sy_status sandbox_program_compile(const struct sandbox_filter *filter, struct sandbox_program *ret,
                                  struct sy_error *reterr)
{
    CTX_CLEANUP scmp_filter_ctx ctx = seccomp_init(action_of(filter->otherwise, 0));
    if (ctx == NULL || seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
        seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0) {
        return sy_fail(reterr, SY_E_KERNEL, "seccomp", "libseccomp refuses the filter's defaults");
    }
    SY_TRY(add_rules(ctx, filter, reterr));
    SY_FD_CLEANUP int fd = memfd_create("filter", MFD_CLOEXEC);
    if (fd < 0 || seccomp_export_bpf(ctx, fd) != 0) {
        return sy_fail(reterr, SY_E_KERNEL, "seccomp", "the filter cannot be exported");
    }
    return read_program(fd, ret);
}

void sandbox_program_free(struct sandbox_program *program)
{
    if (program != NULL) {
        free(program->ops);
        *program = (struct sandbox_program){0};
    }
}

static sy_status render_rule(const struct sandbox_rule *r, struct sy_buf *ret)
{
    static const char *const verdicts[] = {"", "allow", "refuse", "kill"};
    SY_TRY(sy_buf_printf(ret, "  %-6s %s", verdicts[r->verdict], r->syscall));
    if (r->verdict == SANDBOX_REFUSE) {
        SY_TRY(sy_buf_printf(ret, " with %s", strerrorname_np(r->err)));
    }
    if (r->condition == SANDBOX_ARG_IS) {
        SY_TRY(sy_buf_printf(ret, " if arg%u & 0x%llx == 0x%llx", r->arg,
                             (unsigned long long)r->mask, (unsigned long long)r->value));
    }
    if (r->condition == SANDBOX_ARG_IS_NOT) {
        SY_TRY(sy_buf_printf(ret, " unless arg%u == 0x%llx", r->arg, (unsigned long long)r->value));
    }
    return sy_buf_add_str(ret, "\n");
}

sy_status sandbox_filter_render(const struct sandbox_filter *filter, struct sy_buf *ret)
{
    SY_TRY(sy_buf_printf(ret, "%s: otherwise %s%s%s\n", filter->name,
                         filter->otherwise == SANDBOX_KILL ? "kill" : "allow",
                         filter->base != NULL ? ", on top of " : "",
                         filter->base != NULL ? filter->base->name : ""));
    for (size_t i = 0; i < filter->n_rules; i++) {
        SY_TRY(render_rule(&filter->rules[i], ret));
    }
    return SY_OK;
}
