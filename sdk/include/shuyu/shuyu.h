/*
 * Shuyu, the C SDK: ask a data domain a reviewed question and get an answer whose proof has been
 * verified before you can read a single figure.
 *
 *   shuyu_profile *me;  shuyu_profile_open("~/.shuyu/acme", &me, &error)     who asks
 *   shuyu_session *s;   shuyu_open(me, NULL, NULL, &s, &error)               a connection
 *   shuyu_answer *a;    shuyu_run(s, &question, &a, &error)                  verified
 *   shuyu_answer_value(a, column, row, &figure)
 *
 * Result: every function that can fail returns a shuyu_status, 0 (SHUYU_OK) or a code below, and,
 * where it takes one, fills a shuyu_error (NULL = not wanted). On failure out-parameters are
 * untouched, except where the text says so, and every object is as it was before the call.
 *
 * Ownership: what a function gives through `ret` belongs to the caller, who ends it with the _close
 * or _free named beside it (NULL is allowed there). Pointers that a getter returns are borrowed
 * from the object and valid until it is ended. Arguments are borrowed for the call, unless said
 * otherwise.
 *
 * Threads: a session, a reply and an answer belong to one thread at a time; a profile may be shared
 * by the sessions of many threads and must outlive them. No function calls back from another
 * thread.
 *
 * Text is UTF-8 and ends in NUL. Times are UTC seconds since 1970. Identifiers of grants, models
 * and domains are 32 bytes. Budgets: rho in 1e-9 of zCDP, delta in 1e-15.
 *
 * Source: docs/sdk.md (guide), docs/protocol.md (what goes over the wire).
 */
#ifndef SHUYU_SHUYU_H
#define SHUYU_SHUYU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shuyu/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- bytes ------------------------------------------------------------------------------------ */

/* Borrowed bytes: not owned, may hold NULs. {NULL, 0} = none. */
typedef struct shuyu_bytes {
    const uint8_t *data;
    size_t n; /* bytes */
} shuyu_bytes;

/* Bytes that the caller owns and ends with shuyu_buffer_free. Zero-initialise before first use. */
typedef struct shuyu_buffer {
    uint8_t *data;
    size_t n; /* bytes */
} shuyu_buffer;

/* Wipe, free and zero. b may be NULL or empty. */
SHUYU_API void shuyu_buffer_free(shuyu_buffer *b);

/* --- profiles: a party's keys and what it trusts ---------------------------------------------- */

/*
 * A profile is a folder (0700) that one party keeps at home:
 *   profile        text, "key = value" lines: party, role, address, domain, box, log, log_was,
 *                  log_base, log_closed, warden, gateway
 *   sign.key       Ed25519, signs requests     } 0600; never leave this machine
 *   box.key        X25519, opens replies       }
 *   tls.key, tls.pem   key and self-signed certificate of the connection (P-256)
 *   custody.keys   optional: box keys besides box.key that open what is sealed to the party
 *   next           folder: keys that the domain has not accepted yet (shuyu_rotate)
 *   seen.*         the largest checkpoint verified so far, a file for each log
 *   checked.*      of each log, the newest one that was proven to continue all before (shuyu_log_check)
 *   fork           only after the log signed two histories: the evidence
 *   witnesses      optional: whose cosignatures count (c2sp.org/tlog-policy)
 * Secret keys are kept in guarded memory (locked, not dumped, wiped).
 * Source: DESIGN section 2; docs/sdk.md, "The profile".
 */
typedef struct shuyu_profile shuyu_profile;

/*
 * Make a new profile with fresh keys in `dir`, which is created (its parents must exist) or empty,
 * and open it. party: 1..64 bytes of [a-z0-9._-].
 * SHUYU_E_EXISTS (the folder is not empty), SHUYU_E_FIELD (party), SHUYU_E_IO, _NO_SPACE,
 * _NO_MEMORY; on failure files that were made are removed again. End with shuyu_profile_close.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_profile_create(const char *dir, const char *party,
                                                       shuyu_profile **ret, shuyu_error *reterr);

/* Open an existing profile. SHUYU_E_NOT_FOUND (no profile there), SHUYU_E_DENIED (a key file or the
 * folder is open to others: chmod it), SHUYU_E_TAMPERED (a key file is not what it should be),
 * SHUYU_E_FIELD (the text file, with the key's name), SHUYU_E_IO, _NO_MEMORY. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_profile_open(const char *dir, shuyu_profile **ret,
                                                     shuyu_error *reterr);

/* Wipe the keys and free. NULL-safe. No session may be using it. */
SHUYU_API void shuyu_profile_close(shuyu_profile *p);

