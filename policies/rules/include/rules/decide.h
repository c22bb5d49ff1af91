/*
 * decide and apply: the two pure functions that are Shuyu's policy (DESIGN section 3).
 *
 *   decide(state, request, inputs) -> verdict + event      apply(state, event) -> state
 *
 * No I/O, no clock, no randomness, no floating point: what the warden adds (time, salt, a worker's
 * outcome) comes in as `inputs` and is recorded in the event, so that the auditor's tool runs the
 * same functions over the log and compares every verdict, allow and deny, and every digest.
 *
 * The warden's order for one request:
 *   1. rules_decide                   look at kind
 *   2. rules_event_fill               the event of an EVENT decision
 *   3. rules_effect_new               what it writes; event.state = rules_effect_digest
 *   4. append to the ledger
 *   5. rules_effect_commit
 *   6. fsync; only then answer
 *
 * Runs in: warden, audit tool; rules_admit also in the gateway. Trusts: nothing (BOUNDARY: every
 * field of a request is checked here whatever the gateway said). Holds: no secret. May block/alloc:
 * allocates, never blocks. Threads: pure over a state nobody writes meanwhile.
 */
#ifndef RULES_DECIDE_H
#define RULES_DECIDE_H

#include "rules/rows.h"
#include "rules/state.h"

struct method; /* a row of the table of methods; the rules' own */

/*
 * What was worked out about a request beforehand, on another thread for instance (rules_request_prepare). The
 * rules rely on it only where it says yes: they leave out the work, and whoever filled it in answers for it.
 * The warden has none: there the rules work out everything themselves.
 */
struct rules_facts {
    const struct method *method;   /* of header.method; NULL: not looked up, or there is none */
    const struct rules_key *nonce; /* the key of the nonce's row; NULL: not worked out */
    uint8_t header_hash[32];       /* SHA-256 of header_bytes */
    bool body;                     /* header.body is the digest of salt, args and secret_digest */
    const bool *signed_by;         /* of each of sigs: it verifies over header_bytes */
    const void *args;              /* args by the descriptor of header.method; NULL: not decoded */
    const struct rules_asked
        *asked; /* what a model.run asks, of the event's own inputs; NULL: not worked out */
};

/* A request as opened by the warden, or as read back from a logged event. Everything is borrowed.
 * */
struct rules_request {
    struct sy_header header;     /* decoded from header_bytes */
    struct sy_view header_bytes; /* canonical; what the signatures cover */
    struct sy_view args;         /* canonical args record of the method */
    uint8_t salt[32];            /* of the body */
    uint8_t secret_digest[32];   /* SHA-256 of the body's secret; all zero when it carried none */
    const struct sy_signature *sigs;
    size_t n_sigs;
    const struct rules_facts *facts; /* NULL: none */
};

enum rules_kind {
    RULES_KIND_NONE = 0,
    RULES_KIND_EVENT,  /* log it: allowed (verdict.code 0) or refused (type "refuse") */
    RULES_KIND_READ,   /* allowed and not logged: answer from the state or the log */
    RULES_KIND_RESUME, /* the same envelope as charge `entry`, still unanswered: resume that run */
    RULES_KIND_RECORDED, /* the same envelope was recorded: its outcome is entry `entry` */
    RULES_KIND_REFUSED, /* refused by the verdict and not logged: the nonce is known by entry `entry`,
                          * so whoever relays an envelope again can't make the log grow */
    RULES_KIND_N
};

/* verdict: spends: what a charge costs; stored = entry + 1 of an answer that is returned again
 * at no charge (event type "answer": logged, re-decided, no run). */
struct rules_decision {
    enum rules_kind kind;
    uint64_t entry;            /* RESUME, RECORDED, REFUSED */
    struct sy_view type;       /* EVENT: the event's type */
    struct sy_verdict verdict; /* views live in the arena */
};

/*
 * Decide one request. Pure: equal arguments give equal results on every machine.
 *
 * state   folded from the log so far
 * inputs  what the warden adds; see wire/event.h for which method needs which
 * arena   owns what *ret points to
 *
 * Result OK: *ret is filled; every request that an enrolled party (or the warden, or for
 * party.enrol the invited) validly signed gets here, allowed or refused. What comes under a known
 * nonce never makes an event: RESUME, RECORDED, or REFUSED.
 * Other results: the request can't be logged because nobody known has signed it, *ret is zeroed:
 *   SY_E_SUITE, SY_E_FIELD       suite, context or domain is not ours, or the header is malformed
 *   SY_E_METHOD                  no such method, or not one that takes an envelope
 *   SY_E_PARTY                   the party is not enrolled or is revoked; field "tls": the
 *                                connection's certificate is not the party's (so it can't use up
 *                                the party's nonce)
 *   SY_E_UNSIGNED, SY_E_SIGNATURE, SY_E_DIGEST   no valid signature over header and body
 *   SY_E_EXISTS, SY_E_EXPIRED, SY_E_ROLE ...     for genesis and party.enrol, whose signer is new
 *   SY_E_NO_MEMORY, SY_E_INTERNAL (a row of the state does not decode, time went back)
 * sodium_init() has been called (proof/envelope.h).
 *
 * Source: DESIGN sections 2, 3; scheme articles 12, 13, 15, 17, 18, 32.
 */
SY_MUST sy_status rules_decide(const struct rules_state *state, const struct rules_request *request,
                               const struct sy_inputs *inputs, struct sy_arena *arena,
                               struct rules_decision *ret, struct sy_error *reterr);

/* The event of an EVENT decision, with `state` still zero; everything is borrowed from the
 * arguments. */
void rules_event_fill(const struct rules_request *request, const struct sy_inputs *inputs,
                      const struct rules_decision *decision, struct sy_event *ret);

