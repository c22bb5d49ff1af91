/*
 * A domain of the rules' kit with a real ledger, the warden's side of its witnesses, three witnesses as they
 * should be, and the test in the courier's place: what the warden asks is kept, and answered when the test
 * wants it, by a witness or by a liar.
 */
#ifndef WARDEN_TEST_WITNESS_KIT_H
#define WARDEN_TEST_WITNESS_KIT_H

#include "test_kit.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "proof/witness.h"
#include "warden/courier.h"
#include "warden/witness.h"

enum { WITNESSES = 3, REQUESTS = 64, WAIT_MS = 50 };

/* One witness as it should be: it remembers a tree. */
struct witness {
    struct proof_vkey key;
    uint8_t secret[PROOF_SECRET_BYTES];
    struct proof_tree tree;
    int64_t clock; /* added to the time that it states */
};

/* What the warden has asked the courier for. */
struct request {
    char url[320];
    bool is_get;
    struct sy_buf body;
    warden_courier_fn fn; /* NULL: answered */
    void *ctx;
};

struct scene {
    struct kit k;
    struct warden w;
    char path[64];
    int dir;
    struct witness witnesses[WITNESSES];
    struct request requests[REQUESTS];
    size_t n;
    unsigned called; /* by who waits */
    struct proof_vkey log;
    uint8_t secret[PROOF_SECRET_BYTES];
};

extern struct scene W;

#define TWO "group g 2 w0 w1 w2\nquorum g\n"

int scene_setup(void **state);
int scene_teardown(void **state);

/* n entries more, durable and published. */
void grow(size_t n);
/* The agency adopts all three, at http://w0, w1 and w2, and this quorum. */
void adopt(const char *quorum);
/* So many entries, two of three, and they are asked. */
void begin(size_t entries);

/* The witness has cosigned the first `size` entries before. */
void know(size_t i, uint64_t size);

/* ---- answering request i ---- */
void end_with(size_t i, sy_status s, unsigned status, struct sy_view body);
void say(size_t i, unsigned status, const char *text);
/* As the witness whom it goes to answers: it checks everything. */
void honest(size_t i);
/* GET HEX/checkpoint, with the checkpoint of such a tree, signed by the log, or by a stranger of its name. */
void show(size_t i, const struct proof_tree *tree, bool by_log);
/* All that are open now, but not what is asked meanwhile; `but`: this one is silent. */
void honest_round(size_t but);

/* Whose it is; its parts; a cosignature line of this witness over its checkpoint. */
size_t asked(size_t i);
struct proof_witness_ask parsed(size_t i);
void cosign(const struct witness *w, size_t i, struct sy_buf *b);

/* Requests that are open; room for more. */
size_t n_open(void);
void forget_answered(void);

/* ---- what the warden says of a witness; callbacks ---- */
struct sy_witness_peer peer(size_t i);
void check_state(size_t i, const char *want);
void check_held(bool held); /* is nothing charged, for a claim? */
void check_stopped(bool stopped);
void count(void *ctx);
void nothing(void *ctx);

#endif
