/*
 * Private to the rules: a decision and a change in progress, and the rows of the method table.
 *
 * A decide function looks at an ask and returns OK (allowed) or the refusal, with c->err filled; it
 * may set c->verdict (prices) and c->type. An apply function records the writes of an allowed event
 * in x->effect. Both are pure; neither sees anything that the other could not recompute.
 */
#ifndef RULES_METHOD_H
#define RULES_METHOD_H

#include "effect.h"
#include "proof/note.h"
#include "rules/control.h"
#include "rules/decide.h"
#include "rules/methods.h"
#include "rules/model.h"

struct method;
struct signers;
struct sy_staff;

/* One request being decided. */
struct ask {
    const struct rules_state *state;
    const struct rules_request *req;
    const struct sy_inputs *in;
    struct sy_arena *arena;
    const struct method *method;
    struct sy_party party; /* the signer's row; for new signers zero but for party and role */
    bool known;            /* the signer is enrolled (or is the warden) */
    const struct signers
        *signers; /* of a party that has staff (scheme/staff.h); NULL: its one key */
    const struct sy_staff *staff; /* the member who signed first; NULL: the party's own key */
    const void *args;             /* decoded by the method's descriptor; NULL when it has none */
    struct sy_verdict *verdict;   /* to fill: spends, stored */
    const char *type;             /* of the event when allowed */
    struct sy_error *err;
};

/* One allowed event being applied. */
struct change {
    const struct rules_state *state; /* before */
    const struct sy_event *event;
    const struct rules_request *req;
    const struct sy_inputs *in;
    struct sy_arena *arena;
    const void *args;
    uint64_t entry;
    struct rules_effect *effect;
    struct sy_error *err;
};

typedef sy_status decide_fn(struct ask *c);
typedef sy_status apply_fn(struct change *x);

struct method {
    struct rules_method pub;
    decide_fn *decide;
    apply_fn *apply; /* NULL: nothing but nonce and clock */
};

const struct method *method_find(struct sy_view name);

/* Is `word` one of the space-separated words of `list`? */
bool word_in(struct sy_view word, const char *list);
/* 1..64 bytes of [a-z0-9._-]? */
bool is_id(struct sy_view v);
/* 1..max bytes of UTF-8 without control characters? */
bool is_text(struct sy_view v, size_t max);
bool is_zero32(const uint8_t p[32]);
/* Is v one of list[0..n)? */
bool view_in(struct sy_view v, const struct sy_view *list, size_t n);

/* The method of its header, found by name unless the facts have it; NULL: there is none (methods.c). */
const struct method *request_method(const struct rules_request *req);
/* The key of the row of its nonce, worked out into *room unless the facts have it (decide.c). */
const struct rules_key *request_nonce(const struct rules_request *req, struct rules_key *room);
/* Has nobody used this nonce yet (decide.c)? */
bool nonce_is_fresh(const struct rules_state *s, const struct rules_key *key);
/* SHA-256 of the header's bytes (decide.c). */
void request_hash(const struct rules_request *req, uint8_t ret[32]);

/* Requests (envelope.c): form, signer, signature. */
SY_MUST sy_status ask_form(struct ask *c);
SY_MUST sy_status ask_signer(struct ask *c);
SY_MUST sy_status ask_signature(struct ask *c);
/* For enrolled signers: life, role, local socket; then ask_args. */
SY_MUST sy_status ask_gates(struct ask *c);
/* Identifiers and secret as the method's flags say; the arguments decoded. */
SY_MUST sy_status ask_args(struct ask *c);
/* The checks on a header that the gateway shares (envelope.c). */
SY_MUST sy_status header_form(const struct sy_header *h, struct sy_error *err);
SY_MUST sy_status header_life(const struct sy_header *h, int64_t now, bool warden,
                              struct sy_error *err);
SY_MUST sy_status party_tls(const struct sy_party *p, const uint8_t tls[32], struct sy_error *err);
/* Is there a signature by this key over the request, and is each such good (envelope.c)? SY_E_UNSIGNED, SY_E_SIGNATURE. */
SY_MUST sy_status signature_by(struct ask *c, const uint8_t key[32]);
/* The same three looks at a request, for a party that has staff (scheme/signer.c): whose keys count, and whose the
 * certificate is; their signatures; duty, training, the second person. The last is for every party. */
