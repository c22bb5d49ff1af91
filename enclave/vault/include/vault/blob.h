/*
 * Small sealed files in DIR/answers: stored answers, returned again for a repeated question.
 * File NAME.blob: "SHUYUBLB" | suite u16 | nonce 12 | AES-256-GCM ciphertext | tag 16, key =
 * HKDF(answer key, info = "shuyu-blob-1" || NAME), associated data = suite || NAME. Plaintext: the bytes,
 * padded (ISO/IEC 7816-4) to a multiple of 1,024, so that the size tells no answer from another.
 * Threads: as in store.h.
 */
#ifndef VAULT_BLOB_H
#define VAULT_BLOB_H

#include "base/buf.h"
#include "vault/store.h"

enum { VAULT_BLOB_MAX_BYTES = 64 << 20 };

/* Keep bytes under a name (an identifier as in store.h, e.g. 64 hex digits); durable on OK,
 * replaces an older one atomically. SY_E_LIMIT above VAULT_BLOB_MAX_BYTES. */
SY_MUST sy_status vault_blob_put(struct vault *v, struct sy_view name, struct sy_view bytes);

/* Append the bytes kept under a name to *b (unchanged on error). SY_E_NOT_FOUND; SY_E_TAMPERED,
 * field "answers/NAME", when it is not what was put under this name; SY_E_SUITE. */
SY_MUST sy_status vault_blob_get(struct vault *v, struct sy_view name, struct sy_buf *b,
                                 struct sy_error *reterr);

/* Overwrite and remove; OK when there is none. */
SY_MUST sy_status vault_blob_erase(struct vault *v, struct sy_view name);

#endif
