/*
 * log.close and log.open: one log of the domain ends, the next one begins. Agency and operator close it together, as
 * they signed genesis, and name the next log's first key, which the warden has made; the warden opens the next log
 * with what shows that it goes on from exactly there: the closed log's last checkpoint, and the state.
 *
 * Invariants: a closed log takes log.open and nothing else; the state changes only in the row `log`; no two logs of
 * a domain have one origin; entry numbers go on.
 * Source: DESIGN section 3; reference/audit-log section 3; docs/shards.md.
 */
#include "rules/shard.h"

#include "method.h"
#include "proof/hash.h"
#include "rules/snapshot.h"

enum { TEXT_MAX = 2000 };

/* ---- what both tell from the state ---- */

static sy_status add_bytes(void *ctx, struct sy_view bytes)
{
    proof_hasher_add(ctx, bytes);
    return SY_OK;
}

sy_status rules_state_sum(const struct rules_state *s, uint8_t ret[32], struct sy_error *reterr)
{
    struct proof_hasher *h = proof_hasher_new();
    sy_status st = rules_snapshot_write(s, add_bytes, h);
    proof_hasher_end(h, ret);
    return sy_ok(st) ? st : sy_fail(reterr, st.code, "state", NULL);
}

sy_status rules_shard_checkpoint(const struct sy_row_log *closed, struct sy_view note,
                                 struct proof_checkpoint *ret, struct sy_error *reterr)
{
    struct proof_vkey key;
    struct proof_checkpoint c;
    SY_TRY(proof_vkey_parse(closed->key, &key, reterr));
    SY_TRY(proof_checkpoint_verify(note, &key, &c, reterr));
    if (c.size != closed->entry + 1 - closed->base) {
        return sy_fail(reterr, SY_E_PROOF, "size", "the closed log has %llu entries, not %llu",
                       (unsigned long long)(closed->entry + 1 - closed->base),
                       (unsigned long long)c.size);
    }
    *ret = c;
    return SY_OK;
}

sy_status shard_gate(struct ask *c)
{
    struct sy_view value;
    struct sy_row_log row;
    struct proof_vkey next;
    if (!rules_state_get(c->state, sy_view_str("log"), &value) ||
        memmem(value.p, value.n, "closed", strlen("closed")) == NULL) {
        return SY_OK; /* what is asked of every entry should not cost a record */
    }
    SY_TRY(rules_log_read(c->state, c->arena, &row, c->err));
    if (!rules_log_closed(&row) || sy_view_is(c->req->header.method, "log.open")) {
        return SY_OK;
    }
    SY_TRY(proof_vkey_parse(row.next, &next, c->err));
    return sy_fail(c->err, SY_E_STATE, "log", "this log is closed: it goes on as %.120s",
                   next.name);
}

/* ---- log.close ---- */

/* Has a log of this domain had this name, or any of them this key? */
static sy_status is_new(struct ask *c, const struct sy_row_log *row, const struct proof_vkey *next)
{
    for (uint64_t i = 1; i <= row->number; i++) {
        struct sy_row_handover h = {.from = row->key};
        struct proof_vkey was;
        if (i < row->number) {
            SY_TRY(rules_handover_read(c->state, i, c->arena, &h, c->err));
        }
        SY_TRY(proof_vkey_parse(h.from, &was, c->err));
        if (strcmp(was.name, next->name) == 0 || memcmp(was.key, next->key, sizeof(was.key)) == 0) {
            return sy_fail(c->err, SY_E_FIELD, "log",
                           "the next log has an origin and a key of its own");
        }
    }
    return SY_OK;
}

static sy_status next_check(struct ask *c, const struct sy_row_log *row)
{
    const struct sy_log_close *a = c->args;
    struct proof_vkey next;
    SY_TRY(proof_vkey_parse(a->log, &next, c->err));
    if (next.type != PROOF_SIG_ED25519) {
        return sy_fail(c->err, SY_E_FIELD, "log", "the next log's key is no Ed25519 key");
    }
    if (row->number >= RULES_DOMAIN_KEYS_MAX) {
        return sy_fail(c->err, SY_E_LIMIT, "log", "a domain's logs have at most %d keys",
                       RULES_DOMAIN_KEYS_MAX);
    }
    SY_TRY(is_new(c, row, &next));
    return log_witnesses_check(c, &next);
}

