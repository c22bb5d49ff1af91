/*
 * What: the policy in force, the candidate, the quorum, and who waits for it. One candidate at a time
 * lets the cosignatures of all witnesses meet under one checkpoint, however fast the log grows: with
 * each asked about another size, no quorum would ever be found.
 * Invariants: the candidate is a checkpoint that the ledger committed, so it is durable; `quorum_size` only
 * grows under one policy; a waiter is called once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "warden/courier.h"
#include "wire/methods.h"
#include "witness_state.h"

enum {
    REFRESH_S = 300
}; /* a log that does not grow is cosigned again so often: old times do not count */
static const uint64_t MS = 1000000;

/* --- stopping --------------------------------------------------------------------------------------- */

void witness_stop(struct warden_witnesses *s, const struct witness_peer *p, uint64_t their_size)
{
    sy_log(SY_LOG_ERROR,
           "a witness has seen another log than this one: rolled back, or forked; stopping",
           SY_LOGF_ID("witness", p->who->name), SY_LOGF_N("it_saw", their_size),
           SY_LOGF_N("entries", ledger_size(s->w->ledger)), SY_LOGF_CODE(SY_E_ROLLBACK));
    s->w->failed = s->w->rolled_back = true;
    warden_loop_stop(s->w->loop);
}

/* --- who waits ---------------------------------------------------------------------------------------- */

static void drop_waiter(struct warden_witnesses *s, size_t i)
{
    s->waiters[i] = s->waiters[--s->n_waiters];
}

/* From the start again after each call: it may have added or forgotten some. */
static void call_waiters(struct warden_witnesses *s)
{
    for (size_t i = 0; i < s->n_waiters;) {
        struct witness_waiter one = s->waiters[i];
        if (one.entry - s->w->base >= s->quorum_size) {
            i++;
            continue;
        }
        drop_waiter(s, i);
        one.fn(one.ctx);
        i = 0;
    }
}

sy_status warden_witness_wait(struct warden *w, uint64_t entry, warden_fn fn, void *ctx)
{
    struct warden_witnesses *s = w->witnesses;
    if (s == NULL) {
        return sy_status_of(SY_E_STATE);
    }
    if (s->n_waiters == WITNESS_WAITERS_MAX) {
        return sy_status_of(SY_E_LIMIT);
    }
    s->waiters[s->n_waiters++] = (struct witness_waiter){entry, fn, ctx};
    return SY_OK;
}

void warden_witness_forget(struct warden *w, warden_fn fn, void *ctx)
{
    struct warden_witnesses *s = w->witnesses;
    for (size_t i = 0; s != NULL && i < s->n_waiters; i++) {
        if (s->waiters[i].fn == fn && s->waiters[i].ctx == ctx) {
            drop_waiter(s, i);
            return;
        }
    }
}

/* --- the start ------------------------------------------------------------------------------------------ */

static bool is_asked(const struct witness_peer *p)
{
    return p->who->url.n > 0;
}

static void tell_started(void *ctx)
{
    struct warden_witnesses *s = ctx;
    warden_fn fn = s->started;
    warden_timer_cancel(s->w->loop, s->started_timer);
    s->started = NULL;
    s->started_timer = 0;
    if (fn != NULL && !s->w->failed) {
        fn(s->started_ctx);
    }
}

static bool all_ended(const struct warden_witnesses *s)
{
    for (size_t i = 0; i < s->policy.n_witnesses; i++) {
        if (is_asked(&s->peers[i]) && !s->peers[i].ended) {
            return false;
        }
    }
    return true;
}

void witness_ended(struct warden_witnesses *s, struct witness_peer *p)
{
    p->ended = true;
    if (s->started != NULL && all_ended(s)) {
        tell_started(s);
    }
}

sy_status warden_witness_start(struct warden *w, uint64_t wait_ms, warden_fn fn, void *ctx)
{
    struct warden_witnesses *s = w->witnesses;
    if (s == NULL || all_ended(s)) {
        fn(ctx);
        return SY_OK;
    }
    s->started_timer = warden_timer_add(w->loop, sy_mono_ns() + wait_ms * MS, tell_started, s);
    if (s->started_timer == 0) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    s->started = fn;
    s->started_ctx = ctx;
    warden_witness_tick(w);
    return SY_OK;
}

/* --- the candidate ---------------------------------------------------------------------------------------- */

static bool anyone_asked(const struct warden_witnesses *s)
{
    for (size_t i = 0; i < s->policy.n_witnesses; i++) {
        if (s->peers[i].asking && s->peers[i].asking_size == s->size) {
            return true;
        }
    }
    return false;
}

static bool is_due(const struct warden_witnesses *s)
{
    uint64_t size = ledger_size(s->w->ledger);
    if (s->size == 0) {
        return size > 0;
    }
    bool news = size > s->size || (uint64_t)sy_now_s() >= s->begun_s + REFRESH_S;
    return news && (s->met || !anyone_asked(s));
}