SY_MUST sy_status staff_signer(struct ask *c);
/* Of staff.enrol: is the signer known yet? */
SY_MUST sy_status staff_newcomer(struct ask *c);
SY_MUST sy_status staff_signature(struct ask *c);
SY_MUST sy_status staff_gate(struct ask *c);
/* Does this party vouch for what f verifies by a key: its own, or, when it has staff, one of a member with one of these
 * duties (scheme/signer.c)? The last error of f. */
typedef sy_status vouch_fn(void *ctx, const uint8_t key[32]);
SY_MUST sy_status party_vouches(struct ask *c, const struct sy_party *p, const char *duties,
                                vouch_fn *f, void *ctx);
/* The row of an active party; SY_E_PARTY. */
SY_MUST sy_status party_active(const struct rules_state *s, struct sy_view id,
                               struct sy_arena *arena, struct sy_party *ret, struct sy_error *err);

/* The pack in force; SY_E_STATE when none was adopted (pack.c). */
SY_MUST sy_status pack_read(const struct rules_state *s, struct sy_arena *arena,
                            struct sy_pack *ret, struct sy_error *err);
/* Does the table let `mechanism` release grade g? */
bool pack_allows(const struct sy_pack *p, uint64_t grade, struct sy_view mechanism);

/* A dataset's row and decoded definition; SY_E_NOT_FOUND (dataset.c). */
struct dataset {
    struct sy_row_dataset row;
    struct sy_dataset_def def;
};
SY_MUST sy_status dataset_read(const struct rules_state *s, struct sy_view id,
                               struct sy_arena *arena, struct dataset *ret, struct sy_error *err);
/* May the asker define this: sound by pack and catalogue, new, with the keys that it needs (dataset.c)? */
SY_MUST sy_status dataset_definable(struct ask *c, const struct sy_dataset_def *d);
/* Write a new dataset's row (apply side; dataset.c). def: the canonical sy_dataset_def. */
SY_MUST sy_status dataset_put(struct change *x, struct sy_view id, struct sy_view def);
const struct sy_field_def *def_field(const struct sy_dataset_def *def, struct sy_view name);

/* Does a dataset belong to a unit namespace? */
static inline bool is_protected(const struct sy_dataset_def *def)
{
    return def->ns.n > 0;
}

/* What a pack, a definition and its key say of custody (custody.c). SY_E_FIELD; SY_E_PARTY, field "custodian": its reason
 * says whom the pack wants; SY_E_STATE: a key of another custody. */
SY_MUST sy_status custody_pack_check(const struct sy_pack *p, struct sy_error *err);
SY_MUST sy_status custody_check(struct ask *c, const struct sy_dataset_def *d);
SY_MUST sy_status custody_keys_check(struct ask *c, const struct sy_dataset_def *d);
/* Apply side: forget what was deposited for a proposal or grant; suspend every grant over data of whose keys `party`,
 * which is no party any more, held a share (custody.c). */
SY_MUST sy_status deposits_drop(struct change *x, const uint8_t id[32]);
SY_MUST sy_status custody_lost(struct change *x, struct sy_view party, struct sy_view ground);

/* The genesis record (party.c). */
SY_MUST sy_status genesis_read(const struct rules_state *s, struct sy_arena *arena,
                               struct sy_genesis *ret, struct sy_error *err);
/* Write a party's row (apply side; party.c). */
SY_MUST sy_status put_party(struct change *x, const struct sy_party *p);
/* What an invitation names, 32 bytes each, log: a vkey: is it this domain (party.c)? SY_E_FIELD, field "invite". */
struct domain_named {
    const uint8_t *domain, *box, *warden;
    struct sy_view log;
};
SY_MUST sy_status domain_is_ours(struct ask *c, const struct domain_named *d);

