/*
 * What: replay --inside: for each released answer of the export, have the domain run its charge again, and
 * compare. The online act is `shuyu audit rerun`, run as a program of its own with the auditor's profile; it
 * verifies the reply and its proofs. Invariant: an answer counts as matching only when the domain says so about
 * this very entry.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/record.h"
#include "base/fdio.h"
#include "child.h"
#include "cmd.h"
#include "online.h"

extern char **environ;

enum { SAID_MAX = 1 << 20, READ_BYTES = 1 << 16, NO_ANSWER = -1 };

enum found { MATCH, MISMATCH, UNABLE, OVER, N_FOUND };

static const char *const FOUND[N_FOUND] = {"match", "mismatch", "unable", "over"};

struct asking {
    const struct options *o;
    const struct audit_export *x;
    char shuyu[ONLINE_PATH_BYTES];
    struct sy_arena arena;
    uint8_t (*over)[32]; /* grants that the log ends for good */
    size_t n_over, cap_over;
    uint64_t done, n[N_FOUND];
};

/* --- the program -------------------------------------------------------------------------------------- */

/* Its output goes to `out`; what it has to say beside that is in the output too. */
static int spawn_shuyu(const struct asking *a, uint64_t charge, int out, pid_t *ret)
{
    char entry[32];
    const char *argv[12] = {"shuyu", "--json"};
    size_t n = 2;
    posix_spawn_file_actions_t files;
    (void)snprintf(entry, sizeof(entry), "%" PRIu64, charge);
    if (a->o->home != NULL) {
        argv[n++] = "--home";
        argv[n++] = a->o->home;
    }
    argv[n++] = "--local";
    argv[n++] = a->o->local;
    argv[n++] = "audit";
    argv[n++] = "rerun";
    argv[n++] = entry;
    if (posix_spawn_file_actions_init(&files) != 0) {
        return ENOMEM;
    }
    int failed = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    failed = failed != 0 ? failed : posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    failed = failed != 0 ? failed
                         : posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null",
                                                            O_WRONLY, 0);
    failed = failed != 0 ? failed
                         : posix_spawnp(ret, a->shuyu, &files, NULL, (char *const *)(uintptr_t)argv,
                                        environ);
    (void)posix_spawn_file_actions_destroy(&files);
    return failed;
}

static bool read_said_by(int fd, struct sy_buf *said)
{
    for (;;) {
        uint8_t *to = sy_buf_reserve(said, READ_BYTES);
        ssize_t n = to == NULL ? -1 : read(fd, to, READ_BYTES);
        if (n < 0 && to != NULL && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0;
        }
        said->n += (size_t)n;
    }
}

/* What it printed; its exit status, or NO_ANSWER when there is none. */
static int run_shuyu(const struct asking *a, uint64_t charge, struct sy_buf *said)
{
    int ends[2];
    pid_t pid = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return NO_ANSWER;
    }
    int failed = spawn_shuyu(a, charge, ends[1], &pid);
    sy_fd_close(&ends[1]);
    bool whole = failed == 0 && read_said_by(ends[0], said);
    sy_fd_close(&ends[0]);
    int status = failed == 0 ? audit_child_end(pid) : -1; /* also when it said too much */
    return whole && status >= 0 ? status : NO_ANSWER;
}

/* --- one answer --------------------------------------------------------------------------------------- */

/* For good: whoever has a grant suspended while an audit lasts keeps its answers from being run again, and could
 * hide anything by that. */
static bool is_over(const char *code)
{
    return strcmp(code, "grant") == 0 || strcmp(code, "expired") == 0;
}

static bool is_entry(const json_t *j, uint64_t entry)
{
    return json_is_integer(j) && json_integer_value(j) >= 0 &&
           (uint64_t)json_integer_value(j) == entry;
}

/* The domain's word about the answer of entry `answer`; false when it said nothing that we understand. */
static bool read_said(struct sy_view said, uint64_t answer, enum found *ret, char code[64])
{
    json_t *doc = json_loadb((const char *)said.p, said.n, 0, NULL);
    const json_t *one = json_array_get(json_object_get(doc, "answers"), 0);
    const char *outcome = json_string_value(json_object_get(one, "outcome"));
    const char *why = json_string_value(json_object_get(one, "code"));
    const json_t *entry = json_object_get(one, "answer");
    (void)snprintf(code, 64, "%s", why != NULL ? why : "");
    bool known = outcome != NULL;
    if (known && strcmp(outcome, "refused") == 0) {
        *ret = is_over(code) ? OVER : UNABLE;
    } else if (known && (!is_entry(entry, answer) || strcmp(outcome, "mismatch") == 0)) {
        *ret = MISMATCH;
    } else if (known) {
        *ret = strcmp(outcome, "match") == 0 ? MATCH : UNABLE;
    }
    json_decref(doc);
    return known;
}

static void show(const struct asking *a, uint64_t answer, uint64_t charge, enum found f,
                 const char *code)
{
    static const char *const words[N_FOUND] = {
        [MISMATCH] = "MISMATCH: the domain comes to another answer than the one that it logged",
        [UNABLE] = "could not be run again",
        [OVER] = "not run again: its grant is over"};
    if (a->o->json) {
        printf("{\"entry\":%" PRIu64 ",\"charge\":%" PRIu64
               ",\"outcome\":\"%s\",\"code\":\"%s\"}\n",
               answer, charge, FOUND[f], sy_code_of_name(code) != 0 ? code : "");
    } else if (f == MISMATCH || f == UNABLE) {
        printf("entry %" PRIu64 " (charge %" PRIu64 "): %s%s%s\n", answer, charge, words[f],
               *code != '\0' ? ": " : "", *code != '\0' ? sy_code_text(sy_code_of_name(code)) : "");
    }
    fflush(stdout);
}

