/*
 * What the commands of supervision share: their arguments, sending an act and saying which entry it became, and rows
 * that are named by their entry. All print what is wrong and set *ret_status.
 */
#ifndef CLI_SRC_SUPERVISE_H
#define CLI_SRC_SUPERVISE_H

#include "catalogue.h"
#include "cli/out.h"
#include "wire/supervise.h"

/* The SHA-256 of the file --NAME; when it is not given, and not needed, zeros. */
bool sup_digest(struct cli *c, const char *name, bool needed, uint8_t ret[32], int *ret_status);

/* The words of --NAME A,B,C; none when it is not given. */
bool sup_words(struct cli *c, const char *name, struct sy_view **ret, size_t *ret_n,
               int *ret_status);

/* --NAME as a whole number, or as a time (RFC 3339, or a date); when it is not given, `absent`. */
bool sup_count(struct cli *c, const char *name, uint64_t absent, uint64_t *ret, int *ret_status);
bool sup_time(struct cli *c, const char *name, int64_t absent, int64_t *ret, int *ret_status);

/* --NAME as a text; "" and false when it is missing. */
bool sup_text(struct cli *c, const char *name, struct sy_view *ret, int *ret_status);

/* What an incident stops: --all, --grants, --datasets. */
bool sup_affected(struct cli *c, struct sy_affected *ret, int *ret_status);

/* Send, and say which entry it is. */
int sup_send(struct cli *c, const char *method, const struct sy_desc *desc, const void *args,
             const char *said);
/* The same for what stops grants: also how many of them have shares left (wire/supervise.h, stopped). */
int sup_stop(struct cli *c, const char *method, const struct sy_desc *desc, const void *args,
             const char *said);

/* The row PREFIX + 20 digits of the only argument, an entry; decoded. */
int sup_row(struct cli *c, const char *prefix, const struct sy_desc *desc, void *ret,
            uint64_t *ret_entry);

/* The entry at a key's end. */
uint64_t sup_entry(struct sy_view id);

/* A row as JSON, with `entry` from its id; NULL when it does not read. */
json_t *sup_json(struct cli *c, const struct sy_desc *desc, struct sy_view id, struct sy_view row);

/* Seconds that the district's clock is ahead of UTC, by the pack in force (28800 when it says nothing). */
int sup_offset(struct cli *c, int64_t *ret);
/* Local year of a time; "2026-11-22 20:16:05" of the district's clock, in the arena; "-" for 0. */
int64_t sup_year(int64_t offset, int64_t t);
const char *sup_local(struct cli *c, int64_t offset, int64_t t);

#endif