/* The log that is closed ends where this state does. */
static sy_status size_check(struct ask *c, const struct sy_row_log *row)
{
    const struct sy_log_close *a = c->args;
    struct sy_row_clock clock;
    SY_TRY(rules_state_read(c->state, sy_view_str("clock"), &sy_row_clock_desc, c->arena, &clock,
                            c->err));
    const uint64_t size = clock.entry + 1 - row->base;
    return a->size == size
               ? SY_OK
               : sy_fail(c->err, SY_E_STATE, "size", "the log has %llu entries: ask again",
                         (unsigned long long)size);
}

sy_status decide_log_close(struct ask *c)
{
    const struct sy_log_close *a = c->args;
    struct sy_row_log row;
    SY_TRY(operator_signed(c));
    SY_TRY(rules_log_read(c->state, c->arena, &row, c->err));
    if (!sy_view_is(row.stage, "single")) {
        return sy_fail(c->err, SY_E_STATE, "stage",
                       "another key is on its way: finish that first (shuyu log rotate)");
    }
    if (a->text.n > 0 && !is_text(a->text, TEXT_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "text", "at most %d bytes of text", TEXT_MAX);
    }
    SY_TRY(next_check(c, &row));
    SY_TRY(log_agency_check(c, a->agency, a->n_agency));
    return size_check(c, &row);
}

static sy_status put_log(struct change *x, const struct sy_row_log *row)
{
    struct rules_key key = rules_key_id("", sy_view_str("log"));
    return effect_put(x->effect, &key, &sy_row_log_desc, row, x->err);
}

sy_status apply_log_close(struct change *x)
{
    const struct sy_log_close *a = x->args;
    struct sy_row_log row;
    SY_TRY(rules_log_read(x->state, x->arena, &row, x->err));
    row.stage = sy_view_str("closed");
    row.asked = (struct sy_view){0}; /* whatever the operator asked for of this log */
    row.next = a->log;
    row.entry = x->entry;
    return put_log(x, &row);
}

/* ---- log.open ---- */

static sy_status carried_check(struct ask *c)
{
    const struct sy_log_open *a = c->args;
    uint8_t sum[32];
    SY_TRY(rules_state_sum(c->state, sum, c->err));
    if (memcmp(a->state, rules_state_digest(c->state), 32) != 0) {
        return sy_fail(c->err, SY_E_PROOF, "state", "not the state at the closed log's end");
    }
    return memcmp(a->snapshot, sum, 32) == 0
               ? SY_OK
               : sy_fail(c->err, SY_E_PROOF, "snapshot", "not the rows at the closed log's end");
}

sy_status decide_log_open(struct ask *c)
{
    const struct sy_log_open *a = c->args;
    struct sy_row_log row;
    struct proof_checkpoint last;
    SY_TRY(rules_log_read(c->state, c->arena, &row, c->err));
    if (!rules_log_closed(&row)) {
        return sy_fail(c->err, SY_E_STATE, "log", "the log before is not closed");
    }
    if (!sy_view_eq(a->log, row.key)) {
        return sy_fail(c->err, SY_E_PROOF, "log", "not the key of the closed log");
    }
    SY_TRY(rules_shard_checkpoint(&row, a->checkpoint, &last, c->err));
    if (a->size != last.size) {
        return sy_fail(c->err, SY_E_PROOF, "size", "the closed log has %llu entries",
                       (unsigned long long)last.size);
    }
    if (memcmp(a->root, last.root, sizeof(last.root)) != 0) {
        return sy_fail(c->err, SY_E_PROOF, "root", "not the root of the closed log");
    }
    return carried_check(c);
}

sy_status apply_log_open(struct change *x)
{
    const struct sy_log_open *a = x->args;
    struct sy_row_log row;
    SY_TRY(rules_log_read(x->state, x->arena, &row, x->err));
    struct sy_row_handover h = {
        .checkpoint = a->checkpoint, .entry = row.entry, .from = row.key, .to = row.next};
    struct rules_key key = rules_key_handover(row.number);
    SY_TRY(effect_put(x->effect, &key, &sy_row_handover_desc, &h, x->err));
    const struct sy_row_log next = {.base = x->entry,
                                    .first = row.number + 1,
                                    .key = row.next,
                                    .number = row.number + 1,
                                    .shard = row.shard > 0 ? row.shard + 1 : 2,
                                    .stage = sy_view_str("single")};
    return put_log(x, &next);
}
