/*
 * What: the key and self-signed certificate of the connection. The domain binds the SHA-256 of the
 * certificate to the party at enrolment, so names and issuers mean nothing; the subject is the
 * party's identifier, for people who read a trace.
 * Source: RFC 5280; OpenSSL manual pages EVP_EC_gen(3), X509_sign(3).
 */
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "client/profile.h"

enum { LIFE_S = 10 * 365 * 86400, BACKDATE_S = 86400 /* clocks that lag */ };

static void bio_free(BIO **b)
{
    BIO_free(*b);
}
#define BIO_CLEANUP __attribute__((cleanup(bio_free)))

static sy_status no_tls(struct sy_error *err, const char *what)
{
    return sy_fail(err, SY_E_TLS, "certificate", "%s", what);
}

static bool set_serial(X509 *x)
{
    uint8_t serial[16];
    if (RAND_bytes(serial, sizeof(serial)) != 1) {
        return false;
    }
    serial[0] = (uint8_t)((serial[0] & 0x7F) | 0x40); /* positive, and never short */
    BIGNUM *n = BN_bin2bn(serial, sizeof(serial), NULL);
    bool ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
    BN_free(n);
    return ok;
}

static bool fill_certificate(X509 *x, EVP_PKEY *key, const char *party)
{
    X509_NAME *name = X509_get_subject_name(x);
    return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
           X509_gmtime_adj(X509_getm_notBefore(x), -BACKDATE_S) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(x), LIFE_S) != NULL &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)party, -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key) == 1 &&
           X509_sign(x, key, EVP_sha256()) > 0;
}

static sy_status add_bio(struct sy_buf *b, BIO *bio)
{
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);
    return sy_buf_add(b, p, n > 0 ? (size_t)n : 0);
}

static sy_status write_pem(EVP_PKEY *key, X509 *x, struct sy_buf *ret_key, struct sy_buf *ret_cert,
                           struct sy_error *err)
{
    BIO_CLEANUP BIO *k = BIO_new(BIO_s_secmem());
    BIO_CLEANUP BIO *c = BIO_new(BIO_s_mem());
    if (k == NULL || c == NULL ||
        PEM_write_bio_PKCS8PrivateKey(k, key, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_bio_X509(c, x) != 1) {
        return no_tls(err, "the certificate cannot be written");
    }
    SY_TRY(add_bio(ret_key, k));
    return add_bio(ret_cert, c);
}

sy_status client_certificate_make(const char *party, struct sy_buf *ret_key,
                                  struct sy_buf *ret_cert, struct sy_error *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    sy_status s = key != NULL && x != NULL && fill_certificate(x, key, party)
                      ? write_pem(key, x, ret_key, ret_cert, err)
                      : no_tls(err, "the certificate cannot be made");
    EVP_PKEY_free(key);
    X509_free(x);
    return s;
}

sy_status client_certificate_fingerprint(X509 *cert, uint8_t ret[32])
{
    unsigned n = 0;
    return X509_digest(cert, EVP_sha256(), ret, &n) == 1 && n == 32 ? SY_OK
                                                                    : sy_status_of(SY_E_TLS);
}

sy_status client_certificate_load(struct sy_view key_pem, struct sy_view cert_pem,
                                  struct shuyu_profile *p, struct sy_error *err)
{
    BIO_CLEANUP BIO *k = BIO_new_mem_buf(key_pem.p, (int)key_pem.n);
    BIO_CLEANUP BIO *c = BIO_new_mem_buf(cert_pem.p, (int)cert_pem.n);
    static char none[] = ""; /* no passphrase: never ask the terminal */
    p->tls_key = k == NULL ? NULL : PEM_read_bio_PrivateKey(k, NULL, NULL, none);
    p->tls_cert = c == NULL ? NULL : PEM_read_bio_X509(c, NULL, NULL, none);
    if (p->tls_key == NULL || p->tls_cert == NULL ||
        X509_check_private_key(p->tls_cert, p->tls_key) != 1) {
        return sy_fail(err, SY_E_TAMPERED, "tls.pem", "key and certificate do not belong together");
    }
    return client_certificate_fingerprint(p->tls_cert, p->tls_fingerprint);
}
