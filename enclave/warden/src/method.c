/*
 * What: the table of methods as the warden carries them out. Who may call what is policies/rules'
 * table; here stands only what has to happen around a decision. A method without a row does not
 * exist, the warden's own acts among them: nobody outside can call those.
 */
#include <string.h>

#include "base/log.h"
#include "exposure.h"
#include "payload.h"
#include "product_test.h"
#include "rules/custody.h"
#include "rules/model.h"
#include "share.h"
#include "warden/log_key.h"
#include "warden/own.h"
#include "warden/product.h"
#include "warden/reads.h"
#include "warden/record.h"
#include "warden/stop.h"
#include "warden/witness.h"
#include "warden/work.h"
#include "wire/supervise.h"

/* --- dataset.define, own.define: make the keys ---------------------------------------------------------- */

/* The box key of a party, in the call's memory; NULL: there is no such party. */
static const uint8_t *box_of(struct warden_call *c, struct sy_view party)
{
    struct sy_party *p = sy_arena_alloc(&c->arena, 1, sizeof(*p));
    return p != NULL && party.n > 0 && warden_party(c->w, party, &c->arena, p) ? p->box : NULL;
}

/* Whom the shares are for, as the pack has it. */
static struct vault_holders holders_of(struct warden_call *c, const struct sy_dataset_def *def)
{
    bool third = rules_custody_third(c->w->state, def);
    return (struct vault_holders){.custodian = box_of(c, def->custodian),
                                  .department = third ? box_of(c, def->department) : NULL};
}

/* Would the definition be accepted, had it keys? Decided with keys that are made up. */
static bool define_wanted(struct warden_call *c, bool third)
{
    struct rules_decision d = {0};
    struct sy_dataset_keys keys;
    memset(&keys, 1, sizeof(keys));
    memset(keys.department, third ? 1 : 0, sizeof(keys.department));
    struct sy_inputs in = c->inputs;
    in.keys = &keys;
    in.n_keys = 1;
    in.time = warden_time(c->w);
    sy_status s = rules_decide(c->w->state, &c->request, &in, &c->arena, &d, NULL);
    return sy_ok(s) && d.kind == RULES_KIND_EVENT && d.verdict.code == 0;
}

/* Keys that no entry names were left by a crash, or by a disk that was full. Nothing was ever wrapped to them, and their
 * shares are sealed to the holders of the definition that they were made for, which need not be this one: they are
 * erased, never taken up. */
static sy_status keys_anew(struct warden_call *c, const struct sy_dataset_def *def,
                           const struct vault_holders *boxes, struct sy_dataset_keys *ret)
{
    struct rules_key key = rules_key_id("dataset/", def->id);
    struct sy_view value;
    if (rules_state_get(c->w->state, rules_key_view(&key), &value)) {
        return sy_status_of(SY_E_EXISTS); /* what an entry names stays, whatever is asked */
    }
    SY_TRY(vault_dataset_shred(c->w->vault, def->id, NULL));
    return vault_dataset_create(c->w->vault, def->id, boxes, ret, NULL);
}

static bool keys_prepare(struct warden_call *c, const struct sy_dataset_def *def)
{
    struct sy_dataset_keys *keys = sy_arena_alloc(&c->arena, 1, sizeof(*keys));
    struct vault_holders boxes = holders_of(c, def);
    if (keys == NULL || !define_wanted(c, boxes.department != NULL)) {
        return true;
    }
    sy_status s = keys_anew(c, def, &boxes, keys);
    if (sy_ok(s)) {
        c->inputs.keys = keys;
        c->inputs.n_keys = 1;
    } else {
        sy_log(SY_LOG_ERROR, "dataset keys not made", SY_LOGF_CODE(s.code));
    }
    return true;
}

static bool define_prepare(struct warden_call *c)
{
    struct sy_dataset_def def;
    sy_status s = sy_record_decode(&sy_dataset_def_desc, c->request.args, &SY_MP_REQUEST, &c->arena,
                                   &def, NULL);
    return !sy_ok(s) || keys_prepare(c, &def);
}

static bool own_define_prepare(struct warden_call *c)
{
    struct sy_own own;
    sy_status s =
        sy_record_decode(&sy_own_desc, c->request.args, &SY_MP_REQUEST, &c->arena, &own, NULL);
    return !sy_ok(s) || keys_prepare(c, &own.def);
}

/* --- orders ------------------------------------------------------------------------------------------------ */

