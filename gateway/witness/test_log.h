/* A log for the tests of the witness: it signs its trees, true or forked, and proves its growth. */
#ifndef WITNESS_TEST_LOG_H
#define WITNESS_TEST_LOG_H

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#include "proof/witness.h"

enum { LOG_LEAVES = 64, LOG_TRUE = LOG_LEAVES };

struct test_log {
    struct proof_vkey key;
    uint8_t secret[PROOF_SECRET_BYTES];
};

static inline void log_make(struct test_log *log, const char *origin)
{
    uint8_t pub[PROOF_KEY_BYTES];
    crypto_sign_keypair(pub, log->secret);
    check_ok(proof_vkey_make(sy_view_str(origin), PROOF_SIG_ED25519, pub, &log->key));
}

/* Entry i is the byte i; in the history that differs from entry `fork` on, another one. */
static inline void log_leaf(uint64_t i, uint64_t fork, uint8_t ret[PROOF_HASH_BYTES])
{
    uint8_t entry[2] = {(uint8_t)i, i >= fork};
    proof_merkle_leaf(ret, sy_view(entry, sizeof(entry)));
}

/* The root over entries from..to, by the definition of RFC 6962 section 2.1. */
static inline void log_root(uint64_t from, uint64_t to, uint64_t fork,
                            uint8_t ret[PROOF_HASH_BYTES])
{
    uint8_t right[PROOF_HASH_BYTES];
    uint64_t k = 1;
    if (from == to) {
        proof_merkle_empty(ret);
        return;
    }
    if (to - from == 1) {
        log_leaf(from, fork, ret);
        return;
    }
    while (k * 2 < to - from) {
        k *= 2;
    }
    log_root(from, from + k, fork, ret);
    log_root(from + k, to, fork, right);
    proof_merkle_node(ret, ret, right);
}

/* SUBPROOF of section 2.1.2 for the first m of the entries from..to. */
static inline void log_proof(uint64_t m, uint64_t from, uint64_t to, bool is_whole, uint64_t fork,
                             struct proof_path *p)
{
    uint64_t k = 1;
    if (m == to - from) {
        if (!is_whole) {
            log_root(from, to, fork, p->hash[p->n++]);
        }
        return;
    }
    while (k * 2 < to - from) {
        k *= 2;
    }
    if (m <= k) {
        log_proof(m, from, from + k, is_whole, fork, p);
        log_root(from + k, to, fork, p->hash[p->n++]);
    } else {
        log_proof(m - k, from + k, to, false, fork, p);
        log_root(from, from + k, fork, p->hash[p->n++]);
    }
}

/* Append the signed checkpoint of this size and history. */
static inline void log_sign(const struct test_log *log, uint64_t size, uint64_t fork,
                            struct sy_buf *b)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1024);
    struct proof_checkpoint c = {.origin = sy_view_str(log->key.name), .size = size};
    log_root(0, size, fork, c.root);
    check_ok(proof_checkpoint_encode(&c, &text));
    check_ok(proof_note_sign(sy_buf_view(&text), &log->key, log->secret, b));
}

/* Append the request that this history asks with. */
static inline void log_ask(const struct test_log *log, uint64_t old, uint64_t size, uint64_t fork,
                           struct sy_buf *b)
{
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(4096);
    struct proof_witness_ask ask = {.old_size = old};
    log_sign(log, size, fork, &note);
    ask.checkpoint = sy_buf_view(&note);
    if (old > 0 && old < size) {
        log_proof(old, 0, size, true, fork, &ask.path);
    }
    check_ok(proof_witness_ask_format(&ask, b));
}

#endif
