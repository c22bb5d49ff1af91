/*
 * One subject. Invariant: which hash is looked for decides nothing but the value of `code`: no branch, no
 * early end.
 */
#include "vault/subject.h"

#include <sodium.h>
#include <stdlib.h>

#include "files.h"
#include "unit_file.h"
#include "vault_state.h"

enum { ID_BYTES_MAX = 64 };

struct vault_subject {
    struct unit_file file;
    struct unit_hash wanted;
    uint64_t n; /* hashes seen */
    uint64_t code;
};

static sy_status check(struct sy_view ns, struct sy_view id)
{
    SY_TRY(vault_check_id(ns));
    return id.n >= 1 && id.n <= ID_BYTES_MAX ? SY_OK : sy_status_of(SY_E_FIELD);
}

static sy_status open_subject(struct vault *v, struct sy_view ns, struct sy_view id,
                              struct vault_subject *s)
{
    SY_TRY(check(ns, id));
    sy_view_to_cstr(ns, s->file.ns, sizeof(s->file.ns));
    SY_TRY(unit_file_open(v, false, &s->file));
    return s->file.fd < 0 ? SY_OK : unit_file_hash(&s->file, id, &s->wanted);
}

sy_status vault_subject_open(struct vault *v, struct sy_view ns, struct sy_view id,
                             struct vault_subject **ret, struct sy_error *reterr)
{
    struct vault_subject *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    s->file.fd = -1;
    s->code = VAULT_SUBJECT_NOBODY;
    sy_status st = open_subject(v, ns, id, s);
    if (!sy_ok(st)) {
        vault_subject_close(s);
        return vault_blame(st, "subject", reterr);
    }
    *ret = s;
    return SY_OK;
}

static sy_status compare(void *ctx, const struct unit_hash *hashes, size_t n)
{
    struct vault_subject *s = ctx;
    for (size_t i = 0; i < n; i++, s->n++) {
        uint64_t differs = (uint64_t)(sodium_memcmp(hashes[i].b, s->wanted.b, 16) != 0);
        uint64_t keep = 0 - differs; /* all ones when this is another unit */
        s->code = (s->code & keep) | (s->n & ~keep);
    }
    return SY_OK;
}

sy_status vault_subject_code(struct vault_subject *s, uint64_t *ret_code)
{
    SY_TRY(unit_file_read(&s->file, compare, s));
    *ret_code = s->code;
    return SY_OK;
}

void vault_subject_close(struct vault_subject *s)
{
    if (s == NULL) {
        return;
    }
    unit_file_close(&s->file);
    sodium_memzero(s, sizeof(*s));
    free(s);
}
