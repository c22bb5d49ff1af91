/*
 * What: what this machine has and lacks for a domain. Each check asks the kernel for the very thing that
 * sealing a worker needs.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/out.h"

static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, 1U) >= 6; /* 6: scopes */
}

static bool has_memfd_seals(void)
{
    int fd = memfd_create("doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING | 8U /* MFD_NOEXEC_SEAL */);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static bool has_user_namespaces(void)
{
    pid_t pid = fork();
    int status = 1;
    if (pid == 0) {
        _exit(syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */) == 0 ? 0 : 1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static bool has_pidfd(void)
{
    long fd = syscall(SYS_pidfd_open, getpid(), 0);
    if (fd >= 0) {
        close((int)fd);
    }
    return fd >= 0;
}

static bool has_seccomp(void)
{
    return access("/proc/sys/kernel/seccomp/actions_avail", R_OK) == 0;
}

static bool has_two_cores(void)
{
    return sysconf(_SC_NPROCESSORS_ONLN) >= 2;
}

static const struct {
    const char *what;
    bool (*has)(void);
    bool needed;
    const char *advice;
} checks[] = {
    {"Landlock, ABI 6 or newer", has_landlock, true,
     "use a kernel from 6.12 on with Landlock enabled"},
    {"sealable, non-executable memory files", has_memfd_seals, true, "use a kernel from 6.3 on"},
    {"user namespaces", has_user_namespaces, true, "set kernel.unprivileged_userns_clone=1"},
    {"pidfd", has_pidfd, true, "use a kernel from 5.3 on"},
    {"seccomp filters", has_seccomp, true, "use a kernel with CONFIG_SECCOMP_FILTER"},
    {"two processors", has_two_cores, false, "answers are slower on one"},
};

int cli_doctor(struct cli *c)
{
    int missing = 0;
    json_t *all = json_array();
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        bool ok = checks[i].has();
        missing += !ok && checks[i].needed;
        json_array_append_new(all, json_pack("{s:s,s:b,s:b}", "check", checks[i].what, "ok", ok,
                                             "needed", checks[i].needed));
        if (!c->json) {
            printf("%-4s %s%s%s\n",
                   ok                 ? "ok"
                   : checks[i].needed ? "NO"
                                      : "no",
                   checks[i].what, ok ? "" : ": ", ok ? "" : checks[i].advice);
        }
    }
    if (c->json) {
        cli_print_json(json_pack("{s:o,s:b}", "checks", all, "ready", missing == 0));
        return missing == 0 ? 0 : 1;
    }
    json_decref(all);
    puts(missing == 0 ? "This machine can run a domain." : "This machine cannot run a domain yet.");
    return missing == 0 ? 0 : 1;
}
