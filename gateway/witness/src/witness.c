/*
 * One request from its bytes to its answer. Invariant: a cosignature is in an answer only after the
 * checkpoint under it was stored; when storing fails, this process cosigns nothing any more, for it
 * cannot know what the disk has.
 */
#include "witness/witness.h"

#include "base/log.h"
#include "proof/cosign.h"

#define TEXT      "text/plain; charset=utf-8"
#define SIZE_TYPE "text/x.tlog.size"

enum { ANSWER_MAX = 1 << 20 };

/* ---- opening ---- */

static struct witness_log *find_log(const struct witness *w, struct sy_view origin)
{
    for (size_t i = 0; i < w->n_logs; i++) {
        if (sy_view_is(origin, w->logs[i].origin)) {
            return &w->logs[i];
        }
    }
    return NULL;
}

/* A log's lines, of which it has one for each key, become one log. */
static void add_key(struct witness *w, const struct proof_vkey *key)
{
    struct witness_log *log = find_log(w, sy_view_str(key->name));
    if (log == NULL) {
        log = &w->logs[w->n_logs++];
        log->note = sy_buf(WITNESS_CHECKPOINT_MAX);
        witness_hex(sy_view_str(key->name), log->hex);
    }
    log->keys[log->n_keys++] = *key;
    log->origin = log->keys[0].name;
}

static sy_status load_logs(struct witness *w, struct sy_view list, struct sy_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct proof_policy policy;
    SY_TRY(proof_policy_parse_logs(list, &arena, &policy, reterr));
    w->logs = sy_arena_alloc(&w->arena, policy.n_logs, sizeof(*w->logs));
    if (w->logs == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, "logs", NULL);
    }
    for (size_t i = 0; i < policy.n_logs; i++) {
        add_key(w, &policy.logs[i].key);
    }
    for (size_t i = 0; i < w->n_logs; i++) {
        struct witness_log *log = &w->logs[i];
        SY_TRY(witness_store_load(&w->store, log->origin, &log->note, &log->known, reterr));
    }
    return SY_OK;
}

sy_status witness_open(struct witness_store *store, struct sy_view list, struct witness *ret,
                       struct sy_error *reterr)
{
    *ret = (struct witness){.store = *store, .arena.ceiling = (size_t)128 << 20};
    *store = (struct witness_store){.dirfd = -1, .lockfd = -1};
    sy_status s = load_logs(ret, list, reterr);
    if (!sy_ok(s)) {
        witness_close(ret);
    }
    return s;
}

void witness_close(struct witness *w)
{
    for (size_t i = 0; w != NULL && i < w->n_logs; i++) {
        sy_buf_deinit(&w->logs[i].note);
    }
    if (w != NULL) {
        sy_arena_deinit(&w->arena);
        w->n_logs = 0;
        witness_store_close(&w->store);
    }
}

/* ---- answers ---- */

static void answer(struct witness_answer *ret, unsigned status, const char *type,
                   struct sy_view body)
{
    ret->status = status;
    ret->type = type;
    ret->body = sy_buf(ANSWER_MAX);
    if (!sy_ok(sy_buf_add_view(&ret->body, body))) {
        ret->status = WITNESS_FAILED;
    }
}

/* A sentence for people, as a line. */
static void answer_text(struct witness_answer *ret, unsigned status, const char *text)
{
    answer(ret, status, TEXT, sy_view_str(text));
    if (!sy_ok(sy_buf_add_str(&ret->body, "\n"))) {
        ret->status = WITNESS_FAILED;
    }
}

static void answer_size(struct witness_answer *ret, uint64_t size)
{
    answer(ret, WITNESS_CONFLICT, SIZE_TYPE, (struct sy_view){0});
    if (!sy_ok(sy_buf_printf(&ret->body, "%llu\n", (unsigned long long)size))) {
        ret->status = WITNESS_FAILED;
    }
}

/* ---- add-checkpoint ---- */

/* The note of a request without lines of strangers. */
static sy_status signed_note(const struct witness_log *log, const struct witness_request *request,
                             struct sy_buf *note)
{
    SY_TRY(sy_buf_add_view(note, request->note.text));
    SY_TRY(sy_buf_add_str(note, "\n"));
    return proof_note_keep_lines(request->ask.checkpoint, log->keys, log->n_keys, note);
}

static void keep_evidence(const struct witness *w, const struct witness_log *log,
                          const struct witness_request *request)
{
    SY_BUF_CLEANUP struct sy_buf second = sy_buf(WITNESS_CHECKPOINT_MAX);
    sy_status s = signed_note(log, request, &second);
    struct proof_fork fork = {.first = sy_buf_view(&log->note), .second = sy_buf_view(&second)};
    if (request->checkpoint.size != log->known.tree.size) {
        fork.path = request->ask.path;
    }
    if (sy_ok(s)) {
        s = witness_store_evidence(&w->store, log->origin, request->checkpoint.size, &fork);
    }
    sy_log(s.code == SY_E_EXISTS ? SY_LOG_DEBUG : SY_LOG_ERROR,
           "a log has signed two histories: see the folder evidence",
           SY_LOGF_ID("origin", sy_view_str(log->origin)), SY_LOGF_N("known", log->known.tree.size),
           SY_LOGF_N("signed", request->checkpoint.size), SY_LOGF_CODE(s.code));
}

