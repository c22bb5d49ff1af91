/*
 * An index beside an exported log: which entries speak of a party, a scene, a dataset. It only finds; it is
 * never believed. What it finds is read from the log again (audit/record.h), and it can be thrown away.
 *
 * It is an SQLite file, bound to the origin, size and root of the log that it was made of. Opening it
 * verifies the log on the way (every leaf against the signed checkpoint, every new body against its leaf),
 * takes in entries that came since, and refuses an index that was made of anything else. Making it in one
 * go or in many gives the same content, row for row.
 *
 *   meta(key, value)                 origin, size, root
 *   name(id, text)                   every text below, numbered in the order of first appearance
 *   entry(entry, time, type, method, party, role, scene, grant_, model, code, body, link)
 *                                    link: of an answer its charge, of an answer given again the first one
 *   about(entry, dataset, version)   datasets: the entry's own, else its grant's (an answer: through its link);
 *                                    version 0: not one version
 *   party(id, role) grant_(id, entry, scene, developer) grant_dataset(grant_, dataset)
 *   model(id, entry, grant_, name)   what later entries refer to, with the entry that it comes from
 *   key_(id, member)                 signing keys of members of staff ("PARTY/ID"), old ones too
 *   signed(entry, member)            whose of them is among the entry's signatures
 *
 * Entries whose body was not exported have their type, their day as the time, and nothing else.
 *
 * Runs in: the auditor's machine. Trusts: the log's key. Threads: one.
 */
#ifndef AUDIT_INDEX_H
#define AUDIT_INDEX_H

#include "audit/record.h"

struct audit_index;

enum audit_index_open {
    AUDIT_INDEX_USE = 0, /* go on with the file that is there, or make it */
    AUDIT_INDEX_REBUILD, /* remove it first */
    AUDIT_INDEX_MEMORY   /* no file at all: `path` may be NULL */
};

/*
 * Open the index at `path` for the log x, which must be signed by `log` and outlive the index, and bring
 * it up to date.
 *
 * SY_E_ROLLBACK (field "index": the log is shorter than the index, or not its continuation, or another log),
 * SY_E_TAMPERED (field "index": no index of ours), SY_E_IO (the file can't be written), and every error of
 * verification; the file is then as it was, or empty when it is new.
 */
SY_MUST sy_status audit_index_open(const char *path, enum audit_index_open how,
                                   const struct audit_export *x, const struct proof_vkey *log,
                                   struct audit_index **ret, struct sy_error *reterr);
void audit_index_close(struct audit_index *x);
static inline void audit_index_closep(struct audit_index **x)
{
    audit_index_close(*x);
}
#define AUDIT_INDEX_CLEANUP __attribute__((cleanup(audit_index_closep)))

/* The tree that was verified, and how many entries were new. */
void audit_index_tree(const struct audit_index *x, struct proof_checkpoint *ret, uint64_t *ret_new);

/* What to look for; NULL: anything. Grants and models: the beginning of an id; a model also by its name.
 * member: "PARTY/ID", whose key signed. verdict: "allowed", "refused" or a code's name. Entries first..last; since <= time < until. */
struct audit_filter {
    const char *party, *member, *role, *scene, *grant, *dataset, *model, *type, *method, *verdict;
    bool has_since, has_until;
    int64_t since, until;
    bool has_range;
    uint64_t first, last;
    uint64_t limit; /* 0: none */
};

/* Does the entry itself, without its grant, model or role, say nothing against the filter? What an index
 * found must pass. */
bool audit_filter_fits(const struct audit_filter *filter, const struct audit_record *r);

/* Called for each entry that is found, in order; a status that is not OK ends the search. */
typedef sy_status audit_found_fn(void *ctx, uint64_t entry, struct sy_error *reterr);

/* SY_E_FIELD (a verdict that is no code's name), what `found` returns, SY_E_TAMPERED, SY_E_NO_MEMORY. */
SY_MUST sy_status audit_index_find(struct audit_index *x, const struct audit_filter *filter,
                                   audit_found_fn *found, void *ctx, struct sy_error *reterr);

/* Where something comes from, as a hint to be checked in the log. */
enum audit_origin_kind {
    AUDIT_OF_GRANT = 0, /* its proposal; id: 64 hexadecimal digits */
    AUDIT_OF_MODEL,     /* its registration; id likewise */
    AUDIT_OF_DATASET,   /* its definition in force at entry `n`; id: its name */
    AUDIT_OF_VERSION,   /* version n of dataset id: its publication */
    AUDIT_OF_CHARGE,    /* n: a charge; its answer */
    AUDIT_OF_N
};

/* False when the index has no such thing. */
bool audit_index_origin(struct audit_index *x, enum audit_origin_kind kind, struct sy_view id,
                        uint64_t n, uint64_t *ret_entry);

/* Entries that read this version of this dataset (charges), in order. */
SY_MUST sy_status audit_index_readers(struct audit_index *x, struct sy_view dataset,
                                      uint64_t version, audit_found_fn *found, void *ctx,
                                      struct sy_error *reterr);

#endif
