/*
 * Inside a profile: keys in guarded memory, pins, and the memory of the largest checkpoint.
 *
 * Runs in: SDK. Trusts: its own folder, after checking that it is closed to others. Holds: the
 * party's secret keys. May block: on files. Threads: what sessions share (seen) is behind the lock;
 * the rest does not change while a session uses it.
 */
#ifndef CLIENT_PROFILE_H
#define CLIENT_PROFILE_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "base/buf.h"
#include "client/error.h"
#include "proof/envelope.h"
#include "proof/merkle.h"

enum {
    CLIENT_ADDRESS_MAX = 300,
    CLIENT_VKEY_MAX = 400,
    CLIENT_VKEYS_MAX = 4096,
    CLIENT_CLOSED_MAX = 8192,
    CLIENT_MEMORY_NAME_MAX = 32,
    CLIENT_ROLE_MAX = 16,
    CLIENT_ID_MAX = 64
};

enum { CLIENT_BASE_MAX = 24 };

/* The pins: what the text file `profile` holds. A flag says whether the 32 bytes are known. */
struct client_pins {
    char party[CLIENT_ID_MAX + 1];
    char staff[CLIENT_ID_MAX + 1]; /* the member of the party whose keys these are; "": its own */
    char role[CLIENT_ROLE_MAX];
    char address[CLIENT_ADDRESS_MAX];
    char log[CLIENT_VKEY_MAX];
    char log_was[CLIENT_VKEYS_MAX]; /* keys before it, the newest first, a space between */
    char log_base
        [CLIENT_BASE_MAX]; /* entries in the logs before the pinned one: digits; "": 0; "?": not known yet */
    char log_closed
        [CLIENT_CLOSED_MAX]; /* the logs before the pinned one (closed.h), the newest first */
    uint8_t domain[32], box[32], warden[32], gateway[32];
    bool has_domain, has_box, has_warden, has_gateway;
};

struct client_witnesses;

struct shuyu_profile {
    char *dir;
    int dirfd;
    struct client_pins pins;
    struct proof_vkey log_key; /* pins.log parsed; valid when that is not "" */
    uint8_t sign_public[32], box_public[32], tls_fingerprint[32];
    uint8_t *sign_secret; /* guarded, PROOF_SECRET_BYTES */
    uint8_t *box_secret;  /* guarded, PROOF_BOX_BYTES */
    EVP_PKEY *tls_key;    /* authorises a connection, nothing more */
    X509 *tls_cert;
    struct client_witnesses *witnesses; /* whose cosignatures count; NULL: none are named */
    pthread_mutex_t lock;               /* guards what follows */
    int seen_fd;
    char seen_name[CLIENT_MEMORY_NAME_MAX]; /* of its file: the pinned log's */
    struct proof_tree seen;                 /* size 0 = none */
};

/* As shuyu_profile_open. */
SY_MUST sy_status client_profile_open(const char *dir, struct shuyu_profile **ret,
                                      struct sy_error *err);

/* Is everything pinned that a call needs? */
bool client_profile_pinned(const struct shuyu_profile *p);

/* Check and set pins in memory only; *ret is untouched on error. */
SY_MUST sy_status client_pins_merge(const struct client_pins *old, const shuyu_pins *pins,
                                    struct client_pins *ret, struct sy_error *err);
/* Take over pins (their log key must parse), and durably if `save`. */
SY_MUST sy_status client_profile_set(struct shuyu_profile *p, const struct client_pins *pins,
                                     bool save, struct sy_error *err);

/* The number of the pinned log's first entry among all of the domain (docs/shards.md); false: not known yet. */
bool client_log_base(const struct client_pins *pins, uint64_t *ret);
void client_log_base_set(struct client_pins *pins, uint64_t base);

/* The text form of the pins (profile_text.c). Parsing refuses unknown keys, twice-given keys and
 * values out of range: SY_E_FIELD with the key. */
SY_MUST sy_status client_pins_format(const struct client_pins *pins, struct sy_buf *b);
SY_MUST sy_status client_pins_parse(struct sy_view text, struct client_pins *ret,
                                    struct sy_error *err);
/* Write the text file `profile` of this folder, durably. */
SY_MUST sy_status client_pins_save(int dirfd, const struct client_pins *pins, struct sy_error *err);
/* An identifier: 1..64 bytes of [a-z0-9._-]. */
bool client_is_id(const char *s);

/* Keys (keys.c): make fresh files; load them into a profile, deriving the public halves. */
SY_MUST sy_status client_keys_make(int dirfd, const char *party, struct sy_error *err);
SY_MUST sy_status client_keys_load(struct shuyu_profile *p, struct sy_error *err);
void client_keys_free(struct shuyu_profile *p);

/* Certificate (certificate.c): P-256 key and self-signed certificate as PEM texts; and back. */
SY_MUST sy_status client_certificate_make(const char *party, struct sy_buf *ret_key,
                                          struct sy_buf *ret_cert, struct sy_error *err);
SY_MUST sy_status client_certificate_load(struct sy_view key_pem, struct sy_view cert_pem,
                                          struct shuyu_profile *p, struct sy_error *err);
/* SHA-256 of a certificate's DER. */
SY_MUST sy_status client_certificate_fingerprint(X509 *cert, uint8_t ret[32]);

/*
 * What is remembered of a log is kept apart for each: a log that is closed, or that the profile was given another key
 * in place of, keeps its memory, to be held against its last checkpoint when that is shown (log_follow.c).
 * The name of such a file: kind ("seen", "checked"), a dot, 16 digits of a hash of the pinned domain's id and the log's name.
 */
void client_memory_name(const struct client_pins *pins, const char *kind, struct sy_view log,
                        char ret[CLIENT_MEMORY_NAME_MAX]);
/* The name in the log key that is pinned; empty when none is. */
struct sy_view client_log_name(const struct client_pins *pins);

/* The largest checkpoint verified so far (seen.c): what any process with this profile has noted. */
SY_MUST sy_status client_seen_open(struct shuyu_profile *p, const struct client_pins *pins,
                                   struct sy_error *err);
/* Of any log, by its file; the empty tree when there is none. */
SY_MUST sy_status client_seen_read(const struct shuyu_profile *p, const char *name,
                                   struct proof_tree *ret, struct sy_error *err);
SY_MUST sy_status client_seen_get(struct shuyu_profile *p, struct proof_tree *ret,
                                  struct sy_error *err);
/* Note a verified tree: kept when larger; SY_E_ROLLBACK when it has the size of the one kept and
 * another root. */
SY_MUST sy_status client_seen_note(struct shuyu_profile *p, const struct proof_tree *tree,
                                   struct sy_error *err);
/* Forget. */
SY_MUST sy_status client_seen_forget(struct shuyu_profile *p, struct sy_error *err);

#endif