static bool grant_is(struct warden_call *c, const char *status)
{
    struct rules_key key = rules_key_hash("grant/", c->request.header.grant);
    struct sy_row_grant row;
    return sy_ok(rules_state_read(c->w->state, rules_key_view(&key), &sy_row_grant_desc, &c->arena,
                                  &row, NULL)) &&
           sy_view_is(row.status, status);
}

/* An order that comes again does not undo what was deposited after it. */
static sy_status forget(struct warden_call *c)
{
    const uint8_t *id = c->request.header.grant;
    return grant_is(c, "suspended") ? warden_shares_settle(c->w, id)
                                    : warden_forget_grant(c->w, id);
}

/* Suspension and revocation bite at once: shares are gone and workers are ended before the order is
 * even acknowledged. */
static void stop_done(struct warden_call *c)
{
    struct sy_error err = {0};
    sy_status s = SY_OK;
    if (!grant_is(c, "active")) { /* repeated after a resumption, it must not bite again */
        warden_runs_stop(c->w, c->request.header.grant);
        s = forget(c);
    }
    if (!sy_ok(s)) {
        sy_fail(&err, s.code, NULL, "the order stands, but shares are left; send it again");
        warden_call_refuse(c, &err);
        return;
    }
    warden_note(c->w);
    warden_call_result(c, (struct sy_view){0});
}

/* Acts that stop whatever grants they name, which bit before this (warden/stop.h): what is left to do is said. */
static void stopped_done(struct warden_call *c)
{
    struct sy_stopped r = {.left = warden_stops_left(c->w, c->entries[0])};
    warden_call_record(c, &sy_stopped_desc, &r);
}

/* --- witnesses ------------------------------------------------------------------------------------------- */

/* Asked with the end of this round. Sent again, the same request finds what is in force: nothing changes. */
static void witness_done(struct warden_call *c)
{
    struct sy_error err = {0};
    if (!sy_ok(warden_witness_load(c->w, &err))) {
        warden_call_refuse(c, &err);
        return;
    }
    warden_call_result(c, (struct sy_view){0});
}