/* The request that a logged event holds; lists live in the arena. SY_E_FIELD and the decoder's
 * errors when the header bytes are not a canonical header. */
SY_MUST sy_status rules_request_of_event(const struct sy_event *event, struct sy_arena *arena,
                                         struct rules_request *ret, struct sy_error *reterr);

/* What an event writes, computed but not yet done. */
struct rules_effect;

/* Compute the writes of `event` as entry `entry`. Recomputes everything from the event; allowed
 * events by the table of methods; a refusal writes the nonce and the clock. The state is only read.
 * SY_E_INTERNAL when the event can't follow this state, SY_E_NO_MEMORY; *ret is NULL then. */
SY_MUST sy_status rules_effect_new(const struct rules_state *state, const struct sy_event *event,
                                   uint64_t entry, struct rules_effect **ret,
                                   struct sy_error *reterr);

/* The digest of the state after it; 32 bytes, borrowed from the effect. */
const uint8_t *rules_effect_digest(const struct rules_effect *e);

/* Rows of one effect, at most. Most events write a few; an incident that freezes the whole domain writes every live
 * grant. */
enum { RULES_EFFECT_ROWS_MAX = 1 << 20 };

/* Row `i` of the writes, in key order (value empty = deleted), for the gateway's replica. False
 * past the last. Borrowed from the effect. */
bool rules_effect_row(const struct rules_effect *e, size_t i, struct sy_view *ret_key,
                      struct sy_view *ret_value);

/* Write it, once: its rows move into the state and the effect is empty afterwards (read rows and
 * digest before). The state must be the one it was computed from, unchanged since (SY_E_STATE
 * otherwise); on any error (SY_E_NO_MEMORY) both are unchanged. */
SY_MUST sy_status rules_effect_commit(struct rules_state *state, struct rules_effect *e);

/* NULL-safe. */
void rules_effect_free(struct rules_effect *e);
static inline void rules_effect_freep(struct rules_effect **e)
{
    rules_effect_free(*e);
}
#define RULES_EFFECT_CLEANUP __attribute__((cleanup(rules_effect_freep)))

/* Effect and commit in one; event.state is not compared (rules_replay does). */
SY_MUST sy_status rules_apply(struct rules_state *state, const struct sy_event *event,
                              uint64_t entry, struct sy_error *reterr);

/*
 * Replay one logged event: decide it again, compare type and verdict, apply, compare the digest.
 * SY_E_TAMPERED with the field of the first difference (rules/replay.h); rules_decide's
 * errors for an event that should never have been logged; the state is then unchanged.
 * Source: DESIGN section 3 (restart = replay; the auditor's tool is rules/replay.h).
 */
SY_MUST sy_status rules_replay(struct rules_state *state, const struct sy_event *event,
                               uint64_t entry, struct sy_error *reterr);

/*
 * What the gateway can refuse early, on a header alone, over a replica of the rows party/, key/, grant/,
 * model/ (rules_state_put_raw): is the certificate bound to the party, and for model.register and
 * model.run: is the grant the party's, active and within its dates, are calls left, is the model
 * approved, of this grant, and within its fields? OK means only "ask the warden", which decides
 * again with the same helper functions.
 *
 * tls   SHA-256 of the client certificate's DER; all zero = local socket
 * now   UTC seconds; expiry is checked against it
 * Errors: SY_E_SUITE, SY_E_FIELD, SY_E_METHOD (unknown, or local or warden only), SY_E_PARTY (not
 * enrolled, revoked, or another's certificate; party.enrol of an unknown party is let through),
 * SY_E_EXPIRED, SY_E_ROLE, SY_E_GRANT, SY_E_SUSPENDED, SY_E_CALLS (the warden may still have a
 * stored answer: what it decides counts), SY_E_OVERRUN, SY_E_REVIEW, SY_E_NOT_FOUND,
 * SY_E_FIELD_DENIED.
 */
SY_MUST sy_status rules_admit(const struct rules_state *replica, const struct sy_header *header,
                              const uint8_t tls[32], int64_t now, struct sy_error *reterr);

/* --- what else the warden asks of the state --------------------------------------------------- */

/* The box key that the reply to this request is sealed to: of the member of staff who signed first, else the party's. For
 * who enrols or changes keys: as the event has left it. False: no key of the party that counts has signed. */
bool rules_reply_box(const struct rules_state *s, const struct rules_request *r,
                     struct sy_arena *arena, uint8_t ret[32]);

/* May `caller` (its party row) see this row in a state.list? Reviewers and auditors see all that
 * the listable prefixes hold; others see parties, datasets, the pack, and what is their own. */
bool rules_row_visible(const struct rules_state *s, const struct sy_party *caller,
                       struct sy_view key, struct sy_view value);

/* May `caller` read the body of this event in a log.entries? agency and auditor: all; others: what
 * they signed, answers to their charges, and acts on their grants. */
bool rules_event_visible(const struct rules_state *s, const struct sy_party *caller,
                         const struct sy_event *event);

/* Does the log say that what is kept of the subject of this name is erased? Then *ret_entry is where; false
 * leaves it untouched. */
bool rules_is_erased(const struct rules_state *s, const uint8_t who[32], uint64_t *ret_entry);

/* Of which class of numbers that name people the identifiers of a namespace's units are (wire/identity.h);
 * empty: of none, or nobody has such units. The text lives in the state or in the arena. Errors of a
 * row that does not decode. */
SY_MUST sy_status rules_unit_klass(const struct rules_state *s, struct sy_view ns,
                                   struct sy_arena *arena, struct sy_view *ret,
                                   struct sy_error *reterr);

#endif
