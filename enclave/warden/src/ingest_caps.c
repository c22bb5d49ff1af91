/*
 * What: counting rows per unit during an ingest (ingest_caps.h). A table per capped field, open addressing,
 * at most two thirds full.
 */
#include "ingest_caps.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 1024 };

struct slot {
    uint64_t hash[2];
    uint64_t rows; /* 0: the slot is free */
};

struct counter {
    size_t field;
    uint64_t cap;
    struct slot *slots;
    size_t n_slots; /* a power of two */
    size_t used;
};

struct warden_caps {
    const struct sy_dataset_def *def;
    uint8_t key[crypto_shorthash_siphashx24_KEYBYTES];
    struct counter *counters;
    size_t n_counters;
};

static struct slot *find(const struct counter *c, const uint64_t hash[2])
{
    size_t at = hash[0] & (c->n_slots - 1);
    while (c->slots[at].rows > 0 &&
           memcmp(c->slots[at].hash, hash, sizeof(c->slots[at].hash)) != 0) {
        at = (at + 1) & (c->n_slots - 1);
    }
    return &c->slots[at];
}

static sy_status grow(struct counter *c)
{
    struct counter bigger = {.n_slots = c->n_slots == 0 ? SLOTS_FIRST : c->n_slots * 2};
    bigger.slots = calloc(bigger.n_slots, sizeof(*bigger.slots));
    if (bigger.slots == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < c->n_slots; i++) {
        if (c->slots[i].rows > 0) {
            *find(&bigger, c->slots[i].hash) = c->slots[i];
        }
    }
    free(c->slots);
    c->slots = bigger.slots;
    c->n_slots = bigger.n_slots;
    return SY_OK;
}

static sy_status count(struct counter *c, const uint64_t hash[2])
{
    if (c->used >= c->n_slots / 3 * 2) {
        SY_TRY(grow(c));
    }
    struct slot *s = find(c, hash);
    if (s->rows == 0) {
        memcpy(s->hash, hash, sizeof(s->hash));
        c->used++;
    }
    s->rows++;
    return s->rows <= c->cap ? SY_OK : sy_status_of(SY_E_DATA);
}

sy_status warden_caps_new(const struct sy_dataset_def *def, struct warden_caps **ret,
                          struct sy_error *err)
{
    struct warden_caps *c = calloc(1, sizeof(*c));
    if (c != NULL) {
        c->counters = calloc(def->n_fields + 1, sizeof(*c->counters));
    }
    if (c == NULL || c->counters == NULL) {
        free(c);
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    c->def = def;
    randombytes_buf(c->key, sizeof(c->key));
    for (size_t i = 0; i < def->n_fields; i++) {
        if (sy_view_is(def->fields[i].type, "unit") && def->fields[i].rows > 0) {
            c->counters[c->n_counters++] = (struct counter){.field = i, .cap = def->fields[i].rows};
        }
    }
    *ret = c;
    return SY_OK;
}

/* A row without a unit belongs to nobody and counts for nobody. */
static sy_status count_rows(const struct warden_caps *c, struct counter *counter,
                            struct sy_view ids, uint64_t rows)
{
    const uint8_t *at = ids.p;
    for (uint64_t row = 0; row < rows; row++, at += 1U + at[0]) {
        uint64_t hash[2];
        if (at[0] > 0) {
            (void)crypto_shorthash_siphashx24((uint8_t *)hash, at + 1, at[0], c->key);
            SY_TRY(count(counter, hash));
        }
    }
    return SY_OK;
}

/* BOUNDARY: the ingest worker was to refuse such a file; its word is not taken for it. */
sy_status warden_caps_add(struct warden_caps *c, const struct sy_ingest_batch *batch,
                          struct sy_error *err)
{
    for (size_t i = 0; i < c->n_counters; i++) {
        struct counter *counter = &c->counters[i];
        sy_status s = count_rows(c, counter, batch->columns[counter->field].ids, batch->rows);
        if (!sy_ok(s)) {
            char name[65];
            sy_view_to_cstr(c->def->fields[counter->field].name, name, sizeof(name));
            return sy_fail(err, s.code, name, "a unit has more rows than the catalogue allows");
        }
    }
    return SY_OK;
}

void warden_caps_free(struct warden_caps *c)
{
    for (size_t i = 0; c != NULL && i < c->n_counters; i++) {
        free(c->counters[i].slots);
    }
    if (c != NULL) {
        sodium_memzero(c->key, sizeof(c->key));
        free(c->counters);
    }
    free(c);
}
