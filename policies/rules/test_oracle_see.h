/* Private to the oracle: what its parts share (test_oracle.c, _qualify.c, _scene.c). */
#ifndef RULES_TEST_ORACLE_SEE_H
#define RULES_TEST_ORACLE_SEE_H

#include "test_oracle.h"

#include <string.h>

#include "proof/ids.h"
#include "wire/catalogue.h"
#include "wire/qualify.h"
#include "wire/supervise.h"

enum { DAY_S = 86400, ZONE_S = 28800 };

/* One accepted request. */
struct seen {
    struct oracle *o;
    const struct rules_request *r;
    const struct sy_inputs *in;
    const void *args;
    uint64_t entry;
    size_t party;
    int64_t now;
};

typedef void see_fn(const struct seen *s);

/* Every kind of thing begins with its id. */
void *oracle_find(void *list, size_t n, size_t size, const uint8_t id[32]);
#define FIND(o, list, hash) oracle_find((o)->list, (o)->n_##list, sizeof((o)->list[0]), hash)
#define ADD(o, list)        (assert_true((o)->n_##list < OR_MANY), &(o)->list[(o)->n_##list++])

/* A dataset as a bit; 0: none of the domain's. Its departments, as bits of their numbers. */
unsigned set_of(struct sy_view dataset);
unsigned departments(unsigned sets);

/* The same local time of day some years later, counted a day at a time; 29 February becomes the 28th. */
int64_t years_later(int64_t t, int years);

/* Is the party neither banned nor closed? Live grants of a developer, or of everybody, end or stop. */
bool in_standing(const struct seen *s, size_t party);
void end_grants(const struct seen *s, size_t developer);
void stop_grant(const struct seen *s, struct or_grant *g);

see_fn see_announce, see_apply, see_opinion, see_decide, see_object, see_settle, see_withdraw,
    see_offer, see_accept, see_file, see_terminate, see_scene, see_first, see_consent, see_final,
    see_suspend, see_lift, see_resume, see_end, see_run, see_register, see_model, see_offered,
    see_unoffered, see_correct, see_mend, see_mended, see_cancel, see_incident, see_update;
see_fn see_submit, see_report, see_product_review, see_publish, see_codes, see_subscribe,
    see_unsubscribe, see_product_end;

#endif
