/*
 * What: the table of methods as the warden carries them out. Who may call what is policies/rules'
 * table; here stands only what has to happen around a decision. A method without a row does not
 * exist, the warden's own acts among them: nobody outside can call those.
 */
#include <string.h>

#include "base/log.h"
#include "exposure.h"
#include "payload.h"
#include "rules/model.h"
#include "warden/log_key.h"
#include "warden/product.h"
#include "warden/reads.h"
#include "warden/record.h"
#include "warden/witness.h"
#include "warden/work.h"

/* --- dataset.define: make the key pair, or take up one that a crash kept from the ledger ------------- */

static const uint8_t *custodian_box(struct warden_call *c, const struct sy_dataset_def *def,
                                    struct sy_party *p)
{
    if (def->custodian.n == 0 || !warden_party(c->w, def->custodian, &c->arena, p)) {
        return NULL;
    }
    return p->box;
}

/* Would the definition be accepted, had it keys? Decided with keys that are made up. */
static bool define_wanted(struct warden_call *c)
{
    struct rules_decision d = {0};
    struct sy_dataset_keys keys;
    memset(&keys, 1, sizeof(keys));
    struct sy_inputs in = c->inputs;
    in.keys = &keys;
    in.n_keys = 1;
    in.time = warden_time(c->w);
    sy_status s = rules_decide(c->w->state, &c->request, &in, &c->arena, &d, NULL);
    return sy_ok(s) && d.kind == RULES_KIND_EVENT && d.verdict.code == 0;
}

static bool define_prepare(struct warden_call *c)
{
    struct sy_dataset_def def;
    struct sy_party custodian;
    sy_status s = sy_record_decode(&sy_dataset_def_desc, c->request.args, &SY_MP_REQUEST, &c->arena,
                                   &def, NULL);
    struct sy_dataset_keys *keys = sy_arena_alloc(&c->arena, 1, sizeof(*keys));
    if (!sy_ok(s) || keys == NULL || !define_wanted(c)) {
        return true;
    }
    const uint8_t *box = custodian_box(c, &def, &custodian);
    s = vault_dataset_create(c->w->vault, def.id, box, keys, NULL);
    if (s.code == SY_E_EXISTS) {
        s = vault_dataset_keys(c->w->vault, def.id, keys, NULL);
    }
    if (sy_ok(s)) {
        c->inputs.keys = keys;
        c->inputs.n_keys = 1;
    } else {
        sy_log(SY_LOG_ERROR, "dataset keys not made", SY_LOGF_CODE(s.code));
    }
    return true;
}

/* --- shares: final review and resumption ---------------------------------------------------------------- */

static bool dataset_keys(struct warden_call *c, struct sy_view dataset, struct sy_dataset_keys *ret)
{
    struct rules_key key = rules_key_id("dataset/", dataset);
    struct sy_row_dataset row;
    sy_status s = rules_state_read(c->w->state, rules_key_view(&key), &sy_row_dataset_desc,
                                   &c->arena, &row, NULL);
    if (!sy_ok(s) || row.n_keys != 1) {
        return false;
    }
    *ret = row.keys[0];
    return true;
}

/* The datasets of the proposal or grant that this request is about. */
static bool read_proposal(struct warden_call *c, struct sy_proposal *ret)
{
    static const char *const prefixes[] = {"grant/", "proposal/"};
    struct sy_row_grant grant;
    struct sy_row_proposal filed;
    struct rules_key gk = rules_key_hash(prefixes[0], c->request.header.grant);
    struct rules_key pk = rules_key_hash(prefixes[1], c->request.header.grant);
    struct sy_view bytes = {0};
    if (sy_ok(rules_state_read(c->w->state, rules_key_view(&gk), &sy_row_grant_desc, &c->arena,
                               &grant, NULL))) {
        bytes = grant.proposal;
    } else if (sy_ok(rules_state_read(c->w->state, rules_key_view(&pk), &sy_row_proposal_desc,
                                      &c->arena, &filed, NULL))) {
        bytes = filed.proposal;
    }
    struct sy_view copy = sy_arena_copy(&c->arena, bytes);
    return copy.n > 0 &&
           sy_ok(sy_record_decode(&sy_proposal_desc, copy, &SY_MP_REQUEST, &c->arena, ret, NULL));
}

static const struct sy_share *find_share(const struct sy_shares *given, struct sy_view dataset)
{
    for (size_t i = 0; i < given->n_shares; i++) {
        if (sy_view_eq(given->shares[i].dataset, dataset)) {
            return &given->shares[i];
        }
    }
    return NULL;
}