/* Is a proposal valid under pack and catalogue at `now` (proposal.c)? check: the budgets too. */
SY_MUST sy_status proposal_sound(const struct rules_state *s, const struct sy_proposal *p,
                                 int64_t now, struct sy_arena *arena, struct sy_error *err);
SY_MUST sy_status proposal_check(const struct rules_state *s, const struct sy_proposal *p,
                                 int64_t now, struct sy_arena *arena, struct sy_error *err);
/* Is it the asker's own, for this domain (scene.c)? */
SY_MUST sy_status proposal_own(struct ask *c, const struct sy_proposal *p);
/* The distinct namespaces whose units own rows of its datasets, in order of appearance
 * (proposal.c). */
SY_MUST sy_status proposal_spaces(const struct rules_state *s, const struct sy_proposal *p,
                                  struct sy_arena *arena, struct sy_view **ret, size_t *ret_n,
                                  struct sy_error *err);
/* The catalogue as the proposal's masks leave it (proposal.c). */
SY_MUST sy_status proposal_defs(const struct rules_state *s, const struct sy_proposal *p,
                                struct sy_arena *arena, struct rules_defs *ret,
                                struct sy_error *err);
const struct sy_prop_dataset *proposal_dataset(const struct sy_proposal *p, struct sy_view dataset);
const struct sy_prop_field *proposal_field(const struct sy_prop_dataset *d, struct sy_view name);

/* Budget rows (budget.c). held + spent never exceed the cap. */
SY_MUST sy_status budget_read(const struct rules_state *s, struct sy_view ns,
                              struct sy_arena *arena, struct sy_row_budget *ret,
                              struct sy_error *err);
/* Can want.rho, .delta and .cells still be reserved? */
SY_MUST sy_status budget_fits(const struct sy_row_budget *b, const struct sy_spend *want,
                              struct sy_error *err);
/* The account as it is when this share's grant is over: what it has not spent is not held. SY_E_INTERNAL. */
SY_MUST sy_status budget_without(struct sy_row_budget *b, const struct sy_row_grant_share *share,
                                 struct sy_error *err);
/* Do the grant's share (NULL: it has none) and the account cover a run's price? */
SY_MUST sy_status budget_pays(const struct sy_row_budget *b, const struct sy_row_grant_share *share,
                              const struct sy_spend *price, struct sy_error *err);
/* May a pack set these caps, now that the account stands so? */
SY_MUST sy_status budget_cap(const struct sy_row_budget *b, const struct sy_pack_budget *want,
                             struct sy_error *err);
/* Reserve, or give back, what a grant's shares have left (apply side). */
SY_MUST sy_status budget_hold(struct change *x, const struct sy_row_account *a);
SY_MUST sy_status budget_release(struct change *x, const struct sy_row_account *a);
/* Move a charge's price from held to spent, in each namespace and in the grant's share of it. */
SY_MUST sy_status budget_spend(struct change *x, struct sy_row_account *a,
                               const struct sy_spend *spends, size_t n);
/* A grant's share of a namespace; NULL when it has none. */
struct sy_row_grant_share *grant_share(const struct sy_row_account *a, struct sy_view ns);
/* A grant's account; the shares are the caller's to change. SY_E_GRANT when there is none. */
SY_MUST sy_status account_row(const struct rules_state *s, const uint8_t grant[32],
                              struct sy_arena *arena, struct sy_row_account *ret,
                              struct sy_error *err);
/* Write it (apply side). */
SY_MUST sy_status account_put(struct change *x, const uint8_t grant[32],
                              const struct sy_row_account *a);

/* Grant rows (grant.c). */
SY_MUST sy_status grant_row(const struct rules_state *s, const uint8_t id[32],
                            struct sy_arena *arena, struct sy_row_grant *ret,
                            struct sy_proposal *ret_proposal, struct sy_error *err);
/* Is it the asker's own grant, in force? */
SY_MUST sy_status grant_usable(struct ask *c, const struct sy_row_grant *g,
                               const struct sy_proposal *p);
/* May the asker act on it: departments and developers on what is theirs, the others on all? SY_E_GRANT, SY_E_DENIED. */
SY_MUST sy_status grant_concerns_asker(struct ask *c, const struct sy_row_grant *g,
                                       const struct sy_proposal *p);
