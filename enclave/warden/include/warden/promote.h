/*
 * Who leads: the folder that the log names (rules/epoch.h). A standby is a folder with a seat of its own, in
 * the file DIR/standby; it holds what the copier brought (enclave/copier), and leads from the entry on by
 * which agency and operator promoted it.
 *
 *   DIR/standby       "shuyu-standby@v1\n", 64 hex digits, "\n"; not there: the folder the domain was born in
 *   DIR/promote.req   a canonical sy_logged_request of method "domain.promote", to be signed by both
 *
 * Runs in: warden. Trusts: the folded log, and the two signatures on the request. Holds: nothing.
 * May block: at start, on fsync. Threads: the loop's. Source: DESIGN section 3; tests/model/README.md.
 */
#ifndef WARDEN_PROMOTE_H
#define WARDEN_PROMOTE_H

#include "warden/warden.h"

/* Read this folder's seat into w->seat; zero when it is no standby. SY_E_FIELD when the file is not of that
 * form: a folder whose part is not clear does not start. */
SY_MUST sy_status warden_seat_read(struct warden *w, struct sy_error *reterr);

/* Is this folder a standby's? */
bool warden_is_standby(const struct warden *w);

/* Does the key store say that the folder of w->seat leads? Its record is in no copy, so a copy whose file `standby` is
 * gone is found out. Asked before anything is appended that a promotion or a close allows. SY_E_STATE: it does not. */
SY_MUST sy_status warden_leads_by_keys(const struct warden *w, struct sy_error *reterr);

/*
 * At start, with the log folded: does this folder lead? If not, and DIR/promote.req is there, carry the
 * promotion out: it is decided by the rules, its root must be this log's, the noise key of the new epoch is
 * made, and the entry is durable and folded before this returns OK.
 * SY_E_STATE (a standby that nobody promoted, or a folder that another one succeeded), SY_E_PROOF (the
 * request names another history), SY_E_SIGNATURE, SY_E_EXPIRED and the rules' other refusals: nothing was
 * recorded then, and the folder goes on as what it was.
 */
SY_MUST sy_status warden_lead(struct warden *w, struct sy_error *reterr);

/* `shuyu-warden --promote`: write DIR/promote.req for the folder `dir`, unsigned, good for an hour. Reads and
 * folds the log; signs and changes nothing else. SY_E_STATE when the folder is no standby or leads, SY_E_BUSY when
 * a domain or a copier runs in it. */
SY_MUST sy_status warden_promotion_ask(int dir, struct sy_error *reterr);

/* Must this domain still keep silent? It was promoted, a policy with a quorum is in force, and no quorum has
 * cosigned the promotion yet: the old leader may still hold one. Without a policy nothing can be waited for,
 * and two leaders are only detected. */
bool warden_is_fenced(const struct warden *w);

#endif
