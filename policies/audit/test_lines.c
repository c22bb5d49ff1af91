/*
 * Lines for people, JSON and syslog: hostile texts, forms, and that no field of a record is forgotten. What a
 * small log looks like in each is compared with golden/ (SHUYU_GOLDEN names a folder to write it to instead).
 */
#include "test_log_kit.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/line.h"
#include "audit/text.h"
#include "base/fdio.h"
#include "test_golden.h"
#include "wire/consent.h"

static struct log_kit L;

static int setup(void **state)
{
    log_kit_init(&L, "example.org/log");
    log_kit_small(&L);
    *state = &L;
    return 0;
}

static int teardown(void **state)
{
    log_kit_free(*state);
    return 0;
}

/* --- texts ----------------------------------------------------------------------------------------- */

static void check_text(sy_status (*f)(struct sy_buf *b, struct sy_view v), struct sy_view v,
                       const char *want)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    check_ok(f(&b, v));
    check_ok(sy_buf_add(&b, "", 1));
    assert_string_equal((const char *)b.p, want);
}

static void test_texts(void **state)
{
    (void)state;
    check_text(audit_text, V("plain \xe6\x95\xb0\xe5\x9f\x9f \xf0\x9f\x98\x80"),
               "plain \xe6\x95\xb0\xe5\x9f\x9f \xf0\x9f\x98\x80");
    check_text(audit_text, V("\x1b[31mred\r\n\t\x7f"), "\\u{1b}[31mred\\u{d}\\u{a}\\u{9}\\u{7f}");
    check_text(audit_text,
               V("\xc2\x9b"
                 "31m"),
               "\\u{9b}31m");
    check_text(audit_text,
               V("a\xe2\x80\xae"
                 "b\xe2\x81\xa6\xef\xbb\xbf\xe2\x80\xa8"),
               "a\\u{202e}b\\u{2066}\\u{feff}\\u{2028}");
    check_text(audit_text, V("\xf3\xa0\x80\x81"), "\\u{e0001}");
    check_text(audit_text, sy_view("a\0b", 3), "a\\u{0}b");
    check_text(audit_text, sy_view("\xff\xc3\xed\xa0\x80\xc0\xaf", 7),
               "\\x{ff}\\x{c3}\\x{ed}\\x{a0}\\x{80}\\x{c0}\\x{af}");
    check_text(audit_text, V("\\u{1b}"), "\\\\u{1b}");
    check_text(audit_text_param, V("a\"b]c\\d\n"), "a\\\"b\\]c\\\\\\\\d\\\\u{a}");
    check_text(audit_text_dot, V("a\"]\\\n"), "a\\\"]\\\\\\\\\\\\u{a}");
    check_text(audit_text_json,
               V("{\"a\":\"\xc2\x9b\xe2\x80\xae\x7f\xf3\xa0\x80\x81\xe6\x95\xb0\"}"),
               "{\"a\":\"\\u009b\\u202e\\u007f\\udb40\\udc01\xe6\x95\xb0\"}");
}

/* No byte of the output is a control or part of a hidden character, whatever goes in. */
static void check_clean(struct sy_view v, size_t newlines)
{
    size_t n = 0;
    for (size_t i = 0; i < v.n; i++) {
        n += v.p[i] == '\n';
        assert_true(v.p[i] >= 0x20 || v.p[i] == '\n');
        assert_true(v.p[i] != 0x7f);
        assert_false(v.p[i] == 0xc2 && v.p[i + 1] < 0xa0);
        assert_false(v.p[i] == 0xe2 && v.p[i + 1] == 0x80 && v.p[i + 2] >= 0xa8 &&
                     v.p[i + 2] <= 0xae);
    }
    assert_int_equal(n, newlines);
    assert_true(sy_view_is_utf8(v));
}

