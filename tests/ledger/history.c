/*
 * What was seen of a ledger. Nothing is believed here because the ledger says so: receipts and
 * checkpoints are verified against the log's key, contents are made again and compared.
 */
#include "history.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arith.h"
#include "proof/leaf.h"

#define ORIGIN "crash.example/log"

enum { DAY = 20000, BODY_FIXED = 16 };

/* One entry, made. */
struct made {
    uint8_t salt[LEDGER_SALT_BYTES];
    uint8_t body[HISTORY_BODY_MAX];
    size_t n_body;
    struct sy_buf leaf;
};

/* A text that must stay true. index: the entry of a receipt; UINT64_MAX = a checkpoint alone. */
struct history_proof {
    uint64_t index;
    size_t at;
    size_t n;
};

void history_key(struct proof_vkey *ret_log, uint8_t ret_secret[PROOF_SECRET_BYTES])
{
    static const uint8_t SEED[crypto_sign_SEEDBYTES] = "a log that is crashed on purpose";
    uint8_t pub[PROOF_KEY_BYTES];
    crypto_sign_seed_keypair(pub, ret_secret, SEED);
    if (!sy_ok(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub, ret_log))) {
        abort();
    }
}

uint64_t history_random(uint64_t *state)
{
    uint8_t seed[randombytes_SEEDBYTES] = {0};
    uint64_t n;
    (*state)++;
    memcpy(seed, state, sizeof(*state));
    randombytes_buf_deterministic(&n, sizeof(n), seed);
    return n;
}

void history_init(struct history *h)
{
    *h = (struct history){.runs = sy_buf(SIZE_MAX / 4),
                          .texts = sy_buf(SIZE_MAX / 4),
                          .proofs = sy_buf(SIZE_MAX / 4)};
}

void history_deinit(struct history *h)
{
    sy_buf_deinit(&h->runs);
    sy_buf_deinit(&h->texts);
    sy_buf_deinit(&h->proofs);
}

/* --- entries ------------------------------------------------------------------------------------ */

/* Mostly a few hundred bytes; now and then many sectors. */
static void make(uint64_t run, uint64_t index, struct made *m)
{
    uint8_t seed[randombytes_SEEDBYTES] = {0};
    memcpy(seed, &run, sizeof(run));
    memcpy(seed + sizeof(run), &index, sizeof(index));
    randombytes_buf_deterministic(m->body, sizeof(m->body), seed);
    size_t size = m->body[100] < 12 ? HISTORY_BODY_MAX : 100 + 3 * (size_t)m->body[101];
    m->n_body = size;
    memcpy(m->salt, m->body + sizeof(m->body) - sizeof(m->salt), sizeof(m->salt));
    memcpy(m->body, &run, sizeof(run));
    memcpy(m->body + sizeof(run), &index, sizeof(index));
    m->leaf = sy_buf(PROOF_LEAF_MAX);
    if (!sy_ok(proof_leaf_make(sy_view_str("crash"), DAY, m->salt, sy_view(m->body, m->n_body),
                               &m->leaf))) {
        abort();
    }
}

sy_status history_append(struct ledger *l, uint64_t run, struct sy_error *reterr)
{
    struct made m;
    uint64_t next = ledger_size(l) + ledger_pending(l);
    uint64_t index = 0;
    make(run, next, &m);
    struct ledger_entry e = {sy_buf_view(&m.leaf), m.salt, sy_view(m.body, m.n_body)};
    sy_status s = ledger_append(l, &e, &index, reterr);
    sy_buf_deinit(&m.leaf);
    return sy_ok(s) && index != next ? sy_status_of(SY_E_INTERNAL) : s;
}

/* --- records ------------------------------------------------------------------------------------ */

sy_status history_ack(const struct ledger *l, uint64_t run, uint64_t first, uint64_t index,
                      struct sy_buf *b)
{
    SY_TRY(sy_buf_printf(b, "ack %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", run, first,
                         ledger_size(l) - first, index));
    return ledger_receipt(l, index, b);
}

static bool keep(struct history *h, uint64_t index, struct sy_view text)
{
    struct history_proof p = {index, h->texts.n, text.n};
    return sy_ok(sy_buf_add_view(&h->texts, text)) && sy_ok(sy_buf_add(&h->proofs, &p, sizeof(p)));
}

static bool know(struct history *h, uint64_t run, uint64_t first, uint64_t n)
{
    static const uint64_t UNKNOWN = UINT64_MAX;
    if (first < h->n) {
        return false; /* numbers are given once: this would be the fork */
    }
    while (h->n < first + n) {
        if (!sy_ok(sy_buf_add(&h->runs, h->n < first ? &UNKNOWN : &run, sizeof(run)))) {
            abort();
        }
        h->n++;
    }
    return true;
}

