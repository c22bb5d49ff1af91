/*
 * What: from decision to durable entry. Invariants: the state only moves together with an appended
 * entry; nothing waits on an entry that was not appended in this round or before; once an append or
 * a commit fails the warden takes no further entry (w->failed) and stops.
 */
#include "warden/record.h"

#include <sodium.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/arith.h"
#include "base/log.h"
#include "base/time.h"
#include "proof/leaf.h"
#include "proof/receipt.h"
#include "rules/rows.h"
#include "warden/call.h"
#include "warden/log_key.h"
#include "warden/replica.h"
#include "warden/shard.h"
#include "warden/stop.h"
#include "warden/witness.h"

enum { SECONDS_A_DAY = 86400 };

/* The ledger's next segment (16 MiB), and an answer of 2 MiB for each run that can be under way. */
static const uint64_t ROOM_BYTES = 32 << 20;

static const uint64_t PUBLISH_AGAIN_NS = 20000000, PUBLISH_RETRY_NS = 1000000000;

int64_t warden_time(const struct warden *w)
{
    int64_t now = sy_now_s();
    return now > w->last_time ? now : w->last_time; /* time never goes back in the log */
}

static sy_status append_event(struct warden *w, const struct sy_event *event, uint64_t *ret_entry,
                              struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf body = sy_buf(LEDGER_BODY_MAX);
    SY_TRY(sy_record_encode(&sy_event_desc, event, &body));
    uint8_t salt[PROOF_SALT_BYTES];
    randombytes_buf(salt, sizeof(salt));
    SY_BUF_CLEANUP struct sy_buf leaf = sy_buf(PROOF_LEAF_MAX);
    uint32_t day = (uint32_t)(event->inputs.time / SECONDS_A_DAY);
    SY_TRY(proof_leaf_make(event->type, day, salt, sy_buf_view(&body), &leaf));
    struct ledger_entry entry = {
        .leaf = sy_buf_view(&leaf), .salt = salt, .body = sy_buf_view(&body)};
    sy_status s = ledger_append(w->ledger, &entry, ret_entry, err);
    if (s.code == SY_E_BUSY) { /* the batch is full: make it durable and go on */
        SY_TRY(ledger_commit(w->ledger, err));
        s = ledger_append(w->ledger, &entry, ret_entry, err);
    }
    if (sy_ok(s)) {
        *ret_entry += w->base;
    }
    return s;
}

static void stop_closed(struct warden *w, sy_status s)
{
    sy_log(SY_LOG_ERROR, "the ledger takes no more entries; stopping", SY_LOGF_CODE(s.code));
    w->failed = true;
    warden_loop_stop(w->loop);
}

static sy_status append_and_apply(struct warden *w, struct sy_event *event,
                                  struct rules_effect *effect, uint64_t *ret_entry,
                                  struct sy_error *err)
{
    memcpy(event->state, rules_effect_digest(effect), sizeof(event->state));
    SY_TRY(warden_stops_note(w, effect));
    SY_TRY(append_event(w, event, ret_entry, err));
    w->appended = true;
    w->last_time = event->inputs.time;
    warden_replica_effect(w, effect); /* before the commit, which moves the rows into the state */
    sy_status s = rules_effect_commit(w->state, effect);
    if (sy_ok(s) && sy_view_is(event->type, "log")) {
        s = warden_log_sign(w, err); /* this entry's own checkpoint included */
    }
    if (!sy_ok(s)) {
        stop_closed(w, s); /* appended but not applied: only a replay can put this right */
    }
    return s;
}

sy_status warden_record(struct warden *w, const struct rules_request *request,
                        const struct sy_inputs *inputs, const struct rules_decision *decision,
                        uint64_t *ret_entry, struct sy_error *reterr)
{
    if (w->failed) {
        return sy_fail(reterr, SY_E_READ_ONLY, NULL, NULL);
    }
    struct sy_event event;
    rules_event_fill(request, inputs, decision, &event);
    uint64_t entry = warden_log_next(w);
    RULES_EFFECT_CLEANUP struct rules_effect *effect = NULL;
    SY_TRY(rules_effect_new(w->state, &event, entry, &effect, reterr));
    return append_and_apply(w, &event, effect, ret_entry, reterr);
}

/* --- the warden's own acts ----------------------------------------------------------------------- */