static void test_random_bytes(void **state)
{
    struct log_kit *l = *state;
    for (size_t round = 0; round < 2000; round++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
        uint8_t bytes[24];
        for (size_t i = 0; i < sizeof(bytes); i++) {
            static const uint8_t LIKELY[] = {0xc2, 0x9b, 0xe2, 0x80, 0xae, 0x1b, '"', ']', '\\', 0};
            bytes[i] = log_kit_pick(l, 2) == 0 ? LIKELY[log_kit_pick(l, LEN(LIKELY))]
                                               : (uint8_t)log_kit_pick(l, 256);
        }
        check_ok(audit_text(&b, sy_view(bytes, sizeof(bytes))));
        check_ok(audit_text_param(&b, sy_view(bytes, sizeof(bytes))));
        check_ok(audit_text_dot(&b, sy_view(bytes, sizeof(bytes))));
        check_clean(sy_buf_view(&b), 0);
    }
}

/* --- hostile entries ------------------------------------------------------------------------------- */

#define HOSTILE                                                                                    \
    "\x1b]0;owned\a\r\n<0>1 \"]\\ \xc2\x9b"                                                        \
    "31m \xe2\x80\xae\xe6\x95\xb0"

static struct audit_record read_entry(struct log_kit *l, size_t i)
{
    struct audit_record r;
    struct audit_export *x = log_kit_open(l, l->n);
    check_ok(audit_record_read(x, i, &l->k.arena, &r, NULL));
    /* the views must outlive the map */
    r.entry.body = sy_arena_copy(&l->k.arena, r.entry.body);
    r.entry.leaf = sy_arena_copy(&l->k.arena, r.entry.leaf);
    audit_close(x);
    check_ok(proof_leaf_parse(r.entry.leaf, &r.leaf, NULL));
    if (r.open) {
        check_ok(sy_record_decode(&sy_event_desc, r.entry.body, &SY_MP_LARGE, &l->k.arena, &r.event,
                                  NULL));
        check_ok(sy_record_decode(&sy_header_desc, r.event.request.header, &SY_MP_REQUEST,
                                  &l->k.arena, &r.header, NULL));
    }
    return r;
}

/* The last entry, with this text wherever there is room for one. */
static struct audit_record hostile(struct log_kit *l)
{
    struct audit_record r = read_entry(l, l->n - 1);
    r.header.party = V(HOSTILE);
    r.header.method = V(HOSTILE);
    r.event.request.header = kit_encode(&l->k, &sy_header_desc, &r.header);
    r.event.type = V("x" HOSTILE);
    r.event.verdict.reason = V(HOSTILE);
    r.event.verdict.field = V(HOSTILE);
    log_kit_put(l, l->n - 1, &r.event);
    return read_entry(l, l->n - 1);
}

static struct sy_view line(struct log_kit *l, audit_line_fn *f, const struct audit_record *r)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(AUDIT_LINE_MAX);
    struct audit_line_place at = {l->key.name, &l->k.arena};
    check_ok(f(&at, r, &b));
    return sy_arena_copy(&l->k.arena, sy_buf_view(&b));
}

static void test_hostile(void **state)
{
    struct log_kit *l = *state;
    struct audit_record r = hostile(l);
    check_clean(line(l, audit_line_table, &r), 1);
    check_clean(line(l, audit_line_syslog, &r), 1);
    struct sy_view text = line(l, audit_line_json, &r);
    check_clean(text, 1);
    json_t *j = json_loadb((const char *)text.p, text.n, 0, NULL);
    assert_non_null(j);
    assert_string_equal(json_string_value(json_object_get(j, "party")), HOSTILE);
    const json_t *verdict = json_object_get(json_object_get(j, "event"), "verdict");
    assert_string_equal(json_string_value(json_object_get(verdict, "reason")), HOSTILE);
    json_decref(j);
}

/* --- syslog ---------------------------------------------------------------------------------------- */

