/*
 * Signed notes. A note is split at its last blank line, so that a text may itself look like a
 * signed note. Invariants: a text with a control character is never signed nor accepted; a line of
 * a key the caller knows is never skipped over when it does not verify (an attacker who adds a bad
 * signature must not be told apart by which verifier reads on).
 */
#include "note_name.h"

#include <sodium.h>

#include "text.h"

#define DASH "\xe2\x80\x94 " /* U+2014 and a space */

enum {
    ID_BYTES = 4,
    TIME_BYTES = 8,
    BLOB_MAX = 8192, /* of unknown types too; an ML-DSA-44 cosignature takes 2,432 */
};

static bool is_text(struct sy_view v)
{
    if (v.n < 2 || v.n > PROOF_NOTE_MAX || v.p[v.n - 1] != '\n' || !sy_view_is_utf8(v)) {
        return false;
    }
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < ' ' && v.p[i] != '\n') {
            return false;
        }
    }
    return true;
}

/* A signature line in its parts. */
struct line {
    struct sy_view name;
    uint32_t id;
    uint8_t blob[BLOB_MAX]; /* what follows the id */
    size_t n;
};

static bool parse_line(struct sy_view v, struct line *ret)
{
    struct sy_view dash = sy_view_str(DASH);
    if (!sy_view_starts(v, dash)) {
        return false;
    }
    struct sy_view rest = sy_view(v.p + dash.n, v.n - dash.n);
    const uint8_t *space = rest.n == 0 ? NULL : memchr(rest.p, ' ', rest.n);
    if (space == NULL) {
        return false;
    }
    ret->name = sy_view(rest.p, (size_t)(space - rest.p));
    struct sy_view b64 = sy_view(space + 1, rest.n - ret->name.n - 1);
    size_t n = 0;
    if (!note_is_name(ret->name) || !text_base64(b64, ret->blob, sizeof(ret->blob), &n) ||
        n <= ID_BYTES) {
        return false;
    }
    ret->id = note_load_be32(ret->blob);
    ret->n = n - ID_BYTES;
    memmove(ret->blob, ret->blob + ID_BYTES, ret->n);
    return true;
}

static bool are_lines(struct sy_view lines)
{
    struct line line;
    struct sy_view v = {0};
    size_t n = 0;
    while (lines.n > 0) {
        if (++n > PROOF_NOTE_LINES_MAX || !text_line(&lines, &v) || !parse_line(v, &line)) {
            return false;
        }
    }
    return n > 0;
}

/* Offset of the line break that ends the text, before the last blank line. */
static bool find_split(struct sy_view v, size_t *ret)
{
    for (size_t i = v.n; i >= 2; i--) {
        if (v.p[i - 1] == '\n' && v.p[i - 2] == '\n') {
            *ret = i - 1;
            return true;
        }
    }
    return false;
}

sy_status proof_note_parse(struct sy_view bytes, struct proof_note *ret, struct sy_error *reterr)
{
    size_t split = 0;
    if (bytes.n > PROOF_NOTE_MAX || !find_split(bytes, &split)) {
        return sy_fail(reterr, SY_E_FIELD, "note", "a signed note has a blank line after its text");
    }
    struct proof_note note = {sy_view(bytes.p, split),
                              sy_view(bytes.p + split + 1, bytes.n - split - 1)};
    if (!is_text(note.text)) {
        return sy_fail(reterr, SY_E_FIELD, "note", "the note's text is not plain UTF-8 lines");
    }
    if (!are_lines(note.lines)) {
        return sy_fail(reterr, SY_E_FIELD, "note", "a signature line of the note is malformed");
    }
    *ret = note;
    return SY_OK;
}

/* The message a cosignature of that time signs. */
static sy_status cosigned_message(struct sy_view text, uint64_t time_s, struct sy_buf *b)
{
    SY_TRY(sy_buf_printf(b, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s));
    return sy_buf_add_view(b, text);
}

static uint64_t load_be64(const uint8_t *p)
{
    return (uint64_t)note_load_be32(p) << 32 | note_load_be32(p + 4);
}

static sy_status verify_plain(struct sy_view text, const struct proof_vkey *k,
                              const struct line *line)
{
    bool ok = line->n == PROOF_SIGNATURE_BYTES &&
              crypto_sign_verify_detached(line->blob, text.p, text.n, k->key) == 0;
    return ok ? SY_OK : sy_status_of(SY_E_SIGNATURE);
}

static sy_status verify_cosigned(struct sy_view text, const struct proof_vkey *k,
                                 const struct line *line, uint64_t *ret_time_s)
{
    if (line->n != TIME_BYTES + PROOF_SIGNATURE_BYTES) {
        return sy_status_of(SY_E_SIGNATURE);
    }
    SY_BUF_CLEANUP struct sy_buf message = sy_buf(text.n + 64);
    *ret_time_s = load_be64(line->blob);
    SY_TRY(cosigned_message(text, *ret_time_s, &message));
    if (crypto_sign_verify_detached(line->blob + TIME_BYTES, message.p, message.n, k->key) != 0) {
        return sy_status_of(SY_E_SIGNATURE);
    }
    return SY_OK;
}

