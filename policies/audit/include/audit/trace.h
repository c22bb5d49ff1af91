/*
 * Provenance: where an answer comes from and who answers for it (来源可溯、去向可查、行为留痕、责任可究).
 *
 *   definition -> data version -> mask -> model <- review      proposal <- reviews, consents, orders
 *                                   \-----> charge <-----------/
 *                                             \-> release -> receipt
 *
 * A trace of an answer or a charge holds all of it; of a grant, a model or a dataset what it rests on, and
 * which runs used it; of any other entry the entry. Steps are found through the index and read from the log:
 * each is an entry whose body opens its leaf and which names, by digest, what the step before it refers to.
 *
 * Runs in: the auditor's machine. Trusts: the log's key; not the index. Threads: one.
 */
#ifndef AUDIT_TRACE_H
#define AUDIT_TRACE_H

#include "audit/index.h"

/* What a step is. */
enum audit_step_kind {
    AUDIT_STEP_DEFINITION = 0, /* the dataset as catalogued; id: its digest */
    AUDIT_STEP_DATA,           /* a published version; id: its header */
    AUDIT_STEP_MASK,           /* how the proposal masks a dataset's fields; id: the proposal's */
    AUDIT_STEP_MODEL,          /* id: the model's */
    AUDIT_STEP_MODEL_REVIEW,   /* id: the model's */
    AUDIT_STEP_PROPOSAL,       /* id: the grant's, likewise below */
    AUDIT_STEP_FIRST_REVIEW,
    AUDIT_STEP_CONSENT,
    AUDIT_STEP_FINAL_REVIEW,
    AUDIT_STEP_EXPOSURE,
    AUDIT_STEP_CONFIRM, /* the operator's of a developer's own data (wire/own.h) */
    AUDIT_STEP_ERASED,  /* of own data, at the grant's end */
    AUDIT_STEP_ORDER, /* suspend, resume, revoke, expire, and whatever else stops or ends the grant */
    AUDIT_STEP_CHARGE,  /* id: digest of the signed request */
    AUDIT_STEP_RELEASE, /* id: commitment to the answer; all zero when none left */
    AUDIT_STEP_RERUN,   /* run again inside the domain; what came of it */
    AUDIT_STEP_REPEAT,  /* the same answer given again */
    AUDIT_STEP_USE,     /* a run that used what is traced; id: digest of its request */
    AUDIT_STEP_ENTRY,   /* any other entry */
    AUDIT_STEP_RECEIPT, /* the signed tree; id: its root */
    AUDIT_STEP_N
};

enum { AUDIT_STEPS_MAX = 4096, AUDIT_USES_MAX = 100 };

struct audit_step {
    enum audit_step_kind kind;
    bool found; /* false: its body was not exported; only kind, id and detail count */
    uint64_t entry;
    int64_t time; /* UTC seconds */
    struct sy_view party, method;
    uint64_t verdict;       /* 0: allowed */
    uint8_t id[32];         /* of what the step is about; see above */
    uint8_t commitment[32]; /* of the entry's leaf to its body */
    const char *detail;     /* UTF-8 as logged: not safe to print as it is */
    const size_t *from;     /* steps that this one follows from */
    size_t n_from;
};

struct audit_trace {
    uint64_t entry; /* that was asked for */
    struct audit_step *steps;
    size_t n;
    uint64_t uses; /* runs that used it, of which at most AUDIT_USES_MAX are steps */
    struct proof_checkpoint tree;
};

/* Trace entry < audit_size(log); everything lives in the arena. SY_E_TAMPERED (an entry that is not what it
 * should be; field "index": the index lies), SY_E_LIMIT, SY_E_NO_MEMORY, SY_E_DENIED (the entry's own body
 * was not exported). */
SY_MUST sy_status audit_trace(const struct audit_export *log, struct audit_index *index,
                              uint64_t entry, struct sy_arena *arena, struct audit_trace *ret,
                              struct sy_error *reterr);

/* The entry that a receipt proves. The receipt must verify under `key` against the exported leaf, and its
 * tree must be a beginning of the exported one. Errors of proof_receipt_verify, SY_E_PROOF. */
SY_MUST sy_status audit_receipt_entry(const struct audit_export *log, const struct proof_vkey *key,
                                      struct sy_view receipt, uint64_t *ret_entry,
                                      struct sy_error *reterr);

enum audit_lang { AUDIT_EN = 0, AUDIT_ZH, AUDIT_LANG_N };

/* A step's name. */
const char *audit_step_label(enum audit_step_kind kind, enum audit_lang lang);

/* Append a trace: as lines for people, as one line of JSON ("shuyu.trace/1"), as a Graphviz picture. */
typedef sy_status audit_trace_fn(const struct audit_trace *t, enum audit_lang lang,
                                 struct sy_buf *b);
SY_MUST sy_status audit_trace_text(const struct audit_trace *t, enum audit_lang lang,
                                   struct sy_buf *b);
SY_MUST sy_status audit_trace_json(const struct audit_trace *t, enum audit_lang lang,
                                   struct sy_buf *b);
SY_MUST sy_status audit_trace_dot(const struct audit_trace *t, enum audit_lang lang,
                                  struct sy_buf *b);

#endif
