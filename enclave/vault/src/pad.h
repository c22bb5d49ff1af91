/* Padding of small sealed files, so that their size does not tell what is in them. Private to the vault. */
#ifndef VAULT_SRC_PAD_H
#define VAULT_SRC_PAD_H

#include "base/buf.h"

enum { PAD_BYTES = 1024 };

/* Append bytes and their padding (ISO/IEC 7816-4, to a multiple of PAD_BYTES) to an empty buffer. */
SY_MUST sy_status vault_pad(struct sy_view bytes, struct sy_buf *b);

/* Take the padding off what stands in the buffer from byte `from` on. SY_E_TAMPERED: there is none; the
 * buffer ends at `from` then. */
SY_MUST sy_status vault_unpad(struct sy_buf *b, size_t from);

#endif
