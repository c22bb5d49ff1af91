/*
 * What: the gateway's throw-away identity, a P-256 key (every TLS client knows it) and a self-signed
 * certificate, made at each start and never written anywhere. Its content is not trusted by anyone:
 * see gateway/tls.h.
 */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "gateway/tls.h"

#define NAME "shuyu-gateway"
enum { DAY_S = 86400, LIFE_S = 3650 * DAY_S };

static bool set_serial(X509 *x)
{
    uint64_t serial = 0;
    return RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1) == 1;
}

static bool set_names(X509 *x)
{
    X509_NAME *name = X509_get_subject_name(x);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)NAME, -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(x, name) == 1;
}

static bool fill(X509 *x, EVP_PKEY *key)
{
    return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) && set_names(x) &&
           X509_gmtime_adj(X509_getm_notBefore(x), -DAY_S) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(x), LIFE_S) != NULL && X509_set_pubkey(x, key) == 1 &&
           X509_sign(x, key, EVP_sha256()) > 0;
}

sy_status gw_tls_make_identity(SSL_CTX *ctx, struct sy_error *reterr)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    bool done = key != NULL && x != NULL && fill(x, key) && SSL_CTX_use_certificate(ctx, x) == 1 &&
                SSL_CTX_use_PrivateKey(ctx, key) == 1;
    X509_free(x);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return done ? SY_OK : sy_fail(reterr, SY_E_TLS, "tls", "making the key and certificate failed");
}
