/* Steps of an application's life under a pack with a section for scenes, each with sound arguments. */
#ifndef RULES_TEST_SCHEME_SCENE_KIT_H
#define RULES_TEST_SCHEME_SCENE_KIT_H

#include "test_kit.h"

#include "proof/ids.h"
#include "rules/calendar.h"

enum { SCENE_REASON = 6, SCENE_DAYS = 10, SCENE_ROUNDS = 2 };

/* kit_catalogue, and the agency adopts a pack with the section (consent of departments, 10 days, 2 rounds). */
void scene_begin(struct kit *k);
/* kit_proposal with reasons and a complete application (own data: two; forms: two); and one of the same scene that
 * differs in its limits. */
struct sy_proposal *scene_proposal(struct kit *k);
struct sy_proposal *scene_other(struct kit *k);

/* A review with all that any step asks for. */
struct sy_review scene_words(const char *decision);
int32_t scene_send(struct kit *k, const char *party, const char *method, const struct sy_review *r);
int32_t scene_judge(struct kit *k, const char *party, const char *method, const char *decision);
int32_t scene_say(struct kit *k, const char *party, const char *text);
/* First review and both departments' consent. */
void scene_reviewed(struct kit *k);
/* All of it, of a filed proposal. */
void scene_approved(struct kit *k);

/* Rows of k->grant. */
struct sy_row_proposal scene_row(struct kit *k);
bool scene_has_grant(struct kit *k);
struct sy_row_grant scene_grant(struct kit *k, const uint8_t id[32]);
const struct sy_proposal *scene_granted(struct kit *k, const uint8_t id[32]); /* what it grants */

#endif
