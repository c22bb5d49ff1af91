/*
 * What: the log's keys in the warden. Invariants: a key is durable in the vault before an entry names it, and
 * a secret goes only after the entry that retires it is durable; between them a crash leaves a key that no
 * entry names (the next announcement takes it) or a secret that nobody uses (the next start erases it).
 */
#include "warden/log_key.h"

#include <string.h>

#include "base/log.h"
#include "rules/log.h"
#include "warden/record.h"
#include "warden/shard.h"

enum { VKEY_MAX = 512 };

/* --- which keys ------------------------------------------------------------------------------------------ */

sy_status warden_log_known(const struct vault *v, struct sy_view name, uint64_t first,
                           struct ledger_key ret[LEDGER_KEYS_MAX], size_t *ret_n,
                           struct sy_error *reterr)
{
    const struct vault_sign_key *keys;
    const size_t n = vault_log_keys(v, &keys), skip = (size_t)first - 1;
    if (first < 1 || first > n) {
        return sy_fail(reterr, SY_E_TAMPERED, "keys",
                       "the key store does not have the key that signs this log");
    }
    *ret_n = n - skip < LEDGER_KEYS_MAX ? n - skip : LEDGER_KEYS_MAX;
    for (size_t i = 0; i < *ret_n; i++) {
        ret[i] = (struct ledger_key){.secret = keys[skip + i].secret};
        sy_status s = proof_vkey_make(name, PROOF_SIG_ED25519, keys[skip + i].pub, &ret[i].vkey);
        if (!sy_ok(s)) {
            return sy_fail(reterr, s.code, "log", "the domain's name is no name of a log");
        }
    }
    return SY_OK;
}

/* The secret in the vault of the key that the state calls number `number`, as text `vkey`. */
static sy_status find_secret(const struct warden *w, uint64_t number, struct sy_view vkey,
                             struct ledger_key *ret, struct sy_error *err)
{
    const struct vault_sign_key *keys;
    size_t n = vault_log_keys(w->vault, &keys);
    SY_TRY(proof_vkey_parse(vkey, &ret->vkey, err));
    if (number < 1 || number > n || keys[number - 1].secret == NULL ||
        memcmp(keys[number - 1].pub, ret->vkey.key, sizeof(ret->vkey.key)) != 0) {
        return sy_fail(err, SY_E_TAMPERED, "keys",
                       "the key store does not have the key that signs this log");
    }
    ret->secret = keys[number - 1].secret;
    return SY_OK;
}

/* Who signs by the state. */
static sy_status find_signers(struct warden *w, struct sy_row_log *ret_row,
                              struct ledger_key ret[LEDGER_SIGNERS_MAX], size_t *ret_n,
                              struct sy_arena *arena, struct sy_error *err)
{
    SY_TRY(rules_log_read(w->state, arena, ret_row, err));
    SY_TRY(find_secret(w, ret_row->number, ret_row->key, &ret[0], err));
    *ret_n = 1;
    if (rules_log_overlaps(ret_row)) {
        SY_TRY(find_secret(w, ret_row->number + 1, ret_row->next, &ret[1], err));
        *ret_n = 2;
    }
    return SY_OK;
}

static sy_status sign_as(struct warden *w, const struct sy_row_log *row,
                         const struct ledger_key *signers, size_t n, struct sy_error *err)
{
    if (row->key.n >= sizeof(w->log_vkey)) {
        return sy_fail(err, SY_E_LIMIT, "log", "the log's name is too long");
    }
    SY_TRY(ledger_sign_by(w->ledger, signers, n, err));
    sy_view_to_cstr(row->key, w->log_vkey, sizeof(w->log_vkey));
    return SY_OK;
}

sy_status warden_log_sign(struct warden *w, struct sy_error *reterr)
{
    struct ledger_key signers[LEDGER_SIGNERS_MAX];
    struct sy_row_log row;
    size_t n = 0;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_TRY(find_signers(w, &row, signers, &n, &arena, reterr));
    return sign_as(w, &row, signers, n, reterr);
}

/* --- start ----------------------------------------------------------------------------------------------- */

/* BOUNDARY: the newest checkpoint vouches for all that was read; an older key's word is not enough for it. */
static sy_status check_newest(const struct warden *w, const struct ledger_key *signers, size_t n,
                              struct sy_error *err)
{
    struct proof_vkey keys[LEDGER_SIGNERS_MAX];
    struct proof_note_match matches[LEDGER_SIGNERS_MAX];
    struct proof_note note;
    bool all = true;
    for (size_t i = 0; i < n; i++) {
        keys[i] = signers[i].vkey;
    }
    sy_status s = proof_note_verify(ledger_checkpoint(w->ledger), keys, n, &note, matches, NULL);
    for (size_t i = 0; sy_ok(s) && i < n; i++) {
        all = all && matches[i].valid;
    }
    return sy_ok(s) && all ? SY_OK
                           : sy_fail(err, SY_E_TAMPERED, "ledger",
                                     "the newest checkpoint is not signed by the keys in force");
}

static sy_status erase_retired(struct warden *w, uint64_t number, struct sy_error *err)
{
    for (uint64_t i = 0; i + 1 < number; i++) {
        SY_TRY(vault_log_key_erase(w->vault, i, err));
    }
    return SY_OK;
}

sy_status warden_log_open(struct warden *w, struct sy_error *reterr)
{
    struct ledger_key signers[LEDGER_SIGNERS_MAX];
    struct sy_row_log row;
    size_t n = 0;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_TRY(find_signers(w, &row, signers, &n, &arena, reterr));
    SY_TRY(check_newest(w, signers, n, reterr));
    SY_TRY(sign_as(w, &row, signers, n, reterr));
    return erase_retired(w, row.number, reterr);
}

