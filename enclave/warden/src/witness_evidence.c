/*
 * What: a witness that says this log is not the one it saw: it knows a size beyond ours (409), or sees no growth
 * (422). BOUNDARY: that is a stranger's word, so the first that follows is a question: which checkpoint did
 * you cosign last (GET HEX/checkpoint, C2SP tlog-witness)? What this log's own key has signed there is evidence,
 * whoever brings it: a tree larger than this one, or another root of a size that this one has. It stops the
 * domain. Nothing else does; but as long as the word stands, nothing is charged (warden_witness_claimed): an
 * older disk would spend again what was spent, and a witness need not have the evidence (C2SP lets it answer 404,
 * or with an older checkpoint). A quorum that has seen the log as it stood when the word was said ends it, and
 * so does the witness when it cosigns; a restart asks again, before anything is served.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "proof/hash.h"
#include "warden/courier.h"
#include "witness_state.h"

enum { HEX_BYTES = 2 * PROOF_HASH_BYTES + 1 };

/* A claim whose evidence has been asked for. */
struct claim {
    struct warden_witnesses *s;
    uint64_t load;
    struct witness_peer *peer;
};

/* Of this domain's log, by the candidate, which the domain itself has signed. */
static sy_status own_origin(const struct warden_witnesses *s, struct sy_view *ret)
{
    struct proof_note note;
    struct proof_checkpoint own;
    SY_TRY(proof_note_parse(sy_buf_view(&s->plain), &note, NULL));
    SY_TRY(proof_checkpoint_parse(note.text, &own, NULL));
    *ret = own.origin;
    return SY_OK;
}

/* The checkpoint, if a key that the policy names for this very log has signed it. */
static sy_status read_evidence(const struct warden_witnesses *s, struct sy_view body,
                               struct proof_checkpoint *ret)
{
    struct proof_vkey keys[PROOF_POLICY_ORIGIN_KEYS_MAX];
    struct proof_note_match matches[PROOF_POLICY_ORIGIN_KEYS_MAX];
    struct sy_view origin;
    size_t n = 0;
    SY_TRY(own_origin(s, &origin));
    for (size_t i = 0; i < s->policy.n_logs && n < PROOF_POLICY_ORIGIN_KEYS_MAX; i++) {
        if (sy_view_is(origin, s->policy.logs[i].key.name)) {
            keys[n++] = s->policy.logs[i].key;
        }
    }
    return n > 0 ? proof_checkpoint_verify_any(body, keys, n, ret, matches, NULL)
                 : sy_status_of(SY_E_UNSIGNED);
}

/* Is it a checkpoint that this log cannot have come by? */
static sy_status contradicts(const struct warden_witnesses *s, const struct proof_checkpoint *c,
                             bool *ret)
{
    uint8_t root[PROOF_HASH_BYTES];
    *ret = c->size > ledger_size(s->w->ledger);
    if (*ret) {
        return SY_OK;
    }
    SY_TRY(ledger_root(s->w->ledger, c->size, root));
    *ret = memcmp(root, c->root, sizeof(root)) != 0;
    return SY_OK;
}

static void weigh(const struct claim *k, sy_status st, unsigned http_status, struct sy_view body)
{
    struct proof_checkpoint c = {0};
    bool differs = false;
    if (sy_ok(st) && http_status != 200) {
        st = (sy_status){.code = (int32_t)http_status};
    }
    if (sy_ok(st)) {
        st = read_evidence(k->s, body, &c);
    }
    if (sy_ok(st)) {
        st = contradicts(k->s, &c, &differs);
    }
    if (sy_ok(st) && differs) {
        witness_stop(k->s, k->peer, c.size);
        return;
    }
    witness_failed(k->s, k->peer, WITNESS_CLAIMS, sy_ok(st) ? SY_E_PROOF : st.code);
}

static void on_evidence(void *ctx, sy_status st, unsigned http_status, struct sy_view body)
{
    struct claim *k = ctx;
    struct warden_witnesses *s = k->s;
    if (k->load == s->load && !s->w->failed) { /* else: a witness of an earlier policy */
        k->peer->asking = false;
        weigh(k, st, http_status, body);
        warden_witness_tick(s->w);
    }
    free(k);
}

static sy_status send_question(struct claim *k)
{
    struct sy_view origin;
    uint8_t hash[PROOF_HASH_BYTES];
    char hex[HEX_BYTES], path[HEX_BYTES + sizeof("/checkpoint")];
    SY_BUF_CLEANUP struct sy_buf url = sy_buf(WITNESS_URL_MAX);
    SY_TRY(own_origin(k->s, &origin));
    proof_sha256_one(hash, origin);
    (void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    (void)snprintf(path, sizeof(path), "%s/checkpoint", hex);
    SY_TRY(witness_url(k->peer->who->url, path, &url));
    return warden_courier_http(k->s->w, "GET", (const char *)url.p, "", (struct sy_view){0},
                               WITNESS_ASK_MS, on_evidence, k, NULL);
}

void witness_unclaim(struct witness_peer *p)
{
    if (p->claimed > 0) {
        sy_log(SY_LOG_INFO, "a witness's claim of another log is answered",
               SY_LOGF_ID("witness", p->who->name));
    }
    p->claimed = 0;
}

/* Unless a quorum has seen all that there is. */
static void open_claim(struct warden_witnesses *s, struct witness_peer *p)
{
    uint64_t size = ledger_size(s->w->ledger);
    if (p->claimed > 0 || (size > 0 && s->quorum_size == size)) {
        return;
    }
    p->claimed = size > 0 ? size : 1;
    sy_log(SY_LOG_WARN,
           "a witness claims another log: nothing is charged until a quorum has seen this one, or "
           "the witness cosigns it",
           SY_LOGF_ID("witness", p->who->name), SY_LOGF_N("entries", size));
}

void witness_claim(struct warden_witnesses *s, struct witness_peer *p, uint64_t their_size)
{
    sy_log(SY_LOG_WARN, "a witness says that it saw another log: asked for the checkpoint",
           SY_LOGF_ID("witness", p->who->name), SY_LOGF_N("it_says", their_size),
           SY_LOGF_N("entries", ledger_size(s->w->ledger)));
    open_claim(s, p);
    struct claim *k = calloc(1, sizeof(*k));
    sy_status st = sy_status_of(SY_E_NO_MEMORY);
    if (k != NULL) {
        *k = (struct claim){s, s->load, p};
        st = send_question(k);
    }
    p->asking = sy_ok(st);
    if (!sy_ok(st)) {
        free(k);
        witness_failed(s, p, WITNESS_CLAIMS, st.code);
    }
}
