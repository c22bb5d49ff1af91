/*
 * Signed notes, verifier keys and checkpoints, as other people's verifiers read them.
 *
 *   note        = text "\n" line+          text ends in "\n", holds no other control character
 *   line        = "— " name " " base64(key id, 4 bytes || signature) "\n"
 *   vkey        = name "+" hex(key id) "+" base64(type || public key)
 *   key id      = first 4 bytes of SHA-256(name || "\n" || type || public key)
 *   checkpoint  = origin "\n" size "\n" base64(root) "\n"      the text of a note
 *
 * Types known here: Ed25519 (01), and the cosignature of a witness (04): timestamp, 8 bytes
 * big-endian, || Ed25519 over "cosignature/v1\ntime T\n" || text.
 *
 * Runs in: warden (signs), SDK, auditor, courier (verify). Trusts: nobody; notes come from outside.
 * Holds: nothing; secret keys are borrowed for the call. May block/alloc: allocates briefly.
 * Threads: pure functions.
 * Source: C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-cosignature v1.0.1.
 */
#ifndef PROOF_NOTE_H
#define PROOF_NOTE_H

#include "base/buf.h"
#include "base/status.h"
#include "proof/hash.h"

enum proof_sig_type {
    PROOF_SIG_NONE = 0,
    PROOF_SIG_ED25519 = 1,
    PROOF_SIG_COSIGNATURE = 4,
};

enum {
    PROOF_KEY_BYTES = 32,    /* Ed25519 public key */
    PROOF_SECRET_BYTES = 64, /* Ed25519 secret key as libsodium keeps it: seed || public */
    PROOF_SIGNATURE_BYTES = 64,
    PROOF_NAME_MAX = 255,       /* bytes of a key name or origin */
    PROOF_NOTE_LINES_MAX = 100, /* signature lines of a note */
    PROOF_NOTE_MAX = 1 << 20,   /* bytes of a note */
};

/* A verifier key. Fill it with proof_vkey_make or proof_vkey_parse only. */
struct proof_vkey {
    char name[PROOF_NAME_MAX + 1];
    uint32_t id; /* the four bytes, big-endian */
    enum proof_sig_type type;
    uint8_t key[PROOF_KEY_BYTES];
};

/* A key from its parts. SY_E_FIELD when the name is empty, too long, not UTF-8, or holds a space,
 * a control character or '+'; SY_E_SUITE for an unknown type. *ret untouched on error. */
SY_MUST sy_status proof_vkey_make(struct sy_view name, enum proof_sig_type type,
                                  const uint8_t key[PROOF_KEY_BYTES], struct proof_vkey *ret);

/* Parse the text form, strictly; the key id must be the right one. SY_E_FIELD, SY_E_SUITE (a type
 * other than 01 and 04). *ret untouched on error. */
SY_MUST sy_status proof_vkey_parse(struct sy_view text, struct proof_vkey *ret,
                                   struct sy_error *reterr);

/* Append the text form, without newline. SY_E_LIMIT, SY_E_NO_MEMORY: buffer unchanged. */
SY_MUST sy_status proof_vkey_format(const struct proof_vkey *k, struct sy_buf *b);

/* A note in its two parts; views into the bytes it was parsed from. */
struct proof_note {
    struct sy_view text;  /* ends in "\n" */
    struct sy_view lines; /* well-formed signature lines, 1..PROOF_NOTE_LINES_MAX */
};

/* Split a note at its last blank line and check the form of both parts: no signature is verified.
 * SY_E_FIELD. *ret untouched on error. */
SY_MUST sy_status proof_note_parse(struct sy_view bytes, struct proof_note *ret,
                                   struct sy_error *reterr);

/* What proof_note_verify found for one key. */
struct proof_note_match {
    bool valid;      /* a line of this key is there and verifies */
    uint64_t time_s; /* cosignatures: the latest timestamp, UTC seconds; else 0 */
};

/*
 * Verify a note under the keys the caller trusts. Lines of other keys are ignored. Every line of a
 * known key must verify, or the whole note is refused; at least one known key must have signed.
 * ret_matches: n_keys entries in the keys' order, or NULL; written only on OK.
 * SY_E_FIELD (malformed), SY_E_UNSIGNED (no line of a known key), SY_E_SIGNATURE.
 * Note that a log's checkpoint wants the log's key valid, not just any: look at its match.
 */
SY_MUST sy_status proof_note_verify(struct sy_view bytes, const struct proof_vkey *keys,
                                    size_t n_keys, struct proof_note *ret,
                                    struct proof_note_match *ret_matches, struct sy_error *reterr);

/* Append the note text || "\n" || one Ed25519 line. `text` is borrowed and must end in "\n"; key's
 * type must be Ed25519; secret is borrowed, PROOF_SECRET_BYTES in the caller's guarded memory.
 * SY_E_FIELD (bad text or type), SY_E_LIMIT, SY_E_NO_MEMORY: buffer unchanged. */
SY_MUST sy_status proof_note_sign(struct sy_view text, const struct proof_vkey *key,
                                  const uint8_t *secret, struct sy_buf *b);

/* Append one signature line over `text`: Ed25519, or a cosignature stating time_s, after the key's
 * type (time_s is unused for Ed25519). For further lines under a note, and for witnesses. */
SY_MUST sy_status proof_note_sign_line(struct sy_view text, const struct proof_vkey *key,
                                       const uint8_t *secret, uint64_t time_s, struct sy_buf *b);

/* The statement of a checkpoint. */
struct proof_checkpoint {
    struct sy_view origin; /* the log's name, as a key name; borrowed */
    uint64_t size;         /* entries */
    uint8_t root[PROOF_HASH_BYTES];
};

/* Append the three lines. SY_E_FIELD (bad origin), SY_E_LIMIT, SY_E_NO_MEMORY. */
SY_MUST sy_status proof_checkpoint_encode(const struct proof_checkpoint *c, struct sy_buf *b);

/* Parse a note's text as a checkpoint of exactly three lines. Extension lines are refused: our logs
 * emit none, and verifiers in the field disagree on what a cosignature covers then. SY_E_FIELD,
 * *ret untouched. ret->origin points into text. */
SY_MUST sy_status proof_checkpoint_parse(struct sy_view text, struct proof_checkpoint *ret,
                                         struct sy_error *reterr);

/* Verify a signed checkpoint of the log whose key is `log`: proof_note_verify, then parse; the
 * origin must be the key's name. Errors of both, SY_E_PROOF for another origin. */
SY_MUST sy_status proof_checkpoint_verify(struct sy_view bytes, const struct proof_vkey *log,
                                          struct proof_checkpoint *ret, struct sy_error *reterr);

/* The same for a log whose key is being changed, or was: `keys` are 1..PROOF_NOTE_LINES_MAX keys of one
 * name. Every line of any of them must verify, and at least one must have signed; ret_matches (n_keys, or
 * NULL) says which. Errors as above; SY_E_USAGE for keys of several names. */
SY_MUST sy_status proof_checkpoint_verify_any(struct sy_view bytes, const struct proof_vkey *keys,
                                              size_t n_keys, struct proof_checkpoint *ret,
                                              struct proof_note_match *ret_matches,
                                              struct sy_error *reterr);

#endif
