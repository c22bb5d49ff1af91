/* A child's exit status is the child's, whatever signals arrive while it works. */
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/child.h"

static volatile sig_atomic_t ticks;

static void on_tick(int signal)
{
    (void)signal;
    ticks++;
}

/* Every few milliseconds, and no call is begun again by itself. */
static void interrupt_every_ms(suseconds_t ms)
{
    struct sigaction action = {.sa_handler = on_tick};
    struct itimerval timer = {.it_interval.tv_usec = ms * 1000, .it_value.tv_usec = ms * 1000};
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static pid_t child(int ms, int status)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct timespec left = {.tv_nsec = (long)ms * 1000000};
        (void)nanosleep(&left, NULL); /* timers are not inherited */
        _exit(status);
    }
    assert_true(pid > 0);
    return pid;
}

static void test_interrupted(void **state)
{
    (void)state;
    pid_t pid = child(150, 7);
    ticks = 0;
    interrupt_every_ms(5);
    int status = audit_child_end(pid);
    interrupt_every_ms(0);
    assert_true(ticks > 3);
    assert_int_equal(status, 7);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); /* it is no zombie */
    assert_int_equal(errno, ECHILD);
}

static void test_no_exit(void **state)
{
    (void)state;
    pid_t pid = child(999, 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(audit_child_end(pid), -1);
    assert_int_equal(audit_child_end(pid), -1); /* nobody's child any more */
    assert_int_equal(audit_child_end(child(0, 0)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_interrupted),
                                       cmocka_unit_test(test_no_exit)};
    return cmocka_run_group_tests_name("audit_child", tests, NULL, NULL);
}