/* Getters; texts and keys are borrowed until the profile is closed or pinned anew. Texts are ""
 * and 32-byte values NULL while they are not known. */
SHUYU_API const char *shuyu_profile_dir(const shuyu_profile *p);
SHUYU_API const char *shuyu_profile_party(const shuyu_profile *p);
SHUYU_API const char *shuyu_profile_staff(const shuyu_profile *p);   /* the member of the party that
                                                                     * this is; "": the party's own */
SHUYU_API const char *shuyu_profile_role(const shuyu_profile *p);    /* agency, developer, ... */
SHUYU_API const char *shuyu_profile_address(const shuyu_profile *p); /* host:port of the gateway */
SHUYU_API const char *shuyu_profile_log(const shuyu_profile *p);     /* vkey of the checkpoints */
/* The vkeys before it, newest first, a space between: for receipts kept from their time. "" = none. */
SHUYU_API const char *shuyu_profile_log_was(const shuyu_profile *p);
SHUYU_API const uint8_t *shuyu_profile_domain(const shuyu_profile *p);     /* domain id */
SHUYU_API const uint8_t *shuyu_profile_domain_box(const shuyu_profile *p); /* domain's X25519 key */
SHUYU_API const uint8_t *shuyu_profile_warden(const shuyu_profile *p);     /* see shuyu_pins */
SHUYU_API const uint8_t *shuyu_profile_gateway(const shuyu_profile *p);    /* see shuyu_pins */
SHUYU_API const uint8_t *shuyu_profile_sign_key(const shuyu_profile *p);   /* Ed25519, public */
SHUYU_API const uint8_t *shuyu_profile_box_key(const shuyu_profile *p);    /* X25519, public */
SHUYU_API const uint8_t *shuyu_profile_tls(const shuyu_profile *p);        /* SHA-256 of the own
                                                                     * certificate's DER */

/* What a profile trusts. NULL members are left as they are. */
typedef struct shuyu_pins {
    const char *role;
    const char *address;       /* "host:port", "[v6]:port" */
    const uint8_t *domain;     /* 32 bytes: domain id */
    const uint8_t *domain_box; /* 32 bytes: requests are sealed to it */
    const char *log;           /* verifier key "name+id+base64": proofs are checked by it */
    const uint8_t *warden;     /* 32 bytes: Ed25519 key that signs every reply */
    const uint8_t *gateway; /* 32 bytes: SHA-256 of the gateway's certificate (DER); another one is
                                * then refused with SHUYU_E_TLS. zero = any will do: what a gateway
                                * could see without it is who asks which method when */
} shuyu_pins;

/* Set pins, durably. They must come from somebody trusted: an invitation, or the genesis record.
 * Another domain id forgets the checkpoint seen so far, another address the pinned gateway. No
 * session may be using the profile. SHUYU_E_FIELD, SHUYU_E_IO; unchanged then. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_profile_pin(shuyu_profile *p, const shuyu_pins *pins,
                                                    shuyu_error *reterr);

/* Count these witnesses: a policy text, c2sp.org/tlog-policy, kept in the profile's file `witnesses`; NULL: none
 * any more. Get it from whoever runs them, or from the auditor, not from the domain. No session may be using
 * the profile. SHUYU_E_FIELD, _SUITE, _LIMIT (with the line), SHUYU_E_IO; what was counted before is then
 * counted still. Source: docs/witness.md. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_profile_witnesses(shuyu_profile *p, const char *policy,
                                                          shuyu_error *reterr);

/* The party's public record, canonical sy_party bytes (wire/methods.h) with status "active": what
 * genesis names as agency and operator. name: 1..256 bytes. SHUYU_E_FIELD, _NO_MEMORY. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_profile_record(const shuyu_profile *p, const char *name,
                                                       const char *role, shuyu_buffer *ret,
                                                       shuyu_error *reterr);

/* Add this profile's signature to a canonical sy_logged_request (wire/event.h); other signatures
 * are kept, an own one is replaced. Signed are the header's bytes, after it was checked that they
 * carry the context of requests and the digest of args. For genesis and domain.promote, which two parties sign apart; and
 * for what shuyu_prepare made, which two members of a party's staff sign: it must be this profile's party's, and give
 * nobody other keys (SHUYU_E_PARTY, SHUYU_E_DENIED).
 * SHUYU_E_NOT_CANONICAL, SHUYU_E_FIELD, SHUYU_E_SUITE, SHUYU_E_DIGEST, _NO_MEMORY. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_sign_logged_request(const shuyu_profile *p,
                                                            shuyu_bytes request, shuyu_buffer *ret,
                                                            shuyu_error *reterr);

/* Open a box sealed to this profile, or to a box key in its custody (a custodian's share, a quality report). The
 * content may be secret: shuyu_buffer_free wipes it. SHUYU_E_SEAL, _NO_MEMORY. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_unseal(const shuyu_profile *p, shuyu_bytes sealed,
                                               shuyu_buffer *ret, shuyu_error *reterr);

/* --- invitations and enrolment ---------------------------------------------------------------- */

