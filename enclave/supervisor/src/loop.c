/*
 * Supervision. Each role is down, starting or ready; the next one starts when the one before it is
 * ready, so the zygote exists before the warden loads a key, the courier before the warden asks its
 * witnesses, and nothing listens before the warden has replayed its ledger and asked them.
 *
 *   zygote or warden dies, or errs    -> stop all, exit status 1 naming it (fail closed)
 *   courier or gateway dies later     -> start it again, later each time, with fresh edges
 *   SIGTERM, SIGINT, SIGHUP           -> stop all, exit status 0
 *
 * Stopping: hang up on all but the zygote; on the zygote when the warden is gone; SIGKILL what is
 * left after two seconds. Invariant: supervise() returns only when no child is left.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/log.h"
#include "base/time.h"
#include "supervisor.h"

#define MS               1000000ULL
#define STOP_MS          2000
#define RESTART_FIRST_MS 100
#define RESTART_MOST_MS  10000
#define SETTLED_MS       60000 /* a role that lived this long starts afresh with the delays */

#define CONTROL_READY 'r'

#define ROLE_FIELD(role) SY_LOGF_ID("role", sy_view_str(ROLES[role].name))

/* ---- stopping ---- */

static void send_kill(struct process *p)
{
    if (p->pidfd >= 0) {
        (void)pidfd_send_signal(p->pidfd, SIGKILL, NULL, 0);
    }
}

/* `died`: the role to blame, or NULL when we were asked to stop. */
static void begin_stop(struct supervisor *s, const char *died)
{
    if (s->stopping) {
        return;
    }
    s->stopping = true;
    s->died = died;
    s->died_clean = false;
    s->kill_ns = sy_mono_ns() + STOP_MS * MS;
    for (size_t i = 0; i < N_ROLES; i++) {
        s->restarts[i].at_ns = 0;
        s->processes[i].deadline_ns = s->kill_ns;
        if (i != ROLE_ZYGOTE) {
            sy_fd_close(&s->processes[i].control);
        }
    }
    if (s->processes[ROLE_WARDEN].state == STATE_DOWN) {
        sy_fd_close(&s->processes[ROLE_ZYGOTE].control);
    }
}

/* Once all were ready, is the death of this role something to live with? */
static bool is_restarted(const struct supervisor *s, enum role role)
{
    return ROLES[role].renewed != 0 && s->announced;
}

/* A role that errs or is late is killed; unless it is started again, it is to blame. */
static void end_role(struct supervisor *s, enum role role)
{
    if (!is_restarted(s, role)) {
        begin_stop(s, ROLES[role].name);
    }
    send_kill(&s->processes[role]);
}

/* A start that fails is the same as a death. */
static void start_or_stop(struct supervisor *s, enum role role)
{
    struct sy_error e = {0};
    sy_status st = role == ROLE_GATEWAY ? place_open_public(s, &e) : SY_OK;
    if (sy_ok(st)) {
        st = start_role(s, role, &e);
    }
    if (!sy_ok(st)) {
        (void)fprintf(stderr, "shuyu-supervisor: %s: %s\n", ROLES[role].name, e.reason);
        begin_stop(s, ROLES[role].name);
    }
}

/* ---- ready ---- */

/* In the background our standard input and output are given up, so that whoever reads them does not
 * wait for the domain's end; then the first process is told. */
static void leave_caller(struct supervisor *s)
{
    SY_FD_CLEANUP int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
    }
    sy_status ignored = sy_write_all(s->notify_fd, "r", 1);
    (void)ignored;
    sy_fd_close(&s->notify_fd);
}

static void announce(struct supervisor *s)
{
    s->announced = true;
    (void)printf("ready %s\n", s->address);
    (void)fflush(stdout);
    if (s->notify_fd >= 0) {
        leave_caller(s);
    }
}

static void on_ready(struct supervisor *s, enum role role)
{
    struct process *p = &s->processes[role];
    p->state = STATE_READY;
    p->deadline_ns = 0;
    p->ready_ns = sy_mono_ns();
    sy_log(SY_LOG_INFO, "ready", ROLE_FIELD(role));
    if (s->announced) {
        return;
    }
    if (role + 1 < N_ROLES) {
        start_or_stop(s, role + 1);
    } else {
        announce(s);
    }
}

