/*
 * What: the second of two signatures. Whoever signs sees first what it is: method, grant, subject, expiry and the
 * arguments as they were signed, read from the file itself. Why without the records of the methods: the bytes name
 * their fields, so that nothing in the file is left out because this program does not know it. Texts are printed as
 * JSON: nothing in them moves a cursor.
 * Source: docs/scheme/staff.md (two persons).
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "cli/out.h"
#include "wire/envelope.h"
#include "wire/mp.h"

enum { NESTED_MAX = 8 };

/* --- what it is --------------------------------------------------------------------------------------- */

static json_t *value_of(const msgpack_object *o, unsigned depth);

/* A record within a record (a pack, a plan) is read too; what is none, as hex. */
static json_t *bytes_value(struct sy_view v, unsigned depth)
{
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    if (depth > 0 && v.n > 0 && sy_ok(sy_mp_open(v, &SY_MP_LARGE, &doc, NULL)) &&
        doc.root.type == MSGPACK_OBJECT_MAP) {
        return value_of(&doc.root, depth - 1);
    }
    char *text = sy_arena_alloc(&arena, 2 * v.n + 1, 1);
    if (text == NULL) {
        return NULL;
    }
    cli_hex(text, v.p, v.n);
    return json_string(text);
}

static json_t *map_value(const msgpack_object_map *map, unsigned depth)
{
    json_t *out = json_object();
    for (uint32_t i = 0; i < map->size; i++) {
        struct sy_view key = {0};
        if (sy_mp_str(&map->ptr[i].key, &key)) {
            json_object_setn_new(out, (const char *)key.p, key.n,
                                 value_of(&map->ptr[i].val, depth));
        }
    }
    return out;
}

static json_t *number_value(const msgpack_object *o)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    int64_t i;
    uint64_t u;
    if (sy_mp_i64(o, &i)) {
        return json_integer(i);
    }
    return sy_mp_u64(o, &u) ? json_string(sy_arena_printf(&arena, "%" PRIu64, u)) : json_null();
}

static json_t *value_of(const msgpack_object *o, unsigned depth)
{
    struct sy_view v;
    if (sy_mp_str(o, &v)) {
        return cli_json_text(v);
    }
    if (sy_mp_bin(o, &v)) {
        return bytes_value(v, depth);
    }
    if (o->type == MSGPACK_OBJECT_MAP) {
        return map_value(&o->via.map, depth);
    }
    if (o->type == MSGPACK_OBJECT_BOOLEAN) {
        return json_boolean(o->via.boolean);
    }
    if (o->type != MSGPACK_OBJECT_ARRAY) {
        return number_value(o);
    }
    json_t *out = json_array();
    for (uint32_t i = 0; i < o->via.array.size; i++) {
        json_array_append_new(out, value_of(&o->via.array.ptr[i], depth));
    }
    return out;
}

/* The keys that have signed so far. */
static json_t *signers_of(const msgpack_object *request)
{
    const msgpack_object *sigs = sy_mp_get(request, "sigs");
    json_t *out = json_array();
    bool any = sigs != NULL && sigs->type == MSGPACK_OBJECT_ARRAY;
    for (uint32_t i = 0; any && i < sigs->via.array.size; i++) {
        const msgpack_object *key = sy_mp_get(&sigs->via.array.ptr[i], "key");
        json_array_append_new(out, key == NULL ? json_null() : value_of(key, 0));
    }
    return out;
}

static json_t *request_json(const msgpack_object *request, struct sy_view args,
                            const struct sy_header *h)
{
    char when[21];
    sy_time_format(h->expiry, when);
    return json_pack("{s:o,s:o,s:o,s:o,s:s,s:o,s:o}", "method", cli_json_text(h->method), "party",
                     cli_json_text(h->party), "grant", bytes_value(sy_view(h->grant, 32), 0),
                     "subject", bytes_value(sy_view(h->subject, 32), 0), "expiry", when, "args",
                     bytes_value(args, NESTED_MAX), "signers", signers_of(request));
}

/* A logged request, or the file of --cosign, which holds one. */
static int show(struct cli *c, struct sy_view file)
{
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    struct sy_view header, args;
    struct sy_header h;
    struct sy_error e = {0};
    sy_status s = sy_mp_open(file, &SY_MP_REQUEST, &doc, &e);
    if (!sy_ok(s)) {
        return cli_fail_error(c, &e);
    }
    const msgpack_object *inner = sy_mp_get(&doc.root, "request");
    const msgpack_object *request = inner != NULL ? inner : &doc.root;
    const msgpack_object *head = sy_mp_get(request, "header"), *body = sy_mp_get(request, "args");
    if (head == NULL || body == NULL || !sy_mp_bin(head, &header) || !sy_mp_bin(body, &args)) {
        return cli_usage("%s: this is no request", c->args[0]);
    }
    s = sy_record_decode(&sy_header_desc, header, &SY_MP_REQUEST, &c->arena, &h, &e);
    return sy_ok(s) ? cli_print_json(request_json(request, args, &h)) : cli_fail_error(c, &e);
}

/* --- the signature ------------------------------------------------------------------------------------ */

int cli_sign(struct cli *c)
{
    int status = 0;
    struct sy_view in;
    shuyu_buffer out = {0};
    if (c->n_args != 1) {
        return cli_usage("sign takes one file");
    }
    if (!cli_profile(c, &status) || !cli_read_file(c, c->args[0], &in, &status)) {
        return status;
    }
    bool only_show = cli_option(c, "show") != NULL;
    status =
        only_show || !c->quiet ? show(c, in) : 0; /* --quiet: its caller wrote the file itself */
    if (status != 0 || only_show) {
        return status;
    }
    if (shuyu_sign_logged_request(c->profile, (shuyu_bytes){in.p, in.n}, &out, &c->err) !=
        SHUYU_OK) {
        return cli_fail(c);
    }
    (void)cli_write_file(c, c->args[0], sy_view(out.data, out.n), &status);
    shuyu_buffer_free(&out);
    return status;
}