/* The end of the structured data that begins at p, or NULL: RFC 5424 section 6.3, read strictly. */
static const char *skip_element(const char *p)
{
    bool quoted = false;
    if (*p++ != '[') {
        return NULL;
    }
    for (; *p != '\0' && (quoted || *p != ']'); p++) {
        if (quoted && *p == '\\') {
            if (p[1] != '"' && p[1] != '\\' && p[1] != ']') {
                return NULL;
            }
            p++;
        } else if (*p == '"') {
            quoted = !quoted;
        } else if (quoted && *p == ']') {
            return NULL;
        }
    }
    return *p == ']' ? p + 1 : NULL;
}

static void check_syslog(const char *text, int priority)
{
    int pri, version, n = 0;
    char when[64], host[300], app[64], proc[64], msgid[64];
    assert_int_equal(sscanf(text, "<%d>%d %63s %299s %63s %63s %63s %n", &pri, &version, when, host,
                            app, proc, msgid, &n),
                     7);
    assert_int_equal(pri, priority);
    assert_int_equal(version, 1);
    assert_string_equal(app, "shuyu");
    assert_true(strlen(msgid) <= 32);
    assert_int_equal(strlen(when), 20);
    const char *end = skip_element(text + n);
    assert_non_null(end);
    assert_memory_equal(end, " \xef\xbb\xbf", 4);
}

static void test_syslog(void **state)
{
    struct log_kit *l = *state;
    static const struct {
        uint64_t code;
        int pri;
    } GRAVITY[] = {{0, 110},           {SY_E_FIELD, 109},     {SY_E_SUSPENDED, 108},
                   {SY_E_BUDGET, 108}, {SY_E_SIGNATURE, 107}, {SY_E_IO, 107},
                   {SY_E_BUSY, 109},   {SY_E_INTERNAL, 107},  {UINT64_MAX, 107}};
    for (size_t i = 0; i < l->n; i++) {
        struct audit_record r = read_entry(l, i);
        struct sy_view v = line(l, audit_line_syslog, &r);
        check_syslog((const char *)v.p, r.event.verdict.code == 0            ? 110
                                        : r.event.verdict.code == SY_E_FIELD ? 109
                                                                             : 108);
    }
    for (size_t i = 0; i < LEN(GRAVITY); i++) {
        struct audit_record r = read_entry(l, 3);
        r.event.verdict.code = GRAVITY[i].code;
        check_syslog((const char *)line(l, audit_line_syslog, &r).p, GRAVITY[i].pri);
    }
    struct audit_record r = hostile(l);
    check_syslog((const char *)line(l, audit_line_syslog, &r).p, 108);
}

/* --- JSON ------------------------------------------------------------------------------------------ */

/* Every field of the record is in the schema's definition of it, and every one that is not left out in the
 * line. */
static void check_fields(const struct sy_desc *desc, const json_t *defs)
{
    const json_t *properties = json_object_get(json_object_get(defs, desc->name), "properties");
    assert_non_null(properties);
    assert_int_equal(json_object_size(properties), desc->n_fields);
    for (size_t i = 0; i < desc->n_fields; i++) {
        assert_non_null(json_object_get(properties, desc->fields[i].key));
        if (desc->fields[i].sub != NULL && desc->fields[i].sub != desc) {
            check_fields(desc->fields[i].sub, defs);
        }
    }
}

static void test_schemas(void **state)
{
    (void)state;
    size_t n = 0;
    const char *type;
    for (; (type = audit_json_type(n)) != NULL; n++) {
        json_t *j = audit_json_schema(type);
        assert_non_null(j);
        if (strcmp(type, "closed") != 0) {
            check_fields(&sy_event_desc, json_object_get(j, "$defs"));
            check_fields(&sy_header_desc, json_object_get(j, "$defs"));
        }
        json_decref(j);
    }
    assert_true(n > 15);
    assert_null(audit_json_schema("no such event"));
    json_t *j = audit_json_schema("model");
    check_fields(&sy_plan_desc, json_object_get(j, "$defs"));
    check_fields(&sy_model_def_desc, json_object_get(j, "$defs"));
    json_decref(j);
    j = audit_json_schema("charge");
    check_fields(&sy_run_desc, json_object_get(j, "$defs"));
    check_fields(&sy_subject_ask_desc, json_object_get(j, "$defs"));
    check_fields(&sy_consent_desc, json_object_get(j, "$defs"));
    json_decref(j);
}

