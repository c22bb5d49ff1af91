/*
 * What: what is kept of questions about one subject (vault/payload.h): read it, tell the subject who asked, erase
 * it. Threads: the loop's.
 */
#ifndef WARDEN_SRC_PAYLOAD_H
#define WARDEN_SRC_PAYLOAD_H

#include "warden/call.h"

/* The name under which a subject counts, made when it has none. id: as ingest stores it. Never one that the
 * log says is erased. Errors of vault_payload_who. */
SY_MUST sy_status warden_payload_who(struct warden *w, struct sy_view ns, struct sy_view id,
                                     uint8_t ret[32]);

/* At the end of every call, before its reply: remove what was put for a question that was not recorded
 * (c->kept_at). */
void warden_payload_take_back(struct warden_call *c);

/* payload.read and subject.trail: disclosed once the log says so. prepare: the subject's name and how many
 * questions the reply will list. done: again for the same envelope, never more than was known when it came. */
void warden_payload_read_done(struct warden_call *c);
bool warden_trail_prepare(struct warden_call *c);
void warden_trail_done(struct warden_call *c);

/* payload.erase. prepare: the subject's name and how much is kept, for the agency's request only. done: the
 * erasure is durable in the log: destroy the key, then the payloads. */
bool warden_erase_prepare(struct warden_call *c);
void warden_erase_done(struct warden_call *c);

/* At the start, before anything is served: destroy again what the log says is erased, then sweep what is of
 * no question in the log. */
SY_MUST sy_status warden_payloads_settle(struct warden *w);

#endif
