/*
 * A domain in memory for the tests: real keys, real signed requests, a ledger of encoded events,
 * and a second state that replays every event as an auditor would.
 */
#ifndef RULES_TEST_KIT_H
#define RULES_TEST_KIT_H

#include "check.h"

#include "proof/envelope.h"
#include "rules/decide.h"
#include "rules/methods.h"
#include "rules/model.h"
#include "rules/render.h"

#define V(text) sy_view_str(text)
#define LEN(a)  (sizeof(a) / sizeof((a)[0]))

enum { KIT_PARTIES = 12, KIT_EVENTS = 512 };
enum { KIT_START = 1800000000 };

/* The key of the domain's log, a published example (signed-note's Go package). */
#define KIT_LOG "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

struct kit_party {
    char id[32];
    uint8_t sign[32];
    uint8_t secret[64];
    uint8_t tls[32];
};

struct kit {
    struct rules_state *state;
    struct rules_state *shadow; /* fed by rules_replay only */
    struct sy_arena arena;
    struct kit_party parties[KIT_PARTIES];
    size_t n_parties;
    uint8_t domain[32];
    int64_t time;
    uint64_t entry;
    uint32_t nonce;
    struct sy_view events[KIT_EVENTS]; /* encoded, in the arena */
    uint8_t digests[KIT_EVENTS][32];   /* of the state after each */
    struct sy_error err;               /* of the last decision that was no verdict */
    struct sy_verdict verdict;         /* of the last one that was */
    struct sy_view type;
    uint8_t grant[32];
    uint8_t model[32];
    struct sy_inputs extra; /* added to the next requests' inputs; time and tls are kit's */
};

void kit_init(struct kit *k);
void kit_free(struct kit *k);

struct kit_party *kit_party(struct kit *k, const char *id);
struct kit_party *kit_new_party(struct kit *k, const char *id);

/* A signed request; desc NULL: empty args. Change what the pointer shows before kit_sign to forge.
 * */
struct rules_request *kit_request(struct kit *k, const char *party, const char *method,
                                  const struct sy_desc *desc, const void *args);
/* Encode the header again and sign it. */
void kit_sign(struct kit *k, struct rules_request *r, const struct kit_party *by);

/* Decide only. */
sy_status kit_decide(struct kit *k, const struct rules_request *r, struct rules_decision *ret);

/* Decide, log, apply, replay into the shadow; returns the verdict's code, or the status. Reads,
 * recorded outcomes and refusals of known nonces leave no event. */
int32_t kit_send(struct kit *k, const struct rules_request *r);

/* kit_request and kit_send with header.grant (may be NULL) and subject (may be NULL). */
int32_t kit_call(struct kit *k, const char *party, const char *method, const struct sy_desc *desc,
                 const void *args, const uint8_t *grant, const uint8_t *subject);

/* ---- steps of a domain's life, each with sound arguments ---- */
int32_t kit_genesis(struct kit *k);
int32_t kit_enrol(struct kit *k, const char *id, const char *role);
struct sy_invite kit_invite(struct kit *k, const char *id, const char *role);
int32_t kit_enrol_by(struct kit *k, const char *id, const struct sy_invite *v); /* agency signs v */
struct sy_pack *kit_pack_record(struct kit *k, uint64_t version);
int32_t kit_adopt(struct kit *k, const struct sy_pack *p);
struct sy_dataset_def *kit_persons(struct kit *k);
struct sy_dataset_def *kit_events(struct kit *k);
struct sy_dataset_def *kit_births(struct kit *k);
struct sy_dataset_def *kit_streets(struct kit *k);
int32_t kit_define(struct kit *k, const struct sy_dataset_def *d);
int32_t kit_publish(struct kit *k, const struct sy_dataset_def *d, uint64_t version);
struct sy_proposal *kit_proposal(struct kit *k);
int32_t kit_apply(struct kit *k, const struct sy_proposal *p); /* sets k->grant */
int32_t kit_review(struct kit *k, const char *party, const char *method, const char *decision);
struct sy_model_def *kit_model_def(struct kit *k);
struct sy_plan *kit_plan(struct kit *k);
struct sy_plan *
kit_plan_here(struct kit *k); /* over the datasets as they stand in this catalogue */
int32_t kit_register(struct kit *k, const struct sy_model_def *d, const struct sy_plan *p);
int32_t kit_run(struct kit *k, const char *age);
int32_t kit_run_plan(struct kit *k, const struct sy_plan *p, const struct sy_run *run);
int32_t kit_answer(struct kit *k, uint64_t charge, const char *outcome);
int32_t kit_order(struct kit *k, const char *party, const char *method, const char *ground);

