/*
 * Cosignatures. Invariant: nothing but a checkpoint is ever cosigned, so that a witness's key cannot be
 * made to vouch for another kind of text; and a line is kept only after it was verified by itself.
 */
#include "proof/cosign.h"

#include "text.h"

sy_status proof_cosign(struct sy_view text, const struct proof_vkey *key, const uint8_t *secret,
                       uint64_t time_s, struct sy_buf *b)
{
    struct proof_checkpoint c = {0};
    if (key->type != PROOF_SIG_COSIGNATURE || time_s == 0 ||
        !sy_ok(proof_checkpoint_parse(text, &c, NULL))) {
        return sy_status_of(SY_E_FIELD);
    }
    return proof_note_sign_line(text, key, secret, time_s, b);
}

/* Append a line if, alone under the text, it verifies, and is not there yet, from `from` on. */
static sy_status keep_line(struct sy_view text, struct sy_view line, const struct proof_vkey *keys,
                           size_t n_keys, struct sy_buf *b, size_t from)
{
    SY_BUF_CLEANUP struct sy_buf alone = sy_buf(PROOF_NOTE_MAX + 2);
    struct proof_note note;
    SY_TRY(sy_buf_add_view(&alone, text));
    SY_TRY(sy_buf_add_str(&alone, "\n"));
    SY_TRY(sy_buf_add_view(&alone, line));
    SY_TRY(sy_buf_add_str(&alone, "\n"));
    sy_status s = proof_note_verify(sy_buf_view(&alone), keys, n_keys, &note, NULL, NULL);
    if (!sy_ok(s)) {
        return sy_category_of(s.code) == SY_CAT_IO ? s : SY_OK;
    }
    bool is_kept = b->n > from && memmem(b->p + from, b->n - from, note.lines.p, note.lines.n);
    return is_kept ? SY_OK : sy_buf_add_view(b, note.lines);
}

static sy_status keep_lines(const struct proof_note *note, const struct proof_vkey *keys,
                            size_t n_keys, struct sy_buf *b)
{
    struct sy_view rest = note->lines;
    struct sy_view line = {0};
    size_t from = b->n;
    while (text_line(&rest, &line)) {
        SY_TRY(keep_line(note->text, line, keys, n_keys, b, from));
    }
    return SY_OK;
}

sy_status proof_note_keep_lines(struct sy_view note, const struct proof_vkey *keys, size_t n_keys,
                                struct sy_buf *b)
{
    struct proof_note parsed;
    if (n_keys > PROOF_NOTE_LINES_MAX) {
        return sy_status_of(SY_E_FIELD);
    }
    SY_TRY(proof_note_parse(note, &parsed, NULL));
    size_t before = b->n;
    sy_status s = keep_lines(&parsed, keys, n_keys, b);
    if (sy_ok(s) && b->n == before) {
        s = sy_status_of(SY_E_UNSIGNED);
    }
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s;
}
