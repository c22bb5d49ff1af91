/*
 * What became of calls that carried an Idempotency-Key: the same key with the same question gets the same outcome,
 * and is signed, run and billed once. Outcomes are kept in memory, wiped at the end, and never written anywhere;
 * so this holds for as long as the bridge runs, and for the last BRIDGE_KEYS_MAX keys.
 *
 * Threads: one. Source: draft-ietf-httpapi-idempotency-key-header.
 */
#ifndef BRIDGE_KEYS_H
#define BRIDGE_KEYS_H

#include "base/buf.h"

enum {
    BRIDGE_KEYS_MAX = 8192,
    BRIDGE_KEY_MAX = 128,          /* bytes of a key: visible ASCII */
    BRIDGE_OUTCOME_MAX = 64 << 20, /* bytes of one outcome ... */
    BRIDGE_KEPT_MAX = 128 << 20,   /* ... and of all that are kept */
};

enum bridge_key_state {
    BRIDGE_KEY_FREE = 0,
    BRIDGE_KEY_RUNNING, /* its call is under way */
    BRIDGE_KEY_DONE,    /* status and body are its outcome */
    BRIDGE_KEY_BARE,    /* it had an outcome, which made room for others */
};

struct bridge_key {
    enum bridge_key_state state;
    uint8_t id[16];     /* of the key's text */
    uint8_t digest[32]; /* of what is asked */
    void *call;         /* RUNNING: of whoever added it */
    unsigned status;
    struct sy_buf body;
    uint64_t age; /* larger: younger */
};

/* Zero-initialise. */
struct bridge_keys {
    struct bridge_key *keys; /* BRIDGE_KEYS_MAX, made with the first */
    size_t n;
    size_t n_bytes; /* of all bodies */
    uint64_t next_age;
};

/* Wipe and free. */
void bridge_keys_deinit(struct bridge_keys *k);

/* Is this a key? */
bool bridge_key_is(struct sy_view text);

/* The digest of a question: path and body as they came. */
void bridge_key_digest(uint8_t ret[32], struct sy_view path, struct sy_view body);

/* Find a key. SY_E_EXISTS: *ret is it; SY_E_DENIED: it was used for another question; SY_E_NOT_FOUND. */
SY_MUST sy_status bridge_keys_find(struct bridge_keys *k, struct sy_view text,
                                   const uint8_t digest[32], struct bridge_key **ret);

/*
 * Add a key in state RUNNING with call NULL; what bridge_keys_find finds is not added again. SY_E_BUSY: every key
 * that is remembered is of a call under way; SY_E_NO_MEMORY. *ret is valid until the next call here.
 */
SY_MUST sy_status bridge_keys_add(struct bridge_keys *k, struct sy_view text,
                                  const uint8_t digest[32], struct bridge_key **ret);

/* The call has its outcome, which is copied; it is BARE when there is no room. call: that of the key. */
void bridge_keys_done(struct bridge_keys *k, const void *call, unsigned status,
                      struct sy_view body);

/* Nothing came of the call, and nothing can have happened: the key may be used anew. */
void bridge_keys_forget(struct bridge_keys *k, const void *call);

#endif
