/*
 * What: attempts of test_attempts.h.
 */
#include "test_attempts.h"

#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int read_outside(void)
{
    return open("/etc/passwd", O_RDONLY) >= 0 ? WORKED : BLOCKED;
}

int signal_parent(void)
{
    return kill(getppid(), 0) == 0 ? WORKED : BLOCKED;
}

int make_process(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    return pid > 0 ? WORKED : BLOCKED;
}

int run_program(void)
{
    execl("/bin/true", "/bin/true", (char *)NULL);
    return BLOCKED;
}

int run_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED
               ? WORKED
               : BLOCKED;
}

int be_traced(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? WORKED : BLOCKED;
}

static int in_child(int (*make)(void), bool (*prepare)(bool is_confined), bool is_confined)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(prepare(is_confined) ? make() : SETUP_FAILED);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void attempts_make(const struct attempt *rows, size_t n, bool (*prepare)(bool is_confined))
{
    for (size_t i = 0; i < n; i++) {
        int before = in_child(rows[i].make, prepare, false);
        int after = in_child(rows[i].make, prepare, true);
        if (before != WORKED || after != rows[i].confined) {
            fail_msg("%s: unconfined %d, confined %d, want %d", rows[i].name, before, after,
                     rows[i].confined);
        }
    }
}
