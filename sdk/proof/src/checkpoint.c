/*
 * Checkpoints: the text that a log signs. Exactly three lines, each in its only form, so that equal
 * statements are equal bytes. Invariant: what is parsed here encodes to the same text again.
 */
#include <string.h>

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

static bool is_one_log(const struct proof_vkey *keys, size_t n_keys)
{
    for (size_t i = 1; i < n_keys; i++) {
        if (strcmp(keys[i].name, keys[0].name) != 0) {
            return false;
        }
    }
    return n_keys > 0;
}

sy_status proof_checkpoint_verify_any(struct sy_view bytes, const struct proof_vkey *keys,
                                      size_t n_keys, struct proof_checkpoint *ret,
                                      struct proof_note_match *ret_matches, struct sy_error *reterr)
{
    struct proof_note note;
    struct proof_note_match matches[PROOF_NOTE_LINES_MAX];
    struct proof_checkpoint c = {0};
    if (!is_one_log(keys, n_keys)) {
        return sy_fail(reterr, SY_E_USAGE, NULL, "the keys are not those of one log");
    }
    SY_TRY(proof_note_verify(bytes, keys, n_keys, &note, matches, reterr));
    SY_TRY(proof_checkpoint_parse(note.text, &c, reterr));
    if (!sy_view_is(c.origin, keys[0].name)) {
        return sy_fail(reterr, SY_E_PROOF, "checkpoint.origin",
                       "the checkpoint is of another log than %s", keys[0].name);
    }
    if (ret_matches != NULL) {
        memcpy(ret_matches, matches, n_keys * sizeof(matches[0]));
    }
    *ret = c;
    return SY_OK;
}

sy_status proof_checkpoint_verify(struct sy_view bytes, const struct proof_vkey *log,
                                  struct proof_checkpoint *ret, struct sy_error *reterr)
{
    return proof_checkpoint_verify_any(bytes, log, 1, ret, NULL, reterr);
}
