/*
 * The table of methods: the permit list of the domain, in one screen. A test prints it into a
 * golden form, so that a change of rights shows as a difference.
 */
#include "method.h"
#include "wire/catalogue.h"
#include "wire/consent.h"
#include "wire/exposure.h"
#include "wire/own.h"
#include "wire/payload.h"
#include "wire/product_test.h"
#include "wire/qualify.h"
#include "wire/staff.h"
#include "wire/supervise.h"
#include "wire/sync.h"

#define READ    RULES_M_READ
#define LOCAL   RULES_M_LOCAL
#define WARDEN  RULES_M_WARDEN
#define SECRET  RULES_M_SECRET
#define GRANT   RULES_M_GRANT
#define SUBJECT RULES_M_SUBJECT
#define NEW     RULES_M_NEW
#define GATE    RULES_M_GATE
#define MEMBER  RULES_M_MEMBER

/* clang-format off */
static const struct method METHODS[] = {
    /* name                  roles                                         flags
     * arguments            event       decide               apply */
    {{"agreement.accept",    "operator developer",                        SUBJECT,         &sy_agreement_accept_desc,"agreement"},decide_agreement_accept,apply_agreement_accept},
    {{"agreement.file",      "operator",                                  SUBJECT,         &sy_agreement_file_desc,"agreement"},decide_agreement_file,apply_agreement_file},
    {{"agreement.offer",     "agency operator",                           0,               &sy_agreement_desc,    "agreement"},decide_agreement_offer,apply_agreement_offer},
    {{"agreement.terminate", "agency operator developer",                 SUBJECT,         &sy_agreement_end_desc,"terminate"},decide_agreement_end,apply_agreement_end},
    {{"audit.reran",         "warden",                                     WARDEN,          &sy_reran_desc,       "reran"},   decide_reran,        apply_reran},
    {{"audit.rerun",         "agency auditor",                             LOCAL,           &sy_rerun_desc,       "rerun"},   decide_rerun,        apply_rerun},
    {{"budget.recover",      "agency",                                     0,               &sy_recover_desc,     "recover"}, decide_recover,      apply_recover},
    {{"catalog.approve",     "agency",                                     0,               &sy_entry_review_desc, "catalogue"}, decide_catalog_approve, apply_catalog_approve},
    {{"catalog.describe",    "department",                                 0,               &sy_entry_desc,       "catalogue"}, decide_describe,    apply_describe},
    {{"catalog.offer",       "operator",                                   0,               &sy_offer_desc,       "catalogue"}, decide_offer,       apply_offer},
    {{"catalog.unoffer",     "operator",                                   0,               &sy_dataset_ref_desc, "catalogue"}, decide_unoffer,     apply_unoffer},
    {{"catalog.withdraw",    "agency department",                          0,               &sy_entry_withdraw_desc, "catalogue"}, decide_catalog_withdraw, apply_catalog_withdraw},
    {{"dataset.define",      "department",                                 0,               &sy_dataset_def_desc, "dataset"}, decide_define,       apply_define},
    {{"dataset.ingest",      "department",                                 LOCAL,           &sy_ingest_desc,      "ingest"},  decide_ingest,       NULL},
    {{"dataset.publish",     "warden",                                     WARDEN,          NULL,                 "publish"}, decide_publish,      apply_publish},
    {{"dataset.share",       "agency department",                          READ,            &sy_dataset_ref_desc, ""},        decide_share,        NULL},
    {{"demand.file",         "operator",                                   0,               &sy_demand_desc,      "demand"},  decide_demand,       apply_demand},
    {{"demand.review",       "agency department",                          0,               &sy_demand_review_desc, "demand"}, decide_demand_review, apply_demand_review},
    {{"disclose.publish",     "agency operator",                            0,               &sy_disclose_publish_desc, "disclosure"}, decide_disclose, apply_disclose},
    {{"domain.promote",      "agency",                                     LOCAL,           &sy_promote_desc,     "promote"}, decide_promote,      apply_promote},
    {{"drill.record",         "agency",                                     0,               &sy_drill_record_desc, "drill"},     decide_drill_record, apply_drill_record},
    {{"due.list",             "",                                           READ,            &sy_due_ask_desc,      ""},          decide_status, NULL},
    {{"emergency.plan",       "agency",                                     0,               &sy_emergency_plan_desc, "drill"},     decide_emergency_plan, apply_emergency_plan},
    {{"evaluate.record",      "agency",                                     0,               &sy_evaluate_desc,     "evaluation"}, decide_evaluate, apply_evaluate},
    {{"genesis",             "agency",                                     NEW,             &sy_genesis_desc,     "genesis"}, decide_genesis,      apply_genesis},
    {{"grant.expire",        "warden",                                     WARDEN | GRANT,  NULL,                 "expire"},  decide_expire,       apply_expire},
    {{"incident.close",       "agency",                                     0,               &sy_incident_close_desc, "incident"},  decide_incident_close, apply_incident_close},
    {{"incident.report",      "",                                           0,               &sy_incident_report_desc, "incident"},  decide_incident_report, apply_incident_report},
    {{"incident.update",      "",                                           0,               &sy_incident_update_desc, "incident"},  decide_incident_update, apply_incident_update},
    {{"inspect.close",        "agency department security",                 0,               &sy_inspect_close_desc, "inspection"}, decide_inspect_close, apply_inspect_close},
    {{"inspect.finding",      "agency department security",                 0,               &sy_inspect_finding_desc, "inspection"}, decide_inspect_finding, apply_inspect_finding},
    {{"inspect.mend",         "developer operator",                         0,               &sy_inspect_mend_desc, "inspection"}, decide_inspect_mend, apply_inspect_mend},
    {{"inspect.open",         "agency department security",                 0,               &sy_inspect_open_desc, "inspection"}, decide_inspect_open, apply_inspect_open},
    {{"job.answer",          "warden",                                     WARDEN,          NULL,                 "answer"},  decide_answer,       apply_answer},
    {{"log.close",           "agency",                                     LOCAL,           &sy_log_close_desc,   "close"},   decide_log_close,    apply_log_close},
    {{"log.entries",         "",                                           READ,            &sy_log_range_desc,   ""},        decide_log,          NULL},
    {{"log.growth",          "",                                           READ,            &sy_log_since_desc,   ""},        decide_status,       NULL},
    {{"log.keys",            "",                                           READ,            NULL,                 ""},        decide_status,       NULL},
    {{"log.open",            "warden",                                     WARDEN,          &sy_log_open_desc,    "open"},    decide_log_open,     apply_log_open},
    {{"log.receipt",         "",                                           READ,            &sy_log_ref_desc,     ""},        decide_status,       NULL},
    {{"log.rotate",          "agency operator",                            0,               &sy_log_rotate_desc,  "log"},     decide_rotate,       apply_rotate},
    {{"model.check",         "developer operator agency",                  READ,            &sy_check_desc,       ""},        decide_check,        NULL},
    {{"model.register",      "developer",                                  GRANT | GATE,    &sy_model_def_desc,   "model"},   decide_register,     apply_register},
    {{"model.review",        "operator",                                   SUBJECT,         &sy_review_desc,      "review"},  decide_model_review, apply_model_review},
    {{"model.run",           "developer",                                  GRANT | SUBJECT | GATE, &sy_run_desc,  "charge"},  decide_run,          apply_run},
    {{"order.cancel",         "agency",                                     0,               &sy_order_cancel_desc, "correction"}, decide_order_cancel, apply_order_cancel},
    {{"order.correct",        "agency department",                          0,               &sy_order_correct_desc, "correction"}, decide_order_correct, apply_order_correct},
    {{"order.mend",           "developer operator",                         0,               &sy_order_mend_desc,   "correction"}, decide_order_mend, apply_order_mend},
    {{"order.mended",         "agency department",                          0,               &sy_order_mended_desc, "correction"}, decide_order_mended, apply_order_mended},
    {{"own.confirm",         "operator",                                   GRANT,           &sy_own_confirm_desc, "own"},     decide_own_confirm,  apply_own_confirm},
    {{"own.define",          "developer",                                  0,               &sy_own_desc,         "own"},     decide_own_define,   apply_own_define},
    {{"own.erased",          "warden",                                     WARDEN | GRANT,  &sy_own_erased_desc,  "own"},     decide_own_erased,   apply_own_erased},
    {{"own.put",             "developer",                                  GRANT | SECRET | GATE, &sy_own_put_desc, "own"},   decide_own_put,      apply_own_put},
    {{"pack.adopt",          "agency",                                     0,               &sy_pack_adopt_desc,  "pack"},    decide_pack,         apply_pack},
    {{"party.enrol",         "developer department security auditor buyer issuer", NEW,     &sy_enrol_desc,       "enrol"},   decide_enrol,        apply_enrol},
    {{"party.revoke",        "agency",                                     0,               &sy_party_revoke_desc, "party"},  decide_party_revoke, apply_party_revoke},
    {{"party.rotate",        "",                                           0,               &sy_new_keys_desc,    "party"},   decide_party_rotate, apply_party_rotate},
    {{"payload.erase",       "agency",                                     SECRET,          &sy_erase_desc,       "erase"},   decide_erase,        apply_erase},
    {{"payload.read",        "agency auditor",                             0,               &sy_payload_read_desc, "disclose"}, decide_payload_read, NULL},
    {{"product.call",        "buyer",                                      GRANT | SUBJECT, &sy_product_call_desc, "charge"}, decide_product_call, apply_product_call},
    {{"product.publish",     "agency",                                     SUBJECT,         NULL,                 "product"}, decide_product_publish, apply_product_publish},
    {{"product.register",    "agency operator",                            SUBJECT,         &sy_product_codes_desc, "product"}, decide_product_register, apply_product_register},
    {{"product.report",      "agency security",                            SUBJECT,         NULL,                 "product"}, decide_product_report, apply_product_report},
    {{"product.review",      "agency security",                            SUBJECT,         &sy_product_review_desc, "review"}, decide_product_review, apply_product_review},
    {{"product.statement",   "buyer developer operator agency auditor",    READ | SUBJECT,  &sy_product_month_desc, ""},      decide_product_statement, NULL},
    {{"product.submit",      "developer operator",                         GRANT,           &sy_product_desc,     "product"}, decide_product_submit, apply_product_submit},
    {{"product.subscribe",   "buyer",                                      SUBJECT,         &sy_subscribe_desc,   "subscribe"}, decide_product_subscribe, apply_product_subscribe},
    {{"product.test",        "agency operator",                            SUBJECT,         NULL,                 "product"}, decide_product_test, apply_product_test},
    {{"product.tested",      "warden",                                     WARDEN,          &sy_product_tested_desc, "product"}, decide_product_tested, apply_product_tested},
    {{"product.unsubscribe", "buyer agency",                               SUBJECT,         &sy_unsubscribe_desc, "subscribe"}, decide_product_unsubscribe, apply_product_unsubscribe},
    {{"product.withdraw",    "developer agency security department",       SUBJECT,         &sy_order_desc,       "product"}, decide_product_withdraw, apply_product_withdraw},
    {{"qualify.announce",    "agency operator",                           0,               &sy_announcement_desc, "announce"}, decide_announce,     apply_announce},
    {{"qualify.apply",       "operator developer",                        0,               &sy_qualify_apply_desc,"qualify"},  decide_qualify,      apply_qualify},
    {{"qualify.decide",      "agency operator",                           SUBJECT,         &sy_qualify_decide_desc,"decide"},   decide_qualify_decide,apply_qualify_decide},
    {{"qualify.object",      "",                                          SUBJECT,         &sy_qualify_object_desc,"object"},   decide_qualify_object,apply_qualify_object},
    {{"qualify.opinion",     "agency operator",                           SUBJECT,         &sy_qualify_opinion_desc,"opinion"},  decide_qualify_opinion,apply_qualify_opinion},
    {{"qualify.settle",      "agency",                                    SUBJECT,         &sy_qualify_settle_desc,"settle"},   decide_qualify_settle,apply_qualify_settle},
    {{"qualify.withdraw",    "operator developer",                        SUBJECT,         &sy_qualify_withdraw_desc,"qualify"},  decide_qualify_withdraw,apply_qualify_withdraw},
    {{"report.annual",        "operator",                                   0,               &sy_annual_report_desc, "annual"},    decide_annual, apply_annual},
    {{"risk.report",         "agency operator security",                   READ,            NULL,                 ""},        decide_status,       NULL},
    {{"scene.apply",         "developer",                                  0,               &sy_proposal_desc,    "apply"},   decide_scene,        apply_scene},
    {{"scene.comment",       "developer operator department agency",       GRANT,           &sy_comment_desc,     "comment"}, decide_comment,      apply_comment},
    {{"scene.consent",       "department",                                 GRANT | SECRET,  &sy_review_desc,      "review"},  decide_consent,      apply_consent},
    {{"scene.exposure",      "agency operator",                            GRANT,           &sy_exposure_ask_desc, "exposure"}, decide_exposure,   apply_exposure},
    {{"scene.final_review",  "agency",                                     GRANT | SECRET,  &sy_review_desc,      "review"},  decide_final_review, apply_final_review},
    {{"scene.first_review",  "operator",                                   GRANT,           &sy_review_desc,      "review"},  decide_first_review, apply_first_review},
    {{"scene.lift",          "agency operator department security developer", GRANT,        &sy_order_desc,       "lift"},    decide_lift,         apply_lift},
    {{"scene.meter",         "agency operator department developer",       READ | GRANT,    NULL,                 ""},        decide_meter,        NULL},
    {{"scene.resume",        "agency",                                     GRANT | SECRET,  &sy_order_desc,       "resume"},  decide_resume,       apply_resume},
    {{"scene.revoke",        "agency operator department security developer", GRANT,        &sy_order_desc,       "revoke"},  decide_revoke,       apply_revoke},
    {{"scene.suspend",       "agency operator department security developer", GRANT,        &sy_order_desc,       "suspend"}, decide_suspend,      apply_suspend},
    {{"staff.enrol",         "",                                           NEW | MEMBER,    &sy_staff_enrol_desc, "staff"},   decide_staff_enrol,  apply_staff_enrol},
    {{"staff.revoke",        "",                                           0,               &sy_staff_revoke_desc, "staff"},  decide_staff_revoke, apply_staff_revoke},
    {{"staff.rotate",        "",                                           0,               &sy_new_keys_desc,    "staff"},   decide_staff_rotate, apply_staff_rotate},
    {{"staff.train",         "",                                           0,               &sy_staff_train_desc, "staff"},   decide_staff_train,  apply_staff_train},
    {{"state.list",          "",                                           READ,            &sy_list_desc,        ""},        decide_list,         NULL},
    {{"status.domain",       "",                                           READ,            NULL,                 ""},        decide_status,       NULL},
    {{"subject.ask",         "developer",                                  GRANT | SUBJECT | SECRET | GATE, &sy_subject_ask_desc, "charge"}, decide_subject,    apply_subject},
    {{"subject.trail",       "agency",                                     SECRET,          &sy_trail_ask_desc,   "disclose"}, decide_trail,       NULL},
    {{"ticket.close",        "agency developer operator",                  0,               &sy_ticket_close_desc, "ticket"}, decide_ticket_close, apply_ticket_close},
    {{"ticket.fix",          "department",                                 0,               &sy_ticket_fix_desc,  "ticket"},  decide_ticket_fix,   apply_ticket_fix},
    {{"ticket.open",         "developer operator",                         GRANT,           &sy_ticket_desc,      "ticket"},  decide_ticket_open,  apply_ticket_open},
    {{"sync.delivered",      "warden",                                     WARDEN,          &sy_sync_act_desc,    "sync"},    decide_delivered,    apply_delivered},
    {{"sync.pulled",         "warden",                                     WARDEN,          &sy_sync_act_desc,    "sync"},    decide_pulled,       apply_pulled},
    {{"witness.adopt",       "agency",                                     0,               &sy_witness_adopt_desc, "witness"}, decide_witness,   apply_witness},
    {{"witness.status",      "",                                           READ,            NULL,                 ""},        decide_status,       NULL},
};
/* clang-format on */

enum { N_METHODS = sizeof(METHODS) / sizeof(METHODS[0]) };

const struct method *method_find(struct sy_view name)
{
    for (size_t i = 0; i < N_METHODS; i++) {
        if (name.n > 0 && METHODS[i].pub.name[0] == (char)name.p[0] &&
            sy_view_is(name, METHODS[i].pub.name)) {
            return &METHODS[i];
        }
    }
    return NULL;
}

const struct method *request_method(const struct rules_request *req)
{
    bool known = req->facts != NULL && req->facts->method != NULL;
    return known ? req->facts->method : method_find(req->header.method);
}

const struct rules_method *rules_method_find(struct sy_view name)
{
    const struct method *m = method_find(name);
    return m == NULL ? NULL : &m->pub;
}

const struct rules_method *rules_method_at(size_t i)
{
    return i < N_METHODS ? &METHODS[i].pub : NULL;
}

bool rules_method_allows(const struct rules_method *m, struct sy_view role)
{
    return m->roles[0] == '\0' ? !sy_view_is(role, "warden") : word_in(role, m->roles);
}