/* The note as it will be stored: the log's own lines and our cosignature; *line is the latter. */
static sy_status make_note(const struct witness *w, const struct witness_log *log,
                           const struct witness_request *request, uint64_t time_s,
                           struct sy_buf *note, struct sy_buf *line)
{
    SY_TRY(proof_cosign(request->note.text, &w->store.key, w->store.secret, time_s, line));
    SY_TRY(signed_note(log, request, note));
    return sy_buf_add_view(note, sy_buf_view(line));
}

/* Store what the verdict says, then hand out the cosignature. */
static void cosign(struct witness *w, struct witness_log *log,
                   const struct witness_request *request, const struct witness_verdict *verdict,
                   struct witness_answer *ret)
{
    SY_BUF_CLEANUP struct sy_buf line = sy_buf(WITNESS_CHECKPOINT_MAX);
    struct sy_buf note = sy_buf(WITNESS_CHECKPOINT_MAX);
    sy_status s = make_note(w, log, request, verdict->next.time_s, &note, &line);
    if (!sy_ok(s)) {
        sy_buf_deinit(&note);
        answer_text(ret, WITNESS_FAILED, "The checkpoint could not be cosigned.");
        return;
    }
    if (verdict->is_news) {
        s = witness_store_save(&w->store, log->origin, sy_buf_view(&note));
    }
    if (!sy_ok(s)) {
        w->has_failed = true;
        sy_buf_deinit(&note);
        sy_log(SY_LOG_ERROR, "a checkpoint could not be stored", SY_LOGF_CODE(s.code));
        answer_text(ret, WITNESS_FAILED, "The checkpoint could not be stored.");
        return;
    }
    sy_buf_deinit(&log->note);
    log->note = note;
    log->known = verdict->next;
    answer(ret, WITNESS_OK, TEXT, sy_buf_view(&line));
}

static void decide(struct witness *w, struct witness_log *log,
                   const struct witness_request *request, uint64_t now_s,
                   struct witness_answer *ret)
{
    struct witness_verdict verdict;
    witness_decide(log->keys, log->n_keys, &log->known, request, now_s, &verdict);
    sy_log(SY_LOG_DEBUG, "add-checkpoint", SY_LOGF_ID("origin", sy_view_str(log->origin)),
           SY_LOGF_N("size", request->checkpoint.size), SY_LOGF_N("known", log->known.tree.size),
           SY_LOGF_N("status", verdict.status));
    if (verdict.is_fork) {
        keep_evidence(w, log, request);
    }
    if (verdict.status == WITNESS_OK) {
        cosign(w, log, request, &verdict, ret);
    } else if (verdict.status == WITNESS_CONFLICT) {
        answer_size(ret, log->known.tree.size);
    } else {
        answer_text(ret, verdict.status, verdict.reason);
    }
}

void witness_add_checkpoint(struct witness *w, struct sy_view body, uint64_t now_s,
                            struct witness_answer *ret)
{
    struct witness_request request;
    struct sy_error err = {0};
    if (w->has_failed) {
        answer_text(ret, WITNESS_FAILED, "The witness must be started again.");
        return;
    }
    if (!sy_ok(witness_request_parse(body, &request, &err))) {
        answer_text(ret, WITNESS_BAD_REQUEST, err.reason);
        return;
    }
    struct witness_log *log = find_log(w, request.checkpoint.origin);
    if (log == NULL) {
        answer_text(ret, WITNESS_NOT_FOUND, "This log is not followed here.");
        return;
    }
    decide(w, log, &request, now_s, ret);
}

/* ---- reading ---- */

void witness_get_checkpoint(const struct witness *w, struct sy_view hex, struct witness_answer *ret)
{
    for (size_t i = 0; i < w->n_logs; i++) {
        if (sy_view_is(hex, w->logs[i].hex) && w->logs[i].note.n > 0) {
            answer(ret, WITNESS_OK, TEXT, sy_buf_view(&w->logs[i].note));
            return;
        }
    }
    answer_text(ret, WITNESS_NOT_FOUND, "No checkpoint of such a log was cosigned here.");
}

static sy_status put_about(const struct witness *w, struct sy_buf *b)
{
    SY_TRY(
        sy_buf_add_str(b, "A witness of transparency logs (c2sp.org/tlog-witness).\n\nwitness "));
    SY_TRY(proof_vkey_format(&w->store.key, b));
    SY_TRY(sy_buf_add_str(b, "\n"));
    for (size_t i = 0; i < w->n_logs; i++) {
        SY_TRY(sy_buf_printf(b, "log %s %llu /%s/checkpoint\n", w->logs[i].origin,
                             (unsigned long long)w->logs[i].known.tree.size, w->logs[i].hex));
    }
    return SY_OK;
}

void witness_get_about(const struct witness *w, struct witness_answer *ret)
{
    answer(ret, WITNESS_OK, TEXT, (struct sy_view){0});
    if (!sy_ok(put_about(w, &ret->body))) {
        ret->status = WITNESS_FAILED;
    }
}