static sy_status sign_own(struct warden *w, struct sy_header *header, struct sy_view args,
                          struct rules_request *r, struct sy_buf *bytes, struct sy_signature *sig,
                          uint8_t sig_bytes[64])
{
    header->ctx = sy_view_str(SY_REQUEST_CONTEXT);
    header->party = sy_view_str("warden");
    header->suite = SY_SUITE_INTL;
    header->expiry = warden_time(w) + SY_ENVELOPE_LIFE_MAX_S;
    memcpy(header->domain, w->domain, sizeof(header->domain));
    randombytes_buf(header->nonce, sizeof(header->nonce));
    randombytes_buf(r->salt, sizeof(r->salt));
    proof_args_digest(header->body, r->salt, args, NULL);
    SY_TRY(sy_record_encode(&sy_header_desc, header, bytes));
    proof_sign(sig_bytes, sy_buf_view(bytes), w->keys.sign_secret);
    memcpy(sig->key, w->keys.sign_pub, sizeof(sig->key));
    sig->sig = sy_view(sig_bytes, 64);
    r->header = *header;
    r->header_bytes = sy_buf_view(bytes);
    r->args = args;
    r->sigs = sig;
    r->n_sigs = 1;
    return SY_OK;
}

sy_status warden_act(struct warden *w, const char *method, const uint8_t *grant,
                     struct sy_view args, struct sy_inputs *inputs, uint64_t *ret_entry,
                     struct sy_error *reterr)
{
    struct sy_header header = {.method = sy_view_str(method)};
    if (grant != NULL) {
        memcpy(header.grant, grant, sizeof(header.grant));
    }
    struct rules_request r = {0};
    struct sy_signature sig = {0};
    uint8_t sig_bytes[64];
    SY_BUF_CLEANUP struct sy_buf bytes = sy_buf(4096);
    SY_TRY(sign_own(w, &header, args, &r, &bytes, &sig, sig_bytes));
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_decision decision = {0};
    inputs->time = warden_time(w);
    SY_TRY(rules_decide(w->state, &r, inputs, &arena, &decision, reterr));
    if (decision.kind != RULES_KIND_EVENT || decision.verdict.code != 0) {
        sy_log(SY_LOG_ERROR, "own act refused", SY_LOGF_ID("method", header.method),
               SY_LOGF_CODE((int64_t)decision.verdict.code),
               SY_LOGF_ID("field", decision.verdict.field));
        return sy_fail(reterr, SY_E_INTERNAL, method, "the domain's own act was refused");
    }
    return warden_record(w, &r, inputs, &decision, ret_entry, reterr);
}

/* --- the end of a round --------------------------------------------------------------------------- */

sy_status warden_forget_grant(struct warden *w, const uint8_t grant[32])
{
    char name[65];
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_key key = rules_key_hash("grant/", grant);
    struct sy_row_grant row;
    SY_TRY(vault_erase_grant(w->vault, grant));
    SY_TRY(
        rules_state_read(w->state, rules_key_view(&key), &sy_row_grant_desc, &arena, &row, NULL));
    if (sy_view_is(row.status, "suspended") || sy_view_is(row.status, "awaiting")) {
        return SY_OK;
    }
    sodium_bin2hex(name, sizeof(name), grant, 32);
    return vault_scene_forget(w->vault, sy_view_str(name));
}

bool warden_has_room(const struct warden *w)
{
    return warden_has_room_for(w, 0);
}

bool warden_has_room_for(const struct warden *w, uint64_t bytes)
{
    struct statvfs st;
    uint64_t free_bytes;
    if (fstatvfs(w->dir, &st) != 0 || !sy_mul_u64(st.f_bavail, st.f_frsize, &free_bytes)) {
        return true; /* the write itself will tell */
    }
    return free_bytes >= ROOM_BYTES && free_bytes - ROOM_BYTES >= bytes;
}

void warden_note(struct warden *w)
{
    uint8_t root[32];
    uint64_t size = warden_log_size(w); /* of all logs: it only grows */
    if (size == w->noted_size) {
        return;
    }
    sy_status s = warden_log_root(w, size, root);
    if (sy_ok(s)) {
        s = vault_note_checkpoint(w->vault, size, root);
    }
    if (s.code == SY_E_NO_SPACE) {
        sy_log(SY_LOG_WARN, "checkpoint not noted", SY_LOGF_CODE(s.code));
        return;
    }
    if (!sy_ok(s)) {
        stop_closed(w, s);
        return;
    }
    w->noted_size = size;
}

void warden_commit(struct warden *w)
{
    while (w->appended && !w->failed) {
        w->appended = false;
        sy_status s = ledger_commit(w->ledger, NULL);
        if (!sy_ok(s)) {
            stop_closed(w, s);
            return;
        }
        warden_stops_bite(w);
        warden_calls_committed(w); /* may append again, e.g. an act that follows */
        w->unpublished = true;
    }
}

