/*
 * The table of methods: the permit list of the domain, in one screen. A test prints it into a
 * golden form, so that a change of rights shows as a difference.
 */
#include "method.h"
#include "wire/consent.h"
#include "wire/exposure.h"
#include "wire/payload.h"

#define READ    RULES_M_READ
#define LOCAL   RULES_M_LOCAL
#define WARDEN  RULES_M_WARDEN
#define SECRET  RULES_M_SECRET
#define GRANT   RULES_M_GRANT
#define SUBJECT RULES_M_SUBJECT
#define NEW     RULES_M_NEW
#define GATE    RULES_M_GATE

/* clang-format off */
static const struct method METHODS[] = {
    /* name                  roles                                         flags
     * arguments            event       decide               apply */
    {{"audit.reran",         "warden",                                     WARDEN,          &sy_reran_desc,       "reran"},   decide_reran,        apply_reran},
    {{"audit.rerun",         "agency auditor",                             LOCAL,           &sy_rerun_desc,       "rerun"},   decide_rerun,        apply_rerun},
    {{"budget.recover",      "agency",                                     0,               &sy_recover_desc,     "recover"}, decide_recover,      apply_recover},
    {{"dataset.define",      "department",                                 0,               &sy_dataset_def_desc, "dataset"}, decide_define,       apply_define},
    {{"dataset.ingest",      "department",                                 LOCAL,           &sy_ingest_desc,      "ingest"},  decide_ingest,       NULL},
    {{"dataset.publish",     "warden",                                     WARDEN,          NULL,                 "publish"}, decide_publish,      apply_publish},
    {{"dataset.share",       "agency department",                          READ,            &sy_dataset_ref_desc, ""},        decide_share,        NULL},
    {{"domain.promote",      "agency",                                     LOCAL,           &sy_promote_desc,     "promote"}, decide_promote,      apply_promote},
    {{"genesis",             "agency",                                     NEW,             &sy_genesis_desc,     "genesis"}, decide_genesis,      apply_genesis},
    {{"grant.expire",        "warden",                                     WARDEN | GRANT,  NULL,                 "expire"},  decide_expire,       apply_expire},
    {{"job.answer",          "warden",                                     WARDEN,          NULL,                 "answer"},  decide_answer,       apply_answer},
    {{"log.entries",         "",                                           READ,            &sy_log_range_desc,   ""},        decide_log,          NULL},
    {{"log.growth",          "",                                           READ,            &sy_log_since_desc,   ""},        decide_status,       NULL},
    {{"log.keys",            "",                                           READ,            NULL,                 ""},        decide_status,       NULL},
    {{"log.receipt",         "",                                           READ,            &sy_log_ref_desc,     ""},        decide_status,       NULL},
    {{"log.rotate",          "agency operator",                            0,               &sy_log_rotate_desc,  "log"},     decide_rotate,       apply_rotate},
    {{"model.check",         "developer operator agency",                  READ,            &sy_check_desc,       ""},        decide_check,        NULL},
    {{"model.register",      "developer",                                  GRANT | GATE,    &sy_model_def_desc,   "model"},   decide_register,     apply_register},
    {{"model.review",        "operator",                                   SUBJECT,         &sy_review_desc,      "review"},  decide_model_review, apply_model_review},
    {{"model.run",           "developer",                                  GRANT | SUBJECT | GATE, &sy_run_desc,  "charge"},  decide_run,          apply_run},
    {{"pack.adopt",          "agency",                                     0,               &sy_pack_adopt_desc,  "pack"},    decide_pack,         apply_pack},
    {{"party.enrol",         "developer department security auditor buyer issuer", NEW,     &sy_enrol_desc,       "enrol"},   decide_enrol,        apply_enrol},
    {{"payload.erase",       "agency",                                     SECRET,          &sy_erase_desc,       "erase"},   decide_erase,        apply_erase},
    {{"payload.read",        "agency auditor",                             0,               &sy_payload_read_desc, "disclose"}, decide_payload_read, NULL},
    {{"risk.report",         "agency operator security",                   READ,            NULL,                 ""},        decide_status,       NULL},
    {{"scene.apply",         "developer",                                  0,               &sy_proposal_desc,    "apply"},   decide_scene,        apply_scene},
    {{"scene.consent",       "department",                                 GRANT,           &sy_review_desc,      "review"},  decide_consent,      apply_consent},
    {{"scene.exposure",      "agency operator",                            GRANT,           &sy_exposure_ask_desc, "exposure"}, decide_exposure,   apply_exposure},
    {{"scene.final_review",  "agency",                                     GRANT | SECRET,  &sy_review_desc,      "review"},  decide_final_review, apply_final_review},
    {{"scene.first_review",  "operator",                                   GRANT,           &sy_review_desc,      "review"},  decide_first_review, apply_first_review},
    {{"scene.resume",        "agency",                                     GRANT | SECRET,  &sy_order_desc,       "resume"},  decide_resume,       apply_resume},
    {{"scene.revoke",        "agency operator department security developer", GRANT,        &sy_order_desc,       "revoke"},  decide_revoke,       apply_revoke},
    {{"scene.suspend",       "agency operator department security developer", GRANT,        &sy_order_desc,       "suspend"}, decide_suspend,      apply_suspend},
    {{"state.list",          "",                                           READ,            &sy_list_desc,        ""},        decide_list,         NULL},
    {{"status.domain",       "",                                           READ,            NULL,                 ""},        decide_status,       NULL},
    {{"subject.ask",         "developer",                                  GRANT | SUBJECT | SECRET | GATE, &sy_subject_ask_desc, "charge"}, decide_subject,    apply_subject},
    {{"subject.trail",       "agency",                                     SECRET,          &sy_trail_ask_desc,   "disclose"}, decide_trail,       NULL},
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