static void progress(const struct asking *a)
{
    if (!a->o->json && isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r%" PRIu64 " answers run again", a->done);
    }
}

static sy_status ask_domain(struct asking *a, uint64_t answer, uint64_t charge,
                            struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf said = sy_buf(SAID_MAX);
    enum found f = UNABLE;
    char code[64];
    int status = run_shuyu(a, charge, &said);
    if (!read_said(sy_buf_view(&said), answer, &f, code)) {
        return sy_fail(err, SY_E_IO, "inside",
                       "the domain could not be asked (exit status %d); try: shuyu --local SOCKET "
                       "audit rerun %" PRIu64,
                       status, charge);
    }
    a->n[f]++;
    a->done++;
    show(a, answer, charge, f, code);
    progress(a);
    return SY_OK;
}

/* --- all of them -------------------------------------------------------------------------------------- */

static sy_status note_over(struct asking *a, const uint8_t grant[32], struct sy_error *err)
{
    if (a->n_over == a->cap_over) {
        size_t cap = a->cap_over == 0 ? 64 : a->cap_over * 2;
        uint8_t(*more)[32] = sy_arena_alloc(&a->arena, cap, sizeof(*more));
        if (more == NULL) {
            return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
        }
        if (a->n_over > 0) {
            memcpy(more, a->over, a->n_over * sizeof(*more));
        }
        a->over = more;
        a->cap_over = cap;
    }
    memcpy(a->over[a->n_over++], grant, 32);
    return SY_OK;
}

static sy_status find_over(struct asking *a, struct sy_error *err)
{
    for (uint64_t i = 0; i < audit_size(a->x); i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct audit_record r;
        SY_TRY(audit_record_read(a->x, i, &arena, &r, err));
        if (audit_record_did(&r, "scene.revoke") || audit_record_did(&r, "grant.expire")) {
            SY_TRY(note_over(a, r.header.grant, err));
        }
    }
    return SY_OK;
}

static bool grant_is_over(const struct asking *a, const uint8_t grant[32])
{
    for (size_t i = 0; i < a->n_over; i++) {
        if (memcmp(a->over[i], grant, 32) == 0) {
            return true;
        }
    }
    return false;
}

/* Is this a released answer, in the time asked for? */
static bool is_released(const struct asking *a, const struct audit_record *r)
{
    const struct audit_filter *f = &a->o->filter;
    return audit_record_did(r, "job.answer") && sy_view_is(r->event.inputs.outcome, "ok") &&
           r->event.inputs.charge < r->entry.index &&
           (!f->has_since || r->event.inputs.time >= f->since) &&
           (!f->has_until || r->event.inputs.time < f->until);
}

static sy_status take_entry(struct asking *a, uint64_t i, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct audit_record r, charge;
    SY_TRY(audit_record_read(a->x, i, &arena, &r, err));
    if (!is_released(a, &r)) {
        return SY_OK;
    }
    SY_TRY(audit_record_read(a->x, r.event.inputs.charge, &arena, &charge, err));
    if (!audit_record_did(&charge, "model.run") && !audit_record_did(&charge, "product.call")) {
        return SY_OK; /* about one subject: nobody keeps whom it was about */
    }
    if (grant_is_over(a, charge.header.grant)) {
        a->n[OVER]++;
        show(a, i, charge.entry.index, OVER, "grant");
        return SY_OK;
    }
    return ask_domain(a, i, charge.entry.index, err);
}

static int summary(const struct asking *a)
{
    uint64_t ran = a->n[MATCH] + a->n[MISMATCH], not_run = a->n[UNABLE] + a->n[OVER];
    bool nothing = ran == 0 && not_run > 0; /* then it says nothing about the domain's figures */
    bool fine = a->n[MISMATCH] + a->n[UNABLE] == 0 && !nothing;
    if (a->o->json) {
        printf("{\"ok\":%s,\"nothing\":%s,\"rerun\":%" PRIu64 ",\"match\":%" PRIu64
               ",\"mismatch\":%" PRIu64 ",\"unable\":%" PRIu64 ",\"over\":%" PRIu64 "}\n",
               fine ? "true" : "false", nothing ? "true" : "false", a->done, a->n[MATCH],
               a->n[MISMATCH], a->n[UNABLE], a->n[OVER]);
    } else {
        printf("inside: %" PRIu64 " released answers run again: %" PRIu64 " match, %" PRIu64
               " mismatch; %" PRIu64 " could not be run; %" PRIu64
               " are of grants that are over%s\n",
               ran, a->n[MATCH], a->n[MISMATCH], a->n[UNABLE], a->n[OVER],
               nothing ? "; NOTHING COULD BE RUN AGAIN: no figure was checked" : "");
    }
    return fine ? 0 : 1;
}

int cmd_inside(const struct options *o, const struct audit_export *x)
{
    struct sy_error err = {0};
    struct asking a = {.o = o, .x = x};
    if (o->local == NULL) {
        fprintf(stderr, "shuyu-audit: --inside needs --local SOCKET, the domain's local socket\n");
        return 2;
    }
    online_find(a.shuyu);
    sy_status s = find_over(&a, &err);
    for (uint64_t i = 0; sy_ok(s) && i < audit_size(x); i++) {
        s = take_entry(&a, i, &err);
    }
    sy_arena_deinit(&a.arena);
    return sy_ok(s) ? summary(&a) : cmd_fail(o, &err);
}
