/* Padding, by libsodium. */
#include "pad.h"

#include <sodium.h>

sy_status vault_pad(struct sy_view bytes, struct sy_buf *b)
{
    size_t padded = 0;
    SY_TRY(sy_buf_add_view(b, bytes));
    if (sy_buf_reserve(b, PAD_BYTES) == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (sodium_pad(&padded, b->p, b->n, PAD_BYTES, b->n + PAD_BYTES) != 0) {
        return sy_status_of(SY_E_INTERNAL);
    }
    b->n = padded;
    return SY_OK;
}

sy_status vault_unpad(struct sy_buf *b, size_t from)
{
    size_t n = 0;
    if (sodium_unpad(&n, b->p + from, b->n - from, PAD_BYTES) != 0) {
        b->n = from;
        return sy_status_of(SY_E_TAMPERED);
    }
    b->n = from + n;
    return SY_OK;
}