typedef struct shuyu_invitation {
    const char *party;  /* identifier it is for */
    const char *role;   /* department developer security auditor buyer issuer */
    const char *name;   /* of the organisation, 1..256 bytes */
    int64_t lifetime_s; /* 1 s .. 90 days from now */
} shuyu_invitation;

/* Sign an invitation with the agency's profile, which must be pinned. It names the domain, its box
 * key, log key and warden key, so the file must reach the invited unchanged: it is what they will trust.
 * SHUYU_E_STATE (not pinned), SHUYU_E_FIELD, _NO_MEMORY. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_profile_invite(const shuyu_profile *agency,
                                                       const shuyu_invitation *what,
                                                       shuyu_buffer *ret, shuyu_error *reterr);

/*
 * Enrol the profile by an invitation: take over its pins, connect to `address` ("host:port", or
 * "unix:PATH" for the domain's local socket), send party.enrol and verify the proof. Pins are saved
 * on success only (a unix address is not). Enrolling again after success was lost on the way is
 * success. SHUYU_E_FIELD (not an invitation, or another party's), SHUYU_E_EXPIRED, whatever the
 * domain refuses with, and the errors of shuyu_open and shuyu_call. Blocks.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_enrol(shuyu_profile *p, shuyu_bytes invitation,
                                              const char *address, shuyu_error *reterr);

/* --- sessions --------------------------------------------------------------------------------- */

/* A connection that is made anew by itself when it is lost. */
typedef struct shuyu_session shuyu_session;

/* Progress of a long call, from within shuyu_call on its own thread. rows and bytes: done so far.
 * */
typedef void (*shuyu_progress_fn)(void *ctx, uint64_t rows, uint64_t bytes);

/* Zero = the default. */
typedef struct shuyu_options {
    unsigned connect_timeout_ms; /* 10,000: to connect, TLS included */
    unsigned call_timeout_ms;    /* 120,000: a call with all its repetitions */
    shuyu_progress_fn on_progress;
    void *progress_ctx;
} shuyu_options;

/*
 * Connect to a gateway over TLS 1.3 with the profile's certificate. address NULL = the pinned one;
 * options may be NULL. The gateway may be anybody's: requests are sealed to the domain, replies
 * signed by its warden and answers proven by its log, whatever it does. SHUYU_E_STATE (no address), SHUYU_E_FIELD (address),
 * SHUYU_E_NOT_FOUND (no such host), SHUYU_E_TLS, SHUYU_E_CLOSED, SHUYU_E_TIMEOUT, SHUYU_E_IO.
 * Blocks. End with shuyu_close, before the profile.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_open(shuyu_profile *p, const char *address,
                                             const shuyu_options *options, shuyu_session **ret,
                                             shuyu_error *reterr);

/* Connect to the domain's local socket (DIR/run/local.sock): the same frames, and the only way to
 * pass a file. p NULL = only shuyu_ping. Errors as shuyu_open. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_open_local(shuyu_profile *p, const char *socket_path,
                                                   const shuyu_options *options,
                                                   shuyu_session **ret, shuyu_error *reterr);

/* Disconnect and free. NULL-safe. */
SHUYU_API void shuyu_close(shuyu_session *s);

