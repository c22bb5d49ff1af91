/*
 * Private to disclosure: the fold (disclose_fold.c), the tables that it becomes (disclose_tables.c), and how a table is
 * written (disclose_csv.c, disclose_html.c; JSON in disclose.c).
 */
#ifndef AUDIT_SRC_DISCLOSE_H
#define AUDIT_SRC_DISCLOSE_H

#include "audit/disclose.h"
#include "base/buf.h"
#include "rules/state.h"

/* ---- the fold ---- */

/* How much one grantee used the data in the year. rows: the most that the answers to its charged questions may have, by
 * their plans, whether a question came to nothing or not: that may depend on the data. */
struct disclose_use {
    struct sy_view developer;
    uint64_t jobs, calls, rows, denials;
};

struct disclose_sales {
    uint8_t product[32];
    uint64_t calls;
};

struct disclose_fold {
    const struct audit_export *x;
    uint64_t year;
    struct sy_arena *arena;
    struct rules_state *state; /* after the year's last entry */
    int64_t offset;            /* of the district's clock */
    uint64_t entries;          /* up to the year's end */
    bool began, over;
    struct sy_buf ended; /* ids of the grants that had ended before the year began, 32 bytes each */
    struct disclose_use *uses;
    size_t n_uses, cap_uses;
    struct disclose_sales *sales;
    size_t n_sales, cap_sales;
};

/* Fold the log up to the year's end; f->state is the caller's to free. Errors of audit_disclose. */
SY_MUST sy_status disclose_fold(struct disclose_fold *f, struct sy_error *err);

/* Room for one more in a list of the fold's or of a table's, in the arena; NULL: out of memory. */
void *disclose_grow(struct sy_arena *a, void *list, size_t n, size_t *cap, size_t size);

/* Local year of a time; "2027-03-31" in the arena, empty for 0. */
int64_t disclose_year(const struct disclose_fold *f, int64_t t);
struct sy_view disclose_date(const struct disclose_fold *f, int64_t t);

/* ---- tables ---- */

/* CODE: a word of the system, shown with its label; MONEY: a number of fen, shown in yuan. */
enum disclose_kind { DISCLOSE_TEXT = 0, DISCLOSE_NUMBER, DISCLOSE_CODE, DISCLOSE_MONEY };

struct disclose_column {
    const char *key, *zh, *en;
    enum disclose_kind kind;
};

struct disclose_cell {
    struct sy_view text;
    uint64_t number;
};

enum { DISCLOSE_COLUMNS_MAX = 12, DISCLOSE_TABLES = 8 };

struct disclose_table {
    const char *id, *zh, *en;
    const struct disclose_column *columns;
    size_t n_columns;
    struct disclose_cell *cells; /* n_rows times n_columns */
    size_t n_rows, cap_rows;
};

/* All tables, in the order in which they are shown. */
SY_MUST sy_status disclose_tables(struct disclose_fold *f,
                                  struct disclose_table ret[DISCLOSE_TABLES], struct sy_error *err);

/* A code in Chinese; empty for a word that has no label. */
const char *disclose_label(struct sy_view code);

/* A cell as people read it, appended: texts as audit/text.h makes them safe, yuan with two decimals, codes with their label. */
SY_MUST sy_status disclose_text(const struct disclose_column *c, const struct disclose_cell *v,
                                struct sy_buf *b);

/* What stands above the tables. */
struct disclose_heading {
    uint64_t year, entries;
    struct sy_view domain; /* its name */
    struct sy_view made;   /* the date of the last entry that it is made of */
};

SY_MUST sy_status disclose_csv(const struct disclose_table *t, struct sy_buf *b);
SY_MUST sy_status disclose_html(const struct disclose_heading *h, const struct disclose_table *t,
                                size_t n, struct sy_buf *b);
SY_MUST sy_status disclose_json(const struct disclose_heading *h, const struct disclose_table *t,
                                size_t n, struct sy_buf *b);

#endif
