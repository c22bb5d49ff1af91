/* The vault's own state, shared by its source files and nobody else. */
#ifndef VAULT_SRC_VAULT_STATE_H
#define VAULT_SRC_VAULT_STATE_H

#include "item.h"
#include "vault/store.h"

struct unit_map;

struct vault {
    int keys_fd;     /* DIR/keys */
    int store_fd;    /* DIR/keys/store */
    int data_fd;     /* DIR/data */
    int units_fd;    /* DIR/data/units */
    int answers_fd;  /* DIR/answers */
    int payloads_fd; /* DIR/payloads */
    struct vault_secret master;
    struct vault_secret log_secrets[VAULT_LOG_KEYS_MAX]; /* 64 bytes; empty = erased */
    struct vault_sign_key log_keys[VAULT_LOG_KEYS_MAX];  /* point into them */
    size_t n_log_keys;
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

/* log_keys.c: the keys of the log, at opening and closing. */
SY_MUST sy_status vault_log_keys_load(struct vault *v, struct sy_error *reterr);
void vault_log_keys_free(struct vault *v);

#endif
