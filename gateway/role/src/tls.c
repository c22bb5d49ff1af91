/*
 * What: OpenSSL behind two memory BIOs. Invariants: see role/tls.h.
 */
#include "role/tls.h"

#include <openssl/err.h>

sy_status role_tls_init(struct role_tls *t, SSL_CTX *shared)
{
    ERR_clear_error();
    *t = (struct role_tls){
        .ssl = SSL_new(shared), .in = BIO_new(BIO_s_mem()), .out = BIO_new(BIO_s_mem())};
    if (t->ssl == NULL || t->in == NULL || t->out == NULL) {
        SSL_free(t->ssl);
        BIO_free(t->in);
        BIO_free(t->out);
        *t = (struct role_tls){0};
        return sy_status_of(SY_E_NO_MEMORY);
    }
    BIO_set_mem_eof_return(t->in, -1); /* empty means "later", not "over" */
    BIO_set_mem_eof_return(t->out, -1);
    SSL_set_bio(t->ssl, t->in, t->out);
    return SY_OK;
}

void role_tls_deinit(struct role_tls *t)
{
    if (t != NULL) {
        SSL_free(t->ssl);
        *t = (struct role_tls){0};
    }
}

sy_status role_tls_feed(struct role_tls *t, struct sy_view bytes)
{
    size_t n = 0;
    ERR_clear_error();
    return BIO_write_ex(t->in, bytes.p, bytes.n, &n) == 1 && n == bytes.n
               ? SY_OK
               : sy_status_of(SY_E_NO_MEMORY);
}

static enum role_tls_result result_of(struct role_tls *t, int r)
{
    static const struct {
        int error;
        enum role_tls_result result;
    } results[] = {
        {SSL_ERROR_NONE, ROLE_TLS_OK},
        {SSL_ERROR_WANT_READ, ROLE_TLS_MORE},
        {SSL_ERROR_ZERO_RETURN, ROLE_TLS_END},
    };
    int error = SSL_get_error(t->ssl, r);
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        if (results[i].error == error) {
            return results[i].result;
        }
    }
    ERR_clear_error();
    return ROLE_TLS_BROKEN;
}

enum role_tls_result role_tls_handshake(struct role_tls *t)
{
    ERR_clear_error();
    return result_of(t, SSL_do_handshake(t->ssl));
}

enum role_tls_result role_tls_read(struct role_tls *t, uint8_t *ret, size_t cap, size_t *ret_n)
{
    ERR_clear_error();
    return result_of(t, SSL_read_ex(t->ssl, ret, cap, ret_n));
}

sy_status role_tls_write(struct role_tls *t, struct sy_view bytes)
{
    size_t n = 0;
    ERR_clear_error();
    bool is_done = SSL_write_ex(t->ssl, bytes.p, bytes.n, &n) == 1 && n == bytes.n;
    ERR_clear_error();
    return is_done ? SY_OK : sy_status_of(SY_E_TLS);
}

bool role_tls_has_output(const struct role_tls *t)
{
    return BIO_ctrl_pending(t->out) > 0;
}

sy_status role_tls_drain(struct role_tls *t, struct sy_buf *b)
{
    size_t n = BIO_ctrl_pending(t->out);
    if (n == 0) {
        return SY_OK;
    }
    uint8_t *to = sy_buf_reserve(b, n);
    size_t n_read = 0;
    if (to == NULL || BIO_read_ex(t->out, to, n, &n_read) != 1) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    b->n += n_read;
    return SY_OK;
}
