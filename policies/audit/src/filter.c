/*
 * What: filters against an entry's own words. Invariant: an entry that is shown does not contradict what was
 * asked for, whatever the index says.
 */
#include "audit/index.h"

static bool text_fits(const char *wanted, struct sy_view v)
{
    return wanted == NULL || sy_view_is(v, wanted);
}

static bool verdict_fits(const char *wanted, uint64_t code)
{
    if (wanted == NULL) {
        return true;
    }
    return strcmp(wanted, "refused") == 0 ? code != 0
                                          : strcmp(wanted, audit_verdict_name(code)) == 0;
}

/* An entry of a grant may name it through its model or its charge instead. */
static bool id_fits(const char *wanted, const uint8_t id[32])
{
    char hex[65];
    audit_hex32(hex, id);
    return wanted == NULL || audit_is_zero(id) || strncmp(hex, wanted, strlen(wanted)) == 0;
}

bool audit_filter_fits(const struct audit_filter *f, const struct audit_record *r)
{
    if (f->has_range && (r->entry.index < f->first || r->entry.index > f->last)) {
        return false;
    }
    if (!r->open) {
        return text_fits(f->type, r->leaf.type) && f->party == NULL && f->method == NULL &&
               f->verdict == NULL;
    }
    int64_t time = r->event.inputs.time;
    return text_fits(f->type, r->event.type) && text_fits(f->party, r->header.party) &&
           text_fits(f->method, r->header.method) &&
           verdict_fits(f->verdict, r->event.verdict.code) && id_fits(f->grant, r->header.grant) &&
           (!f->has_since || time >= f->since) && (!f->has_until || time < f->until);
}
