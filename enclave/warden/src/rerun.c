/*
 * What: audit.rerun: an answered charge is run again, by the steps of any run, and the commitment of what comes
 * out is compared with the one that was logged. Invariants: only the outcome leaves, in a reply of one length,
 * at the end of the same slot; nothing is charged, stored or counted; the outcome is an entry of its own before
 * it is told, and there is one for each request. Why a re-run was not possible is told only where no protected
 * row decides it.
 */
#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "rules/model.h"
#include "warden/record.h"
#include "warden/run.h"
#include "warden/work.h"

/* Two proofs and a few numbers. */
enum { REPLY_BYTES = RULES_PROOF_BYTES + SY_REPLY_BLOCK, ACT_BYTES = 1024 };

/* --- the outcome -------------------------------------------------------------------------------------- */

static bool caused_by(const struct warden_run *r, const char *cause)
{
    return r->cause != NULL && strcmp(r->cause, cause) == 0;
}

/* What the worker or the release ran into may depend on data: one code for all of it. */
static uint64_t why_unable(const struct warden_run *r)
{
    if (caused_by(r, "start")) {
        return (uint64_t)r->failed;
    }
    if (caused_by(r, "stopped")) {
        return SY_E_GRANT;
    }
    bool spoilt = caused_by(r, "feed") && r->worked.code == SY_E_TAMPERED;
    return spoilt ? SY_E_TAMPERED
                  : SY_E_REFUSED; /* stored bytes are ciphertext to whoever spoilt them */
}

static sy_status read_answer(struct warden_run *r, struct sy_event *ret)
{
    struct sy_row_answer row;
    bool answered;
    SY_TRY(rules_charge_answer(r->w->state, r->charge, &row, &answered, NULL));
    if (!answered) {
        return sy_status_of(SY_E_INTERNAL); /* then the rules would not have let it be run again */
    }
    return warden_entry_event(r->w, row.entry, &r->call->arena, ret, NULL);
}

static sy_status compare(struct warden_run *r, struct sy_reran *ret)
{
    struct sy_event answer;
    uint8_t commit[32];
    if (r->answer.n == 0) {
        ret->outcome = sy_view_str("unable");
        ret->code = why_unable(r);
        return SY_OK;
    }
    SY_TRY(read_answer(r, &answer));
    proof_answer_commit(commit, r->row.salt, r->answer);
    bool same = sodium_memcmp(commit, answer.inputs.commit, sizeof(commit)) == 0;
    ret->outcome = sy_view_str(same ? "match" : "mismatch");
    return SY_OK;
}

uint64_t warden_rerun_settle(struct warden_run *r)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(ACT_BYTES);
    struct sy_reran act = {.charge = r->charge, .rerun = r->rerun};
    struct sy_inputs in = {0};
    uint64_t entry = 0;
    sy_status s = compare(r, &act);
    s = sy_ok(s) ? sy_record_encode(&sy_reran_desc, &act, &b) : s;
    s = sy_ok(s) ? warden_act(r->w, "audit.reran", NULL, sy_buf_view(&b), &in, &entry, NULL) : s;
    if (!sy_ok(s)) { /* it stays open: the same envelope runs it again */
        sy_log(SY_LOG_ERROR, "re-run not recorded", SY_LOGF_CODE(s.code));
        return 0;
    }
    if (sy_view_is(act.outcome, "mismatch")) {
        sy_log(SY_LOG_ERROR, "an answer is not what its charge gives",
               SY_LOGF_N("charge", r->charge));
    }
    return entry;
}

/* --- telling it --------------------------------------------------------------------------------------- */

static sy_status read_result(struct warden_call *c, struct sy_row_rerun *row,
                             struct sy_rerun_result *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_rerun(c->entries[0]);
    SY_TRY(rules_state_read(c->w->state, rules_key_view(&key), &sy_row_rerun_desc, &c->arena, row,
                            err));
    struct sy_row_answer answer;
    bool answered;
    SY_TRY(rules_charge_answer(c->w->state, row->charge, &answer, &answered, err));
    if (!answered) {
        return sy_fail(err, SY_E_INTERNAL, "charge", "it was run again, and has no answer");
    }
    *ret = (struct sy_rerun_result){
        .answer = answer.entry, .charge = row->charge, .code = row->code, .outcome = row->outcome};
    return SY_OK;
}

void warden_rerun_say(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_row_rerun row;
    struct sy_rerun_result result;
    sy_status s = read_result(c, &row, &result, &err);
    if (!sy_ok(s)) {
        warden_call_refuse(c, &err);
        return;
    }
    c->entries[1] = row.reran;
    c->n_entries = 2;
    warden_call_record(c, &sy_rerun_result_desc, &result);
}

/* --- the method --------------------------------------------------------------------------------------- */

bool warden_rerun_prepare(struct warden_call *c)
{
    /* each takes a worker beside those of the runs that somebody pays for */
    static const struct warden_room room = {.in_all = 2, .of_party = 1};
    return warden_call_room(c, &room);
}

void warden_rerun_done(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_rerun a;
    struct sy_event charge;
    c->reply_bytes = REPLY_BYTES;
    sy_status s =
        sy_record_decode(&sy_rerun_desc, c->request.args, &SY_MP_REQUEST, &c->arena, &a, &err);
    s = sy_ok(s) ? warden_entry_event(c->w, a.charge, &c->arena, &charge, &err) : s;
    if (!sy_ok(s)) {
        warden_call_refuse(c, &err);
        return;
    }
    struct warden_run_ask ask = {
        .charge = a.charge, .rerun = c->entries[0], .time = charge.inputs.time};
    warden_run_start(c, &ask);
}

/* The request was allowed when it came; since then the grant may have been stopped. Nothing is recorded of a
 * re-run that is refused here: it stays open, and a grant that is resumed gives it its outcome. */
static sy_status may_run(struct warden_call *c, uint64_t charge, struct sy_error *err)
{
    struct rules_key key = rules_key_charge(charge);
    struct sy_row_charge row;
    SY_TRY(rules_state_read(c->w->state, rules_key_view(&key), &sy_row_charge_desc, &c->arena, &row,
                            err));
    return rules_rerun_in_force(c->w->state, row.grant, warden_time(c->w), &c->arena, err);
}

/* Recorded before: told, at work, or cut short by a crash. */
void warden_rerun_again(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_row_rerun row;
    struct sy_rerun_result result;
    c->reply_bytes = REPLY_BYTES;
    sy_status s = read_result(c, &row, &result, &err);
    if (!sy_ok(s)) {
        warden_call_refuse(c, &err);
    } else if (warden_run_is_active(c->w, row.charge, c->entries[0])) {
        warden_run_busy(c); /* the outcome may be known already, but its slot has not ended */
    } else if (row.outcome.n > 0) {
        warden_rerun_say(c);
    } else if (!sy_ok(may_run(c, row.charge, &err))) {
        warden_call_refuse(c, &err);
    } else if (!warden_has_room(c->w)) {
        warden_call_clear(c, SY_E_READ_ONLY, "the domain's disk is full: nothing was run");
    } else {
        warden_rerun_done(c);
    }
}
