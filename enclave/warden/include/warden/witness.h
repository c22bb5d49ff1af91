/*
 * The domain and its witnesses (docs/witness.md): asks each witness of the policy in force for a
 * cosignature of the log's newest checkpoint, and keeps the newest checkpoint that a quorum of them has
 * cosigned with fresh times.
 *
 * All witnesses are asked about one checkpoint, the candidate. Once a quorum is met, or nobody is being asked
 * any more, the next candidate is the checkpoint of that moment. A witness that knows a size beyond ours,
 * or sees no growth, says that this log was rolled back or forked: it is asked for the checkpoint that it
 * cosigned, and if this log's own key has signed that one, the warden stops (fail closed).
 *
 * Runs in: warden. Trusts: nobody; answers come from the network through the courier, and only
 * cosignatures that verify under the policy's keys count. A claim of a rollback without such a
 * checkpoint stops the domain from charging, and nothing else, until a quorum has answered it.
 * Holds: public notes. May block: no; the public checkpoint is written without a sync.
 * Threads: the loop's.
 * Source: DESIGN section 3; C2SP tlog-witness, tlog-policy.
 */
#ifndef WARDEN_WITNESS_H
#define WARDEN_WITNESS_H

#include "warden/warden.h"

enum {
    WARDEN_WITNESS_AGE_S = 600,   /* older cosignatures do not count */
    WARDEN_WITNESS_AHEAD_S = 300, /* nor do those from further in the future */
};

/* The policy in force, and begin to ask: at start, and when another one was adopted. What each witness is
 * known to have seen is forgotten: it is asked with `old 0` first. Without a policy nobody is asked.
 * SY_E_NO_MEMORY, SY_E_TAMPERED (the row is no policy); nothing is asked then. */
SY_MUST sy_status warden_witness_load(struct warden *w, struct sy_error *reterr);

/* Have fn(ctx) called once each witness with a URL has been asked to the end once since the load, or can
 * not be reached, or `wait_ms` have passed; at once (within the call) when there is nobody to ask. Before
 * that nothing must be served. A witness that finds a rollback makes the warden fail instead, and fn is
 * not called. One caller, after warden_witness_load. */
SY_MUST sy_status warden_witness_start(struct warden *w, uint64_t wait_ms, warden_fn fn, void *ctx);

/* The log has grown, or a second has passed: ask who is to be asked. Never fails: who cannot be asked now is
 * asked later. */
void warden_witness_tick(struct warden *w);

/* Is a policy with a quorum in force? */
bool warden_witness_asked(const struct warden *w);

/* Has a witness said that it saw another log, and has nothing answered that yet? Then nothing must be charged: if
 * this is an older disk, what was spent is spent again. It ends when a quorum has cosigned a checkpoint that
 * covers the log as it stood when the word was said, and when the witness itself cosigns; evidence stops the
 * domain. Under a policy that asks for no quorum only the latter two, or another policy, can end it. */
bool warden_witness_claimed(const struct warden *w);

/* Has a quorum of fresh cosignatures been seen over a checkpoint that covers this entry? Once true, true
 * until the policy changes or the process ends. */
bool warden_witness_covers(const struct warden *w, uint64_t entry);

/* Call fn(ctx) on the loop's thread as soon as warden_witness_covers(entry) holds; never within this call.
 * It may never come. SY_E_LIMIT (too many wait), SY_E_NO_MEMORY: fn is not called. */
SY_MUST sy_status warden_witness_wait(struct warden *w, uint64_t entry, warden_fn fn, void *ctx);

/* Forget who waits with this fn and ctx; nothing when nobody does. */
void warden_witness_forget(struct warden *w, warden_fn fn, void *ctx);

/* The newest checkpoint with a quorum: the note with the log's lines and the witnesses', empty when there
 * is none yet; valid until the loop goes on. */
struct warden_quorum {
    struct sy_view note;
    struct sy_view plain; /* its beginning: without the witnesses' lines */
    uint64_t size;        /* 0: none */
    uint64_t time_s;      /* the earliest time stated by a fresh cosignature of it */
};
struct warden_quorum warden_witness_quorum(const struct warden *w);

/* What is known of the witnesses, for witness.status: fills the record; texts live in the policy. */
struct sy_witness_status;
SY_MUST sy_status warden_witness_report(const struct warden *w, struct sy_arena *arena,
                                        struct sy_witness_status *ret, struct sy_error *reterr);

/* Free everything; nobody is called any more. NULL-safe for a warden that never loaded. */
void warden_witness_free(struct warden *w);

#endif
