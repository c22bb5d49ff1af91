/*
 * What: an entry as one line in each of three forms. Invariant: what a line says is what the record holds, and
 * one entry is one line, whatever texts it carries.
 */
#include <inttypes.h>
#include <stdio.h>

#include "audit/line.h"
#include "audit/text.h"
#include "base/time.h"

enum { DAY_S = 86400, DAY_CHARS = 10, FACILITY_AUDIT = 13, HOST_MAX = 255, NAME_MAX_CHARS = 32 };

/* --- for people ------------------------------------------------------------------------------------ */

/* A text, filled up with blanks to a width in characters. */
static sy_status add_padded(struct sy_buf *b, struct sy_view v, size_t width)
{
    size_t at = b->n, n = 0;
    SY_TRY(audit_text(b, v));
    for (size_t i = at; i < b->n; i++) {
        n += (b->p[i] & 0xc0) != 0x80;
    }
    for (; n < width; n++) {
        SY_TRY(sy_buf_add_str(b, " "));
    }
    return sy_buf_add_str(b, "  ");
}

static sy_status add_spends(struct sy_buf *b, const struct sy_verdict *v)
{
    for (size_t i = 0; i < v->n_spends; i++) {
        const struct sy_spend *s = &v->spends[i];
        SY_TRY(sy_buf_add_str(b, i == 0 ? ": " : ", "));
        SY_TRY(audit_text(b, s->ns));
        SY_TRY(sy_buf_printf(b, " rho %" PRIu64 ".%09" PRIu64, s->rho / 1000000000,
                             s->rho % 1000000000));
        if (s->cells > 0) {
            SY_TRY(sy_buf_printf(b, " cells %" PRIu64, s->cells));
        }
    }
    return SY_OK;
}

static sy_status add_closed_row(struct sy_buf *b, const struct audit_record *r)
{
    char day[21], hex[65];
    sy_time_format((int64_t)r->leaf.utc_day * DAY_S, day);
    audit_hex32(hex, r->leaf.commitment);
    SY_TRY(sy_buf_printf(b, "%.*s            ", DAY_CHARS, day));
    SY_TRY(add_padded(b, r->leaf.type, 8));
    return sy_buf_printf(b, "(not exported; commits to %s)", hex);
}

static sy_status add_open_row(struct sy_buf *b, const struct audit_record *r)
{
    const struct sy_verdict *v = &r->event.verdict;
    SY_TRY(audit_text_time(b, r->event.inputs.time));
    SY_TRY(sy_buf_add_str(b, "  "));
    SY_TRY(add_padded(b, r->event.type, 8));
    SY_TRY(add_padded(b, r->header.party, 12));
    SY_TRY(add_padded(b, r->header.method, 18));
    SY_TRY(sy_buf_add_str(b, audit_verdict_name(v->code)));
    if (v->reason.n > 0) {
        SY_TRY(sy_buf_add_str(b, ": "));
        SY_TRY(audit_text(b, v->reason));
    }
    return add_spends(b, v);
}

sy_status audit_line_table(const struct audit_line_place *at, const struct audit_record *r,
                           struct sy_buf *b)
{
    (void)at;
    SY_TRY(sy_buf_printf(b, "%5" PRIu64 "  ", r->entry.index));
    SY_TRY(r->open ? add_open_row(b, r) : add_closed_row(b, r));
    return sy_buf_add_str(b, "\n");
}

/* --- JSON ------------------------------------------------------------------------------------------ */

static void put_text(json_t *j, const char *key, struct sy_view v)
{
    json_object_set_new(j, key, json_stringn(v.n == 0 ? "" : (const char *)v.p, v.n));
}

static void put_hex32(json_t *j, const char *key, const uint8_t id[32])
{
    char hex[65];
    audit_hex32(hex, id);
    json_object_set_new(j, key, json_string(hex));
}

static json_t *head_json(const struct audit_record *r)
{
    char name[96], type[PROOF_LEAF_TYPE_MAX + 1], day[21];
    sy_view_to_cstr(r->leaf.type, type, sizeof(type));
    (void)snprintf(name, sizeof(name), "shuyu.%s/%d", r->open ? type : "closed",
                   AUDIT_LINE_VERSION);
    sy_time_format((int64_t)r->leaf.utc_day * DAY_S, day);
    day[DAY_CHARS] = '\0';
    json_t *j = json_pack("{s:s,s:I}", "schema", name, "entry", (json_int_t)r->entry.index);
    put_text(j, "type", r->leaf.type);
    json_object_set_new(j, "day", json_string(day));
    put_hex32(j, "commitment", r->leaf.commitment);
    return j;
}

/* What people filter by, so that they need not look into the event. */
static void put_open(json_t *j, const struct audit_record *r, json_t *event)
{
    json_object_set(j, "time", json_object_get(json_object_get(event, "inputs"), "time"));
    put_text(j, "party", r->header.party);
    put_text(j, "method", r->header.method);
    json_object_set_new(j, "verdict", json_string(audit_verdict_name(r->event.verdict.code)));
    if (!audit_is_zero(r->header.grant)) {
        put_hex32(j, "grant", r->header.grant);
    }
    if (!audit_is_zero(r->model)) {
        put_hex32(j, "model", r->model);
    }
    put_hex32(j, "salt", r->entry.salt);
    json_object_set_new(j, "event", event);
}

