/*
 * Private to the rules: what the files of supervision share (inspect.c, correct.c, incident.c, evaluate.c, annual.c,
 * due.c), and what others ask of them.
 */
#ifndef RULES_SCHEME_SUPERVISE_H
#define RULES_SCHEME_SUPERVISE_H

#include "rules/supervise.h"
#include "scheme.h"

/* Is the party's last evaluation a failing one (article 30; control EVALUATION_FEEDS)? False when there is none
 * (evaluate.c). */
SY_MUST sy_status evaluation_failed(const struct rules_state *s, struct sy_view party,
                                    struct sy_arena *arena, bool *ret, struct sy_error *err);

/* May the asker supervise this party? An active operator or developer; a department: within its sector only (article
 * 29). SY_E_PARTY, SY_E_ROLE, SY_E_DENIED (supervise.c). */
SY_MUST sy_status supervised(struct ask *c, struct sy_view party);

/* The pack, which must have a section for supervision. SY_E_STATE (supervise.c). */
SY_MUST sy_status supervise_pack(const struct rules_state *s, struct sy_arena *arena,
                                 struct sy_pack *ret, struct sy_error *err);

/* 1..SY_SUPERVISE_TEXT_MAX bytes; 1..SY_SUPERVISE_DAYS_MAX days; of an optional text: absent, or such a one. SY_E_FIELD (supervise.c). */
SY_MUST sy_status text_check(struct sy_view text, const char *field, struct sy_error *err);
SY_MUST sy_status days_check(uint64_t days, struct sy_error *err);
SY_MUST sy_status digest_check(const uint8_t digest[32], struct sy_error *err);

/* Last second of the n-th working day after `from`, by the pack in force (apply side; supervise.c). */
SY_MUST sy_status deadline_of(struct change *x, uint64_t days, int64_t *ret);

/* A year that is over at the time of the request; SY_E_FIELD (annual.c). */
SY_MUST sy_status year_check(struct ask *c, const struct sy_pack *pack, uint64_t year);

/* Last second of the day month/day of the year after `year` (annual.c). */
int64_t due_after_year(const struct sy_pack *pack, uint64_t year, uint64_t month, uint64_t day);

/* Key of a yearly row: PREFIX + four digits. */
struct rules_key annual_key(const char *prefix, uint64_t year);
/* "disclosure/YEAR/PARTY". */
struct rules_key disclosure_key(uint64_t year, struct sy_view party);

#endif
