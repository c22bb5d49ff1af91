/*
 * Private to the rules: who signs for a party that has staff (docs/scheme/staff.md).
 *
 * A request of such a party counts by the keys under it that are live: those of its members, and the party's own.
 * The first of them is the sender's: the connection's certificate is its, and the reply is sealed to its box key. Which
 * duty may sign what is the table of duties.c. A party without members (sy_party.staff false) never gets here, nor does
 * anybody while the pack has no staff section: then the party's own key signs everything, and no other counts.
 *
 * Invariants: a key or certificate is one party's and one member's for ever, live or not (keys.c); nothing is logged
 * before every key that counts has been verified.
 * Source: scheme articles 9, 10, 24, 25.
 */
#ifndef RULES_SCHEME_STAFF_H
#define RULES_SCHEME_STAFF_H

#include "scheme.h"
#include "wire/staff.h"

/* ---- duties (duties.c) ---- */

/* methods: a name, or a prefix that ends in a point. duties: of whom one is needed; "" nobody's; "*" any live member,
 * trained or not. own: the party's own key may sign it alone, once there are members. */
struct duty {
    const char *methods;
    const char *duties;
    bool own;
};

/* The row of a method; what no row names is `business`. */
const struct duty *duty_of(struct sy_view method);
/* Row i, for tests; NULL past the last. */
const struct duty *duty_at(size_t i);
/* May a pack ask for two people under this: a logged act that members sign, and none that comes with every run? */
bool duty_may_need_two(const struct method *m);
/* Is it a list of duties, ascending, each once, at least one? */
bool duties_sound(const struct sy_view *duties, size_t n);
/* Has somebody two of the three administrators' duties? */
bool duties_mixed(const struct sy_view *duties, size_t n);

/* ---- who signed (signer.c) ---- */

enum { SIGNERS_MAX = 2 }; /* a third signature says nothing more */

struct signer {
    uint8_t sign[32], box[32], tls[32];
    const struct sy_staff *member; /* NULL: the party's own key */
};

struct signers {
    const struct sy_pack_staff *terms; /* NULL: the pack has no such section */
    size_t n;
    struct signer of[SIGNERS_MAX];
    bool stopped; /* a key that was the party's, and is no more, is among the signatures */
};

/* The live keys of this party among the signatures, each once, unverified. *ret lives in the arena; errors of this
 * machine. */
SY_MUST sy_status signers_read(const struct rules_state *s, const struct sy_party *party,
                               const struct sy_signature *sigs, size_t n_sigs,
                               struct sy_arena *arena, struct signers **ret, struct sy_error *err);

/* The pack's section; NULL: none, or no pack yet. */
SY_MUST sy_status staff_terms(const struct rules_state *s, struct sy_arena *arena,
                              const struct sy_pack_staff **ret, struct sy_error *err);

/* May this member sign as one of these duties now: duties kept apart, and for `business` trained and sworn? SY_E_ROLE,
 * field "staff.duties"; SY_E_DENIED, fields "staff.trained_until", "staff.confidential". */
SY_MUST sy_status member_may(const struct sy_staff *m, const struct sy_pack_staff *terms,
                             const char *duties, int64_t now, struct sy_error *err);

/* ---- keys (keys.c) ---- */

/* The live member that a signing key belongs to; *ret NULL: nobody's of this party. *ret_stopped (may be NULL) is set
 * when it was, and does not count any more. */
SY_MUST sy_status member_of_key(const struct rules_state *s, struct sy_view party,
                                const uint8_t key[32], struct sy_arena *arena,
                                const struct sy_staff **ret, bool *ret_stopped,
                                struct sy_error *err);
/* Is this the certificate of a live member of the party? Needs the rows key/ alone: the gateway has no others. */
SY_MUST sy_status member_certificate(const struct rules_state *s, struct sy_view party,
                                     const uint8_t tls[32], struct sy_arena *arena, bool *ret,
                                     struct sy_error *err);

/* Was none of these ever anybody's? SY_E_EXISTS, SY_E_FIELD. */
SY_MUST sy_status keys_fresh(struct ask *c, const struct sy_new_keys *keys);

/* Was one of these a member's, or a party's before it was replaced? For party.enrol, which looks at the parties itself.
 * SY_E_EXISTS. */
SY_MUST sy_status keys_retired(struct ask *c, const struct sy_new_keys *keys);

static inline struct sy_new_keys new_keys_of(const uint8_t sign[32], const uint8_t box[32],
                                             const uint8_t tls[32])
{
    struct sy_new_keys k;
    memcpy(k.sign, sign, 32);
    memcpy(k.box, box, 32);
    memcpy(k.tls, tls, 32);
    return k;
}

/* Write the three rows of keys that come (live) or go (apply side). staff: the member; empty: the party's own. */
SY_MUST sy_status keys_put(struct change *x, const struct sy_new_keys *keys, struct sy_view party,
                           struct sy_view staff, bool live);

#endif
