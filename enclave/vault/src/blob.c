/* Stored answers: sealed files on a shelf of their own, under the answer key. */
#include "vault/blob.h"

#include "files.h"
#include "pad.h"
#include "vault_state.h"

static struct vault_name name_of(struct sy_view name)
{
    return vault_name("%.*s", SY_PV(name));
}

sy_status vault_blob_put(struct vault *v, struct sy_view name, struct sy_view bytes)
{
    SY_TRY(vault_check_id(name));
    if (bytes.n > VAULT_BLOB_MAX_BYTES) {
        return sy_status_of(SY_E_LIMIT);
    }
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(VAULT_BLOB_MAX_BYTES + PAD_BYTES);
    b.wipe = true;
    SY_TRY(vault_pad(bytes, &b));
    return vault_shelf_put(&v->blobs, name_of(name).s, sy_buf_view(&b));
}

sy_status vault_blob_get(struct vault *v, struct sy_view name, struct sy_buf *b,
                         struct sy_error *reterr)
{
    SY_TRY(vault_blame(vault_check_id(name), "name", reterr));
    struct vault_name shown = vault_name("answers/%.*s", SY_PV(name));
    size_t from = b->n;
    SY_TRY(vault_blame(vault_shelf_get(&v->blobs, name_of(name).s, b), shown.s, reterr));
    return vault_blame(vault_unpad(b, from), shown.s, reterr);
}

sy_status vault_blob_erase(struct vault *v, struct sy_view name)
{
    SY_TRY(vault_check_id(name));
    return vault_shelf_erase(&v->blobs, name_of(name).s);
}
