/*
 * What: a run, from durable charge to durable answer. Invariants: the charge is on disk before a
 * worker is asked for; the run works on a private copy of the rows it was charged under, so that a
 * pack or grant that changes meanwhile changes nothing; every charge gets exactly one answer entry.
 * Time: a run is settled (logged) a fixed time before its slot ends and told when it ends, both on the
 * clock, whenever the work was done: neither the reply, nor the log's growth, nor a repeated request
 * tells how long the data took (DESIGN section 4.7). Why a run failed is in the warden's own debug log;
 * the ledger and the caller see one constant refusal.
 */
#include "warden/run.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "base/log.h"
#include "base/time.h"
#include "base/weak.h"
#include "exposure.h"
#include "mechanisms/stream.h"
#include "product_test.h"
#include "rules/product.h"
#include "share.h"
#include "warden/product.h"
#include "warden/record.h"
#include "warden/witness.h"
#include "warden/work.h"

#ifndef SY_BENCH_BUILD
static const uint64_t MS = 1000000;
/* Time kept at the end of a slot for storing, logging and sealing the answer. */
static const uint64_t SLOT_TAIL_NS = 60 * 1000000;
#endif

void warden_run_close(struct warden_run *r)
{
    if (r->closed) {
        return;
    }
    r->closed = true;
    r->answer = r->made = (struct sy_view){0}; /* of the arena */
    for (size_t i = 0; i < r->n_versions; i++) {
        vault_version_close(r->versions[i]);
    }
    for (size_t i = 0; i < r->n_feeds; i++) {
        sy_fd_close(&r->feeds[i].fd);
    }
    for (size_t i = 0; i < r->n_keys; i++) {
        sy_fd_close(&r->keys[i].fd);
        vault_secret_free(&r->keys[i].noise);
    }
    vault_secret_free(&r->seed);
    vault_secret_free(&r->pseudonyms);
    vault_subject_close(r->subject);
    sy_fd_close(&r->feed_sock);
    rules_state_free(r->rows);
    sy_buf_deinit(&r->early);
    sy_arena_deinit(&r->arena);
}

void warden_run_let_go(struct warden_run *r)
{
    if (r->stopped && !r->busy) {
        warden_run_close(r);
    }
}

bool warden_run_holds(const struct warden_run *r, const uint8_t grant[32])
{
    return !r->closed && memcmp(r->row.grant, grant, sizeof(r->row.grant)) == 0;
}

void warden_run_free(struct warden_run *r)
{
    if (!r->told || r->busy) {
        return;
    }
    for (struct warden_run **at = &r->w->runs; *at != NULL; at = &(*at)->next) {
        if (*at == r) {
            *at = r->next;
            break;
        }
    }
    warden_run_close(r);
    free(r);
}

/* --- the reply ------------------------------------------------------------------------------------ */

static void refuse_run(struct warden_call *c, const char *cause)
{
    struct sy_error err = {0};
    bool tell = sy_weak(SY_WEAK_ERROR_TEXT) && cause != NULL;
    sy_fail(&err, SY_E_REFUSED, NULL, "%s", tell ? cause : "the run was refused; it stays charged");
    warden_call_refuse(c, &err);
}

/* The charge stays open and the same envelope resumes it: the disk is full, say, which no data decides. */
static void not_recorded(struct warden_call *c)
{
    struct sy_error err = {0};
    sy_fail(&err, SY_E_BUSY, NULL,
            "the outcome was not recorded; ask again with the same envelope");
    warden_call_refuse(c, &err);
}

static void answer_name(char ret[WARDEN_HEX_BYTES], const uint8_t commit[32])
{
    sodium_bin2hex(ret, WARDEN_HEX_BYTES, commit, 32);
}

static void give_bytes(struct warden_call *c, uint64_t charge, struct sy_view answer)
{
    if (warden_is_product_call(c)) {
        warden_product_give(c, charge, answer);
    } else {
        warden_call_result(c, answer);
    }
}

