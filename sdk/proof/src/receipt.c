/*
 * Receipts (tlog-proof). Invariants: a receipt has one form only, so what is parsed formats to the
 * same bytes again; verification trusts nothing in the text before the signature of the pinned key
 * has been checked over the checkpoint, and nothing in "extra" ever.
 */
#include "proof/receipt.h"

#include "text.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1"

static sy_status add_receipt(const struct proof_receipt *r, struct sy_buf *b)
{
    SY_TRY(sy_buf_add_str(b, FIRST_LINE "\n"));
    if (r->extra.n > 0) {
        SY_TRY(sy_buf_printf(b, "extra %.*s\n", SY_PV(r->extra)));
    }
    SY_TRY(sy_buf_printf(b, "index %llu\n", (unsigned long long)r->index));
    SY_TRY(text_add_path(b, &r->path));
    return sy_buf_add_view(b, r->checkpoint);
}

sy_status proof_receipt_format(const struct proof_receipt *r, struct sy_buf *b)
{
    struct proof_note note;
    SY_TRY(proof_note_parse(r->checkpoint, &note, NULL));
    if (r->path.n > PROOF_PATH_MAX) {
        return sy_status_of(SY_E_FIELD);
    }
    size_t before = b->n;
    sy_status s = add_receipt(r, b);
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s;
}

/* The lines "extra" (may be missing) and "index". */
static bool parse_head(struct sy_view *rest, struct proof_receipt *r)
{
    struct sy_view line = {0};
    struct sy_view value = {0};
    uint8_t extra[PROOF_RECEIPT_MAX / 4];
    size_t n_extra = 0;
    if (!text_line(rest, &line) || !sy_view_is(line, FIRST_LINE) || !text_line(rest, &line)) {
        return false;
    }
    if (text_after(line, "extra ", &r->extra) &&
        (!text_base64(r->extra, extra, sizeof(extra), &n_extra) || !text_line(rest, &line))) {
        return false;
    }
    return text_after(line, "index ", &value) && text_u64(value, &r->index);
}

sy_status proof_receipt_parse(struct sy_view text, struct proof_receipt *ret,
                              struct sy_error *reterr)
{
    struct proof_receipt r = {0};
    struct proof_note note;
    if (text.n > PROOF_RECEIPT_MAX) {
        return sy_fail(reterr, SY_E_LIMIT, "receipt", "the receipt is too long");
    }
    if (!parse_head(&text, &r)) {
        return sy_fail(reterr, SY_E_FIELD, "receipt", "not a receipt of " FIRST_LINE);
    }
    if (!text_path(&text, PROOF_PATH_MAX, &r.path)) {
        return sy_fail(reterr, SY_E_FIELD, "receipt", "a hash line of the receipt is malformed");
    }
    SY_TRY(proof_note_parse(text, &note, reterr));
    r.checkpoint = text;
    *ret = r;
    return SY_OK;
}

sy_status proof_receipt_verify(struct sy_view text, const struct proof_vkey *log,
                               const uint8_t leaf_hash[PROOF_HASH_BYTES],
                               struct proof_inclusion *ret, struct sy_error *reterr)
{
    struct proof_receipt r = {0};
    struct proof_checkpoint c = {0};
    SY_TRY(proof_receipt_parse(text, &r, reterr));
    SY_TRY(proof_checkpoint_verify(r.checkpoint, log, &c, reterr));
    if (!sy_ok(proof_merkle_check_inclusion(r.index, c.size, leaf_hash, &r.path, c.root))) {
        return sy_fail(reterr, SY_E_PROOF, "receipt",
                       "the entry is not number %llu of the signed log",
                       (unsigned long long)r.index);
    }
    *ret = (struct proof_inclusion){.index = r.index, .tree.size = c.size};
    memcpy(ret->tree.root, c.root, PROOF_HASH_BYTES);
    return SY_OK;
}