sy_status audit_line_json(const struct audit_line_place *at, const struct audit_record *r,
                          struct sy_buf *b)
{
    json_t *j = head_json(r);
    if (j != NULL && r->open) {
        json_t *event = audit_json_record(&sy_event_desc, &r->event, r->method, at->arena);
        if (event == NULL) {
            json_decref(j);
            return sy_status_of(SY_E_NO_MEMORY);
        }
        put_open(j, r, event);
    }
    return audit_json_line(b, j);
}

/* --- syslog ---------------------------------------------------------------------------------------- */

/* RFC 5424 6.2.1: how grave, by what kind of refusal it was. */
static int severity(const struct audit_record *r)
{
    enum { ERROR = 3, WARNING = 4, NOTICE = 5, INFORMATIONAL = 6 };
    static const uint8_t BY_CATEGORY[] = {
        [SY_CAT_OK] = INFORMATIONAL, [SY_CAT_USAGE] = NOTICE,   [SY_CAT_DENIED] = WARNING,
        [SY_CAT_QUOTA] = WARNING,    [SY_CAT_CRYPTO] = ERROR,   [SY_CAT_IO] = ERROR,
        [SY_CAT_BUSY] = NOTICE,      [SY_CAT_INTERNAL] = ERROR,
    };
    uint64_t code = r->open ? r->event.verdict.code : 0;
    size_t category =
        code > INT32_MAX ? sizeof(BY_CATEGORY) : (size_t)sy_category_of((int32_t)code);
    return category < sizeof(BY_CATEGORY) ? BY_CATEGORY[category] : ERROR;
}

/* A field of the header: printable ASCII without blanks, at most `most` characters, "-" for none. */
static sy_status add_name(struct sy_buf *b, struct sy_view v, size_t most)
{
    if (v.n == 0) {
        return sy_buf_add_str(b, "-");
    }
    for (size_t i = 0; i < v.n && i < most; i++) {
        uint8_t c = v.p[i] > 0x20 && v.p[i] < 0x7f ? v.p[i] : '?';
        SY_TRY(sy_buf_add(b, &c, 1));
    }
    return SY_OK;
}

static sy_status add_param(struct sy_buf *b, const char *name, struct sy_view v)
{
    if (v.n == 0) {
        return SY_OK;
    }
    SY_TRY(sy_buf_printf(b, " %s=\"", name));
    SY_TRY(audit_text_param(b, v));
    return sy_buf_add_str(b, "\"");
}

static sy_status add_id_param(struct sy_buf *b, const char *name, const uint8_t id[32])
{
    char hex[65];
    audit_hex32(hex, id);
    return audit_is_zero(id) ? SY_OK : add_param(b, name, sy_view(hex, 64));
}

static sy_status add_open_params(struct sy_buf *b, const struct audit_record *r)
{
    const struct sy_verdict *v = &r->event.verdict;
    SY_TRY(add_param(b, "party", r->header.party));
    SY_TRY(add_param(b, "method", r->header.method));
    SY_TRY(add_param(b, "verdict", sy_view_str(audit_verdict_name(v->code))));
    SY_TRY(add_param(b, "field", v->field));
    SY_TRY(add_id_param(b, "grant", r->header.grant));
    SY_TRY(add_id_param(b, "model", r->model));
    return add_id_param(b, "state", r->event.state);
}

/* 32473 is the enterprise number set aside for documentation (RFC 5612): Shuyu has none of its own. */
static sy_status add_element(struct sy_buf *b, const struct audit_record *r)
{
    SY_TRY(sy_buf_printf(b, "[shuyu@32473 entry=\"%" PRIu64 "\"", r->entry.index));
    SY_TRY(add_param(b, "type", r->leaf.type));
    SY_TRY(add_id_param(b, "commitment", r->leaf.commitment));
    if (r->open) {
        SY_TRY(add_open_params(b, r));
    }
    return sy_buf_add_str(b, "]");
}

static sy_status add_message(struct sy_buf *b, const struct audit_record *r)
{
    SY_TRY(sy_buf_add_str(b, " \xef\xbb\xbf")); /* the message is UTF-8: RFC 5424 6.4 */
    if (!r->open) {
        return sy_buf_add_str(b, "body not exported");
    }
    SY_TRY(audit_text(b, r->header.method));
    SY_TRY(sy_buf_add_str(b, " by "));
    SY_TRY(audit_text(b, r->header.party));
    SY_TRY(sy_buf_printf(b, ": %s", audit_verdict_name(r->event.verdict.code)));
    if (r->event.verdict.reason.n > 0) {
        SY_TRY(sy_buf_add_str(b, ": "));
        SY_TRY(audit_text(b, r->event.verdict.reason));
    }
    return add_spends(b, &r->event.verdict);
}

sy_status audit_line_syslog(const struct audit_line_place *at, const struct audit_record *r,
                            struct sy_buf *b)
{
    char when[21];
    sy_time_format(r->open ? r->event.inputs.time : (int64_t)r->leaf.utc_day * DAY_S, when);
    SY_TRY(sy_buf_printf(b, "<%d>1 %s ", FACILITY_AUDIT * 8 + severity(r), when));
    SY_TRY(add_name(b, sy_view_str(at->origin), HOST_MAX));
    SY_TRY(sy_buf_add_str(b, " shuyu - "));
    SY_TRY(add_name(b, r->leaf.type, NAME_MAX_CHARS));
    SY_TRY(sy_buf_add_str(b, " "));
    SY_TRY(add_element(b, r));
    SY_TRY(add_message(b, r));
    return sy_buf_add_str(b, "\n");
}