/* The event's party holds the (suspended) grant from this entry on; nothing when it does already (scheme/hold.c). */
SY_MUST sy_status grant_hold(struct change *x, struct sy_row_grant *g, struct sy_view ground);
/* Has every protected dataset of the grant got its share in this request? */
SY_MUST sy_status shares_given(struct ask *c, const struct sy_proposal *p);

/* A manifest by itself: names, texts (manifest.c). */
SY_MUST sy_status manifest_form(const struct sy_model_def *def, struct sy_error *err);
/* Does the checked plan say what the manifest says? SY_E_PLAN, with the manifest's field. */
SY_MUST sy_status manifest_check(const struct sy_plan *plan, const struct sy_model_def *def,
                                 struct sy_arena *arena, struct sy_error *err);
SY_MUST sy_status plan_decode(struct sy_view bytes, struct sy_arena *arena, struct sy_plan *ret,
                              struct sy_error *err); /* model.c */

/* A dataset's latest published version; SY_E_STATE, field "data" (run.c). Only to be read. */
SY_MUST sy_status version_read(const struct rules_state *s, struct sy_view dataset,
                               struct sy_arena *arena, struct sy_row_version *ret,
                               struct sy_error *err);

/* A run of `model`, not about a subject, that the asker may have run (run.c): the same question's answer again, or a
 * charge, as c->verdict then says. The grant is judged already. */
SY_MUST sy_status run_charge(struct ask *c, const uint8_t model[32], const struct sy_run *run);

/* What was charged, for a developer's run or a buyer's call. */
struct run_case {
    const uint8_t *model; /* 32 bytes */
    const struct sy_run *run;
    const uint8_t *product; /* 32 bytes; NULL: nobody's */
    uint64_t fen, month;    /* of a call: what it is billed, and when */
};
/* Charge it (apply side of run_charge). */
SY_MUST sy_status run_charged(struct change *x, const struct run_case *k);
/* What became of a call of a product whose charge this is (scheme/product_meter.c): who got no answer pays none. */
SY_MUST sy_status meter_answer(struct change *x, const struct sy_row_charge *charge);

/* May the buyer's unfinished call go on: the product on sale, the buyer still subscribed, for that purpose
 * (scheme/product_call.c)? c->args: the call. */
SY_MUST sy_status product_resumable(struct ask *c);

/* Count a refused call of a product as disguised use (scheme/product_call.c). */
SY_MUST sy_status product_misused(struct change *x);

/* Parts of a charge's decision (run.c), for subject.c too. The asker's own grant, in force: */
SY_MUST sy_status run_grant(struct ask *c);
/* The model belongs to the header's grant, and was approved: */
SY_MUST sy_status run_model_usable(struct ask *c, const struct rules_model *m);
/* inputs.data are the latest published versions: */
SY_MUST sy_status run_same_data(struct ask *c, const struct sy_plan *plan);
/* Calls are left, and every namespace can pay: */
SY_MUST sy_status run_affordable(struct ask *c, const struct rules_model *m);

/* When answers of this grade wait for a quorum of witnesses: is there a policy that asks for one? Else no
 * answer would ever come, and nothing is charged: SY_E_STATE (witness.c). */
SY_MUST sy_status witness_ready(struct ask *c, const struct rules_model *m);

/* The row of a charge; SY_E_NOT_FOUND, field "charge" (charge.c). */
SY_MUST sy_status charge_row(const struct rules_state *s, uint64_t entry, struct sy_arena *arena,
                             struct sy_row_charge *ret, struct sy_error *err);
/* The row of a charge that the change makes, but for params, question and once. m: the model, whose grant
 * has been charged already. */
SY_MUST sy_status charge_fill(struct change *x, const struct rules_model *m,
                              struct sy_row_charge *ret);

/* Does the plan answer about one subject (mechanism `subject`; plan_subject.c)? */
bool plan_about_subject(const struct sy_plan *plan);

