/*
 * Replay: every entry of an export decided again by this program's own rules, and compared with what the log
 * says: verdict, reason, every budget figure, the event's type, the digest of the state, the public leaf; and
 * every party's signature verified. A difference is told with entry, field, what these rules say and what the
 * log says, and replay goes on, so that each is named (rules/replay.h lists the fields; "leaf": the public
 * part shows another type or day).
 *
 * One thread decides, for each decision rests on the one before; everything else is done ahead of it by as
 * many threads as the machine has.
 *
 * Runs in: the auditor's machine. Trusts: nobody; verify the export first (audit/export.h). Holds: bodies, in
 * memory. May block/alloc: both. Threads: its own; the functions below are called on the caller's.
 * Source: DESIGN section 3.
 */
#ifndef AUDIT_REPLAY_H
#define AUDIT_REPLAY_H

#include "audit/export.h"
#include "rules/rows.h"

/* One difference. Borrowed for the call; texts are as hostile as the log (audit/text.h). */
struct audit_mismatch {
    uint64_t entry;
    struct sy_view type;   /* of the event, as logged */
    struct sy_view method; /* of its request */
    const char *field, *expected, *found;
};
typedef void audit_mismatch_fn(void *ctx, const struct audit_mismatch *m);

/* Entries done, of how many; now and then. */
typedef void audit_progress_fn(void *ctx, uint64_t done, uint64_t total);

/* A namespace's account after the last entry. */
typedef void audit_budget_fn(void *ctx, struct sy_view ns, const struct sy_row_budget *row);

struct audit_replay_how {
    bool
        no_signatures; /* take signatures as good: for measuring what is left, never for an audit */
    unsigned threads;  /* with the one that decides; 0: as many as there are processors */
    audit_mismatch_fn *mismatch;
    audit_progress_fn *progress; /* may be NULL, like the next */
    audit_budget_fn *budget;
    void *ctx;
};

struct audit_replayed {
    uint64_t n_entries;
    uint64_t n_signatures;  /* of requests, that were verified */
    uint64_t n_mismatches;  /* entries with a difference */
    uint64_t n_differences; /* in all */
    uint8_t state[32];      /* digest after the last entry, as logged */
};

/*
 * Replay the whole export. OK: nothing differs. SY_E_TAMPERED: something does (*ret is filled). Otherwise it
 * ended early: SY_E_DENIED (field "entries": bodies are missing; replay needs an auditor's or the agency's
 * export), the decoder's errors for an entry that is none, SY_E_NO_MEMORY.
 */
SY_MUST sy_status audit_replay(const struct audit_export *x, const struct audit_replay_how *how,
                               struct audit_replayed *ret, struct sy_error *reterr);

#endif