/* What a domain says of itself, unsigned: a claim. */
typedef struct shuyu_pong {
    uint8_t domain[32], box[32], warden[32];
    char log[256];    /* vkey */
    char purpose[16]; /* production or test */
    char version[32]; /* of the software */
    uint64_t entries; /* in its log */
    int64_t time;
    bool
        is_pinned; /* domain, box, log (or one before it) and warden are those that the profile pins */
} shuyu_pong;

/* Ask for a sign of life. Errors as shuyu_call; SHUYU_E_FIELD when the answer is not a ping's. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_ping(shuyu_session *s, shuyu_pong *ret,
                                             shuyu_error *reterr);

/* --- calls ------------------------------------------------------------------------------------ */

/* Any method of the domain (wire/methods.h lists them with their records). */
typedef struct shuyu_request {
    const char *method;     /* "scene.apply" */
    const uint8_t *grant;   /* 32 bytes or NULL */
    const uint8_t *subject; /* 32 bytes (a model) or NULL */
    shuyu_bytes args;       /* canonical msgpack of the arguments record; empty where it has none */
    shuyu_bytes secret;     /* canonical msgpack, never logged; usually empty */
} shuyu_request;

/* A reply that was opened and verified. */
typedef struct shuyu_reply shuyu_reply;

/*
 * Sign, seal, send, wait, open, verify. A reply counts only with the pinned warden key's signature
 * for this very request, and everything it claims to have logged is verified before it is handed
 * out: body and salt open the leaf, the leaf is in the tree, the tree's checkpoint is signed by the
 * pinned log key and is not older than the largest one seen before, and one entry is this very
 * request. After a lost connection, or when the domain is busy, the *same*
 * envelope is sent again until the time is up, which the domain recognises by its nonce: nothing
 * happens twice.
 *
 * OK: *ret is the reply. A refusal by the domain: its code is returned; when the refusal is logged
 * and proven, *ret is set too (for its receipt) and reterr->logged is true; otherwise *ret is NULL,
 * and the refusal may be a mere claim of the gateway. *ret is always written: free it in any case.
 * SHUYU_E_STATE (profile not pinned), SHUYU_E_FIELD, SHUYU_E_TIMEOUT, SHUYU_E_CLOSED, SHUYU_E_TLS,
 * SHUYU_E_IO; SHUYU_E_SEAL, _PROOF, _DIGEST, _SIGNATURE, _UNSIGNED, _ROLLBACK, _NOT_CANONICAL,
 * _FIELD when the reply does not hold: somebody tampers with it.
 * Results of reads (dataset.share, log.entries, state.list, and others that docs/protocol.md names)
 * are not logged: they come signed and sealed to the party, and without a proof. Blocks up to call_timeout_ms.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_call(shuyu_session *s, const shuyu_request *request,
                                             shuyu_reply **ret, shuyu_error *reterr);

/* As shuyu_call, over the local socket, handing over an open file (dataset.ingest). fd is borrowed;
 * the domain reads from its current position. Sent once only: SHUYU_E_CLOSED then means that the
 * outcome is not known. SHUYU_E_USAGE on a TLS session. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_call_with_fd(shuyu_session *s, const shuyu_request *request,
                                                     int fd, shuyu_reply **ret,
                                                     shuyu_error *reterr);

/* Does the domain answer this method without logging it? */
SHUYU_API bool shuyu_is_read(const char *method);

/*
 * The log's key may have been followed by another (docs/log-keys.md): then replies fail with
 * SHUYU_E_UNSIGNED. Ask the domain for the hand-overs, verify each one from the pinned key on (ordered
 * by the agency, in the log, under a checkpoint that both keys signed), and pin the last key, durably. The keys
 * before it stay in shuyu_profile_log_was; of a profile that was invited at a later key they are learnt here, from the
 * genesis record's on, so that what they signed counts for it too. *ret_n (may be NULL): hand-overs followed, 0 when the pinned key
 * is still the one. Where a log was closed (docs/shards.md), all that the profile remembers of it must be a beginning of what
 * was closed, else SHUYU_E_ROLLBACK. No other session may be using the profile. Errors of shuyu_call; SHUYU_E_PROOF,
 * _SIGNATURE, _UNSIGNED, _DIGEST, _FIELD: a hand-over does not hold; the pins are unchanged then.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_log_follow(shuyu_session *s, size_t *ret_n,
                                                   shuyu_error *reterr);

typedef struct shuyu_log_checked {
    uint64_t size;  /* entries of the log now */
    uint64_t since; /* entries when this profile checked last; 0: it never did */
} shuyu_log_checked;

