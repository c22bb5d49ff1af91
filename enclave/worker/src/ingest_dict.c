/*
 * Dictionaries: open addressing over codes, the labels' bytes one behind the other.
 * Invariants: labels enter the slots in code order, also when the table is rebuilt; so the last
 * label can always be taken out by freeing its slot: no other label's probing passed over it.
 */
#include "ingest_dict.h"

#include <stdlib.h>

#include "base/arith.h"

#define FIRST_LABELS     ((size_t)64)
#define LABEL_HEAD_BYTES ((size_t)4) /* each label's length, where dictionaries are stored */
#define MIX              UINT64_C(0x9E3779B97F4A7C15)

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * MIX;
    return h ^ h >> 29;
}

static uint32_t hash_of(struct sy_view label)
{
    uint64_t h = label.n;
    uint64_t tail = 0;
    size_t i = 0;
    for (; i + 8 <= label.n; i += 8) {
        h = mix(h, sy_load_le64(label.p + i));
    }
    for (; i < label.n; i++) {
        tail = tail << 8 | label.p[i];
    }
    return (uint32_t)(mix(h, tail) >> 32);
}

struct sy_view ingest_dict_label(const struct ingest_dict *d, size_t code)
{
    return sy_view(d->text.p + d->labels[code].at, d->labels[code].n);
}

/* The slot of a label, or the free one where it would go. n_slots > 0. */
static size_t slot_of(const struct ingest_dict *d, struct sy_view label, uint32_t hash)
{
    size_t i = hash & (d->n_slots - 1);
    for (; d->slots[i] != 0; i = (i + 1) & (d->n_slots - 1)) {
        uint32_t code = d->slots[i] - 1;
        if (d->labels[code].hash == hash && sy_view_eq(ingest_dict_label(d, code), label)) {
            break;
        }
    }
    return i;
}

bool ingest_dict_find(const struct ingest_dict *d, struct sy_view label, uint32_t *ret_code)
{
    if (d->n_slots == 0) {
        return false;
    }
    uint32_t at = d->slots[slot_of(d, label, hash_of(label))];
    if (at == 0) {
        return false;
    }
    *ret_code = at - 1;
    return true;
}

static void fill_slots(struct ingest_dict *d)
{
    for (size_t i = 0; i < d->n; i++) {
        d->slots[slot_of(d, ingest_dict_label(d, i), d->labels[i].hash)] = (uint32_t)i + 1;
    }
}

static sy_status grow(struct ingest_dict *d)
{
    size_t cap = d->cap == 0 ? FIRST_LABELS : 2 * d->cap;
    struct ingest_label *labels = calloc(cap, sizeof(*labels));
    uint32_t *slots = calloc(2 * cap, sizeof(*slots));
    if (labels == NULL || slots == NULL) {
        free(labels);
        free(slots);
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (d->n > 0) {
        memcpy(labels, d->labels, d->n * sizeof(*labels));
    }
    free(d->labels);
    free(d->slots);
    d->labels = labels;
    d->slots = slots;
    d->n_slots = 2 * cap;
    d->cap = cap;
    fill_slots(d);
    return SY_OK;
}

static sy_status add(struct ingest_dict *d, struct sy_view label, uint32_t hash)
{
    if (d->n >= INGEST_DICT_LABELS ||
        d->text.n + label.n + (d->n + 1) * LABEL_HEAD_BYTES > INGEST_DICT_BYTES) {
        return sy_status_of(SY_E_LIMIT);
    }
    if (d->n == d->cap) {
        SY_TRY(grow(d));
    }
    uint32_t at = (uint32_t)d->text.n;
    SY_TRY(sy_buf_add_view(&d->text, label));
    d->slots[slot_of(d, label, hash)] = (uint32_t)d->n + 1;
    d->labels[d->n++] = (struct ingest_label){at, (uint32_t)label.n, hash};
    return SY_OK;
}

sy_status ingest_dict_code(struct ingest_dict *d, struct sy_view label, uint32_t *ret_code)
{
    uint32_t hash = hash_of(label);
    uint32_t at = d->n_slots == 0 ? 0 : d->slots[slot_of(d, label, hash)];
    if (at == 0) {
        SY_TRY(add(d, label, hash));
        at = (uint32_t)d->n;
    }
    *ret_code = at - 1;
    return SY_OK;
}

void ingest_dict_cut(struct ingest_dict *d, size_t n)
{
    while (d->n > n) {
        d->n--;
        d->slots[slot_of(d, ingest_dict_label(d, d->n), d->labels[d->n].hash)] = 0;
        d->text.n = d->labels[d->n].at;
    }
}

void ingest_dict_deinit(struct ingest_dict *d)
{
    sy_buf_deinit(&d->text);
    free(d->labels);
    free(d->slots);
    *d = ingest_dict();
}
