/*
 * Messages between log and witness. A request's own lines have one form only: what is parsed formats to
 * the same bytes again. Of an answer nothing is believed before the signature of the pinned key was checked.
 */
#include "proof/witness.h"

#include "proof/cosign.h"
#include "text.h"

static sy_status add_ask(const struct proof_witness_ask *ask, struct sy_buf *b)
{
    SY_TRY(sy_buf_printf(b, "old %llu\n", (unsigned long long)ask->old_size));
    SY_TRY(text_add_path(b, &ask->path));
    return sy_buf_add_view(b, ask->checkpoint);
}

sy_status proof_witness_ask_format(const struct proof_witness_ask *ask, struct sy_buf *b)
{
    struct proof_note note;
    if (ask->path.n > PROOF_WITNESS_HASHES_MAX) {
        return sy_status_of(SY_E_FIELD);
    }
    SY_TRY(proof_note_parse(ask->checkpoint, &note, NULL));
    size_t before = b->n;
    sy_status s = add_ask(ask, b);
    if (sy_ok(s) && b->n - before > PROOF_WITNESS_ASK_MAX) {
        s = sy_status_of(SY_E_LIMIT);
    }
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s;
}

static bool parse_old(struct sy_view *rest, uint64_t *ret)
{
    struct sy_view line = {0};
    struct sy_view size = {0};
    return text_line(rest, &line) && text_after(line, "old ", &size) && text_u64(size, ret);
}

sy_status proof_witness_ask_parse(struct sy_view body, struct proof_witness_ask *ret,
                                  struct sy_error *reterr)
{
    struct proof_witness_ask ask = {0};
    if (body.n > PROOF_WITNESS_ASK_MAX) {
        return sy_fail(reterr, SY_E_LIMIT, "body", "the request is longer than %d bytes",
                       PROOF_WITNESS_ASK_MAX);
    }
    if (!parse_old(&body, &ask.old_size)) {
        return sy_fail(reterr, SY_E_FIELD, "old", "the first line reads: old, a space, a size");
    }
    if (!text_path(&body, PROOF_WITNESS_HASHES_MAX, &ask.path)) {
        return sy_fail(reterr, SY_E_FIELD, "proof",
                       "up to %d lines of base64, 32 bytes each, and a blank line are needed",
                       PROOF_WITNESS_HASHES_MAX);
    }
    ask.checkpoint = body;
    *ret = ask;
    return SY_OK;
}

sy_status proof_witness_size(struct sy_view body, uint64_t *ret_size, struct sy_error *reterr)
{
    struct sy_view line = {0};
    if (!text_line(&body, &line) || body.n != 0 || !text_u64(line, ret_size)) {
        return sy_fail(reterr, SY_E_FIELD, "size", "the witness's answer is not a size");
    }
    return SY_OK;
}

sy_status proof_witness_take(struct sy_view checkpoint, struct sy_view answer,
                             const struct proof_vkey *witness, struct sy_buf *b,
                             uint64_t *ret_time_s, struct sy_error *reterr)
{
    struct proof_note note;
    struct proof_note_match match = {0};
    SY_BUF_CLEANUP struct sy_buf cosigned = sy_buf(PROOF_NOTE_MAX);
    if (answer.n > PROOF_WITNESS_ANSWER_MAX) {
        return sy_fail(reterr, SY_E_LIMIT, "answer", "the witness's answer is too long");
    }
    SY_TRY(proof_note_parse(checkpoint, &note, reterr));
    SY_TRY(sy_buf_add_view(&cosigned, note.text));
    SY_TRY(sy_buf_add_str(&cosigned, "\n"));
    SY_TRY(sy_buf_add_view(&cosigned, answer));
    SY_TRY(proof_note_verify(sy_buf_view(&cosigned), witness, 1, &note, &match, reterr));
    SY_TRY(proof_note_keep_lines(sy_buf_view(&cosigned), witness, 1, b));
    *ret_time_s = match.time_s;
    return SY_OK;
}