/*
 * Does the log continue what was seen of it? Asks the domain for its newest checkpoint and for proofs, under
 * the pinned key, that the log has only grown: since the last check of this profile, since the largest
 * checkpoint of any reply, and since `kept` (NULL: nothing more), the text of a signed checkpoint or a receipt
 * that was kept elsewhere: by an auditor, a witness, another party. Then the newest one is kept for the next
 * time. When `kept` is signed by a key that is not known, the keys before the pinned one are learnt (shuyu_log_follow: no
 * other session may be using the profile). SHUYU_E_ROLLBACK: it does not; when the log's own signatures show that, the evidence is in the profile's
 * file `fork`, and what was kept is as before. SHUYU_E_FIELD, _UNSIGNED, _SIGNATURE (kept is no checkpoint
 * of this log), SHUYU_E_TAMPERED (the profile's own is damaged), SHUYU_E_BUSY (the log grew between every two
 * looks, so that they could not be shown to be of one log: call again). Errors of shuyu_call.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_log_check(shuyu_session *s, const char *kept,
                                                  shuyu_log_checked *ret, shuyu_error *reterr);

/* NULL-safe. */
SHUYU_API void shuyu_reply_free(shuyu_reply *r);

/* The result record's canonical bytes (wire/methods.h); empty when the method has none. */
SHUYU_API shuyu_bytes shuyu_reply_result(const shuyu_reply *r);

/* One verified log entry. All borrowed from the reply or answer. */
typedef struct shuyu_proof {
    uint64_t index;      /* of the entry */
    uint64_t log_size;   /* of the checkpoint that covers it */
    shuyu_bytes leaf;    /* public bytes of the entry */
    shuyu_bytes salt;    /* 32 bytes; with body it opens the leaf's commitment */
    shuyu_bytes body;    /* the event, canonical sy_event (wire/event.h) */
    const char *receipt; /* text, c2sp.org/tlog-proof@v1: save it as FILE.tlog-proof */
} shuyu_proof;

/* How many proofs came with the reply, and proof i. SHUYU_E_NOT_FOUND past the last. */
SHUYU_API size_t shuyu_reply_proofs(const shuyu_reply *r);
SHUYU_MUST SHUYU_API shuyu_status shuyu_reply_proof(const shuyu_reply *r, size_t i,
                                                    shuyu_proof *ret);

/* Verify a kept proof offline. log: vkey text. Needs proof->leaf and proof->receipt; salt and body
 * are checked against the leaf when both are there; index and log_size are ignored and given in
 * *ret_index, *ret_log_size (either may be NULL). SHUYU_E_FIELD, _LIMIT, _UNSIGNED, _SIGNATURE,
 * _PROOF, _DIGEST, _NOT_CANONICAL. Source: C2SP tlog-proof. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_receipt_verify(const char *log, const shuyu_proof *proof,
                                                       uint64_t *ret_index, uint64_t *ret_log_size,
                                                       shuyu_error *reterr);

/* What the witnesses of the log have seen (docs/witness.md). */
typedef struct shuyu_witnessed {
    bool is_judged;   /* the profile names witnesses (shuyu_profile_witnesses) */
    bool is_cosigned; /* a quorum of them has cosigned a checkpoint that covers every entry of this
                       * reply, or this receipt: nobody can be shown another history of it */
    uint64_t size;    /* entries of the newest checkpoint that a quorum has cosigned, which is
                       * what the domain says unless is_cosigned; 0 = none yet. Entries from here on
                       * are exposed: only the domain itself vouches for them */
    int64_t time;     /* when that was, by the domain's word; 0 = not known */
} shuyu_witnessed;

/* Of a reply; all zero when it came without proofs. */
SHUYU_API void shuyu_reply_witnessed(const shuyu_reply *r, shuyu_witnessed *ret);

