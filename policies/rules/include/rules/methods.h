/*
 * The table of methods: who may call what, in what form, and which event it makes. This is the
 * whole permit list: a method that is not a row here does not exist. The functions behind each row
 * are private to the rules (src/method.h).
 *
 * Runs in: warden, gateway, audit tool. Holds: nothing. May block/alloc: never. Threads: constant.
 */
#ifndef RULES_METHODS_H
#define RULES_METHODS_H

#include "wire/schema.h"

enum {
    RULES_M_READ = 1 << 0,    /* when allowed: answered, not logged */
    RULES_M_LOCAL = 1 << 1,   /* only over the local socket (inputs.tls zero) */
    RULES_M_WARDEN = 1 << 2,  /* the warden's own act: signed by genesis.warden, party "warden" */
    RULES_M_SECRET = 1 << 3,  /* the body may carry a secret; others must not */
    RULES_M_GRANT = 1 << 4,   /* header.grant is required */
    RULES_M_SUBJECT = 1 << 5, /* header.subject is required */
    RULES_M_NEW = 1 << 6,     /* the signer is not enrolled yet: genesis, party.enrol */
    RULES_M_GATE = 1 << 7,    /* rules_admit looks at grant (and model) early */
    RULES_M_MEMBER =
        1 << 8 /* with NEW: the signer is new to a party that is enrolled: staff.enrol */
};

struct rules_method {
    const char *name;           /* "scene.apply" */
    const char *roles;          /* space-separated; "" = every enrolled party */
    unsigned flags;             /* RULES_M_* */
    const struct sy_desc *args; /* of the args record; NULL: args are empty bytes */
    const char *type;           /* of the event when allowed; "" for reads */
};

/* The row of a method name; NULL when there is none. */
const struct rules_method *rules_method_find(struct sy_view name);

/* Row i, for listings and tests; NULL past the last. */
const struct rules_method *rules_method_at(size_t i);

/* Is `role` one of the method's roles? */
bool rules_method_allows(const struct rules_method *m, struct sy_view role);

#endif
