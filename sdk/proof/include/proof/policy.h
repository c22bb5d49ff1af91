/*
 * Witness policies: which logs and witnesses count, and which witnesses together are enough.
 *
 *   log <vkey> [<url>]                  Ed25519 key; its name is the log's origin
 *   witness <name> <vkey> [<url>]       cosignature key (type 04)
 *   group <name> all|any|<k> <name>...  k of its members; each name is a member at most once
 *   quorum <name>|none                  exactly one such line
 *
 * One item of a line is separated from the next by spaces and tabs; "#" begins a comment line. A name is
 * used only after the line that defines it, so groups cannot be circular, and every witness counts in one
 * way only. Names are bytes, not characters.
 *
 * Runs in: warden, courier, SDK, auditor; the witness reads its list of logs. Trusts: the file's author;
 * notes come from outside. Holds: what was parsed, in the caller's arena, with views of the text.
 * May block/alloc: allocates. Threads: pure functions; a policy is read by any number of threads.
 * Source: C2SP tlog-policy; reference/audit-log 1.8.
 */
#ifndef PROOF_POLICY_H
#define PROOF_POLICY_H

#include "base/arena.h"
#include "proof/note.h"

enum {
    PROOF_POLICY_MAX = 1 << 20, /* bytes of a file */
    PROOF_POLICY_LOGS_MAX = 4096,
    PROOF_POLICY_WITNESSES_MAX = 64,
    PROOF_POLICY_GROUPS_MAX = 64,
    PROOF_POLICY_ORIGIN_KEYS_MAX =
        16, /* log lines of one origin: a log that changes its key has two */
};

struct proof_policy_log {
    struct proof_vkey key;
    struct sy_view url; /* empty: none */
};

struct proof_policy_witness {
    struct sy_view name; /* within the file */
    struct proof_vkey key;
    struct sy_view url; /* empty: none */
};

/* What a name stands for. */
struct proof_policy_node {
    struct sy_view name;
    uint32_t parent; /* the group it is a member of: index into nodes; PROOF_POLICY_NONE: of none */
    uint32_t needed; /* of a group: how many members must be met; 0: it is a witness */
    uint32_t witness; /* of a witness: index into witnesses */
};
#define PROOF_POLICY_NONE UINT32_MAX

/* A policy. Nodes stand in the file's order, so a member comes before its group. */
struct proof_policy {
    struct proof_policy_log *logs;
    size_t n_logs;
    struct proof_policy_witness *witnesses;
    size_t n_witnesses;
    struct proof_policy_node *nodes;
    size_t n_nodes;
    uint32_t quorum; /* index into nodes; PROOF_POLICY_NONE: no cosignature is asked for */
};

/*
 * Parse a policy file. Views of `text`, which must live as long; arrays in `arena`. SY_E_FIELD, SY_E_SUITE
 * (a key of a type that is not known here), SY_E_LIMIT, SY_E_NO_MEMORY, with the line in reterr's field
 * ("line 7"); *ret untouched then. The last line must end in "\n", too.
 */
SY_MUST sy_status proof_policy_parse(struct sy_view text, struct sy_arena *arena,
                                     struct proof_policy *ret, struct sy_error *reterr);

/* The same for a list of logs: `log` lines and comments only, at least one log. */
SY_MUST sy_status proof_policy_parse_logs(struct sy_view text, struct sy_arena *arena,
                                          struct proof_policy *ret, struct sy_error *reterr);

/* Which cosignatures are fresh; UTC seconds. */
struct proof_policy_when {
    uint64_t now_s;
    uint64_t max_age_s;   /* older ones do not count; UINT64_MAX: any age */
    uint64_t max_ahead_s; /* nor do those from further in the future: clocks differ a little */
};

/* What was found under a checkpoint. */
struct proof_policy_verdict {
    struct proof_checkpoint checkpoint; /* origin points into the note */
    bool is_met;                        /* the quorum, by fresh cosignatures alone */
    size_t n_cosigned;                  /* witnesses with a valid cosignature of any time */
    size_t n_fresh;                     /* of these, the fresh ones */
    uint64_t time_s[PROOF_POLICY_WITNESSES_MAX]; /* by witness: its latest cosignature; 0 = none */
    bool is_fresh[PROOF_POLICY_WITNESSES_MAX];   /* by witness */
};

/*
 * Judge a signed checkpoint. The log must have signed it: `log`, or with NULL one of the policy's logs
 * whose name is the checkpoint's origin. A quorum that is not met is a verdict, no error. SY_E_FIELD (no
 * checkpoint), SY_E_UNSIGNED (not by the log), SY_E_SIGNATURE (a line of a known key does not verify: the
 * whole note is refused), SY_E_PROOF (another origin than `log`'s), SY_E_NO_MEMORY; *ret untouched then.
 */
SY_MUST sy_status proof_policy_judge(const struct proof_policy *policy,
                                     const struct proof_vkey *log, struct sy_view note,
                                     const struct proof_policy_when *when,
                                     struct proof_policy_verdict *ret, struct sy_error *reterr);

/* Would these witnesses be enough? has: n_witnesses flags. For planning whom to ask. */
bool proof_policy_is_met(const struct proof_policy *policy, const bool *has);

#endif
