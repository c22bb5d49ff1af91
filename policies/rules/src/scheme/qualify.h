/*
 * Private to the rules: what the files of qualification and agreements share. State pictures:
 * docs/scheme/qualification.md.
 */
#ifndef RULES_SCHEME_QUALIFY_H
#define RULES_SCHEME_QUALIFY_H

#include "scheme.h"
#include "wire/qualify.h"

enum { QUALIFY_TEXT_MAX = 8000, QUALIFY_NAME_MAX = 256, QUALIFY_LIST_MAX = 64 };

/* What the pack in force says about qualification; borrowed from `pack`. */
struct qualify_terms {
    struct sy_pack pack;
    const struct sy_pack_qualify *q;
    const struct sy_pack_calendar *calendar; /* NULL: the pack has none */
};

/* SY_E_STATE, field "pack.scheme.qualify": the pack has no such section (qualify.c). */
SY_MUST sy_status qualify_terms(const struct rules_state *s, struct sy_arena *arena,
                                struct qualify_terms *ret, struct sy_error *err);

/* An announcement's row and content; SY_E_NOT_FOUND, field "announcement" (announce.c). */
struct announcement {
    struct sy_row_announcement row;
    struct sy_announcement said;
};
SY_MUST sy_status announcement_read(const struct rules_state *s, const uint8_t id[32],
                                    struct sy_arena *arena, struct announcement *ret,
                                    struct sy_error *err);
/* Has everybody signed it who must: the agency, and for developers the operator too? */
bool announcement_complete(const struct announcement *a);

/* An application's row and content; SY_E_NOT_FOUND, field "header.subject" (qualify.c). */
struct qualification {
    uint8_t id[32];
    struct sy_row_qualify row;
    struct sy_qualify_apply said;
};
SY_MUST sy_status qualification_read(const struct rules_state *s, const uint8_t id[32],
                                     struct sy_arena *arena, struct qualification *ret,
                                     struct sy_error *err);
/* Of the request's subject, in this status; SY_E_STATE. */
SY_MUST sy_status qualification_in(struct ask *c, const char *status, struct qualification *ret);
/* Write its row (apply side). */
SY_MUST sy_status qualification_put(struct change *x, const struct qualification *q);

/* Does the application meet article 10? SY_E_DENIED with the item's field; SY_E_FIELD for what is no answer at all
 * (condition.c). */
SY_MUST sy_status condition_check(struct ask *c, const struct qualify_terms *t,
                                  const struct sy_qualify_apply *a);

/* Is each of the codes named exactly once, and nothing else? `at(list, i)` gives the i-th name. The offender is put
 * into *ret_code: missing, unknown or repeated. */
typedef struct sy_view code_at_fn(const void *list, size_t i);
bool codes_named(const struct sy_pack_code *codes, size_t n_codes, const void *list, size_t n,
                 code_at_fn *at, struct sy_view *ret_code);

/* May an agreement be signed now: is the public notice over, and no objection open (notice.c)? */
SY_MUST sy_status notice_over(struct ask *c, const struct qualification *q);

/* An agreement's row and content; SY_E_NOT_FOUND, field "agreement" (agreement.c). */
struct agreement {
    uint8_t id[32];
    struct sy_row_agreement row;
    struct sy_agreement said;
};
SY_MUST sy_status agreement_read(const struct rules_state *s, const uint8_t id[32],
                                 struct sy_arena *arena, struct agreement *ret,
                                 struct sy_error *err);
/* Until when do the party's agreements run that are signed and neither over nor terminated at `now`? 0: none does. */
SY_MUST sy_status agreement_runs(const struct rules_state *s, struct sy_view party, int64_t now,
                                 struct sy_arena *arena, int64_t *ret_until, struct sy_error *err);
/* Is it on file, its time running? field: what the caller calls it, "agreement" or "parent". */
SY_MUST sy_status agreement_in_force(struct ask *c, const struct agreement *a, const char *field);
/* Does its scope hold the dataset? */
bool agreement_holds(const struct sy_agreement *a, struct sy_view dataset);
/* Write its row (apply side). */
SY_MUST sy_status agreement_put(struct change *x, const struct agreement *a);

/* Are the offered terms sound now: clauses, dates, scope, the agreement above (agreement_terms.c)? */
SY_MUST sy_status agreement_terms(struct ask *c, const struct qualify_terms *t,
                                  const struct sy_agreement *a);

#endif