/* Row `at` appended to a list of reviews; NULL when out of memory (review.c). */
struct sy_row_review *reviews_with(struct change *x, const struct sy_row_review *list, size_t n,
                                   const char *step, struct sy_view decision);

/* Has the pack this ground for the asker's role (grant.c)? */
SY_MUST sy_status ground_check(struct ask *c, const struct sy_pack *pack, struct sy_view ground);

/* What was recovered belongs to the cap for good: add it to the caps that a pack gives an account; and may
 * the pack give it these yearly caps (recover.c)? */
SY_MUST sy_status recover_grow(const struct sy_row_budget *b, struct sy_pack_budget *want,
                               struct sy_error *err);
SY_MUST sy_status recover_caps(const struct sy_row_budget *b, const struct sy_pack_budget *want,
                               struct sy_error *err);

/* One function a method: where they live. */
decide_fn decide_genesis, decide_enrol; /* party.c */
apply_fn apply_genesis, apply_enrol;
decide_fn decide_staff_enrol, decide_staff_revoke, decide_staff_rotate,
    decide_staff_train; /* scheme/staff.c */
apply_fn apply_staff_enrol, apply_staff_revoke, apply_staff_rotate, apply_staff_train;
decide_fn decide_party_rotate, decide_party_revoke; /* scheme/keys.c */
apply_fn apply_party_rotate, apply_party_revoke;
decide_fn decide_exposure; /* exposure.c */
apply_fn apply_exposure;
decide_fn decide_rotate; /* log.c */
apply_fn apply_rotate;
/* Does the witnesses' policy name this key; do these changes lead from genesis's agency to the key that asks? */
SY_MUST sy_status log_witnesses_check(struct ask *c, const struct proof_vkey *next);
SY_MUST sy_status log_agency_check(struct ask *c, const struct sy_view *links, size_t n);
decide_fn decide_log_close, decide_log_open; /* shard.c */
apply_fn apply_log_close, apply_log_open;
/* A closed log takes the first entry of the next one, and nothing else: not even a refusal. */
SY_MUST sy_status shard_gate(struct ask *c);
SY_MUST sy_status
operator_signed(struct ask *c); /* promote.c: the operator too, under the same header */
decide_fn decide_pack;          /* pack.c */
apply_fn apply_pack;
decide_fn decide_promote; /* promote.c */
apply_fn apply_promote;
decide_fn decide_recover; /* recover.c */
apply_fn apply_recover;
decide_fn decide_define, decide_ingest, decide_publish, decide_share; /* dataset.c */
apply_fn apply_define, apply_publish;
decide_fn decide_own_define, decide_own_confirm, decide_own_put,
    decide_own_erased; /* scheme/own.c */
apply_fn apply_own_define, apply_own_confirm, apply_own_put, apply_own_erased;
decide_fn decide_scene; /* scene.c */
apply_fn apply_scene;
decide_fn decide_first_review, decide_consent, decide_final_review; /* review.c */
apply_fn apply_first_review, apply_consent, apply_final_review;
decide_fn decide_suspend, decide_lift, decide_resume, decide_revoke, decide_expire; /* grant.c */
apply_fn apply_suspend, apply_lift, apply_resume, apply_revoke, apply_expire;
decide_fn decide_comment; /* scheme/comment.c */
apply_fn apply_comment;
decide_fn decide_meter;                         /* scheme/meter.c */
decide_fn decide_register, decide_model_review; /* model.c */
decide_fn decide_check;                         /* model_check.c */
apply_fn apply_register, apply_model_review;
decide_fn decide_rerun, decide_reran; /* rerun.c */
apply_fn apply_rerun, apply_reran;
decide_fn decide_run, decide_answer; /* run.c */
apply_fn apply_run, apply_answer;
decide_fn decide_subject; /* subject.c */
apply_fn apply_subject;
decide_fn decide_erase, decide_payload_read, decide_trail; /* payload.c */
apply_fn apply_erase;
/* Does a row about products concern the caller, who is no reviewer (scheme/product_read.c)? */
bool product_concerns(const struct rules_state *s, const struct sy_party *caller,
                      struct sy_view key, struct sy_view value, struct sy_arena *arena);