/* End the call with what its second entry, an answer, commits to: the stored bytes, or the refusal. */
static void give(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_event event;
    char name[WARDEN_HEX_BYTES];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(WARDEN_ANSWER_MAX);
    sy_status s = warden_entry_event(c->w, c->entries[1], &c->arena, &event, &err);
    if (sy_ok(s) && !sy_view_is(event.inputs.outcome, "ok")) {
        refuse_run(c, NULL);
        return;
    }
    if (sy_ok(s)) {
        answer_name(name, event.inputs.commit);
        s = vault_blob_get(c->w->vault, sy_view_str(name), &b, &err);
    }
    if (!sy_ok(s)) {
        warden_call_refuse(c, &err);
        return;
    }
    give_bytes(c, event.inputs.charge, sy_buf_view(&b));
}

static void tell(const struct warden_run *r)
{
    if (r->answer.n > 0) {
        give_bytes(r->call, r->charge, r->answer);
    } else {
        refuse_run(r->call, r->cause);
    }
}

/* The slot has ended and the answer is durable: the one moment at which anything is said. */
static void run_say(void *ctx)
{
    struct warden_run *r = ctx;
    struct warden_call *c = r->call;
    warden_commit(r->w); /* no audit, no answer: a slot that has passed already must still wait */
    if (r->w->failed) {
        return;
    }
    r->told = true;
    if (c->n_entries < 2) {
        not_recorded(c);
    } else if (r->rerun != 0) {
        warden_rerun_say(c);
    } else if (!warden_hold(c, give)) {
        tell(r);
    }
    warden_run_free(r);
}

/* --- settling ------------------------------------------------------------------------------------- */

static void answer_committed(struct warden_run *r, uint64_t entry)
{
    if (entry != 0) {
        r->call->entries[1] = entry;
        r->call->n_entries = 2;
    }
    warden_run_let_go(r);
    if (warden_timer_add(r->w->loop, r->due_ns, run_say, r) == 0) {
        run_say(r);
    }
}

static sy_status store_answer(struct warden_run *r, struct sy_inputs *in)
{
    char name[WARDEN_HEX_BYTES];
    proof_answer_commit(in->commit, r->row.salt, r->answer); /* a refusal commits to no bytes */
    if (r->answer.n == 0) {
        return SY_OK;
    }
    answer_name(name, in->commit);
    return vault_blob_put(r->w->vault, sy_view_str(name), r->answer);
}

/* Record the outcome. The answer itself is stored before its entry is, so that whatever the ledger
 * says was answered can be answered again. */
static void run_settle(struct warden_run *r)
{
    struct sy_error err = {0};
    struct sy_inputs in = {.charge = r->charge};
    if (r->rerun != 0) {
        answer_committed(r, warden_rerun_settle(r));
        return;
    }
    sy_status s = store_answer(r, &in);
    in.outcome = sy_view_str(r->answer.n > 0 ? "ok" : "refused");
    if (s.code == SY_E_NO_SPACE) {
        sy_log(SY_LOG_ERROR, "answer not stored", SY_LOGF_CODE(s.code));
        r->answer = (struct sy_view){0};
        answer_committed(r, 0);
        return;
    }
    if (!sy_ok(s)) {
        r->answer = (struct sy_view){0};
        in.outcome = sy_view_str("refused");
        proof_answer_commit(in.commit, r->row.salt, r->answer);
    }
    uint64_t entry = 0;
    s = warden_act(r->w, "job.answer", NULL, (struct sy_view){0}, &in, &entry, &err);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "answer not recorded", SY_LOGF_CODE(s.code));
        r->answer = (struct sy_view){0}; /* the charge stays open: the same envelope resumes it */
    }
    answer_committed(r, entry); /* said at the slot's end, which is after this round's commit */
}

