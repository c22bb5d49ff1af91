/*
 * A dictionary of labels: label -> code (0, 1, 2 … in order of first occurrence) and back. Used for
 * an enum's declared values, which never grow, and for a text column's labels, which do, up to a
 * ceiling. Labels of a row that is rejected are forgotten again, so that none of them leaves.
 *
 * Ceilings: INGEST_DICT_LABELS labels (what a list of wire/schema.h holds, less the one code that
 * stands for NULL) and INGEST_DICT_BYTES of text, four bytes more for each label (so that a
 * dictionary fits a message and the vault).
 * Threads: one owner.
 */
#ifndef WORKER_INGEST_DICT_H
#define WORKER_INGEST_DICT_H

#include "base/buf.h"

enum { INGEST_DICT_LABELS = (1 << 20) - 1, INGEST_DICT_BYTES = 32 << 20 };

struct ingest_label {
    uint32_t at; /* in the text */
    uint32_t n;  /* bytes */
    uint32_t hash;
};

struct ingest_dict {
    struct sy_buf text;
    struct ingest_label *labels; /* by code */
    size_t n;
    size_t cap;      /* of labels */
    uint32_t *slots; /* code + 1, 0 = free; linear probing */
    size_t n_slots;  /* a power of two, at least twice n; 0 = none yet */
};

/* An empty dictionary; nothing is allocated. */
static inline struct ingest_dict ingest_dict(void)
{
    return (struct ingest_dict){.text = sy_buf(INGEST_DICT_BYTES)};
}

/* Is the label known? */
bool ingest_dict_find(const struct ingest_dict *d, struct sy_view label, uint32_t *ret_code);

/* The label's code, a new one if need be. SY_E_LIMIT: full. SY_E_NO_MEMORY. Unchanged on error. */
SY_MUST sy_status ingest_dict_code(struct ingest_dict *d, struct sy_view label, uint32_t *ret_code);

/* The label of a code below d->n; valid until the next new label. */
struct sy_view ingest_dict_label(const struct ingest_dict *d, size_t code);

/* Forget every code from n on (n <= d->n). */
void ingest_dict_cut(struct ingest_dict *d, size_t n);

/* Free; empty and usable again. */
void ingest_dict_deinit(struct ingest_dict *d);

#endif
