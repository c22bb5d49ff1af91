/* What: requests on files. Invariant: what is read is believed in nothing but its form. */
#include "request.h"

#include <sodium.h>
#include <string.h>

#include "base/fdio.h"
#include "proof/envelope.h"
#include "warden/record.h"

enum { FILE_MAX = 1 << 16 };

sy_status warden_request_write(const struct warden *w, const char *file, const char *method,
                               struct sy_view party, struct sy_view args, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf header = sy_buf(FILE_MAX), out = sy_buf(FILE_MAX);
    struct sy_logged_request r = {.args = args};
    struct sy_header h = {.ctx = sy_view_str(SY_REQUEST_CONTEXT),
                          .method = sy_view_str(method),
                          .party = party,
                          .suite = SY_SUITE_INTL,
                          .expiry = warden_time(w) + SY_ENVELOPE_LIFE_MAX_S};
    randombytes_buf(r.salt, sizeof(r.salt));
    randombytes_buf(h.nonce, sizeof(h.nonce));
    proof_args_digest(h.body, r.salt, r.args, NULL);
    memcpy(h.domain, w->domain, sizeof(h.domain));
    SY_TRY(sy_record_encode(&sy_header_desc, &h, &header));
    r.header = sy_buf_view(&header);
    SY_TRY(sy_record_encode(&sy_logged_request_desc, &r, &out));
    sy_status s = sy_replace_file_at(w->dir, file, sy_buf_view(&out), 0644);
    return sy_ok(s) ? s : sy_fail(reterr, s.code, file, NULL);
}

sy_status warden_request_read(const struct warden *w, const char *file, const char *method,
                              const struct sy_desc *desc, struct sy_arena *arena,
                              struct rules_request *ret, void *ret_args, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_MAX);
    struct sy_logged_request logged;
    SY_TRY(sy_read_file_at(w->dir, file, &b));
    struct sy_view bytes = sy_arena_copy(arena, sy_buf_view(&b));
    SY_TRY(
        sy_record_decode(&sy_logged_request_desc, bytes, &SY_MP_REQUEST, arena, &logged, reterr));
    *ret = (struct rules_request){.header_bytes = logged.header,
                                  .args = logged.args,
                                  .sigs = logged.sigs,
                                  .n_sigs = logged.n_sigs};
    memcpy(ret->salt, logged.salt, sizeof(ret->salt));
    memcpy(ret->secret_digest, logged.secret, sizeof(ret->secret_digest));
    SY_TRY(sy_record_decode(&sy_header_desc, logged.header, &SY_MP_REQUEST, arena, &ret->header,
                            reterr));
    if (!sy_view_is(ret->header.method, method)) {
        return sy_fail(reterr, SY_E_METHOD, file, "the request is for another method");
    }
    return sy_record_decode(desc, logged.args, &SY_MP_REQUEST, arena, ret_args, reterr);
}

sy_status warden_request_refused(const struct sy_verdict *v, struct sy_error *reterr)
{
    char field[sizeof(reterr->field)];
    sy_view_to_cstr(v->field, field, sizeof(field));
    return sy_fail(reterr, v->code != 0 ? (int32_t)v->code : SY_E_STATE, field, "%.*s",
                   SY_PV(v->reason));
}