/* Settle by what there is: whoever is still at work is stopped, and what it makes is not looked at. */
static void run_finish(struct warden_run *r)
{
    if (r->finished) {
        return;
    }
    r->finished = true;
    warden_timer_cancel(r->w->loop, r->settle_timer);
    warden_job_stop(&r->job);
    if (!r->busy && r->cause == NULL) {
        r->answer = r->made;
    }
    if (r->answer.n == 0) {
        sy_log(SY_LOG_DEBUG, "run refused", SY_LOGF_N("charge", r->charge),
               SY_LOGF_ID("cause", sy_view_str(r->cause != NULL ? r->cause : "unfinished")));
    }
    run_settle(r);
}

void warden_run_ready(struct warden_run *r)
{
    if (sy_weak(SY_WEAK_SUBJECT_EARLY) && r->unknown) {
        r->due_ns = sy_mono_ns();
        run_finish(r);
        return;
    }
    if (r->settle_timer == 0) {
        run_finish(r);
    }
}

/* --- starting --------------------------------------------------------------------------------------- */

#ifndef SY_BENCH_BUILD
static void run_settle_time(void *ctx)
{
    struct warden_run *r = ctx;
    r->settle_timer = 0;
    run_finish(r);
}
#endif

/* The slot begins: from here on everything that can be seen happens on the clock. */
static sy_status start_slot(struct warden_run *r)
{
    r->due_ns = sy_mono_ns();
#ifndef SY_BENCH_BUILD
    if (sy_weak(SY_WEAK_NO_SLOTS)) {
        return SY_OK;
    }
    uint64_t slot = r->model.facts.size.slot_ms * MS;
    uint64_t tail = slot > 2 * SLOT_TAIL_NS ? SLOT_TAIL_NS : slot / 2;
    r->settle_timer = warden_timer_add(r->w->loop, r->due_ns + slot - tail, run_settle_time, r);
    r->due_ns += slot;
    return r->settle_timer != 0 ? SY_OK : sy_status_of(SY_E_BUSY);
#else
    return SY_OK;
#endif
}

/* The noise of this charge and no other: the salt is its own, the question names plan, parameters and
 * data versions. The epoch is the charge's: whoever resumes it, a promoted standby too, comes to the
 * same figures, so that one charge never has two answers. */
static sy_status make_seed(struct warden_run *r)
{
    struct vault_secret key = {0};
    SY_TRY(vault_secret_new(MECH_SEED_BYTES, &r->seed));
    SY_TRY(vault_noise_key(r->w->vault, r->row.epoch == 0 ? 1 : r->row.epoch, &key));
    mech_seed(key.p, r->row.salt, r->row.question, r->seed.p);
    vault_secret_free(&key);
    return SY_OK;
}

static sy_status read_charge(struct warden_run *r, struct sy_error *err)
{
    struct rules_key key = rules_key_charge(r->charge);
    struct sy_view value;
    if (!rules_state_get(r->w->state, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_INTERNAL, "charge", NULL);
    }
    struct sy_view copy = sy_arena_copy(&r->arena, value);
    return sy_record_decode(&sy_row_charge_desc, copy, &SY_MP_LARGE, &r->arena, &r->row, err);
}

/* A buyer's answer says beside it whose it is. */
static void fix_length(struct warden_call *c, const struct rules_plan_facts *facts)
{
    c->reply_bytes = facts->reply_bytes + (warden_is_product_call(c) ? SY_REPLY_BLOCK : 0);
}

static sy_status run_begin(struct warden_run *r, struct sy_error *err)
{
    SY_TRY(read_charge(r, err));
    SY_TRY(warden_run_rows(r, err));
    if (r->rerun == 0) {
        fix_length(r->call, &r->model.facts);
    }
    SY_TRY(start_slot(r));
    SY_TRY(make_seed(r));
    SY_TRY(warden_run_sources(r, err));
    SY_TRY(warden_run_subject(r, err));
    return warden_run_work(r, err);
}

