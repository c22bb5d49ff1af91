/* The key file of a witness, as text: "PRIVATE+KEY+name+id+base64(type || seed)\n". */
#ifndef WITNESS_SRC_STORE_KEY_H
#define WITNESS_SRC_STORE_KEY_H

#include "witness/store.h"

/* A fresh key. secret: PROOF_SECRET_BYTES; the text (with its line end) is appended to *b, which is of the
 * kind that wipes. SY_E_FIELD (name), SY_E_NO_MEMORY. */
SY_MUST sy_status store_key_make(struct sy_view name, uint8_t *secret, struct proof_vkey *ret,
                                 struct sy_buf *b);

/* Parse the text. SY_E_FIELD. */
SY_MUST sy_status store_key_parse(struct sy_view text, uint8_t *secret, struct proof_vkey *ret);

#endif