static const struct warden_method methods[] = {
    {"audit.rerun", warden_rerun_prepare, warden_rerun_done, NULL, warden_rerun_again},
    {"budget.recover", NULL, NULL, NULL, NULL},
    {"own.confirm", NULL, NULL, NULL, NULL},
    {"own.define", own_define_prepare, NULL, NULL, NULL},
    {"own.put", warden_own_prepare, warden_own_done, NULL, warden_own_again},
    {"party.enrol", NULL, NULL, NULL, NULL},
    {"party.revoke", NULL, NULL, NULL, NULL},
    {"party.rotate", NULL, NULL, NULL, NULL},
    {"staff.enrol", NULL, NULL, NULL, NULL},
    {"staff.revoke", NULL, NULL, NULL, NULL},
    {"staff.rotate", NULL, NULL, NULL, NULL},
    {"staff.train", NULL, NULL, NULL, NULL},
    {"pack.adopt", NULL, NULL, NULL, NULL},
    {"catalog.approve", NULL, NULL, NULL, NULL},
    {"catalog.describe", NULL, NULL, NULL, NULL},
    {"catalog.offer", NULL, NULL, NULL, NULL},
    {"catalog.unoffer", NULL, NULL, NULL, NULL},
    {"catalog.withdraw", NULL, NULL, NULL, NULL},
    {"dataset.define", define_prepare, NULL, NULL, NULL},
    {"dataset.ingest", warden_ingest_prepare, warden_ingest_done, NULL, warden_ingest_again},
    {"dataset.share", NULL, NULL, warden_read_share, NULL},
    {"demand.file", NULL, NULL, NULL, NULL},
    {"demand.review", NULL, NULL, NULL, NULL},
    {"scene.apply", NULL, NULL, NULL, NULL},
    {"scene.first_review", NULL, NULL, NULL, NULL},
    {"scene.comment", NULL, NULL, NULL, NULL},
    {"scene.consent", warden_share_prepare, warden_consent_done, NULL, NULL},
    {"scene.exposure", warden_exposure_prepare, warden_exposure_done, NULL, warden_exposure_again},
    {"scene.final_review", warden_share_prepare, warden_share_done, NULL, NULL},
    {"scene.lift", NULL, NULL, NULL, NULL},
    {"scene.meter", NULL, NULL, warden_read_meter, NULL},
    {"scene.suspend", NULL, stop_done, NULL, NULL},
    {"scene.resume", warden_share_prepare, warden_share_done, NULL, NULL},
    {"scene.revoke", NULL, stop_done, NULL, NULL},
    {"disclose.publish", NULL, NULL, NULL, NULL},
    {"drill.record", NULL, NULL, NULL, NULL},
    {"due.list", NULL, NULL, warden_read_due, NULL},
    {"emergency.plan", NULL, NULL, NULL, NULL},
    {"evaluate.record", NULL, NULL, NULL, NULL},
    {"incident.close", NULL, NULL, NULL, NULL},
    {"incident.report", NULL, stopped_done, NULL, NULL},
    {"incident.update", NULL, stopped_done, NULL, NULL},
    {"inspect.close", NULL, NULL, NULL, NULL},
    {"inspect.finding", NULL, NULL, NULL, NULL},
    {"inspect.mend", NULL, NULL, NULL, NULL},
    {"inspect.open", NULL, NULL, NULL, NULL},
    {"order.cancel", NULL, NULL, NULL, NULL},
    {"order.correct", NULL, stopped_done, NULL, NULL},
    {"order.mend", NULL, NULL, NULL, NULL},
    {"order.mended", NULL, NULL, NULL, NULL},
    {"report.annual", NULL, NULL, NULL, NULL},
    {"model.check", warden_check_prepare, NULL, warden_check_read, NULL},
    {"model.register", warden_register_prepare, warden_register_done, NULL, NULL},
    {"model.review", NULL, NULL, NULL, NULL},
    {"model.run", warden_run_prepare, warden_run_done, NULL, warden_run_again},
    {"subject.ask", warden_subject_prepare, warden_run_done, NULL, warden_run_again},
    {"subject.trail", warden_trail_prepare, warden_trail_done, NULL, NULL},
    {"state.list", NULL, NULL, warden_read_list, NULL},
    {"log.entries", NULL, NULL, warden_read_log, NULL},
    {"log.growth", NULL, NULL, warden_read_growth, NULL},
    {"log.keys", NULL, NULL, warden_read_log_keys, NULL},
    {"log.rotate", warden_rotate_prepare, warden_rotate_done, NULL, NULL},
    {"log.receipt", NULL, NULL, warden_read_receipt, NULL},
    {"payload.erase", warden_erase_prepare, warden_erase_done, NULL, NULL},
    {"payload.read", NULL, warden_payload_read_done, NULL, NULL},
    {"qualify.announce", NULL, NULL, NULL, NULL},
    {"qualify.apply", NULL, NULL, NULL, NULL},
    {"qualify.decide", NULL, NULL, NULL, NULL},
    {"qualify.object", NULL, NULL, NULL, NULL},
    {"qualify.opinion", NULL, NULL, NULL, NULL},
    {"qualify.settle", NULL, NULL, NULL, NULL},
    {"qualify.withdraw", NULL, NULL, NULL, NULL},
    {"agreement.accept", NULL, NULL, NULL, NULL},
    {"agreement.file", NULL, NULL, NULL, NULL},
    {"agreement.offer", NULL, NULL, NULL, NULL},
    {"agreement.terminate", NULL, NULL, NULL, NULL},
    {"product.call", warden_run_prepare, warden_run_done, NULL, warden_run_again},
    {"product.publish", NULL, NULL, NULL, NULL},
    {"product.register", NULL, NULL, NULL, NULL},
    {"product.report", NULL, warden_product_report_done, NULL, NULL},
    {"product.review", NULL, NULL, NULL, NULL},
    {"product.statement", NULL, NULL, warden_read_statement, NULL},
    {"product.submit", NULL, NULL, NULL, NULL},
    {"product.test", warden_product_test_prepare, warden_product_test_done, NULL,
     warden_product_test_again},
    {"product.subscribe", NULL, NULL, NULL, NULL},
    {"product.unsubscribe", NULL, NULL, NULL, NULL},
    {"product.withdraw", NULL, warden_product_withdraw_done, NULL, NULL},
    {"risk.report", NULL, NULL, warden_read_risk, NULL},
    {"status.domain", NULL, NULL, warden_read_status, NULL},
    {"ticket.close", NULL, NULL, NULL, NULL},
    {"ticket.fix", NULL, NULL, NULL, NULL},
    {"ticket.open", NULL, NULL, NULL, NULL},
    {"witness.adopt", NULL, witness_done, NULL, NULL},
    {"witness.status", NULL, NULL, warden_read_witnesses, NULL},
};

const struct warden_method *warden_method_find(struct sy_view name)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (sy_view_is(name, methods[i].name)) {
            return &methods[i];
        }
    }
    return NULL;
}
