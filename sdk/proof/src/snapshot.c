/*
 * Snapshot notes: six lines, each in its only form. Invariant: what is parsed here encodes to the same text
 * again.
 */
#include "proof/snapshot.h"

#include "note_name.h"
#include "text.h"

static sy_status add_hash(const uint8_t hash[PROOF_HASH_BYTES], struct sy_buf *b)
{
    SY_TRY(text_add_base64(b, sy_view(hash, PROOF_HASH_BYTES)));
    return sy_buf_add_str(b, "\n");
}

static sy_status add_lines(struct sy_view origin, const struct proof_snapshot *s, struct sy_buf *b)
{
    SY_TRY(sy_buf_add_str(b, PROOF_SNAPSHOT_CONTEXT "\n"));
    SY_TRY(sy_buf_add_view(b, origin));
    SY_TRY(sy_buf_printf(b, "\n%llu\n", (unsigned long long)s->size));
    SY_TRY(add_hash(s->root, b));
    SY_TRY(add_hash(s->state, b));
    return add_hash(s->rows, b);
}

sy_status proof_snapshot_encode(struct sy_view origin, const struct proof_snapshot *s,
                                struct sy_buf *b)
{
    if (!note_is_name(origin) || s->size == 0) {
        return sy_status_of(SY_E_FIELD);
    }
    size_t before = b->n;
    sy_status st = add_lines(origin, s, b);
    if (!sy_ok(st)) {
        b->n = before;
    }
    return st;
}

/* Take a line with a hash off *rest. */
static bool take_hash(struct sy_view *rest, uint8_t ret[PROOF_HASH_BYTES])
{
    struct sy_view line = {0};
    return text_line(rest, &line) && text_base64_exact(line, ret, PROOF_HASH_BYTES);
}

sy_status proof_snapshot_parse(struct sy_view text, struct sy_view origin,
                               struct proof_snapshot *ret, struct sy_error *reterr)
{
    struct proof_snapshot s = {0};
    struct sy_view line = {0};
    struct sy_view name = {0};
    if (!text_line(&text, &line) || !sy_view_is(line, PROOF_SNAPSHOT_CONTEXT)) {
        return sy_fail(reterr, SY_E_FIELD, "snapshot", "not the note of a snapshot");
    }
    if (!text_line(&text, &name) || !text_line(&text, &line) || !text_u64(line, &s.size) ||
        s.size == 0 || !take_hash(&text, s.root) || !take_hash(&text, s.state) ||
        !take_hash(&text, s.rows) || text.n != 0) {
        return sy_fail(reterr, SY_E_FIELD, "snapshot", "the note of the snapshot is malformed");
    }
    if (!sy_view_eq(name, origin)) {
        return sy_fail(reterr, SY_E_PROOF, "snapshot.origin", "the snapshot is of another log");
    }
    *ret = s;
    return SY_OK;
}

sy_status proof_snapshot_verify(struct sy_view bytes, const struct proof_vkey *log, size_t n_log,
                                struct proof_snapshot *ret, struct sy_error *reterr)
{
    struct proof_note note;
    SY_TRY(proof_note_verify(bytes, log, n_log, &note, NULL, reterr));
    return proof_snapshot_parse(note.text, sy_view_str(log[0].name), ret, reterr);
}