/* Everything before the proposal; ... up to an approved grant; ... up to an approved model. */
void kit_catalogue(struct kit *k);
void kit_approved(struct kit *k); /* only the steps from the proposal to its grant */
void kit_granted(struct kit *k);
void kit_ready(struct kit *k);

/* One plan under check with everything a mutation may want to spoil. */
struct world {
    struct kit *k;
    struct sy_plan *plan;
    struct sy_pack *pack;
    struct sy_proposal *proposal;
    struct rules_defs defs;
};

/* Of the grant k->grant; of the one whose row has this key. In the kit's arena. */
struct sy_row_account kit_account(struct kit *k);
struct sy_row_account kit_account_of(struct kit *k, struct sy_view grant_key);
struct world kit_world(struct kit *k); /* of a kit_granted domain */
sy_status kit_check(struct world *w, struct rules_plan_facts *ret);

/* One line of an expression list. */
struct kit_expr {
    const char *op;
    int64_t i;
    const char *s;
    uint64_t args[8];
    size_t n_args;
    uint64_t scale;
};
struct sy_plan_expr *kit_exprs(struct kit *k, const struct kit_expr *lines, size_t n);

/* Plans with several namespaces and blocks (test_plans.c), and their manifests. A source for each
 * dataset of the kit's catalogue that a plan names. */
struct sy_plan *kit_births_plan(struct kit *k); /* one block over births, by child */
struct sy_model_def *kit_births_def(struct kit *k);
struct sy_plan *kit_wide_plan(struct kit *k); /* four blocks and a post stage: everything */
/* One block: persons by town and age, a tree over ages (bins); columns town, age, n. */
struct sy_plan *kit_tree_plan(struct kit *k);
void kit_sources(struct kit *k, struct sy_plan *p);

/* Questions about one subject (test_subject_kit.c): a pack that allows them for g2 to g4, a proposal for
 * persons and births without a budget, and the plan "is the subject's age at least $least?". */
enum { KIT_TOKEN_MAX_S = 3600, KIT_WINDOW_S = 86400, KIT_SUBJECT_MAX = 2, KIT_DEVELOPER_MAX = 4 };
struct sy_pack *kit_subject_pack(struct kit *k, uint64_t version);
struct sy_proposal *kit_subject_proposal(struct kit *k);
struct sy_plan *kit_subject_plan(struct kit *k);
struct sy_model_def *kit_subject_def(struct kit *k); /* its manifest */
void kit_subject_granted(struct kit *k); /* up to an approved grant; party "issuer" is enrolled */

/* Expressions for a plan under change. */
uint64_t *kit_nums(struct kit *k, const uint64_t *v, size_t n);
#define NUMS(w, ...)                                                                               \
    kit_nums((w)->k, (const uint64_t[]){__VA_ARGS__},                                              \
             sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))
struct sy_plan_expr col(struct world *w, int64_t i);
struct sy_plan_expr call(struct world *w, const char *op, uint64_t a, uint64_t b);
struct sy_plan_expr *list(struct world *w, const struct sy_plan_expr *e, size_t n);

struct sy_view kit_encode(struct kit *k, const struct sy_desc *desc, const void *record);
__attribute__((returns_nonnull)) void *kit_alloc(struct kit *k, size_t n, size_t size);
struct sy_view *kit_strs(struct kit *k, const char *const *words, size_t n);
#define KIT_STRS(k, ...)                                                                           \
    kit_strs((k), (const char *const[]){__VA_ARGS__},                                              \
             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

#endif
