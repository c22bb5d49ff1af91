/*
 * What: the schemas of JSON lines, from the same descriptors as the lines. Invariant: one definition for each
 * record; a line with a field that its schema lacks does not exist.
 */
#include <stdio.h>

#include "json.h"

struct schema {
    json_t *defs;
    const char *type; /* of the event */
};

static json_t *ref(const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s", name));
}

static json_t *either(json_t *a, json_t *b)
{
    return json_pack("{s:[o,o]}", "anyOf", a, b);
}

/* Types that a method makes beside the one in its row: a final review that approves, an answer given again,
 * a run that ended without one. */
static const struct {
    const char *type, *method;
} OTHERS[] = {
    {"grant", "scene.final_review"},
    {"answer", "model.run"},
    {"answer", "product.call"},
    {"overrun", "job.answer"},
};
enum { N_OTHERS = sizeof(OTHERS) / sizeof(OTHERS[0]) };

/* May a request of this method end in an event of this type? */
static bool makes(const struct rules_method *m, const char *type)
{
    for (size_t i = 0; i < N_OTHERS; i++) {
        if (strcmp(OTHERS[i].type, type) == 0 && strcmp(OTHERS[i].method, m->name) == 0) {
            return true;
        }
    }
    return strcmp(type, "refuse") == 0 || (m->type[0] != '\0' && strcmp(m->type, type) == 0);
}

static json_t *define(struct schema *s, const struct sy_desc *desc);

static json_t *args_schema(struct schema *s)
{
    json_t *any = json_array();
    json_array_append_new(any, ref("hex"));
    const struct rules_method *m;
    for (size_t i = 0; (m = rules_method_at(i)) != NULL; i++) {
        if (makes(m, s->type) && m->args != NULL) {
            json_array_append_new(any, define(s, m->args));
        }
    }
    return json_pack("{s:o}", "anyOf", any);
}

static json_t *bytes_schema(struct schema *s, const struct sy_desc *desc, const struct sy_field *f)
{
    const struct sy_desc *holds = json_nested(desc, f, NULL);
    if (json_is_args(desc, f)) {
        return args_schema(s);
    }
    return holds == NULL ? ref("hex") : either(define(s, holds), ref("hex"));
}

static json_t *list_schema(json_t *items)
{
    return json_pack("{s:s,s:o}", "type", "array", "items", items);
}

static json_t *field_schema(struct schema *s, const struct sy_desc *desc, const struct sy_field *f)
{
    static const char *const PLAIN[SY_KIND_N] = {
        [SY_KIND_u64] = "unsigned",  [SY_KIND_i64] = "signed",  [SY_KIND_str] = "text",
        [SY_KIND_b16] = "hex16",     [SY_KIND_b32] = "hex32",   [SY_KIND_strs] = "text",
        [SY_KIND_u64s] = "unsigned", [SY_KIND_i64s] = "signed", [SY_KIND_bool] = "bool",
        [SY_KIND_bins] = "hex",
    };
    switch (f->kind) {
    case SY_KIND_bin:
    case SY_KIND_raw:
        return bytes_schema(s, desc, f);
    case SY_KIND_sub:
        return define(s, f->sub);
    case SY_KIND_list:
        return list_schema(define(s, f->sub));
    case SY_KIND_strs:
    case SY_KIND_bins:
    case SY_KIND_u64s:
    case SY_KIND_i64s:
        return list_schema(ref(PLAIN[f->kind]));
    default:
        return ref(json_is_time(f) ? "time" : PLAIN[f->kind]);
    }
}

/* A reference to the record's definition, which is made when it is not there yet. */
static json_t *define(struct schema *s, const struct sy_desc *desc)
{
    if (json_object_get(s->defs, desc->name) == NULL) {
        json_t *properties = json_object();
        json_t *required = json_array();
        json_object_set_new(s->defs, desc->name, /* first, for records that hold themselves */
                            json_pack("{s:s,s:b,s:o,s:o}", "type", "object", "additionalProperties",
                                      0, "properties", properties, "required", required));
        for (size_t i = 0; i < desc->n_fields; i++) {
            const struct sy_field *f = &desc->fields[i];
            json_object_set_new(properties, f->key, field_schema(s, desc, f));
            if ((f->flags & SY_OPT) == 0) {
                json_array_append_new(required, json_string(f->key));
            }
        }
    }
    return ref(desc->name);
}

