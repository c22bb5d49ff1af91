/*
 * Tables of the catalogue: as plain tables (natural types) for the references, and as coded columns for
 * the engine under test. They come from CSV files, or are made at random for neighbour tests.
 */
#ifndef DIALECT_TABLES_H
#define DIALECT_TABLES_H

#include "plain.h"
#include "src/engine.h"

#define CELL_NULL INT64_MIN

/* Texts <-> dense codes. */
struct dict {
    struct sy_view *texts;
    size_t n, cap;
    uint32_t *slots; /* code + 1, open addressing */
    size_t n_slots;
};

struct space { /* a unit namespace */
    struct sy_view ns;
    struct dict ids;
};

struct table {
    const struct sy_dataset_def *def;
    size_t n_rows;
    int64_t **cols; /* per field: scaled integer, day, 0/1, label's position, unit or text code */
    struct dict *texts; /* per field: labels of text fields */
};

enum { SPACES_MAX = 8 };

struct tables {
    struct sy_arena arena;
    struct sy_dataset_def *defs;
    size_t n_defs;
    struct table *t; /* one per def */
    struct space spaces[SPACES_MAX];
    size_t n_spaces;
};

/* Read every catalogue entry (*.yaml) of a folder. */
void tables_catalogue(struct tables *ts, const char *folder);

const struct table *tables_find(const struct tables *ts, struct sy_view dataset);
const struct sy_field_def *tables_field(const struct sy_dataset_def *def, struct sy_view name);
struct space *tables_space(struct tables *ts, struct sy_view ns);
uint32_t dict_code(struct dict *d, struct sy_view text, struct sy_arena *arena);
/* The code of a text that may not be there; UINT32_MAX then. */
uint32_t dict_find(const struct dict *d, struct sy_view text);

/* Read DATASET.dummy.csv (or DATASET.csv) of each entry from a folder: plain table named by the id's
 * last part, and coded columns. */
void tables_load(struct tables *ts, struct plain *p, const char *folder);

/* The plain name of a dataset: its id's last part. */
struct sy_view tables_plain_name(struct sy_view dataset);

#endif