/* --- log.rotate ------------------------------------------------------------------------------------------ */

/* Would the rules accept it, but for this input, which is the warden's to give? */
static bool is_wanted(struct warden_call *c, const char *input)
{
    struct rules_decision d = {0};
    struct sy_error err = {0};
    c->inputs.time = warden_time(c->w);
    sy_status s = rules_decide(c->w->state, &c->request, &c->inputs, &c->arena, &d, &err);
    return s.code == SY_E_INTERNAL && strcmp(err.field, input) == 0;
}

sy_status warden_log_next_key(struct warden *w, uint64_t number, const uint8_t **ret_pub,
                              struct sy_error *err)
{
    const struct vault_sign_key *keys;
    if (vault_log_keys(w->vault, &keys) <= number) {
        SY_TRY(vault_log_key_make(w->vault, err));
    }
    if (vault_log_keys(w->vault, &keys) <= number) {
        return sy_fail(err, SY_E_TAMPERED, "keys", "the key store has fewer keys than the log");
    }
    *ret_pub = keys[number].pub;
    return SY_OK;
}

static sy_status announce(struct warden_call *c, struct sy_error *err)
{
    struct sy_row_log row;
    struct proof_vkey now, next;
    const uint8_t *pub = NULL;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(VKEY_MAX);
    SY_TRY(rules_log_read(c->w->state, &c->arena, &row, err));
    SY_TRY(proof_vkey_parse(row.key, &now, err));
    SY_TRY(warden_log_next_key(c->w, row.number, &pub, err));
    SY_TRY(proof_vkey_make(sy_view_str(now.name), PROOF_SIG_ED25519, pub, &next));
    SY_TRY(proof_vkey_format(&next, &text));
    c->inputs.log = sy_arena_copy(&c->arena, sy_buf_view(&text));
    return c->inputs.log.n > 0 ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

/* What was recorded in this very round may be the order itself: commit it, so that the newest checkpoint
 * covers it. */
static sy_status retire(struct warden_call *c, struct sy_error *err)
{
    warden_commit(c->w);
    c->inputs.checkpoint = sy_arena_copy(&c->arena, ledger_checkpoint(c->w->ledger));
    return c->inputs.checkpoint.n > 0 ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

bool warden_rotate_prepare(struct warden_call *c)
{
    struct sy_error err = {0};
    sy_status s = SY_OK;
    if (is_wanted(c, "inputs.log")) {
        s = announce(c, &err);
    } else if (is_wanted(c, "inputs.checkpoint")) {
        s = retire(c, &err);
    }
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "log key not prepared", SY_LOGF_CODE(s.code));
    }
    return true; /* without its input it ends as an internal error: nothing is recorded */
}

void warden_rotate_done(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_row_log row;
    sy_status s = rules_log_read(c->w->state, &c->arena, &row, &err);
    if (sy_ok(s)) {
        s = erase_retired(c->w, row.number, &err);
    }
    if (!sy_ok(s)) {
        sy_fail(&err, s.code, "log", "the step stands; a restart finishes it");
        warden_call_refuse(c, &err);
        return;
    }
    warden_note(c->w);
    struct sy_log_rotated ret = {
        .asked = row.asked, .key = row.key, .next = row.next, .stage = row.stage};
    warden_call_record(c, &sy_log_rotated_desc, &ret);
}

/* --- log.keys -------------------------------------------------------------------------------------------- */

/* The order of the hand-over that retired key `number`, against the checkpoint kept for it. */
static sy_status prove_past(struct warden_call *c, uint64_t number, struct sy_entry_proof *ret,
                            struct sy_error *err)
{
    struct sy_row_handover h;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(PROOF_RECEIPT_MAX);
    SY_TRY(rules_handover_read(c->w->state, number, &c->arena, &h, err));
    SY_TRY(warden_entry_proof(c->w, h.entry, false, &c->arena, ret, err));
    uint64_t place = 0;
    const struct ledger *l = warden_log_at(c->w, h.entry, &place);
    SY_TRY(ledger_receipt_under(l, place, h.checkpoint, &text));
    ret->receipt = sy_arena_copy(&c->arena, sy_buf_view(&text));
    return ret->receipt.n > 0 ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

static sy_status fill_keys(struct warden_call *c, struct sy_log_keys *ret, struct sy_error *err)
{
    struct sy_row_log row;
    SY_TRY(rules_log_read(c->w->state, &c->arena, &row, err));
    ret->genesis = c->w->genesis;
    ret->proofs = sy_arena_alloc(&c->arena, row.number, sizeof(*ret->proofs));
    if (ret->proofs == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (uint64_t i = 1; i < row.number; i++) {
        SY_TRY(prove_past(c, i, &ret->proofs[ret->n_proofs++], err));
    }
    return rules_log_overlaps(&row) ? warden_entry_proof(c->w, row.entry, false, &c->arena,
                                                         &ret->proofs[ret->n_proofs++], err)
                                    : SY_OK;
}

void warden_read_log_keys(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_log_keys ret = {0};
    sy_status s = fill_keys(c, &ret, &err);
    if (!sy_ok(s)) {
        sy_fail(&err, s.code, err.field, "%s", sy_code_text(s.code));
        warden_call_refuse(c, &err);
        return;
    }
    warden_call_record(c, &sy_log_keys_desc, &ret);
}