static void next_candidate(struct warden_witnesses *s)
{
    sy_buf_clear(&s->plain);
    sy_buf_clear(&s->lines);
    s->size = 0;
    s->met = false;
    if (!sy_ok(sy_buf_add_view(&s->plain, ledger_checkpoint(s->w->ledger)))) {
        return; /* tried again with the next tick */
    }
    s->size = ledger_size(s->w->ledger);
    s->begun_s = (uint64_t)sy_now_s();
    for (size_t i = 0; i < s->policy.n_witnesses; i++) {
        s->peers[i].took = false;
    }
}

void warden_witness_tick(struct warden *w)
{
    struct warden_witnesses *s = w->witnesses;
    if (s == NULL || w->failed) {
        return;
    }
    if (is_due(s)) {
        next_candidate(s);
    }
    uint64_t now = sy_mono_ns();
    for (size_t i = 0; s->size > 0 && i < s->policy.n_witnesses; i++) {
        struct witness_peer *p = &s->peers[i];
        if (is_asked(p) && !p->asking && !p->took && p->known <= s->size && p->at_ns <= now) {
            witness_ask(s, p);
        }
    }
}

/* --- the quorum --------------------------------------------------------------------------------------------- */

static uint64_t earliest(const struct proof_policy *policy, const struct proof_policy_verdict *v)
{
    uint64_t time_s = UINT64_MAX;
    for (size_t i = 0; i < policy->n_witnesses; i++) {
        if (v->is_fresh[i] && v->time_s[i] < time_s) {
            time_s = v->time_s[i];
        }
    }
    return time_s;
}

/* What was claimed of a log that a quorum has now seen whole is answered. */
static void end_claims(struct warden_witnesses *s)
{
    for (size_t i = 0; i < s->policy.n_witnesses; i++) {
        if (s->peers[i].claimed <= s->quorum_size) {
            witness_unclaim(&s->peers[i]);
        }
    }
    s->carried = false;
}

/* The candidate, cosigned, is the newest that everybody can be shown. */
static void take_quorum(struct warden_witnesses *s, struct sy_buf *note, uint64_t time_s)
{
    struct sy_buf old = s->note;
    s->note = *note;
    *note = old;
    s->plain_bytes = s->plain.n;
    s->quorum_size = s->size;
    s->quorum_time_s = time_s;
    s->met = true;
    end_claims(s);
    sy_status st = ledger_publish_cosigned(s->w->ledger, sy_buf_view(&s->note), s->size, NULL);
    if (!sy_ok(st)) {
        sy_log(SY_LOG_WARN, "cosigned checkpoint not published", SY_LOGF_CODE(st.code));
    }
    call_waiters(s);
}

void witness_judge(struct warden_witnesses *s)
{
    struct proof_policy_verdict v;
    struct proof_policy_when when = {.now_s = (uint64_t)sy_now_s(),
                                     .max_age_s = WARDEN_WITNESS_AGE_S,
                                     .max_ahead_s = WARDEN_WITNESS_AHEAD_S};
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(PROOF_NOTE_MAX);
    sy_status st = sy_buf_add_view(&note, sy_buf_view(&s->plain));
    if (sy_ok(st)) {
        st = sy_buf_add_view(&note, sy_buf_view(&s->lines));
    }
    if (sy_ok(st)) {
        st = proof_policy_judge(&s->policy, NULL, sy_buf_view(&note), &when, &v, NULL);
    }
    if (!sy_ok(st)) {
        sy_log(SY_LOG_ERROR, "a cosigned checkpoint does not hold", SY_LOGF_CODE(st.code));
        return;
    }
    if (v.is_met && s->has_quorum) {
        take_quorum(s, &note, earliest(&s->policy, &v));
    }
}

bool warden_witness_asked(const struct warden *w)
{
    return w->witnesses != NULL && w->witnesses->has_quorum;
}

static bool any_claim(const struct warden_witnesses *s)
{
    bool any = false;
    for (size_t i = 0; i < s->policy.n_witnesses; i++) {
        any = any || s->peers[i].claimed > 0;
    }
    return any;
}

bool warden_witness_claimed(const struct warden *w)
{
    const struct warden_witnesses *s = w->witnesses;
    return s != NULL && (any_claim(s) || (s->carried && !all_ended(s)));
}

bool warden_witness_covers(const struct warden *w, uint64_t entry)
{
    return w->witnesses != NULL && entry >= w->base && entry - w->base < w->witnesses->quorum_size;
}