static bool has_custodian(struct warden_call *c, struct sy_view dataset)
{
    struct rules_key key = rules_key_id("dataset/", dataset);
    struct sy_row_dataset row;
    struct sy_dataset_def def;
    return sy_ok(rules_state_read(c->w->state, rules_key_view(&key), &sy_row_dataset_desc,
                                  &c->arena, &row, NULL)) &&
           sy_ok(sy_record_decode(&sy_dataset_def_desc, row.def, &SY_MP_LARGE, &c->arena, &def,
                                  NULL)) &&
           def.custodian.n > 0;
}

/* Every dataset with a custodian needs a share that fits the ledger's commitment; with `deposit` it
 * is kept, bound to the grant. */
static bool shares_fit(struct warden_call *c, bool deposit)
{
    struct sy_proposal p;
    struct sy_shares given = {0};
    if (!read_proposal(c, &p) ||
        (c->opened.secret.n > 0 &&
         !sy_ok(sy_record_decode(&sy_shares_desc, c->opened.secret, &SY_MP_REQUEST, &c->arena,
                                 &given, NULL)))) {
        return false;
    }
    for (size_t i = 0; i < p.n_datasets; i++) {
        struct sy_view dataset = p.datasets[i].dataset;
        struct sy_dataset_keys keys;
        const struct sy_share *share = find_share(&given, dataset);
        if (!has_custodian(c, dataset)) {
            continue;
        }
        if (share == NULL || !dataset_keys(c, dataset, &keys) ||
            !vault_share_ok(&keys, share->share)) {
            return false;
        }
        if (deposit && !sy_ok(vault_deposit(c->w->vault, c->request.header.grant, dataset, &keys,
                                            share->share, NULL))) {
            return false;
        }
    }
    return true;
}

static bool shares_prepare(struct warden_call *c)
{
    c->inputs.share_ok = shares_fit(c, false);
    return true;
}

static bool is_grant_active(struct warden_call *c)
{
    struct rules_key key = rules_key_hash("grant/", c->request.header.grant);
    struct sy_row_grant row;
    return sy_ok(rules_state_read(c->w->state, rules_key_view(&key), &sy_row_grant_desc, &c->arena,
                                  &row, NULL)) &&
           sy_view_is(row.status, "active");
}

/* The grant is in the ledger; now its shares go into the key store. If this is cut short, the
 * custodian sends the same request again (`again`), which deposits them then. */
static void shares_done(struct warden_call *c)
{
    struct sy_error err = {0};
    if (is_grant_active(c) && !shares_fit(c, true)) {
        sy_fail(&err, SY_E_SHARE, NULL, "the shares could not be kept; send the request again");
        warden_call_refuse(c, &err);
        return;
    }
    warden_note(c->w);
    warden_call_result(c, (struct sy_view){0});
}

/* --- orders ------------------------------------------------------------------------------------------------ */

/* Suspension and revocation bite at once: shares are gone and workers are ended before the order is
 * even acknowledged. */
static void stop_done(struct warden_call *c)
{
    struct sy_error err = {0};
    sy_status s = SY_OK;
    if (!is_grant_active(c)) { /* repeated after a resumption, it must not bite again */
        warden_runs_stop(c->w, c->request.header.grant);
        s = warden_forget_grant(c->w, c->request.header.grant);
    }
    if (!sy_ok(s)) {
        sy_fail(&err, s.code, NULL, "the order stands, but shares are left; send it again");
        warden_call_refuse(c, &err);
        return;
    }
    warden_note(c->w);
    warden_call_result(c, (struct sy_view){0});
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
    {"scene.consent", NULL, NULL, NULL, NULL},
    {"scene.exposure", warden_exposure_prepare, warden_exposure_done, NULL, warden_exposure_again},
    {"scene.final_review", shares_prepare, shares_done, NULL, NULL},
    {"scene.lift", NULL, NULL, NULL, NULL},
    {"scene.meter", NULL, NULL, warden_read_meter, NULL},
    {"scene.suspend", NULL, stop_done, NULL, NULL},
    {"scene.resume", shares_prepare, shares_done, NULL, NULL},
    {"scene.revoke", NULL, stop_done, NULL, NULL},
    {"disclose.publish", NULL, NULL, NULL, NULL},
    {"drill.record", NULL, NULL, NULL, NULL},
    {"due.list", NULL, NULL, warden_read_due, NULL},
    {"emergency.plan", NULL, NULL, NULL, NULL},
    {"evaluate.record", NULL, NULL, NULL, NULL},
    {"incident.close", NULL, NULL, NULL, NULL},
    {"incident.report", NULL, NULL, NULL, NULL},
    {"incident.update", NULL, NULL, NULL, NULL},
    {"inspect.close", NULL, NULL, NULL, NULL},
    {"inspect.finding", NULL, NULL, NULL, NULL},
    {"inspect.mend", NULL, NULL, NULL, NULL},
    {"inspect.open", NULL, NULL, NULL, NULL},
    {"order.cancel", NULL, NULL, NULL, NULL},
    {"order.correct", NULL, NULL, NULL, NULL},
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
