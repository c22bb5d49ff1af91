/*
 * What: the making of a domain. Invariant: the domain's private keys never leave the vault; the two
 * founding parties' private keys were made elsewhere and are never seen here.
 */
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/time.h"
#include "ledger/ledger.h"
#include "proof/hash.h"
#include "warden/domain.h"

enum { FILE_MAX = 1 << 16 };

static sy_status read_party(const char *path, struct sy_buf *bytes, struct sy_arena *arena,
                            struct sy_party *ret, struct sy_error *err)
{
    SY_TRY(sy_read_file_at(AT_FDCWD, path, bytes));
    return sy_record_decode(&sy_party_desc, sy_buf_view(bytes), &SY_MP_REQUEST, arena, ret, err);
}

static sy_status log_vkey(const struct vault_domain_keys *keys, const char *name, struct sy_buf *b)
{
    struct proof_vkey vkey;
    SY_BUF_CLEANUP struct sy_buf origin = sy_buf(256);
    SY_TRY(sy_buf_printf(&origin, "%s", name));
    SY_TRY(proof_vkey_make(sy_buf_view(&origin), PROOF_SIG_ED25519, keys->log.pub, &vkey));
    return proof_vkey_format(&vkey, b);
}

static sy_status make_request(const struct sy_genesis *g, struct sy_buf *ret)
{
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(FILE_MAX);
    SY_BUF_CLEANUP struct sy_buf header_bytes = sy_buf(FILE_MAX);
    SY_TRY(sy_record_encode(&sy_genesis_desc, g, &args));
    struct sy_logged_request r = {.args = sy_buf_view(&args)};
    randombytes_buf(r.salt, sizeof(r.salt));
    struct sy_header h = {.ctx = sy_view_str(SY_REQUEST_CONTEXT),
                          .method = sy_view_str("genesis"),
                          .party = g->agency.party,
                          .suite = SY_SUITE_INTL,
                          .expiry = g->time + SY_ENVELOPE_LIFE_MAX_S};
    proof_domain_id(h.domain, sy_buf_view(&args));
    randombytes_buf(h.nonce, sizeof(h.nonce));
    proof_args_digest(h.body, r.salt, r.args, NULL);
    SY_TRY(sy_record_encode(&sy_header_desc, &h, &header_bytes));
    r.header = sy_buf_view(&header_bytes);
    return sy_record_encode(&sy_logged_request_desc, &r, ret);
}

static sy_status fill_genesis(struct vault *v, const struct warden_birth *b, struct sy_genesis *g,
                              struct sy_buf *vkey)
{
    const struct vault_domain_keys *keys = vault_domain_keys(v);
    g->name = sy_view_str(b->name);
    g->purpose = sy_view_str(b->purpose);
    g->time = sy_now_s();
    memcpy(g->box, keys->box.pub, sizeof(g->box));
    memcpy(g->warden, keys->warden.pub, sizeof(g->warden));
    SY_TRY(log_vkey(keys, b->name, vkey));
    g->log = sy_buf_view(vkey);
    return SY_OK;
}

sy_status warden_birth(int dir, const struct warden_birth *b, struct sy_error *reterr)
{
    static const char *const folders[] = {"ledger", "ledger/public", "run"};
    SY_BUF_CLEANUP struct sy_buf agency = sy_buf(FILE_MAX), operator_ = sy_buf(FILE_MAX);
    SY_BUF_CLEANUP struct sy_buf vkey = sy_buf(1024), out = sy_buf(FILE_MAX);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_genesis g = {0};
    SY_TRY(read_party(b->agency, &agency, &arena, &g.agency, reterr));
    SY_TRY(read_party(b->operator_, &operator_, &arena, &g.operator_, reterr));
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        (void)mkdirat(dir, folders[i], 0755); /* there already is fine; the vault makes its own */
    }
    struct vault *v = NULL;
    SY_TRY(vault_create(dir, &v, reterr));
    sy_status s = fill_genesis(v, b, &g, &vkey);
    if (sy_ok(s)) {
        s = make_request(&g, &out);
    }
    vault_close(v);
    SY_TRY(s);
    return sy_replace_file_at(dir, "genesis.req", sy_buf_view(&out), 0644);
}
