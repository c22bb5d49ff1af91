/* Other programs: run to the end with their output kept, or left running as long as the bench. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "bench.h"

enum { OUTPUT_MAX = 1 << 20, LOG_SHOWN = 4000 };

/* What programs say on standard error: shown when one fails. */
static int open_log(int flags)
{
    return open(bench_work("programs.log"), flags | O_CLOEXEC, 0600);
}

void program_show_log(void)
{
    char text[LOG_SHOWN + 1];
    SY_FD_CLEANUP int fd = open_log(O_RDONLY);
    off_t size = lseek(fd, 0, SEEK_END);
    ssize_t n = pread(fd, text, LOG_SHOWN, size > LOG_SHOWN ? size - LOG_SHOWN : 0);
    text[n < 0 ? 0 : n] = '\0';
    fputs(text, stderr);
}

/* Two rounds, so that no number is overwritten while it is still to be read. */
static void place_fds(const int fds[2])
{
    int away[2];
    for (int i = 0; i < 2; i++) {
        away[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, PROGRAM_FIRST_FD + 2);
    }
    for (int i = 0; i < 2; i++) {
        if (away[i] >= 0) {
            (void)dup2(away[i], PROGRAM_FIRST_FD + i);
        }
    }
}

__attribute__((noreturn)) static void become(const char *const *argv, const int fds[2], int out)
{
    int log = open_log(O_WRONLY | O_CREAT | O_APPEND);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(log, STDERR_FILENO);
    place_fds(fds);
    (void)execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static pid_t start(const char *const *argv, const int fds[2], int *ret_stdout)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        bench_die("pipe: %s", strerror(errno));
    }
    pid_t pid = fork();
    if (pid == 0) {
        become(argv, fds, ends[1]);
    }
    if (pid < 0) {
        bench_die("fork: %s", strerror(errno));
    }
    (void)close(ends[1]);
    *ret_stdout = ends[0];
    return pid;
}

const char *program_run(const char *const *argv)
{
    static const int none[2] = {-1, -1};
    struct sy_buf text = sy_buf(OUTPUT_MAX);
    int out = -1;
    int status = 0;
    pid_t pid = start(argv, none, &out);
    bench_ok(sy_read_to_end(out, &text), NULL, argv[0]);
    bench_ok(sy_buf_add(&text, "", 1), NULL, argv[0]);
    sy_fd_close(&out);
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        program_show_log();
        bench_die("%s failed: see above", argv[0]);
    }
    return (const char *)text.p;
}

void program_start(const char *const *argv, const int fds[2], int *ret_stdout)
{
    int out = -1;
    (void)start(argv, fds, &out);
    if (ret_stdout != NULL) {
        *ret_stdout = out;
    } else {
        sy_fd_close(&out);
    }
}
