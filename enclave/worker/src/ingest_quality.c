/*
 * Counting. Invariant: `notes` is empty between rows, so that nothing of a rejected row is counted
 * but its rejection.
 */
#include "ingest_quality.h"

#include <stdlib.h>

sy_status ingest_quality_init(struct ingest_quality *q, size_t n_fields)
{
    *q = (struct ingest_quality){
        .counts = calloc((n_fields + 1) * INGEST_RULE_N, sizeof(*q->counts)),
        .notes = calloc(n_fields + 1, sizeof(*q->notes)),
        .n_fields = n_fields,
    };
    if (q->counts == NULL || q->notes == NULL) {
        ingest_quality_deinit(q);
        return sy_status_of(SY_E_NO_MEMORY);
    }
    return SY_OK;
}

void ingest_quality_deinit(struct ingest_quality *q)
{
    free(q->counts);
    free(q->notes);
    *q = (struct ingest_quality){0};
}

static struct ingest_count *count_of(const struct ingest_quality *q, size_t field,
                                     enum ingest_rule rule)
{
    return &q->counts[field * INGEST_RULE_N + rule];
}

static bool is_coercion(enum ingest_rule rule)
{
    return rule == INGEST_ROUNDING || rule == INGEST_NORMALISED;
}

void ingest_quality_keep(struct ingest_quality *q)
{
    for (size_t i = 0; i < q->n_notes; i++) {
        struct ingest_count *count = count_of(q, q->notes[i].field, q->notes[i].rule);
        if (is_coercion(q->notes[i].rule)) {
            count->coerced++;
        } else {
            count->nulled++;
        }
    }
    q->n_notes = 0;
    q->rows_in++;
    q->rows_kept++;
}

void ingest_quality_reject(struct ingest_quality *q, size_t field, enum ingest_rule rule)
{
    count_of(q, field, rule)->rejected++;
    q->n_notes = 0;
    q->rows_in++;
}

static bool is_zero(const struct ingest_count *c)
{
    return (c->coerced | c->nulled | c->rejected) == 0;
}

sy_status ingest_quality_report(const struct ingest_quality *q, const struct sy_dataset_def *def,
                                struct sy_arena *arena, struct sy_quality *ret)
{
    size_t n_counts = (q->n_fields + 1) * INGEST_RULE_N;
    struct sy_quality_rule *rules = sy_arena_alloc(arena, n_counts, sizeof(*rules));
    if (rules == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    *ret = (struct sy_quality){
        .dataset = def->id, .rows_in = q->rows_in, .rows_kept = q->rows_kept, .rules = rules};
    for (size_t i = 0; i < n_counts; i++) {
        const struct ingest_count *c = &q->counts[i];
        size_t field = i / INGEST_RULE_N;
        if (!is_zero(c)) {
            rules[ret->n_rules++] = (struct sy_quality_rule){
                .coerced = c->coerced,
                .field = field < q->n_fields ? def->fields[field].name : sy_view_str(""),
                .nulled = c->nulled,
                .rejected = c->rejected,
                .rule = sy_view_str(ingest_rule_name((enum ingest_rule)(i % INGEST_RULE_N))),
            };
        }
    }
    return SY_OK;
}