/* scheme/product.c, scheme/product_call.c, scheme/product_meter.c */
decide_fn decide_product_submit, decide_product_report, decide_product_review;
decide_fn decide_product_publish, decide_product_register, decide_product_withdraw;
decide_fn decide_product_subscribe, decide_product_unsubscribe, decide_product_call;
decide_fn decide_product_statement, decide_product_test, decide_product_tested;
apply_fn apply_product_submit, apply_product_report, apply_product_review;
apply_fn apply_product_publish, apply_product_register, apply_product_withdraw;
apply_fn apply_product_subscribe, apply_product_unsubscribe, apply_product_call;
apply_fn apply_product_test, apply_product_tested;
decide_fn decide_list, decide_log, decide_status; /* read.c */
decide_fn decide_delivered, decide_pulled;        /* scheme/sync.c */
apply_fn apply_delivered, apply_pulled;
decide_fn decide_witness; /* witness.c */
apply_fn apply_witness;
/* Is it one of the caller's applications or agreements; an act on one that the caller may see (scheme/qualify_read.c)? */
bool qualify_concerns(const struct rules_state *s, const struct sy_party *caller,
                      struct sy_view key, struct sy_view value, struct sy_arena *arena);
bool qualify_event_concerns(const struct rules_state *s, const struct sy_party *caller,
                            const struct rules_request *req);
decide_fn decide_announce; /* scheme/announce.c */
apply_fn apply_announce;
decide_fn decide_qualify, decide_qualify_withdraw; /* scheme/qualify.c */
apply_fn apply_qualify, apply_qualify_withdraw;
decide_fn decide_qualify_opinion, decide_qualify_decide; /* scheme/assess.c */
apply_fn apply_qualify_opinion, apply_qualify_decide;
decide_fn decide_qualify_object, decide_qualify_settle; /* scheme/notice.c */
apply_fn apply_qualify_object, apply_qualify_settle;
decide_fn decide_agreement_offer, decide_agreement_accept, decide_agreement_file;
apply_fn apply_agreement_offer, apply_agreement_accept,
    apply_agreement_file;       /* scheme/agreement_sign.c */
decide_fn decide_agreement_end; /* scheme/agreement_end.c */
apply_fn apply_agreement_end;
decide_fn decide_describe, decide_catalog_approve, decide_catalog_withdraw; /* scheme/entry.c */
apply_fn apply_describe, apply_catalog_approve, apply_catalog_withdraw;
decide_fn decide_offer, decide_unoffer; /* scheme/offer.c */
apply_fn apply_offer, apply_unoffer;
decide_fn decide_demand, decide_demand_review; /* scheme/demand.c */
apply_fn apply_demand, apply_demand_review;
decide_fn decide_ticket_open, decide_ticket_fix, decide_ticket_close; /* scheme/ticket.c */
apply_fn apply_ticket_open, apply_ticket_fix, apply_ticket_close;
/* Is the row about the caller, or made by it? For rows of supervision (scheme/supervise.c). */
bool supervise_concerns(const struct sy_party *caller, struct sy_view key, struct sy_view value,
                        struct sy_arena *arena);
decide_fn decide_inspect_open, decide_inspect_finding, decide_inspect_mend, decide_inspect_close;
apply_fn apply_inspect_open, apply_inspect_finding, apply_inspect_mend,
    apply_inspect_close; /* scheme/inspect.c */
decide_fn decide_order_correct, decide_order_mend, decide_order_mended, decide_order_cancel;
apply_fn apply_order_correct, apply_order_mend, apply_order_mended,
    apply_order_cancel; /* scheme/correct.c */
decide_fn decide_incident_report, decide_incident_update, decide_incident_close;
apply_fn apply_incident_report, apply_incident_update, apply_incident_close; /* scheme/incident.c */
decide_fn decide_emergency_plan, decide_drill_record, decide_evaluate;       /* scheme/evaluate.c */
apply_fn apply_emergency_plan, apply_drill_record, apply_evaluate;
decide_fn decide_annual, decide_disclose; /* scheme/annual.c */
apply_fn apply_annual, apply_disclose;

#endif