/* Of a receipt's checkpoint, judged by the profile's witnesses; whether the receipt proves an entry is
 * for shuyu_receipt_verify. SHUYU_E_FIELD, _LIMIT, _UNSIGNED, _SIGNATURE, _PROOF. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_receipt_witnessed(const shuyu_profile *p, const char *text,
                                                          shuyu_witnessed *ret,
                                                          shuyu_error *reterr);

/* --- runs ------------------------------------------------------------------------------------- */

typedef struct shuyu_param {
    const char *name;
    const char *value; /* one of the values that the model declares */
} shuyu_param;

typedef struct shuyu_question {
    const uint8_t *grant;      /* 32 bytes */
    const uint8_t *model;      /* 32 bytes */
    const shuyu_param *params; /* n_params, each declared parameter once */
    size_t n_params;
} shuyu_question;

/* A verified answer: a table of columns, key columns (texts) and figure columns (numbers). */
typedef struct shuyu_answer shuyu_answer;

/*
 * Run a model. Verified beyond what shuyu_call verifies: the two entries are the charge, which is
 * this request (or, for an answer stored earlier, the charge of the same question under the same
 * grant), and the answer to that charge, which commits to exactly these bytes; a stored answer comes
 * with a third entry, which is this request and names that answer. A run costs privacy
 * budget once, however often it has to be sent. Errors as shuyu_call; SHUYU_E_REFUSED is the one
 * refusal of a run that was charged. Blocks, at least for the plan's response slot. *ret is NULL on
 * failure; end with shuyu_answer_free.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_run(shuyu_session *s, const shuyu_question *question,
                                            shuyu_answer **ret, shuyu_error *reterr);

/* NULL-safe. */
SHUYU_API void shuyu_answer_free(shuyu_answer *a);

SHUYU_API size_t shuyu_answer_rows(const shuyu_answer *a);
SHUYU_API size_t shuyu_answer_columns(const shuyu_answer *a);

enum shuyu_kind { SHUYU_KIND_NONE = 0, SHUYU_KEY, SHUYU_FIGURE };

typedef struct shuyu_column {
    const char *name; /* borrowed from the answer */
    enum shuyu_kind kind;
    const char
        *mechanism; /* figures: "gauss", "laplace", "post" (computed from released figures) ...;
                            * "" for keys */
    unsigned scale; /* figures: values are integers x 10^-scale */
    uint64_t noise; /* figures: noise scale in the same unit (sigma of gauss, t of laplace);
                            * 0 for ratios and "post", whose interval says all */
    const char
        *shaped; /* what was done to the released figures for display, "" nothing: "nonnegative,
                         * rounded to 10" (the interval holds the true figure, shaped likewise) */
} shuyu_column;

/* Describe a column. SHUYU_E_NOT_FOUND past the last. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_answer_column(const shuyu_answer *a, size_t column,
                                                      shuyu_column *ret);

/* Number of the column with this name, or SIZE_MAX. */
SHUYU_API size_t shuyu_answer_find(const shuyu_answer *a, const char *name);

/* Text of a key column; NULL for a figure column or a row out of range. A NULL key is "∅". */
SHUYU_API const char *shuyu_answer_text(const shuyu_answer *a, size_t column, size_t row);

/* Was this figure withheld? Also true for anything that is no figure. */
SHUYU_API bool shuyu_answer_withheld(const shuyu_answer *a, size_t column, size_t row);

/* A figure, and its 95 % interval [lo, hi], as integers x 10^-scale. SHUYU_E_NOT_FOUND (no such
 * figure), SHUYU_E_STATE (withheld). */
SHUYU_MUST SHUYU_API shuyu_status shuyu_answer_value(const shuyu_answer *a, size_t column,
                                                     size_t row, int64_t *ret);
SHUYU_MUST SHUYU_API shuyu_status shuyu_answer_interval(const shuyu_answer *a, size_t column,
                                                        size_t row, int64_t *ret_lo,
                                                        int64_t *ret_hi);

/* The figure as a double: the integer rounded to the nearest double, divided by 10^scale, rounded
 * to nearest again; exact for whole figures below 2^53. Errors as shuyu_answer_value. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_answer_double(const shuyu_answer *a, size_t column,
                                                      size_t row, double *ret);

/* Any cell as text: a key's text, a figure's exact decimal ("-12.50"), "(withheld)". Truncated at a
 * UTF-8 boundary to cap - 1 bytes, always NUL-terminated; cap >= 1. SHUYU_E_NOT_FOUND (ret is "").
 * */
