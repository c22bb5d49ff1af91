/* Joining parts. Invariant: between rows nothing is broken and no part has bytes. */
#include "ingest_parts.h"

#include <stdlib.h>

sy_status ingest_parts_init(struct ingest_parts *p, size_t n)
{
    *p = (struct ingest_parts){.n = n};
    if (n == 0) {
        return SY_OK;
    }
    p->all = calloc(n, sizeof(*p->all));
    return p->all != NULL ? SY_OK : sy_status_of(SY_E_NO_MEMORY);
}

void ingest_parts_deinit(struct ingest_parts *p)
{
    free(p->all);
    *p = (struct ingest_parts){0};
}

static void break_by(struct ingest_parts *p, enum ingest_rule rule)
{
    if (p->broken == INGEST_FINE || rule == INGEST_ENCODING) { /* which rejects in any case */
        p->broken = rule;
    }
}

void ingest_parts_set(struct ingest_parts *p, size_t i, const struct ingest_spec *spec,
                      struct sy_view cell, struct ingest_value *scratch)
{
    enum ingest_rule rule = ingest_value_read(spec, cell, scratch);
    if (rule == INGEST_FINE &&
        memchr(scratch->text.p, INGEST_PART_BREAK, scratch->text.n) != NULL) {
        rule = INGEST_TYPE;
    }
    if (rule != INGEST_FINE) {
        break_by(p, rule);
        return;
    }
    p->all[i].n = scratch->text.n;
    memcpy(p->all[i].bytes, scratch->text.p, scratch->text.n);
    p->normalised = p->normalised || scratch->how == INGEST_NORMALISED;
}

enum ingest_rule ingest_parts_join(const struct ingest_parts *p, struct ingest_value *ret)
{
    size_t n = 0;
    if (p->broken != INGEST_FINE) {
        return p->broken;
    }
    for (size_t i = 0; i < p->n; i++) {
        const struct ingest_part *part = &p->all[i];
        size_t gap = i == 0 ? 0 : 1;
        if (n + gap + part->n > INGEST_ID_BYTES) {
            return INGEST_BOUNDS;
        }
        if (gap != 0) {
            ret->scratch[n++] = INGEST_PART_BREAK;
        }
        memcpy(ret->scratch + n, part->bytes, part->n);
        n += part->n;
    }
    ret->text = sy_view(ret->scratch, n);
    ret->how = p->normalised ? INGEST_NORMALISED : INGEST_FINE;
    return INGEST_FINE;
}

void ingest_parts_clear(struct ingest_parts *p)
{
    for (size_t i = 0; i < p->n; i++) {
        p->all[i].n = 0;
    }
    p->broken = INGEST_FINE;
    p->normalised = false;
}
