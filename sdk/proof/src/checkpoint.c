/*
 * Checkpoints: the text that a log signs. Exactly three lines, each in its only form, so that equal
 * statements are equal bytes. Invariant: what is parsed here encodes to the same text again.
 */
#include "note_name.h"
#include "text.h"

static sy_status add_lines(const struct proof_checkpoint *c, struct sy_buf *b)
{
    SY_TRY(sy_buf_add_view(b, c->origin));
    SY_TRY(sy_buf_printf(b, "\n%llu\n", (unsigned long long)c->size));
    SY_TRY(text_add_base64(b, sy_view(c->root, sizeof(c->root))));
    return sy_buf_add_str(b, "\n");
}

sy_status proof_checkpoint_encode(const struct proof_checkpoint *c, struct sy_buf *b)
{
    if (!note_is_name(c->origin)) {
        return sy_status_of(SY_E_FIELD);
    }
    size_t before = b->n;
    sy_status s = add_lines(c, b);
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s;
}

sy_status proof_checkpoint_parse(struct sy_view text, struct proof_checkpoint *ret,
                                 struct sy_error *reterr)
{
    struct proof_checkpoint c = {0};
    struct sy_view size = {0};
    struct sy_view root = {0};
    if (!text_line(&text, &c.origin) || !note_is_name(c.origin)) {
        return sy_fail(reterr, SY_E_FIELD, "checkpoint.origin", "not the name of a log");
    }
    if (!text_line(&text, &size) || !text_u64(size, &c.size)) {
        return sy_fail(reterr, SY_E_FIELD, "checkpoint.size", "not a decimal number");
    }
    if (!text_line(&text, &root) || !text_base64_exact(root, c.root, sizeof(c.root))) {
        return sy_fail(reterr, SY_E_FIELD, "checkpoint.root", "not base64 of 32 bytes");
    }
    if (text.n != 0) {
        return sy_fail(reterr, SY_E_FIELD, "checkpoint", "lines after the root are not accepted");
    }
    *ret = c;
    return SY_OK;
}

sy_status proof_checkpoint_verify(struct sy_view bytes, const struct proof_vkey *log,
                                  struct proof_checkpoint *ret, struct sy_error *reterr)
{
    struct proof_note note;
    struct proof_checkpoint c = {0};
    SY_TRY(proof_note_verify(bytes, log, 1, &note, NULL, reterr));
    SY_TRY(proof_checkpoint_parse(note.text, &c, reterr));
    if (!sy_view_is(c.origin, log->name)) {
        return sy_fail(reterr, SY_E_PROOF, "checkpoint.origin",
                       "the checkpoint is of another log than %s", log->name);
    }
    *ret = c;
    return SY_OK;
}
