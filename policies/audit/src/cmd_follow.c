/*
 * What: follow: a verified copy that grows with the log. New entries are fetched by `shuyu log export`, run as
 * a program of its own with the auditor's profile, or are put by others into the folder --from.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/follow.h"
#include "audit/line.h"
#include "child.h"
#include "cmd.h"
#include "online.h"

extern char **environ;

enum { PATH_BYTES = 4096, NOT_FETCHED = -1 };

struct following {
    const struct options *o;
    struct audit_follow *f;
    char shuyu[ONLINE_PATH_BYTES];
    char incoming[PATH_BYTES];
};

static volatile sig_atomic_t stopped;

static void on_stop(int signal_)
{
    (void)signal_;
    stopped = 1;
}

/* --- what is said -------------------------------------------------------------------------------------- */

/* Takes the reference. At once: whoever watches reads line by line. */
static void say_json(json_t *j)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    if (sy_ok(audit_json_line(&b, j))) {
        printf("%.*s", SY_PV(sy_buf_view(&b)));
    }
    (void)fflush(stdout);
}

static void say_difference(void *ctx, uint64_t entry, const struct sy_event *event,
                           const struct rules_difference *d)
{
    const struct options *o = ctx;
    if (o->json) {
        say_json(json_pack("{s:s,s:I,s:s%,s:s,s:s,s:s}", "event", "mismatch", "entry",
                           (json_int_t)entry, "type", event->type.p, event->type.n, "field",
                           d->field, "expected", d->expected, "found", d->found));
        return;
    }
    printf("entry %" PRIu64 " does not replay: ", entry);
    cmd_print_text(sy_view_str(d->field));
    printf(": expected ");
    cmd_print_text(sy_view_str(d->expected));
    printf(", found ");
    cmd_print_text(sy_view_str(d->found));
    puts("");
    (void)fflush(stdout);
}

static void say_grown(const struct following *w, const struct audit_grown *g)
{
    if (w->o->json) {
        say_json(json_pack("{s:s,s:I,s:I,s:I}", "event", "grown", "from", (json_int_t)g->from, "to",
                           (json_int_t)g->to, "mismatches",
                           (json_int_t)audit_follow_mismatches(w->f)));
    } else if (g->to > g->from) {
        printf("%" PRIu64 " entries, %" PRIu64 " of them new: verified, %s\n", g->to,
               g->to - g->from,
               audit_follow_mismatches(w->f) == 0 ? "every decision replayed"
                                                  : "decisions that do not replay were named");
        (void)fflush(stdout);
    }
}

/* --- fetching --------------------------------------------------------------------------------------------- */

/* Exit status of `shuyu ... log export --first N`, or NOT_FETCHED. */
static int fetch(const struct following *w, uint64_t first)
{
    char number[32];
    const char *argv[16] = {"shuyu", "--quiet",   "log",     "export",
                            "--out", w->incoming, "--first", number};
    const char *const given[][2] = {
        {"--home", w->o->home}, {"--address", w->o->address}, {"--local", w->o->local}};
    size_t n = 8;
    pid_t pid = 0;
    posix_spawn_file_actions_t files;
    (void)snprintf(number, sizeof(number), "%" PRIu64, first);
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        if (given[i][1] != NULL) {
            argv[n++] = given[i][0];
            argv[n++] = given[i][1];
        }
    }
    if (posix_spawn_file_actions_init(&files) != 0) {
        return NOT_FETCHED;
    }
    int failed = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    failed = failed != 0 ? failed
                         : posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null",
                                                            O_WRONLY, 0);
    failed = failed != 0 ? failed
                         : posix_spawnp(&pid, w->shuyu, &files, NULL,
                                        (char *const *)(uintptr_t)argv, environ);
    (void)posix_spawn_file_actions_destroy(&files);
    int status = failed == 0 ? audit_child_end(pid) : -1;
    return status >= 0 ? status : NOT_FETCHED;
}

static int not_fetched(const struct following *w)
{
    if (w->o->json) {
        say_json(json_pack("{s:s}", "event", "unreachable"));
    } else {
        fprintf(stderr, "shuyu-audit: nothing was fetched; %s\n",
                w->o->once ? "see above" : "trying again");
    }
    return NOT_FETCHED;
}

/* --- rounds ------------------------------------------------------------------------------------------------- */

/* 0: all good; 1: something does not hold; NOT_FETCHED. */
static int take_round(const struct following *w)
{
    const char *from = w->o->from != NULL ? w->o->from : w->incoming;
    struct sy_error err = {0};
    struct audit_grown g;
    if (w->o->from == NULL && fetch(w, audit_follow_size(w->f)) != 0) {
        return not_fetched(w);
    }
    sy_status s = audit_follow_take(w->f, from, &g, &err);
    if (!sy_ok(s) && g.wants_all && w->o->from == NULL) {
        if (fetch(w, 0) != 0) {
            return not_fetched(w);
        }
        err = (struct sy_error){0};
        s = audit_follow_take(w->f, from, &g, &err);
    }
    if (!sy_ok(s)) {
        err.code = s.code;
        return cmd_fail(w->o, &err);
    }
    say_grown(w, &g);
    return 0;
}

static int follow(const struct following *w)
{
    int status = 0;
    while (status != 1 && !stopped) {
        status = take_round(w);
        if (w->o->once) {
            break;
        }
        struct timespec t = {.tv_sec = (time_t)w->o->every_s};
        if (status != 1) {
            (void)nanosleep(&t, NULL); /* a signal ends it, and the loop */
        }
    }
    bool fetched = status != NOT_FETCHED || !w->o->once;
    return status != 1 && fetched && audit_follow_mismatches(w->f) == 0 ? 0 : 1;
}

int cmd_follow(const struct options *o, struct audit_export *x)
{
    struct sy_error err = {0};
    struct proof_vkey key;
    struct following w = {.o = o};
    const struct audit_follow_told told = {say_difference, (void *)(uintptr_t)o};
    struct sigaction stop = {.sa_handler = on_stop};
    (void)x;
    if (o->dir == NULL) {
        fprintf(stderr, "shuyu-audit: follow takes the folder of the copy\n");
        return 2;
    }
    if (o->log != NULL && !sy_ok(proof_vkey_parse(sy_view_str(o->log), &key, &err))) {
        return cmd_fail(o, &err);
    }
    (void)sigaction(SIGINT, &stop, NULL);
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)snprintf(w.incoming, sizeof(w.incoming), "%s/incoming", o->dir);
    online_find(w.shuyu);
    sy_status s = audit_follow_open(o->dir, o->log != NULL ? &key : NULL, &told, &w.f, &err);
    if (!sy_ok(s)) {
        err.code = s.code;
        return cmd_fail(o, &err);
    }
    int status = follow(&w);
    audit_follow_close(w.f);
    return status;
}