void warden_run_start(struct warden_call *c, const struct warden_run_ask *ask)
{
    struct sy_error err = {0};
    struct warden_run *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        not_recorded(c);
        return;
    }
    *r = (struct warden_run){.w = c->w,
                             .call = c,
                             .charge = ask->charge,
                             .rerun = ask->rerun,
                             .time = ask->time,
                             .feed_sock = -1,
                             .arena = {.ceiling = SY_RESULT_BYTES, .wipe = true},
                             .early = {.ceiling = SY_JOB_MESSAGE_MAX, .wipe = true},
                             .next = c->w->runs};
    c->w->runs = r;
    c->entries[0] = ask->rerun != 0 ? ask->rerun : ask->charge;
    c->n_entries = 1;
    sy_status s = run_begin(r, &err);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_WARN, "run not started", SY_LOGF_CODE(s.code),
               SY_LOGF_ID("field", sy_view_str(err.field)));
        r->job.ended = true;
        r->cause = "start";
        r->failed = s.code;
        warden_run_ready(r);
    }
}

static void run_start(struct warden_call *c, uint64_t charge)
{
    struct warden_run_ask ask = {.charge = charge, .time = c->inputs.time};
    warden_run_start(c, &ask);
}

/* --- the method ---------------------------------------------------------------------------------------- */

/* Are the shares there that open the plan's datasets? Of the model's grant, whatever grant the header names. Asked before
 * anything is charged; a grant that is not in force has none, and the rules say so. NULL: all there; else a reason. */
static const char *lacks_shares(struct warden_call *c, const struct rules_model *m)
{
    static const char plain[] = "the grant's key shares are not deposited";
    struct sy_party p;
    struct sy_view whose = {0};
    if (sy_view_is(m->grant.row.status, "active")) {
        whose = warden_share_missing(c, &m->grant);
    }
    if (whose.n == 0) {
        return NULL;
    }
    bool agency = warden_party(c->w, whose, &c->arena, &p) && sy_view_is(p.role, "agency");
    const char *reason = sy_arena_printf(&c->arena, "%s: ask %.*s to %s", plain, SY_PV(whose),
                                         agency ? "suspend and resume the scene" : "consent again");
    return reason == NULL ? plain : reason;
}

/* The model that is asked for, as it stands now. */
static sy_status asked_model(struct warden_call *c, struct rules_model *ret)
{
    uint8_t id[32];
    SY_TRY(rules_asked_model(c->w->state, &c->request.header, &c->arena, id, NULL));
    return rules_model_read(c->w->state, id, &c->arena, ret, NULL);
}

bool warden_run_prepare(struct warden_call *c)
{
    struct rules_model m;
    const char *lacks = NULL;
    /* more at once would only make each other overrun their slots, which is charged */
    static const struct warden_room room = {.in_all = 8, .of_party = 4};
    if (!warden_call_room(c, &room)) {
        return false;
    }
    randombytes_buf(c->inputs.salt, sizeof(c->inputs.salt));
    sy_status s = asked_model(c, &m);
    c->waits = sy_ok(s) ? rules_model_waits(&m) : warden_witness_asked(c->w);
    if (sy_ok(s)) {
        s = rules_run_data(c->w->state, &m.plan, &c->arena, &c->inputs.data, &c->inputs.n_data,
                           NULL);
    }
    if (!sy_ok(s)) { /* the rules say what is missing */
        c->inputs.data = NULL;
        c->inputs.n_data = 0;
    } else if ((lacks = lacks_shares(c, &m)) != NULL) {
        warden_call_clear(c, SY_E_SHARE, lacks);
        return false;
    }
    return true;
}

bool warden_run_is_active(const struct warden *w, uint64_t charge, uint64_t rerun)
{
    for (const struct warden_run *r = w->runs; r != NULL; r = r->next) {
        if (r->charge == charge && r->rerun == rerun) {
            return true;
        }
    }
    return false;
}