static json_t *pattern(const char *text)
{
    return json_pack("{s:s,s:s}", "type", "string", "pattern", text);
}

static json_t *integer(json_int_t least, json_int_t most)
{
    return json_pack("{s:s,s:I,s:I}", "type", "integer", "minimum", least, "maximum", most);
}

static json_t *plain_defs(void)
{
    const json_int_t most = (json_int_t)1 << 53;
    return json_pack(
        "{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "unsigned",
        either(integer(0, most), pattern("^[0-9]+$")), "signed",
        either(integer(-most, most), pattern("^-?[0-9]+$")), "time",
        either(pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"), ref("signed")),
        "text", json_pack("{s:s}", "type", "string"), "bool", json_pack("{s:s}", "type", "boolean"),
        "hex", pattern("^([0-9a-f]{2})*$"), "hex16", pattern("^[0-9a-f]{32}$"), "hex32",
        pattern("^[0-9a-f]{64}$"));
}

/* What a line has beside the event; `closed`: of lines without a body too. */
static const struct {
    const char *key, *def;
    bool closed, required;
} MEMBERS[] = {
    {"entry", "unsigned", true, true},   {"time", "time", false, true},
    {"day", "day", true, true},          {"party", "text", false, true},
    {"method", "text", false, true},     {"verdict", "text", false, true},
    {"grant", "hex32", false, false},    {"model", "hex32", false, false},
    {"commitment", "hex32", true, true}, {"salt", "hex32", false, true},
};

static json_t *line_schema(struct schema *s, bool closed)
{
    json_t *properties = json_object();
    json_t *required = json_pack("[s,s]", "schema", "type");
    char name[96];
    (void)snprintf(name, sizeof(name), "shuyu.%s/%d", s->type, AUDIT_LINE_VERSION);
    json_object_set_new(properties, "schema", json_pack("{s:s}", "const", name));
    json_object_set_new(properties, "type",
                        closed ? ref("text") : json_pack("{s:s}", "const", s->type));
    for (size_t i = 0; i < sizeof(MEMBERS) / sizeof(MEMBERS[0]); i++) {
        if (!closed || MEMBERS[i].closed) {
            json_object_set_new(properties, MEMBERS[i].key, ref(MEMBERS[i].def));
        }
        if (MEMBERS[i].required && (!closed || MEMBERS[i].closed)) {
            json_array_append_new(required, json_string(MEMBERS[i].key));
        }
    }
    if (!closed) {
        json_object_set_new(properties, "event", define(s, &sy_event_desc));
        json_array_append_new(required, json_string("event"));
    }
    return json_pack("{s:s,s:s,s:s,s:b,s:o,s:o,s:O}", "$schema",
                     "https://json-schema.org/draft/2020-12/schema", "title", name, "type",
                     "object", "additionalProperties", 0, "properties", properties, "required",
                     required, "$defs", s->defs);
}

const char *audit_json_type(size_t i)
{
    static const char *const FIRST[] = {"closed", "refuse", "grant", "overrun"};
    const struct rules_method *m;
    if (i < sizeof(FIRST) / sizeof(FIRST[0])) {
        return FIRST[i];
    }
    i -= sizeof(FIRST) / sizeof(FIRST[0]);
    for (size_t k = 0; (m = rules_method_at(k)) != NULL; k++) {
        bool again = m->type[0] == '\0';
        for (size_t j = 0; j < k && !again; j++) {
            again = strcmp(rules_method_at(j)->type, m->type) == 0;
        }
        if (!again && i-- == 0) {
            return m->type;
        }
    }
    return NULL;
}

json_t *audit_json_schema(const char *type)
{
    const char *known = NULL;
    for (size_t i = 0; (known = audit_json_type(i)) != NULL && strcmp(known, type) != 0; i++) {
    }
    if (known == NULL) {
        return NULL;
    }
    struct schema s = {plain_defs(), known};
    json_object_set_new(s.defs, "day", pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"));
    json_t *j = line_schema(&s, strcmp(known, "closed") == 0);
    json_decref(s.defs);
    return j;
}
