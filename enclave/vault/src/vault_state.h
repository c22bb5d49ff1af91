/* The vault's own state, shared by its source files and nobody else. */
#ifndef VAULT_SRC_VAULT_STATE_H
#define VAULT_SRC_VAULT_STATE_H

#include "item.h"
#include "vault/store.h"

struct unit_map;

struct vault {
    int keys_fd;    /* DIR/keys */
    int store_fd;   /* DIR/keys/store */
    int data_fd;    /* DIR/data */
    int units_fd;   /* DIR/data/units */
    int answers_fd; /* DIR/answers */
    struct vault_secret master;
    struct vault_secret log;         /* 64 bytes */
    struct vault_secret warden;      /* 64 bytes */
    struct vault_secret box;         /* 32 bytes */
    struct vault_secret answers;     /* 32 bytes */
    struct vault_domain_keys domain; /* points into the secrets above */
    struct vault_shelf items;        /* the key store, under `master` */
    struct vault_shelf blobs;        /* stored answers, under `answers` */
    uint64_t epoch;
    uint64_t checkpoint_size;
    uint8_t checkpoint_root[32];
    struct unit_map *maps; /* loaded unit maps, a list */
};

/* Fill *reterr for a failure that a lower layer gave without detail, naming what it was about. */
void vault_explain(int32_t code, const char *name, struct sy_error *reterr);

static inline sy_status vault_blame(sy_status s, const char *name, struct sy_error *reterr)
{
    if (!sy_ok(s)) {
        vault_explain(s.code, name, reterr);
    }
    return s;
}

/* A small item of exactly n bytes. SY_E_TAMPERED for another length. */
SY_MUST sy_status vault_item_fixed(const struct vault *v, const char *name, void *ret, size_t n);

#endif
