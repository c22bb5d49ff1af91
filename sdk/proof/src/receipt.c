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
    for (size_t i = 0; i < r->path.n; i++) {
        SY_TRY(text_add_base64(b, sy_view(r->path.hash[i], PROOF_HASH_BYTES)));
        SY_TRY(sy_buf_add_str(b, "\n"));
    }
    SY_TRY(sy_buf_add_str(b, "\n"));
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

/* The value of a line "word value"; false when the line begins otherwise. */
static bool after_word(struct sy_view line, const char *word, struct sy_view *ret)
{
    struct sy_view w = sy_view_str(word);
    if (!sy_view_starts(line, w)) {
        return false;
    }
    *ret = sy_view(line.p + w.n, line.n - w.n);
    return true;
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
    if (after_word(line, "extra ", &r->extra) &&
        (!text_base64(r->extra, extra, sizeof(extra), &n_extra) || !text_line(rest, &line))) {
        return false;
    }
    return after_word(line, "index ", &value) && text_u64(value, &r->index);
}

/* Hash lines up to and with the blank line. */
static bool parse_path(struct sy_view *rest, struct proof_path *ret)
{
    struct sy_view line = {0};
    for (ret->n = 0; text_line(rest, &line); ret->n++) {
        if (line.n == 0) {
            return true;
        }
        if (ret->n == PROOF_PATH_MAX ||
            !text_base64_exact(line, ret->hash[ret->n], PROOF_HASH_BYTES)) {
            return false;
        }
    }
    return false;
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
    if (!parse_path(&text, &r.path)) {
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