SHUYU_API shuyu_status shuyu_answer_format(const shuyu_answer *a, size_t column, size_t row,
                                           char *ret, size_t cap);

/* The figure's 95 % interval as text, "[-3.20, 14.75]"; "" when it is withheld or no figure. */
SHUYU_API shuyu_status shuyu_answer_format_interval(const shuyu_answer *a, size_t column,
                                                    size_t row, char *ret, size_t cap);

/* What an answer cost and stands on. */
typedef struct shuyu_facts {
    const uint8_t *grant, *model; /* 32 bytes each, borrowed; model = the hash that was reviewed */
    int64_t time;                 /* when it was made */
    uint64_t charge, answer;      /* entries of the log */
    bool stored;                  /* an answer given before to the same question: nothing charged */
    uint64_t fen;                 /* of a product's answer: what is billed for it (0.01 yuan) */
    size_t n_data;                /* data versions it was computed on */
    size_t n_spends;              /* unit namespaces it was charged to; 0: nothing protected */
} shuyu_facts;
SHUYU_API void shuyu_answer_facts(const shuyu_answer *a, shuyu_facts *ret);

/* What the witnesses have seen of charge and answer. */
SHUYU_API void shuyu_answer_witnessed(const shuyu_answer *a, shuyu_witnessed *ret);

/* What one unit namespace was charged for this answer, and where the grant's share of its budget
 * stood then. */
typedef struct shuyu_spend {
    const char *ns;       /* borrowed from the answer */
    uint64_t rho, delta;  /* charged for this answer */
    uint64_t spent, left; /* rho of the grant's share, after it */
    uint64_t cells; /* cells of g2 figures charged for this answer (docs/privacy/cellkey.md) */
    uint64_t cells_spent, cells_left; /* of the grant's share, after it */
} shuyu_spend;
SHUYU_MUST SHUYU_API shuyu_status shuyu_answer_spend(const shuyu_answer *a, size_t i,
                                                     shuyu_spend *ret);

typedef struct shuyu_data {
    const char *dataset; /* borrowed from the answer */
    uint64_t version;
    const uint8_t *header; /* 32 bytes: digest of the version's header, as published in the log */
} shuyu_data;
SHUYU_MUST SHUYU_API shuyu_status shuyu_answer_data(const shuyu_answer *a, size_t i,
                                                    shuyu_data *ret);

/* The answer entry's receipt, text; the proofs of the charge (0), of the answer (1) and, for a stored
 * answer of a run, of this request (2); the canonical sy_answer bytes, to which the log commits: SHA-256("shuyu-answer-1" || salt of the
 * charge's inputs || bytes). All borrowed. */
SHUYU_API const char *shuyu_answer_receipt(const shuyu_answer *a);
SHUYU_MUST SHUYU_API shuyu_status shuyu_answer_proof(const shuyu_answer *a, size_t i,
                                                     shuyu_proof *ret);
SHUYU_API shuyu_bytes shuyu_answer_bytes(const shuyu_answer *a);

/* --- products --------------------------------------------------------------------------------- */

/*
 * A published product is a reviewed model with a price: buyers that subscribed to it may call it, for the purpose
 * they subscribed with. Model, price and purpose are part of what is signed, so that nothing else than the buyer
 * meant is delivered or billed. Source: docs/scheme/products.md.
 */
typedef struct shuyu_product_question {
    const uint8_t *product;    /* 32 bytes: its id */
    const uint8_t *grant;      /* 32 bytes each: under which it runs ... */
    const uint8_t *model;      /* ... and what, as the product says */
    const char *purpose;       /* code of the use that was subscribed to */
    uint64_t price;            /* of one call, in fen, as the product says */
    const shuyu_param *params; /* n_params, each declared parameter once */
    size_t n_params;
} shuyu_product_question;

/*
 * Call a product. Verified as shuyu_run, but that an answer may have been made for another buyer of the same
 * product, which is not told: then this request's own entry names it (facts: stored), and its charge is not shown.
 * Of an answer's proofs, 0 is of this request and 1 of the answer. Passing the answer on is forbidden by the
 * subscription. SHUYU_E_DISGUISED (another purpose than the one subscribed to, or no subscription), SHUYU_E_STATE
 * (another model or price, or not published any more), and those of shuyu_run. Blocks.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_product_call(shuyu_session *s,
                                                     const shuyu_product_question *question,
                                                     shuyu_answer **ret, shuyu_error *reterr);

/* --- a developer's own data -------------------------------------------------------------------- */

