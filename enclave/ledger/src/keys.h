/*
 * The keys of a log: those that its checkpoints may be signed by, and of them those that sign now.
 * Threads: one at a time.
 */
#ifndef LEDGER_SRC_KEYS_H
#define LEDGER_SRC_KEYS_H

#include "ledger/ledger.h"

struct keys {
    struct proof_vkey known[LEDGER_KEYS_MAX]; /* one name; the first gives it */
    bool live[LEDGER_KEYS_MAX];               /* we hold its secret: it is not retired */
    size_t n_known;
    struct ledger_key signers[LEDGER_SIGNERS_MAX];
    size_t n_signers;
};

/* Take the keys of the options. SY_E_USAGE (type, name, or a secret that is not the key's), SY_E_LIMIT. */
SY_MUST sy_status keys_init(struct keys *k, const struct ledger_options *o,
                            struct sy_error *reterr);

/* As ledger_sign_by. */
SY_MUST sy_status keys_sign_by(struct keys *k, const struct ledger_key *keys, size_t n_keys,
                               struct sy_error *reterr);

/* The log's origin. */
const char *keys_name(const struct keys *k);

/* As ledger_sign_note and ledger_verify_note. */
SY_MUST sy_status keys_sign(const struct keys *k, struct sy_view text, struct sy_buf *b);
SY_MUST sy_status keys_verify(const struct keys *k, struct sy_view bytes, struct proof_note *ret,
                              struct sy_error *reterr);

/* The same, under one that is not retired: for what is believed without the log behind it. */
SY_MUST sy_status keys_verify_live(const struct keys *k, struct sy_view bytes,
                                   struct proof_note *ret);

/* Is this a checkpoint of the log, under any of its keys? Errors of proof_checkpoint_verify_any. */
SY_MUST sy_status keys_checkpoint(const struct keys *k, struct sy_view bytes,
                                  struct proof_checkpoint *ret);

#endif
