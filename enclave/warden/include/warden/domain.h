/*
 * A domain's birth and start.
 */
#ifndef WARDEN_DOMAIN_H
#define WARDEN_DOMAIN_H

#include "warden/warden.h"

/* What `shuyu-warden --init` is given. */
struct warden_birth {
    const char *name;
    const char *purpose; /* production | test */
    const char *agency;  /* files with canonical sy_party records, their keys made elsewhere */
    const char *operator_;
};

/*
 * Make a new domain in the folder `dir`: vault and keys, and DIR/genesis.req, a canonical
 * sy_logged_request of method "genesis" that the agency and the operator then sign (`shuyu domain
 * sign`). The domain starts only with both signatures. SY_E_EXISTS when there is a domain.
 */
SY_MUST sy_status warden_birth(int dir, const struct warden_birth *b, struct sy_error *reterr);

/*
 * Open vault and ledger below w->dir and fold the log: every entry is decided again and compared
 * (rules_replay). Then the key store's memory of checkpoints is held against the log, deposits of
 * grants that are not active are erased, and attempts that no entry names are swept. An empty log gets
 * the signed genesis as entry 0. Fails closed: SY_E_ROLLBACK (an older ledger was put in place),
 * SY_E_TAMPERED, SY_E_SIGNATURE (genesis), SY_E_DENIED (a bench build and a production domain).
 */
SY_MUST sy_status warden_domain_open(struct warden *w, struct sy_error *reterr);

/* The first part of that: vault and ledger are open, the log is folded. Nothing is recorded, signed or swept,
 * and an empty log stays empty; for who only wants to know (promote.h). */
SY_MUST sy_status warden_domain_fold(struct warden *w, struct sy_error *reterr);

/* Expire grants whose time is over, stop their runs and erase their deposits: the warden's own acts
 * (grant.expire), called every second. */
void warden_domain_tick(struct warden *w);

#endif
