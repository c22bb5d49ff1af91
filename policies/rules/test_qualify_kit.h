/*
 * Qualification for the tests: a pack that asks for it, sound records that a test may spoil, and the steps from an
 * announcement to an agreement on file.
 */
#ifndef RULES_TEST_QUALIFY_KIT_H
#define RULES_TEST_QUALIFY_KIT_H

#include "rules/calendar.h"
#include "rules/rows_scheme.h"
#include "test_kit.h"
#include "wire/qualify.h"

enum {
    QK_TERM_YEARS = 3,
    QK_TRIAL_YEARS = 4, /* from the kit's start to the end of the trial */
    QK_RENEW_MONTHS = 3,
    QK_BAN_YEARS = 3,
    QK_INCIDENT_YEARS = 3,
    QK_NOTICE_DAYS = 5,
    QK_DAY_S = 86400
};

/* A pack with the sections calendar (one holiday: Monday 2027-01-18) and qualify: lists dishonest, tax, violation;
 * aspects operation, risk; clauses c1 to c10; endings request (the party's own), violation (for cause), policy. */
struct sy_pack *qk_pack(struct kit *k, uint64_t version);
/* kit_catalogue, then that pack as version 2. */
void qk_domain(struct kit *k);

/* ---- records; each call another announcement ---- */
struct sy_announcement *qk_announcement(struct kit *k, const char *kind);
struct sy_qualify_apply *qk_application(struct kit *k, const char *party,
                                        const uint8_t announcement[32]);
struct sy_agreement *
qk_agreement(struct kit *k, const char *grantee, const uint8_t application[32],
             const uint8_t *parent); /* parent NULL: the whole grant, of everything */

/* ---- steps: the verdict's code; ids of what was made into ret_id (may be NULL) ---- */
int32_t qk_announce(struct kit *k, const char *party, const struct sy_announcement *a,
                    uint8_t *ret_id);
int32_t qk_apply(struct kit *k, const struct sy_qualify_apply *a, uint8_t *ret_id);
int32_t qk_opinion(struct kit *k, const char *party, const uint8_t application[32]);
int32_t qk_decide(struct kit *k, const char *party, const uint8_t application[32],
                  const char *decision);
int32_t qk_object(struct kit *k, const char *party, const uint8_t application[32],
                  const char *behalf);
int32_t qk_settle(struct kit *k, const uint8_t application[32], uint64_t objection,
                  const char *outcome);
int32_t qk_offer(struct kit *k, const struct sy_agreement *a, uint8_t *ret_id);
int32_t qk_accept(struct kit *k, const char *party, const uint8_t agreement[32]);
int32_t qk_file(struct kit *k, const uint8_t agreement[32]); /* under a number of its own */
int32_t qk_end(struct kit *k, const char *party, const uint8_t agreement[32], const char *ground);

/* ---- stages of a qk_domain, each of which succeeds ---- */

/* An open announcement. */
void qk_open(struct kit *k, const char *kind, uint8_t ret_id[32]);
/* A filed application of its own, under an announcement of its own; "operator" applies for the whole. */
void qk_filed(struct kit *k, const char *party, uint8_t ret_application[32]);
/* ... that was approved; its notice has begun. ... whose notice is over. */
void qk_approved(struct kit *k, const char *party, uint8_t ret_application[32]);
void qk_noticed(struct kit *k, const char *party, uint8_t ret_application[32]);
/* ... an agreement on file, of three years from now (a developer's to the end of its parent's, if that is sooner). */
void qk_agreed(struct kit *k, const char *party, const uint8_t *parent, uint8_t ret_agreement[32]);
/* The operator's whole grant and an agreement of developer acme: from here scenes can be applied for. */
void qk_ready(struct kit *k, uint8_t ret_whole[32], uint8_t ret_agreement[32]);

/* The row of an application, an agreement; the standing of a party. */
struct sy_row_qualify *qk_row(struct kit *k, const uint8_t application[32]);
struct sy_row_agreement *qk_agreement_row(struct kit *k, const uint8_t agreement[32]);
struct sy_row_standing *qk_standing(struct kit *k, const char *party);

/* The last request was refused so. */
void qk_refused(struct kit *k, int32_t got, int32_t code, const char *field);

#endif