/*
 * Data that a developer holds lawfully itself and brings into the domain under one grant, to be joined with the grant's
 * datasets there (own.define and own.confirm come before). Source: docs/scheme/fusion.md.
 */
typedef struct shuyu_own_file {
    const uint8_t *grant; /* 32 bytes */
    const char *dataset;  /* "own.customers" */
    int fd;               /* a plain file, read from its beginning; borrowed */
    /* after each part, in bytes; or NULL */
    void (*on_progress)(void *ctx, uint64_t sent, uint64_t of);
    void *progress_ctx;
} shuyu_own_file;

/*
 * Send the file, in parts of 512 KiB; when the domain was started anew between two of them it begins again, once. OK: it
 * is the confirmed file, and its rows are in; *ret is the last part's reply (result: sy_ingest_result, of this file
 * only). It comes at whole steps of a second or more: how long it took would say whom in the file the domain knows.
 * SHUYU_E_DIGEST: other bytes. SHUYU_E_STATE, field "dataset": not confirmed, or in already. SHUYU_E_DATA: it does not
 * fit its definition. SHUYU_E_USAGE: not a plain file. Errors of shuyu_call; a logged refusal sets *ret, too. Blocks.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_own_put(shuyu_session *s, const shuyu_own_file *file,
                                                shuyu_reply **ret, shuyu_error *reterr);

/* --- one consenting subject ------------------------------------------------------------------- */

/*
 * Answers about one person who consented: yes, no, a declared band, or unknown. An issuer, a party that
 * collects consent, signs a token for one question; a developer asks with it, once.
 * Source: docs/privacy/subject.md.
 */
typedef struct shuyu_consent {
    const uint8_t *grant, *model; /* 32 bytes each: under which, by which */
    const char *const *id;        /* n_id parts of the identifier, as it is written; usually one */
    size_t n_id;
    const shuyu_param *asserted; /* n_asserted values that the model compares with, each once */
    size_t n_asserted;
    int64_t not_before; /* 0: now */
    int64_t lifetime_s; /* 1 s .. what the domain's pack allows */
} shuyu_consent;

/* Sign a consent token with the issuer's profile, which must be pinned: the token names the domain.
 * The result is for the developer, and as confidential as the identifier: it holds the salt of the
 * commitments. It does not hold the identifier and the asserted values. SHUYU_E_STATE (not pinned),
 * SHUYU_E_FIELD, SHUYU_E_LIMIT (identifier too long), SHUYU_E_NO_MEMORY. End with shuyu_buffer_free. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_consent_issue(const shuyu_profile *issuer,
                                                      const shuyu_consent *what, shuyu_buffer *ret,
                                                      shuyu_error *reterr);

typedef struct shuyu_subject_question {
    shuyu_bytes consent;   /* what shuyu_consent_issue made; names grant and model */
    const char *const *id; /* as the issuer was given it, or written another way */
    size_t n_id;
    const shuyu_param *asserted; /* the very texts that the issuer was given */
    size_t n_asserted;
} shuyu_subject_question;

/*
 * Ask about one subject. Verified as shuyu_run; the answer has one row and one column, whose text is
 * one of the labels that the model declares ("true", "false", a band) or "unknown": not in the data, or not
 * known there. The token is used up when the question is charged, whatever comes of it. Identifier and
 * asserted values go sealed and are not logged. SHUYU_E_DENIED (the token is for another
 * question, or does not open), SHUYU_E_SIGNATURE, SHUYU_E_ROLE, SHUYU_E_PARTY (its issuer),
 * SHUYU_E_EXPIRED, SHUYU_E_REPLAYED (used before), SHUYU_E_RATE (asked too often), and those of
 * shuyu_run. Blocks, at least for the plan's response slot, equally long whatever the answer.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_subject_ask(shuyu_session *s,
                                                    const shuyu_subject_question *question,
                                                    shuyu_answer **ret, shuyu_error *reterr);

#ifdef __cplusplus
}
#endif

#endif