struct warden_quorum warden_witness_quorum(const struct warden *w)
{
    const struct warden_witnesses *s = w->witnesses;
    if (s == NULL || s->quorum_size == 0) {
        return (struct warden_quorum){0};
    }
    return (struct warden_quorum){.note = sy_buf_view(&s->note),
                                  .plain = sy_view(s->note.p, s->plain_bytes),
                                  .size = s->quorum_size,
                                  .time_s = s->quorum_time_s};
}

/* --- the policy ------------------------------------------------------------------------------------------------ */

static struct warden_witnesses *witnesses_of(struct warden *w)
{
    if (w->witnesses == NULL) {
        w->witnesses = calloc(1, sizeof(*w->witnesses));
        if (w->witnesses != NULL) {
            *w->witnesses = (struct warden_witnesses){.w = w,
                                                      .plain = sy_buf(PROOF_NOTE_MAX),
                                                      .lines = sy_buf(PROOF_NOTE_MAX),
                                                      .note = sy_buf(PROOF_NOTE_MAX)};
        }
    }
    return w->witnesses;
}

/* Answers to what was asked before are dropped; whoever waits, waits for the new quorum. */
static void forget_policy(struct warden_witnesses *s)
{
    s->load++;
    s->carried = warden_witness_claimed(s->w); /* the same request sent again must not end it */
    sy_arena_deinit(&s->arena);
    s->policy = (struct proof_policy){0};
    memset(s->peers, 0, sizeof(s->peers));
    sy_buf_clear(&s->plain);
    sy_buf_clear(&s->lines);
    sy_buf_clear(&s->note);
    s->size = s->quorum_size = s->quorum_time_s = 0;
    s->met = s->has_quorum = false;
}

static sy_status read_policy(struct warden_witnesses *s, struct sy_error *err)
{
    struct sy_row_witness row;
    struct sy_view key = sy_view_str("witness");
    SY_TRY(rules_state_read(s->w->state, key, &sy_row_witness_desc, &s->arena, &row, err));
    s->text = sy_arena_copy(&s->arena, row.policy);
    if (s->text.p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(proof_policy_parse(s->text, &s->arena, &s->policy, err));
    s->has_quorum = row.quorum;
    for (size_t i = 0; i < s->policy.n_witnesses; i++) {
        s->peers[i].who = &s->policy.witnesses[i];
    }
    return SY_OK;
}

sy_status warden_witness_load(struct warden *w, struct sy_error *reterr)
{
    struct sy_view value;
    if (!rules_state_get(w->state, sy_view_str("witness"), &value)) {
        return SY_OK;
    }
    struct warden_witnesses *s = witnesses_of(w);
    if (s == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    forget_policy(s);
    sy_status st = read_policy(s, reterr);
    if (!sy_ok(st)) {
        forget_policy(s);
        return st.code == SY_E_NO_MEMORY ? st : sy_fail(reterr, SY_E_TAMPERED, "witness", NULL);
    }
    return SY_OK;
}

void warden_witness_free(struct warden *w)
{
    struct warden_witnesses *s = w->witnesses;
    if (s == NULL) {
        return;
    }
    forget_policy(s);
    sy_buf_deinit(&s->plain);
    sy_buf_deinit(&s->lines);
    sy_buf_deinit(&s->note);
    free(s);
    w->witnesses = NULL;
}

/* --- the report -------------------------------------------------------------------------------------------------- */

static struct sy_witness_peer report_peer(const struct witness_peer *p)
{
    static const char *const words[WITNESS_N] = {
        [WITNESS_NEW] = "new",         [WITNESS_GOOD] = "good",   [WITNESS_SILENT] = "silent",
        [WITNESS_REFUSES] = "refuses", [WITNESS_STALE] = "stale", [WITNESS_CLAIMS] = "claims"};
    return (struct sy_witness_peer){.name = p->who->name,
                                    .size = p->size,
                                    .time = p->time_s,
                                    .url = p->who->url,
                                    .state =
                                        sy_view_str(is_asked(p) ? words[p->state] : "unasked")};
}

sy_status warden_witness_report(const struct warden *w, struct sy_arena *arena,
                                struct sy_witness_status *ret, struct sy_error *reterr)
{
    const struct warden_witnesses *s = w->witnesses;
    *ret = (struct sy_witness_status){.size = ledger_size(w->ledger)};
    if (s == NULL) {
        return SY_OK;
    }
    ret->witnesses = sy_arena_alloc(arena, s->policy.n_witnesses + 1, sizeof(*ret->witnesses));
    if (ret->witnesses == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < s->policy.n_witnesses; i++) {
        ret->witnesses[ret->n_witnesses++] = report_peer(&s->peers[i]);
    }
    ret->policy = s->text;
    ret->quorum = s->has_quorum;
    ret->held = warden_witness_claimed(w);
    ret->quorum_size = s->quorum_size;
    ret->quorum_time = s->quorum_time_s;
    return SY_OK;
}