/* ---- death ---- */

/* The warden is given its end of the fresh edge; the role's own end waits for start_role. */
static sy_status renew_edges(struct supervisor *s, enum role role, struct sy_error *reterr)
{
    uint8_t what = (uint8_t)ROLES[role].renewed;
    int *end = &s->held[ROLE_WARDEN][ROLES[role].renews];
    SY_TRY(graph_renew(s, role, reterr));
    sy_status st = sy_send_fds(s->processes[ROLE_WARDEN].control, sy_view(&what, 1), end, 1);
    sy_fd_close(end);
    return st;
}

static void restart(struct supervisor *s, enum role role)
{
    struct sy_error e = {0};
    s->restarts[role].at_ns = 0;
    if (!sy_ok(renew_edges(s, role, &e))) {
        begin_stop(s, ROLES[ROLE_WARDEN].name);
        return;
    }
    start_or_stop(s, role);
}

static void plan_restart(struct restart *r, uint64_t lived_since_ns)
{
    uint64_t now = sy_mono_ns();
    bool settled = lived_since_ns != 0 && now - lived_since_ns > SETTLED_MS * MS;
    unsigned doubled = settled || r->delay_ms == 0 ? RESTART_FIRST_MS : r->delay_ms * 2;
    r->delay_ms = doubled < RESTART_MOST_MS ? doubled : RESTART_MOST_MS;
    r->at_ns = now + r->delay_ms * MS;
}

