/*
 * A trace in the making.
 */
#ifndef AUDIT_SRC_TRACE_H
#define AUDIT_SRC_TRACE_H

#include "audit/trace.h"
#include "proof/ids.h"

struct tracing {
    const struct audit_export *log;
    struct audit_index *index;
    struct sy_arena *arena;
    struct sy_error *err;
    struct audit_trace *out;
    uint64_t before; /* what happened to grants and models is told up to this entry */
};

/* Steps that one follows from; none is TRACE_NONE. */
#define TRACE_NONE SIZE_MAX
enum { TRACE_FROM_MAX = 64 };
struct trace_from {
    size_t at[TRACE_FROM_MAX];
    size_t n;
};
void trace_after(struct trace_from *f, size_t step);

/* Read an entry; its body must be there, or *ret stays closed. */
SY_MUST sy_status trace_read(struct tracing *t, uint64_t entry, struct audit_record *ret);

/* Append a step of this entry (r NULL: its body is not there); TRACE_NONE when out of memory or room, which
 * trace_done reports. */
size_t trace_step(struct tracing *t, enum audit_step_kind kind, const struct audit_record *r,
                  const uint8_t id[32], const char *detail, const struct trace_from *from);
SY_MUST sy_status trace_done(struct tracing *t, size_t step);

/* The index said that an entry is something which it is not. */
sy_status trace_lied(struct tracing *t, uint64_t entry, const char *what);

/* Texts in the arena; "" when out of memory. */
const char *trace_text(struct tracing *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The definition and the version of a dataset that a run read; *ret is the version's step. */
SY_MUST sy_status trace_version(struct tracing *t, const struct sy_data_ref *ref, size_t *ret);
/* What an entry defines: the dataset, the digest of its definition, how a step shows it. *ret_is: false: it defines
 * none, and *ret is untouched. */
struct trace_def {
    struct sy_view id;
    uint8_t digest[32];
    const char *detail;
};
SY_MUST sy_status trace_defined(struct tracing *t, const struct audit_record *r,
                                struct trace_def *ret, bool *ret_is);
/* A definition in force at entry `at`; *ret TRACE_NONE when it is not to be found. */
SY_MUST sy_status trace_definition(struct tracing *t, struct sy_view dataset, uint64_t at,
                                   const uint8_t digest[32], size_t *ret);

/* A grant: proposal and masks (which follow from `data`, may be NULL), reviews, orders. */
struct trace_grant {
    size_t proposal, final; /* TRACE_NONE: not there */
    struct trace_from masks;
};
SY_MUST sy_status trace_grant(struct tracing *t, const uint8_t grant[32],
                              const struct trace_from *data, struct trace_grant *ret);

/* What ended or stopped a grant without being about it alone: incidents, orders to correct, the end of its developer or of an
 * agreement, a smaller grant in its place; as steps that follow from the proposal's, `of`. */
SY_MUST sy_status trace_ends(struct tracing *t, const uint8_t grant[32],
                             const struct sy_proposal *proposal, size_t of);

/* A model and its reviews; *ret is the model's step. */
SY_MUST sy_status trace_model(struct tracing *t, const uint8_t model[32],
                              const struct trace_grant *grant, size_t *ret);

/* A run: data, grant, model, charge (*ret), and its answer when there is one. */
SY_MUST sy_status trace_run(struct tracing *t, const struct audit_record *charge, size_t *ret);

/* Runs that the filter finds, counted, the first of them as steps. */
SY_MUST sy_status trace_uses(struct tracing *t, const struct audit_filter *filter, size_t of);
/* The same for one version of a dataset. */
SY_MUST sy_status trace_readers(struct tracing *t, struct sy_view dataset, uint64_t version,
                                size_t of);

#endif
