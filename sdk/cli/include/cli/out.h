/*
 * Output: tables on a terminal (libsmartcols, widths right for Chinese text), JSON with --json
 * (jansson; integers that do not fit a double are texts; bytes are lower-case hex).
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <jansson.h>

#include "cli/cli.h"

/* A record as a JSON object, by its descriptor: every field under its key. NULL when out of memory. */
json_t *cli_json_record(const struct sy_desc *desc, const void *record);

/* A record as lines "path value", every field in turn; figures as the record holds them. */
void cli_print_lines(const struct sy_desc *desc, const void *record);

/* How the log's witnesses stand, for `status`; needs a profile. Nothing when the domain has none, or does not
 * say so at once: to somebody who is not enrolled, for one. */
void cli_witnesses_lines(struct cli *c);

/* Print and free. */
int cli_print_json(json_t *value);

/* A text as JSON. */
json_t *cli_json_text(struct sy_view v);

/* A table in the making. Cells are copied. */
struct cli_table;
struct cli_table *cli_table_new(const char *const *headers, size_t n);
/* right: align figures right. */
void cli_table_right(struct cli_table *t, size_t column);
void cli_table_row(struct cli_table *t, const char *const *cells);
void cli_table_print(struct cli_table *t); /* and free */
void cli_table_free(struct cli_table *t);  /* NULL-safe */

/*
 * A kind of state row as people see it: one description gives its list and its details. Functions get
 * the row's id (its key without the prefix) and bytes; a row that does not read is left out.
 */
struct cli_kind_view {
    const char
        *prefixes[2]; /* state prefixes, the second may be NULL; details: the last that has it */
    const char *const *headers;
    size_t n_headers;                                                      /* at most 8 */
    json_t *(*json)(struct cli *c, struct sy_view id, struct sy_view row); /* NULL: leave it out */
    bool (*cells)(struct cli *c, struct sy_view id, struct sy_view row, const char **ret);
    bool (*print)(struct cli *c, struct sy_view id, struct sy_view row); /* NULL: no details */
};
int cli_list(struct cli *c, const struct cli_kind_view *v);
int cli_show(struct cli *c, const struct cli_kind_view *v, struct sy_view id);

/* The bytes of one state row, in the arena; *ret.p NULL when there is none. */
int cli_find(struct cli *c, const char *prefix, struct sy_view id, struct sy_view *ret);

/* An answer with its receipt, for --json; NULL when its bytes do not read. */
json_t *cli_answer_json(struct cli *c, const shuyu_answer *a);

/* "rho 0.05", "delta 1e-09": fixed-point to text, exact. ret: at least 32 bytes. */
const char *cli_nano_text(uint64_t nano, char *ret, size_t cap);
const char *cli_femto_text(uint64_t femto, char *ret, size_t cap);

/* What rho (1e-9) is as an epsilon at SY_ZCDP_DELTA, rounded up to four decimals: wire/zcdp.h. */
const char *cli_epsilon_text(uint64_t rho, char *ret, size_t cap);

/* What an ingest kept, nulled and rejected, by rule (cmd_dataset.c). */
void cli_quality_print(const struct sy_ingest_result *r);

/* One line: what rho (1e-9) with delta (1e-15, its own) is as (epsilon, delta).
 * `what` says what it is about; nothing is printed for rho 0. */
void cli_print_epsilon(struct sy_view ns, const char *what, uint64_t rho, uint64_t delta);

#endif