void warden_run_busy(struct warden_call *c)
{
    struct sy_error err = {0};
    sy_fail(&err, SY_E_BUSY, NULL, "this run is under way; ask again with the same envelope");
    warden_call_refuse(c, &err);
}

/* The proofs of an answer: its charge, itself, and when it is given again to another request, that
 * request's own entry. Without the last nobody could tell it from an old reply that is replayed. Of a buyer's call
 * its own entry and the answer: the charge may be another buyer's, who is nobody's business. */
static void prove_answer(struct warden_call *c, uint64_t charge, uint64_t answer)
{
    uint64_t own = c->entries[0];
    bool again = c->decision.verdict.stored != 0;
    c->entries[0] = again && warden_is_product_call(c) ? own : charge;
    c->entries[1] = answer;
    c->n_entries = 2;
    if (again && !warden_is_product_call(c)) {
        c->entries[c->n_entries++] = own;
    }
}

/* Give a stored answer again: the bytes whose commitment the answer entry holds. */
static void give_stored(struct warden_call *c, uint64_t answer_entry)
{
    struct sy_error err = {0};
    struct sy_event event;
    sy_status s = warden_entry_event(c->w, answer_entry, &c->arena, &event, &err);
    if (!sy_ok(s)) {
        warden_call_refuse(c, &err);
        return;
    }
    /* its slot has not ended: nobody hears of it before, by whatever door */
    if (warden_run_is_active(c->w, event.inputs.charge, 0)) {
        warden_run_busy(c);
        return;
    }
    prove_answer(c, event.inputs.charge, answer_entry);
    if (!warden_hold(c, give)) {
        give(c);
    }
}

static void set_reply_length(struct warden_call *c)
{
    struct rules_model m;
    if (sy_ok(asked_model(c, &m))) {
        fix_length(c, &m.facts);
    }
}

void warden_run_done(struct warden_call *c)
{
    if (c->decision.verdict.stored != 0) {
        set_reply_length(c);
        give_stored(c, c->decision.verdict.stored - 1);
    } else {
        run_start(c, c->entries[0]);
    }
}

void warden_run_again(struct warden_call *c)
{
    if (c->decision.kind == RULES_KIND_RESUME) {
        warden_run_is_active(c->w, c->decision.entry, 0) ? warden_run_busy(c)
                                                         : run_start(c, c->decision.entry);
        return;
    }
    set_reply_length(c);
    uint64_t stored = c->decision.verdict.stored;
    give_stored(c, stored != 0 ? stored - 1 : c->decision.entry);
}

static bool of_grant(const struct warden_run *r, const uint8_t id[32])
{
    return memcmp(r->row.grant, id, 32) == 0;
}

/* A withdrawn product answers no buyer; an auditor's re-run of what it did answer is none of its. */
static bool of_product(const struct warden_run *r, const uint8_t id[32])
{
    return r->rerun == 0 && memcmp(r->row.product, id, 32) == 0;
}

static void stop_where(struct warden *w, bool (*is)(const struct warden_run *, const uint8_t *),
                       const uint8_t id[32])
{
    for (struct warden_run *r = w->runs, *next; r != NULL; r = next) {
        next = r->next;
        if (!r->finished && is(r, id)) {
            r->cause = "stopped";
            r->stopped = true;
            run_finish(r);
        }
    }
}

void warden_runs_stop(struct warden *w, const uint8_t grant[32])
{
    stop_where(w, of_grant, grant);
    warden_exposures_stop(w, grant);
    warden_product_tests_stop(w, grant);
}

bool warden_runs_hold(const struct warden *w, const uint8_t grant[32])
{
    const struct warden_run *r = w->runs;
    while (r != NULL && !warden_run_holds(r, grant)) {
        r = r->next;
    }
    return r != NULL || warden_exposures_hold(w, grant) || warden_product_tests_hold(w, grant);
}

void warden_product_stop(struct warden *w, const uint8_t product[32])
{
    stop_where(w, of_product, product);
}