/* The round that it wakes publishes. */
static void look_again(void *ctx)
{
    ((struct warden *)ctx)->publish_later = false;
}

/* After the replies: the tiles can be rebuilt from the segments, so nobody waits for them. */
void warden_publish(struct warden *w)
{
    if (!w->unpublished || w->publish_later || w->failed) {
        return;
    }
    sy_status s = ledger_publish_start(w->ledger, NULL);
    bool begun = sy_ok(s) && ledger_publish_works(w->ledger); /* what became of it is told later */
    w->unpublished = !sy_ok(s) || begun;
    if (w->unpublished) {
        bool soon = begun || s.code == SY_E_BUSY;
        uint64_t at = sy_mono_ns() + (soon ? PUBLISH_AGAIN_NS : PUBLISH_RETRY_NS);
        w->publish_later = warden_timer_add(w->loop, at, look_again, w) != 0;
        if (!soon) {
            sy_log(SY_LOG_WARN, "public tiles not written", SY_LOGF_CODE(s.code));
        }
    }
}

/* --- reading back --------------------------------------------------------------------------------- */

sy_status warden_entry(struct warden *w, uint64_t index, struct sy_arena *arena,
                       struct ledger_entry *ret, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_READ_MAX);
    struct ledger_entry e;
    uint64_t place = 0;
    if (index >= warden_log_size(w)) {
        warden_commit(w); /* appended in this very round: make it durable before it is shown */
    }
    struct ledger *l = warden_log_at(w, index, &place);
    SY_TRY(ledger_read(l, place, &b, &e, reterr));
    ret->leaf = sy_arena_copy(arena, e.leaf);
    ret->body = sy_arena_copy(arena, e.body);
    ret->salt = sy_arena_copy(arena, sy_view(e.salt, LEDGER_SALT_BYTES)).p;
    return ret->leaf.p != NULL && ret->body.p != NULL && ret->salt != NULL
               ? SY_OK
               : sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
}

sy_status warden_quorum_receipt(struct warden *w, uint64_t index, bool with_lines, struct sy_buf *b)
{
    struct warden_quorum q = warden_witness_quorum(w);
    if (index < w->base) {
        return sy_status_of(SY_E_NOT_FOUND); /* witnesses are asked about the log in use */
    }
    struct proof_receipt r = {.index = index - w->base,
                              .checkpoint = with_lines ? q.note : q.plain};
    SY_TRY(ledger_inclusion(w->ledger, r.index, q.size, &r.path));
    return proof_receipt_format(&r, b);
}

sy_status warden_entry_proof(struct warden *w, uint64_t index, bool cosigned,
                             struct sy_arena *arena, struct sy_entry_proof *ret,
                             struct sy_error *reterr)
{
    struct ledger_entry entry;
    SY_TRY(warden_entry(w, index, arena, &entry, reterr));
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(PROOF_RECEIPT_MAX);
    SY_TRY(cosigned && index >= w->base ? warden_quorum_receipt(w, index, false, &text)
                                        : warden_log_receipt(w, index, &text));
    *ret = (struct sy_entry_proof){.body = entry.body,
                                   .index = index,
                                   .leaf = entry.leaf,
                                   .receipt = sy_arena_copy(arena, sy_buf_view(&text))};
    memcpy(ret->salt, entry.salt, sizeof(ret->salt));
    return ret->receipt.p != NULL ? SY_OK : sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
}

sy_status warden_entry_event(struct warden *w, uint64_t index, struct sy_arena *arena,
                             struct sy_event *ret, struct sy_error *reterr)
{
    struct ledger_entry entry;
    SY_TRY(warden_entry(w, index, arena, &entry, reterr));
    return sy_record_decode(&sy_event_desc, entry.body, &SY_MP_LARGE, arena, ret, reterr);
}

bool warden_party(const struct warden *w, struct sy_view id, struct sy_arena *arena,
                  struct sy_party *ret)
{
    struct rules_key key = rules_key_id("party/", id);
    struct sy_view value;
    if (!rules_state_get(w->state, rules_key_view(&key), &value)) {
        return false;
    }
    struct sy_view copy = sy_arena_copy(arena, value); /* the row may change while the call waits */
    return copy.p != NULL &&
           sy_ok(sy_record_decode(&sy_party_desc, copy, &SY_MP_REQUEST, arena, ret, NULL));
}
