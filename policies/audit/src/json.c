/*
 * What: any wire record as JSON, by its descriptor. Invariant: a field that the record has is in the JSON.
 */
#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/text.h"
#include "base/time.h"
#include "wire/consent.h"
#include "wire/pack.h"

enum { EXACT_MAX_BITS = 53 };

/* Bytes that are canonical records themselves. */
static const struct {
    const struct sy_desc *in;
    const char *key;
    const struct sy_desc *holds;
} NESTED[] = {
    {&sy_logged_request_desc, "header", &sy_header_desc},
    {&sy_inputs_desc, "plan", &sy_plan_desc},
    {&sy_pack_adopt_desc, "pack", &sy_pack_desc},
    {&sy_enrol_desc, "invite", &sy_invite_desc},
    {&sy_subject_ask_desc, "token", &sy_consent_desc},
};

bool json_is_time(const struct sy_field *f)
{
    static const char *const KEYS[] = {"time", "expiry", "not_after", "not_before"};
    for (size_t i = 0; f->kind == SY_KIND_i64 && i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
        if (strcmp(f->key, KEYS[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool json_is_args(const struct sy_desc *desc, const struct sy_field *f)
{
    return desc == &sy_logged_request_desc && strcmp(f->key, "args") == 0;
}

const struct sy_desc *json_nested(const struct sy_desc *desc, const struct sy_field *f,
                                  const struct rules_method *method)
{
    if (json_is_args(desc, f)) {
        return method == NULL ? NULL : method->args;
    }
    for (size_t i = 0; i < sizeof(NESTED) / sizeof(NESTED[0]); i++) {
        if (NESTED[i].in == desc && strcmp(NESTED[i].key, f->key) == 0) {
            return NESTED[i].holds;
        }
    }
    return NULL;
}

/* --- values ---------------------------------------------------------------------------------------- */

struct writing {
    const struct rules_method *method;
    struct sy_arena *arena;
};

static json_t *unsigned_json(uint64_t v)
{
    char text[24];
    if (v <= (uint64_t)1 << EXACT_MAX_BITS) {
        return json_integer((json_int_t)v);
    }
    (void)snprintf(text, sizeof(text), "%" PRIu64, v);
    return json_string(text);
}

static json_t *signed_json(int64_t v)
{
    char text[24];
    int64_t most = (int64_t)1 << EXACT_MAX_BITS;
    if (v >= -most && v <= most) {
        return json_integer(v);
    }
    (void)snprintf(text, sizeof(text), "%" PRId64, v);
    return json_string(text);
}

static json_t *time_json(int64_t v)
{
    char text[21];
    if (!audit_time_is_civil(v)) {
        return signed_json(v);
    }
    sy_time_format(v, text);
    return json_string(text);
}

static json_t *hex_json(struct sy_view v)
{
    static const char digits[] = "0123456789abcdef";
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(2 * v.n + 1);
    uint8_t *at = sy_buf_reserve(&b, 2 * v.n + 1);
    if (at == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < v.n; i++) {
        at[2 * i] = (uint8_t)digits[v.p[i] >> 4];
        at[2 * i + 1] = (uint8_t)digits[v.p[i] & 15];
    }
    return json_stringn((const char *)at, 2 * v.n);
}

/* A text; should it be none after all, its bytes. */
static json_t *text_json(struct sy_view v)
{
    json_t *j = json_stringn(v.n == 0 ? "" : (const char *)v.p, v.n);
    return j != NULL ? j : hex_json(v);
}

static json_t *record_json(const struct writing *w, const struct sy_desc *desc, const void *record);

/* The record inside, or its bytes where there is none. */
static json_t *bytes_json(const struct writing *w, const struct sy_desc *desc,
                          const struct sy_field *f, struct sy_view v)
{
    const struct sy_desc *holds = json_nested(desc, f, w->method);
    void *inner = holds == NULL ? NULL : sy_arena_alloc(w->arena, 1, holds->size_bytes);
    if (inner != NULL && sy_ok(sy_record_decode(holds, v, &SY_MP_LARGE, w->arena, inner, NULL))) {
        return record_json(w, holds, inner);
    }
    return hex_json(v);
}

static json_t *element_json(const struct writing *w, const struct sy_field *f, const void *list,
                            size_t i)
{
    switch (f->kind) {
    case SY_KIND_strs:
        return text_json(((const struct sy_view *)list)[i]);
    case SY_KIND_bins:
        return hex_json(((const struct sy_view *)list)[i]);
    case SY_KIND_u64s:
        return unsigned_json(((const uint64_t *)list)[i]);
    case SY_KIND_i64s:
        return signed_json(((const int64_t *)list)[i]);
    default:
        return record_json(w, f->sub, (const char *)list + i * f->sub->size_bytes);
    }
}

static json_t *list_json(const struct writing *w, const struct sy_field *f, const char *record)
{
    const void *list = *(const void *const *)(record + f->offset);
    size_t n = *(const size_t *)(record + f->n_offset);
    json_t *j = json_array();
    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(j, element_json(w, f, list, i)) != 0) {
            json_decref(j);
            return NULL;
        }
    }
    return j;
}

static json_t *field_json(const struct writing *w, const struct sy_desc *desc,
                          const struct sy_field *f, const char *record)
{
    const void *at = record + f->offset;
    switch (f->kind) {
    case SY_KIND_u64:
        return unsigned_json(*(const uint64_t *)at);
    case SY_KIND_i64:
        return json_is_time(f) ? time_json(*(const int64_t *)at)
                               : signed_json(*(const int64_t *)at);
    case SY_KIND_bool:
        return json_boolean(*(const bool *)at);
    case SY_KIND_str:
        return text_json(*(const struct sy_view *)at);
    case SY_KIND_bin:
    case SY_KIND_raw:
        return bytes_json(w, desc, f, *(const struct sy_view *)at);
    case SY_KIND_b16:
        return hex_json(sy_view(at, 16));
    case SY_KIND_b32:
        return hex_json(sy_view(at, 32));
    case SY_KIND_sub:
        return record_json(w, f->sub, at);
    default:
        return list_json(w, f, record);
    }
}

/* Was the field left out: optional, and nothing but zeros? */
static bool left_out(const struct sy_field *f, const char *record, const json_t *value)
{
    static const uint8_t zero[32];
    if ((f->flags & SY_OPT) == 0) {
        return false;
    }
    switch (f->kind) {
    case SY_KIND_u64:
    case SY_KIND_i64:
        return *(const uint64_t *)(const void *)(record + f->offset) == 0;
    case SY_KIND_bool:
        return !json_is_true(value);
    case SY_KIND_b16:
    case SY_KIND_b32:
        return memcmp(record + f->offset, zero, f->kind == SY_KIND_b16 ? 16 : 32) == 0;
    case SY_KIND_sub:
        return json_object_size(value) == 0;
    default:
        return json_is_array(value) ? json_array_size(value) == 0
                                    : json_is_string(value) && json_string_length(value) == 0;
    }
}

static json_t *record_json(const struct writing *w, const struct sy_desc *desc, const void *record)
{
    json_t *j = json_object();
    for (size_t i = 0; i < desc->n_fields; i++) {
        const struct sy_field *f = &desc->fields[i];
        json_t *value = field_json(w, desc, f, record);
        if (value != NULL && left_out(f, record, value)) {
            json_decref(value);
        } else if (json_object_set_new(j, f->key, value) != 0) {
            json_decref(j);
            return NULL;
        }
    }
    return j;
}

json_t *audit_json_record(const struct sy_desc *desc, const void *record,
                          const struct rules_method *method, struct sy_arena *arena)
{
    return record_json(&(const struct writing){method, arena}, desc, record);
}

sy_status audit_json_line(struct sy_buf *b, json_t *j)
{
    size_t before = b->n;
    char *text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT);
    json_decref(j);
    if (text == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    sy_status s = audit_text_json(b, sy_view_str(text));
    s = sy_ok(s) ? sy_buf_add_str(b, "\n") : s;
    free(text);
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s;
}