static void log_death(enum role role, int status)
{
    sy_log(SY_LOG_ERROR, "role died", ROLE_FIELD(role),
           SY_LOGF_N("exit", WIFEXITED(status) ? WEXITSTATUS(status) : -1),
           SY_LOGF_N("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0));
}

/* A role that ends by itself with status 0 has seen a neighbour go: the neighbour is to blame, even
 * when its own death is seen a moment later. What we kill at the end of a stop is not. */
static void on_late_death(struct supervisor *s, enum role role, int status)
{
    if (s->died != NULL && s->died_clean && status != 0 && sy_mono_ns() < s->kill_ns) {
        log_death(role, status);
        s->died = ROLES[role].name;
        s->died_clean = false;
    }
    if (role == ROLE_WARDEN) {
        sy_fd_close(&s->processes[ROLE_ZYGOTE].control);
    }
}

static void on_first_death(struct supervisor *s, enum role role, int status, uint64_t ready_ns)
{
    log_death(role, status);
    if (is_restarted(s, role)) {
        plan_restart(&s->restarts[role], ready_ns);
        return;
    }
    begin_stop(s, ROLES[role].name);
    s->died_clean = status == 0;
}

static void on_death(struct supervisor *s, enum role role)
{
    struct process *p = &s->processes[role];
    uint64_t ready_ns = p->ready_ns;
    int status = 0;
    if (waitpid(p->pid, &status, WNOHANG) != p->pid) {
        return;
    }
    sy_fd_close(&p->pidfd);
    sy_fd_close(&p->control);
    *p = (struct process){.pidfd = -1, .control = -1};
    place_remove_pid(s, ROLES[role].name);
    if (s->stopping) {
        on_late_death(s, role, status);
    } else {
        on_first_death(s, role, status, ready_ns);
    }
}

/* ---- control edges ---- */

/* BOUNDARY: a role may be broken or taken over. "ready" once while starting is all it may say; a
 * hang-up announces its death; anything else is answered with SIGKILL. */
static void on_control(struct supervisor *s, enum role role)
{
    struct process *p = &s->processes[role];
    uint8_t what = 0;
    size_t n = 0;
    size_t n_fds = 0;
    sy_status st = sy_recv_fds(p->control, &what, 1, &n, NULL, 0, &n_fds);
    if (sy_ok(st) && what == CONTROL_READY && p->state == STATE_STARTING) {
        on_ready(s, role);
        return;
    }
    sy_fd_close(&p->control);
    if (st.code == SY_E_CLOSED) {
        p->deadline_ns = sy_mono_ns() + STOP_MS * MS;
    } else {
        end_role(s, role);
    }
}

/* ---- time ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static int next_timeout_ms(const struct supervisor *s)
{
    uint64_t next = 0;
    for (size_t i = 0; i < N_ROLES; i++) {
        next = earlier(next, s->restarts[i].at_ns);
        if (s->processes[i].state != STATE_DOWN) {
            next = earlier(next, s->processes[i].deadline_ns);
        }
    }
    uint64_t now = sy_mono_ns();
    if (next == 0) {
        return -1;
    }
    return next <= now ? 0 : (int)((next - now) / MS) + 1;
}

static void on_time(struct supervisor *s)
{
    uint64_t now = sy_mono_ns();
    for (size_t i = 0; i < N_ROLES; i++) {
        struct process *p = &s->processes[i];
        if (p->state != STATE_DOWN && p->deadline_ns != 0 && p->deadline_ns <= now) {
            sy_log(SY_LOG_WARN, "out of time, killed", ROLE_FIELD(i));
            p->deadline_ns = 0;
            end_role(s, (enum role)i);
        }
        if (s->restarts[i].at_ns != 0 && s->restarts[i].at_ns <= now) {
            restart(s, (enum role)i);
        }
    }
}

/* ---- loop ---- */

enum {
    POLL_SIGNAL,
    POLL_CONTROL,                        /* one per role */
    POLL_DEATH = POLL_CONTROL + N_ROLES, /* one per role */
    N_POLL = POLL_DEATH + N_ROLES
};

static void list_polled(const struct supervisor *s, struct pollfd ret[N_POLL])
{
    ret[POLL_SIGNAL] = (struct pollfd){.fd = s->signal_fd, .events = POLLIN};
    for (size_t i = 0; i < N_ROLES; i++) {
        const struct process *p = &s->processes[i];
        /* an edge made for a role that has not started yet says nothing */
        int control = p->state == STATE_DOWN ? -1 : p->control;
        ret[POLL_CONTROL + i] = (struct pollfd){.fd = control, .events = POLLIN};
        ret[POLL_DEATH + i] = (struct pollfd){.fd = p->pidfd, .events = POLLIN};
    }
}

static void on_signal(struct supervisor *s)
{
    struct signalfd_siginfo info;
    if (sy_ok(sy_read_all(s->signal_fd, &info, sizeof(info)))) {
        begin_stop(s, NULL);
    }
}

/* Control before death: a last word counts. Events change only their own role's descriptors, or
 * close some; a closed one is skipped because its place holds -1. */
static void serve_once(struct supervisor *s)
{
    struct pollfd polled[N_POLL];
    list_polled(s, polled);
    if (poll(polled, N_POLL, next_timeout_ms(s)) < 0) {
        return;
    }
    if (polled[POLL_SIGNAL].revents != 0) {
        on_signal(s);
    }
    for (size_t i = 0; i < N_ROLES; i++) {
        if (polled[POLL_CONTROL + i].revents != 0 && s->processes[i].control >= 0) {
            on_control(s, (enum role)i);
        }
        if (polled[POLL_DEATH + i].revents != 0 && s->processes[i].pidfd >= 0) {
            on_death(s, (enum role)i);
        }
    }
    on_time(s);
}

static bool any_alive(const struct supervisor *s)
{
    for (size_t i = 0; i < N_ROLES; i++) {
        if (s->processes[i].state != STATE_DOWN) {
            return true;
        }
    }
    return false;
}

int supervise(struct supervisor *s)
{
    struct sy_error e = {0};
    if (!sy_ok(graph_make(s, &e))) {
        (void)fprintf(stderr, "shuyu-supervisor: %s\n", e.reason);
        return 1;
    }
    start_or_stop(s, ROLE_ZYGOTE);
    while (!s->stopping || any_alive(s)) {
        serve_once(s);
    }
    if (s->died != NULL) {
        sy_log(SY_LOG_ERROR, "stopped because a role died",
               SY_LOGF_ID("role", sy_view_str(s->died)));
        return 1;
    }
    sy_log(SY_LOG_INFO, "stopped", SY_LOGF_N("exit", 0));
    return 0;
}