bool history_take(struct history *h, struct sy_view record)
{
    uint64_t run, first, n, index;
    char head[128] = {0};
    const uint8_t *end = record.n == 0 ? NULL : memchr(record.p, '\n', record.n);
    size_t n_head = end == NULL ? 0 : (size_t)(end - record.p);
    if (end == NULL || n_head >= sizeof(head)) {
        return false;
    }
    memcpy(head, record.p, n_head);
    struct sy_view text = sy_view(end + 1, record.n - n_head - 1);
    if (strcmp(head, "note") == 0) {
        return keep(h, UINT64_MAX, text);
    }
    return sscanf(head, "ack %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &run, &first, &n,
                  &index) == 4 &&
           know(h, run, first, n) && keep(h, index, text);
}

/* --- the judgement ------------------------------------------------------------------------------ */

struct look {
    const struct history *h;
    const struct proof_vkey *log;
    struct ledger *l;
    struct sy_buf hashes; /* of all leaves, as read from the ledger */
    struct proof_tree now;
    char *why;
};

static bool wrong(struct look *k, const char *what, uint64_t at)
{
    (void)snprintf(k->why, HISTORY_WHY_MAX, "%s (%" PRIu64 "; the ledger has %" PRIu64 ")", what,
                   at, ledger_size(k->l));
    return false;
}

/* Entry i is the one that its run made; entries that nobody was told of name their run. */
static sy_status see(void *data, uint64_t i, const struct ledger_entry *e)
{
    struct look *k = data;
    struct made m;
    uint8_t hash[PROOF_HASH_BYTES];
    uint64_t run = UINT64_MAX;
    if (i < k->h->n) {
        memcpy(&run, k->h->runs.p + i * sizeof(run), sizeof(run));
    }
    if (run == UINT64_MAX && e->body.n >= BODY_FIXED) {
        memcpy(&run, e->body.p, sizeof(run));
    }
    make(run, i, &m);
    bool same = sy_view_eq(e->leaf, sy_buf_view(&m.leaf)) &&
                sy_view_eq(e->body, sy_view(m.body, m.n_body)) &&
                memcmp(e->salt, m.salt, sizeof(m.salt)) == 0;
    sy_buf_deinit(&m.leaf);
    proof_merkle_leaf(hash, e->leaf);
    SY_TRY(sy_buf_add(&k->hashes, hash, sizeof(hash)));
    return same ? SY_OK : sy_status_of(SY_E_DIGEST);
}

/* A tree that somebody saw is a prefix of what there is. */
static bool grew(struct look *k, const struct proof_tree *before)
{
    struct proof_path path = {0};
    if (before->size > k->now.size ||
        (before->size > 0 && !sy_ok(ledger_consistency(k->l, before->size, k->now.size, &path)))) {
        return false;
    }
    return sy_ok(proof_merkle_check_growth(before, &k->now, &path));
}

static bool check_proof(struct look *k, const struct history_proof *p)
{
    struct sy_view text = sy_view(k->h->texts.p + p->at, p->n);
    struct proof_inclusion in = {0};
    if (p->index == UINT64_MAX) {
        struct proof_checkpoint c;
        if (!sy_ok(proof_checkpoint_verify(text, k->log, &c, NULL))) {
            return wrong(k, "a checkpoint does not verify", p->n);
        }
        in.tree.size = c.size;
        memcpy(in.tree.root, c.root, sizeof(c.root));
        return grew(k, &in.tree) ||
               wrong(k, "a checkpoint that was seen is of another log", c.size);
    }
    if (p->index >= k->now.size ||
        !sy_ok(proof_receipt_verify(text, k->log, k->hashes.p + p->index * PROOF_HASH_BYTES, &in,
                                    NULL)) ||
        in.index != p->index) {
        return wrong(k, "a receipt does not prove the entry that is there now", p->index);
    }
    return grew(k, &in.tree) || wrong(k, "a receipt is of another log", p->index);
}

static bool check_all(struct look *k)
{
    if (ledger_size(k->l) < k->h->n) {
        return wrong(k, "acknowledged entries are lost", k->h->n);
    }
    k->now.size = ledger_size(k->l);
    if (!sy_ok(ledger_root(k->l, k->now.size, k->now.root))) {
        return wrong(k, "there is no root", k->now.size);
    }
    if (!sy_ok(ledger_each(k->l, 0, see, k, NULL))) {
        return wrong(k, "an entry is not the one that was acknowledged",
                     k->hashes.n / PROOF_HASH_BYTES - 1);
    }
    for (size_t at = 0; at < k->h->proofs.n; at += sizeof(struct history_proof)) {
        struct history_proof p;
        memcpy(&p, k->h->proofs.p + at, sizeof(p));
        if (!check_proof(k, &p)) {
            return false;
        }
    }
    return true;
}

bool history_holds(const struct history *h, struct ledger *l, char why[HISTORY_WHY_MAX])
{
    struct proof_vkey log;
    uint8_t secret[PROOF_SECRET_BYTES];
    history_key(&log, secret);
    struct look k = {.h = h, .log = &log, .l = l, .hashes = sy_buf(SIZE_MAX / 4), .why = why};
    bool fine = check_all(&k);
    sy_buf_deinit(&k.hashes);
    return fine;
}
