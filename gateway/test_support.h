/*
 * A gateway under test: the real program, a fake warden on its edge (a thread of the test), and
 * clients that are plain OpenSSL. Every helper fails the running test when something is amiss.
 */
#ifndef GATEWAY_TEST_SUPPORT_H
#define GATEWAY_TEST_SUPPORT_H

#include "check.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/types.h>

#include "base/buf.h"
#include "proof/envelope.h"
#include "wire/rpc.h"

/* What the fake warden does with a relayed request. */
enum fake_mode {
    FAKE_ECHO = 1, /* the envelope comes back as the result */
    FAKE_PAIRS,    /* requests are answered two by two, the later first */
    FAKE_HOLD,     /* noted, answered when the mode changes to another */
    FAKE_LARGE,    /* a result of FAKE_LARGE_BYTES */
    FAKE_ERROR,    /* FAKE_ERROR_TAIL, as it is */
    FAKE_DEAF,     /* reads nothing */
    FAKE_LIE       /* answers a request that was never made */
};
enum { FAKE_LARGE_BYTES = 8 << 20, FAKE_HELD_MAX = 256 };
#define FAKE_ERROR_TAIL                                                                            \
    "\x82\xA4"                                                                                     \
    "code"                                                                                         \
    "\xA6"                                                                                         \
    "budget"                                                                                       \
    "\xA5"                                                                                         \
    "extra"                                                                                        \
    "\xCD\x00\x07\xC0"

struct fake_relay {
    uint32_t id;
    uint8_t fingerprint[32];
    char method[64];
    int64_t early;
    struct sy_buf envelope;
};

struct gateway {
    pid_t pid;
    uint16_t port;
    int edge;    /* the warden's end */
    int control; /* the supervisor's end */
    int public_dirfd;
    char public_dir[64];
    struct sy_buf genesis;
    uint8_t domain[32];
    uint8_t box_public[32];
    pthread_t warden;
    pthread_mutex_t lock; /* of what follows */
    enum fake_mode mode;
    size_t n_relays;
    struct fake_relay last;
    struct fake_relay held[FAKE_HELD_MAX];
    size_t n_held;
};

/* A party: certificate, fingerprint, signing key. */
struct identity {
    X509 *cert;
    EVP_PKEY *key;
    uint8_t fingerprint[32];
    uint8_t sign_public[32];
    uint8_t sign_secret[64];
};

struct client {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
    struct sy_buf in;
};

extern const char *gateway_program; /* set by main from argv[1] */

/* options: NULL-terminated further arguments, or NULL. The gateway serves when this returns; with_head:
 * the warden has told its head. */
struct gateway *gateway_start(const char *const *options, bool with_head);
/* Hang up the control edge, expect exit code 0, and free. */
void gateway_stop(struct gateway *g);
/* Wait for its end, at most ten seconds, free, and return the exit code (-1: killed by a signal). */
int gateway_wait(struct gateway *g);
void fake_set(struct gateway *g, enum fake_mode mode);
size_t fake_count(struct gateway *g);
/* Wait until n requests were relayed in all. */
void fake_await(struct gateway *g, size_t n);
/* Tell the gateway of a party (role "" deletes its row). */
void fake_party(struct gateway *g, const char *party, const char *role, const struct identity *id);
void public_file(struct gateway *g, const char *path, const char *content);

struct identity *identity_new(void);
void identity_free(struct identity *id);

/* A bare connection, and one with TLS; id NULL: no certificate. */
int socket_open(const struct gateway *g);
struct client *client_open(const struct gateway *g, const struct identity *id);
void client_free(struct client *c);
void client_send(struct client *c, const void *p, size_t n);
/* The next frame, to be closed by the caller; its bytes stay in c->in until client_next. */
void client_receive(struct client *c, struct sy_rpc_msg *ret, size_t *ret_n);
void client_next(struct client *c, size_t n);
/* Does the connection end (within ten seconds) without another byte? Or after bytes, appended to c->in? */
bool client_ends(struct client *c);
void client_expect_error(struct client *c, uint32_t id, int32_t code);
void client_expect_result(struct client *c, uint32_t id, struct sy_view result);
/* status.ping and its answer. */
void client_ping(struct client *c);

/* An envelope for this method, signed by n_sigs (0 or 1) keys. */
struct sy_buf envelope_make(const struct gateway *g, const struct identity *id, const char *party,
                            const char *method, size_t n_sigs);
/* A request frame around it, sent. */
void client_call(struct client *c, uint32_t id, const char *method, struct sy_view envelope);

void sleep_ms(unsigned ms);

#endif