static sy_status verify_line(struct sy_view text, const struct proof_vkey *k,
                             const struct line *line, struct proof_note_match *match)
{
    uint64_t time_s = 0;
    if (k->type == PROOF_SIG_COSIGNATURE) {
        SY_TRY(verify_cosigned(text, k, line, &time_s));
    } else {
        SY_TRY(verify_plain(text, k, line));
    }
    match->valid = true;
    match->time_s = time_s > match->time_s ? time_s : match->time_s;
    return SY_OK;
}

/* All lines of one key. */
static sy_status verify_key(const struct proof_note *note, const struct proof_vkey *k,
                            struct proof_note_match *match)
{
    struct sy_view rest = note->lines;
    struct sy_view v = {0};
    struct line line;
    while (text_line(&rest, &v)) {
        if (parse_line(v, &line) && line.id == k->id && sy_view_is(line.name, k->name)) {
            SY_TRY(verify_line(note->text, k, &line, match));
        }
    }
    return SY_OK;
}

sy_status proof_note_verify(struct sy_view bytes, const struct proof_vkey *keys, size_t n_keys,
                            struct proof_note *ret, struct proof_note_match *ret_matches,
                            struct sy_error *reterr)
{
    struct proof_note note;
    SY_TRY(proof_note_parse(bytes, &note, reterr));
    struct proof_note_match matches[PROOF_NOTE_LINES_MAX] = {{0}};
    bool any = false;
    if (n_keys > PROOF_NOTE_LINES_MAX) {
        return sy_fail(reterr, SY_E_USAGE, NULL, "too many keys to verify a note with");
    }
    for (size_t i = 0; i < n_keys; i++) {
        sy_status s = verify_key(&note, &keys[i], &matches[i]);
        if (!sy_ok(s)) {
            return sy_fail(reterr, s.code, "note", "the signature of %s does not verify",
                           keys[i].name);
        }
        any = any || matches[i].valid;
    }
    if (!any) {
        return sy_fail(reterr, SY_E_UNSIGNED, "note", "no key that is trusted here has signed");
    }
    if (ret_matches != NULL) {
        memcpy(ret_matches, matches, n_keys * sizeof(matches[0]));
    }
    *ret = note;
    return SY_OK;
}

static sy_status make_signature(struct sy_view text, const struct proof_vkey *key,
                                const uint8_t *secret, uint64_t time_s,
                                uint8_t ret[PROOF_SIGNATURE_BYTES])
{
    SY_BUF_CLEANUP struct sy_buf message = sy_buf(text.n + 64);
    if (key->type == PROOF_SIG_COSIGNATURE) {
        SY_TRY(cosigned_message(text, time_s, &message));
        text = sy_buf_view(&message);
    }
    (void)crypto_sign_detached(ret, NULL, text.p, text.n, secret);
    return SY_OK;
}

static sy_status add_line(struct sy_view text, const struct proof_vkey *key, const uint8_t *secret,
                          uint64_t time_s, struct sy_buf *b)
{
    uint8_t blob[ID_BYTES + TIME_BYTES + PROOF_SIGNATURE_BYTES];
    size_t n = ID_BYTES;
    note_store_be(blob, key->id, ID_BYTES);
    if (key->type == PROOF_SIG_COSIGNATURE) {
        note_store_be(blob + n, time_s, TIME_BYTES);
        n += TIME_BYTES;
    }
    SY_TRY(make_signature(text, key, secret, time_s, blob + n));
    SY_TRY(sy_buf_printf(b, DASH "%s ", key->name));
    SY_TRY(text_add_base64(b, sy_view(blob, n + PROOF_SIGNATURE_BYTES)));
    return sy_buf_add_str(b, "\n");
}

sy_status proof_note_sign_line(struct sy_view text, const struct proof_vkey *key,
                               const uint8_t *secret, uint64_t time_s, struct sy_buf *b)
{
    if (!is_text(text)) {
        return sy_status_of(SY_E_FIELD);
    }
    size_t before = b->n;
    sy_status s = add_line(text, key, secret, time_s, b);
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s;
}

sy_status proof_note_sign(struct sy_view text, const struct proof_vkey *key, const uint8_t *secret,
                          struct sy_buf *b)
{
    if (!is_text(text) || key->type != PROOF_SIG_ED25519) {
        return sy_status_of(SY_E_FIELD);
    }
    size_t before = b->n;
    sy_status s = sy_buf_add_view(b, text);
    if (sy_ok(s)) {
        s = sy_buf_add_str(b, "\n");
    }
    if (sy_ok(s)) {
        s = proof_note_sign_line(text, key, secret, 0, b);
    }
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s;
}