/* The numbers that a double can't hold are texts; times without four digits of year are numbers; bytes that
 * are no record are hexadecimal. */
static void test_values(void **state)
{
    struct log_kit *l = *state;
    struct sy_spend spend = {.ns = V("person"),
                             .rho = UINT64_MAX,
                             .delta = (uint64_t)1 << 53,
                             .cells = ((uint64_t)1 << 53) + 1};
    json_t *j = audit_json_record(&sy_spend_desc, &spend, NULL, &l->k.arena);
    assert_string_equal(json_string_value(json_object_get(j, "rho")), "18446744073709551615");
    assert_int_equal(json_integer_value(json_object_get(j, "delta")), 9007199254740992);
    assert_string_equal(json_string_value(json_object_get(j, "cells")), "9007199254740993");
    assert_null(json_object_get(j, "left"));
    json_decref(j);
    struct sy_inputs in = {.time = INT64_MAX, .plan = V("no plan")};
    j = audit_json_record(&sy_inputs_desc, &in, NULL, &l->k.arena);
    assert_string_equal(json_string_value(json_object_get(j, "time")), "9223372036854775807");
    assert_string_equal(json_string_value(json_object_get(j, "plan")), "6e6f20706c616e");
    json_decref(j);
    in.time = KIT_START;
    j = audit_json_record(&sy_inputs_desc, &in, NULL, &l->k.arena);
    assert_string_equal(json_string_value(json_object_get(j, "time")), "2027-01-15T08:00:00Z");
    json_decref(j);
}

/* Arguments, plan and header are objects where they decode. */
static void test_nested(void **state)
{
    struct log_kit *l = *state;
    for (size_t i = 0; i < l->n; i++) {
        struct audit_record r = read_entry(l, i);
        struct sy_view v = line(l, audit_line_json, &r);
        char type[64];
        sy_view_to_cstr(r.event.type, type, sizeof(type));
        json_t *schema =
            audit_json_schema(type); /* "grant" among them, which no row of methods has */
        assert_non_null(schema);
        json_decref(schema);
        json_t *j = json_loadb((const char *)v.p, v.n, 0, NULL);
        const json_t *event = json_object_get(j, "event");
        const json_t *request = json_object_get(event, "request");
        assert_true(json_is_object(json_object_get(request, "header")));
        bool has_args = rules_method_find(r.header.method)->args != NULL;
        assert_int_equal(json_is_object(json_object_get(request, "args")), has_args);
        if (sy_view_is(r.event.type, "model")) {
            assert_true(json_is_object(json_object_get(json_object_get(event, "inputs"), "plan")));
        }
        json_decref(j);
    }
}

/* --- golden ---------------------------------------------------------------------------------------- */

static void golden_lines(struct log_kit *l, audit_line_fn *f, const char *name, size_t first)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(AUDIT_LINE_MAX);
    log_kit_hide(l, l->n - 2);
    for (size_t i = first; i < l->n; i++) {
        struct audit_record r = read_entry(l, i);
        check_ok(sy_buf_add_view(&b, line(l, f, &r)));
    }
    check_golden(name, sy_buf_view(&b));
}

static void test_golden(void **state)
{
    struct log_kit *l = *state;
    golden_lines(l, audit_line_table, "show.txt", 0);
    golden_lines(l, audit_line_syslog, "show.syslog", 0);
    golden_lines(l, audit_line_json, "show.jsonl", l->n - 3);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_texts),   T(test_random_bytes), T(test_hostile), T(test_syslog),
        T(test_schemas), T(test_values),       T(test_nested),  T(test_golden),
    };
    return cmocka_run_group_tests_name("audit_lines", tests, NULL, NULL);
}
