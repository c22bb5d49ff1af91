/*
 * MessagePack-RPC frames. Frames come from foreign clients, so their form is read loosely; what
 * they mean is not: kinds, ids, names and shapes outside the specification are refused.
 * A client that sent a broken request waits for an answer to its id, therefore the id is read from
 * the first bytes before anything else may fail.
 */
#include "wire/rpc.h"

enum { METHOD_BYTES_MAX = 64 };

static sy_status refuse(struct sy_error *reterr, const char *why)
{
    return sy_fail(reterr, SY_E_FRAME, NULL, "%s", why);
}

/* The id of what begins like a request: 94 00 <id>, the forms every client library writes. */
static bool peek_id(struct sy_view f, uint32_t *ret)
{
    if (f.n < 3 || f.p[0] != 0x94 || f.p[1] != 0x00) {
        return false;
    }
    uint8_t first = f.p[2];
    size_t n = first == 0xCC ? 1 : first == 0xCD ? 2 : first == 0xCE ? 4 : 0;
    if ((n == 0 && first > 0x7F) || f.n - 3 < n) {
        return false;
    }
    uint32_t id = n == 0 ? first : 0;
    for (size_t i = 0; i < n; i++) {
        id = id << 8 | f.p[3 + i];
    }
    *ret = id;
    return true;
}

static bool is_method(struct sy_view m)
{
    if (m.n == 0 || m.n > METHOD_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < m.n; i++) {
        uint8_t c = m.p[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* The tail that requests and notifications share: method, [params]. */
static sy_status parse_call(struct sy_rpc_msg *m, const msgpack_object *at, struct sy_error *reterr)
{
    struct sy_view method;
    if (!sy_mp_text_or_bin(&at[0], &method) || !is_method(method)) {
        return refuse(reterr, "the method is not a name of 1 to 64 characters a-z 0-9 _ .");
    }
    if (at[1].type != MSGPACK_OBJECT_ARRAY) {
        return refuse(reterr, "the parameters are not an array");
    }
    m->method = method;
    m->params = &at[1];
    return SY_OK;
}

static bool read_id(const msgpack_object *o, uint32_t *ret)
{
    uint64_t id;
    if (!sy_mp_u64(o, &id) || id > UINT32_MAX) {
        return false;
    }
    *ret = (uint32_t)id;
    return true;
}

static sy_status parse_request(struct sy_rpc_msg *m, const msgpack_object *at,
                               struct sy_error *reterr)
{
    if (!read_id(&at[1], &m->id)) {
        return refuse(reterr, "the message id is not a 32-bit number");
    }
    m->kind = SY_RPC_REQUEST; /* from here on an error can be answered */
    return parse_call(m, &at[2], reterr);
}

static sy_status parse_response(struct sy_rpc_msg *m, const msgpack_object *at,
                                struct sy_error *reterr)
{
    if (!read_id(&at[1], &m->id)) {
        return refuse(reterr, "the message id is not a 32-bit number");
    }
    if (at[2].type != MSGPACK_OBJECT_NIL && at[3].type != MSGPACK_OBJECT_NIL) {
        return refuse(reterr, "the response has both an error and a result");
    }
    m->kind = SY_RPC_RESPONSE;
    m->error = &at[2];
    m->result = &at[3];
    return SY_OK;
}

static sy_status parse_notify(struct sy_rpc_msg *m, const msgpack_object *at,
                              struct sy_error *reterr)
{
    m->kind = SY_RPC_NOTIFY;
    return parse_call(m, &at[1], reterr);
}

static const struct {
    uint32_t n; /* elements of the frame */
    sy_status (*parse)(struct sy_rpc_msg *, const msgpack_object *, struct sy_error *);
} FORMS[] = {
    [SY_RPC_REQUEST] = {4, parse_request},
    [SY_RPC_RESPONSE] = {4, parse_response},
    [SY_RPC_NOTIFY] = {3, parse_notify},
};

static sy_status parse_frame(struct sy_rpc_msg *m, struct sy_error *reterr)
{
    const msgpack_object *root = &m->doc.root;
    uint64_t kind;
    if (root->type != MSGPACK_OBJECT_ARRAY || root->via.array.size == 0) {
        return refuse(reterr, "the frame is not an array");
    }
    const msgpack_object *at = root->via.array.ptr;
    if (!sy_mp_u64(&at[0], &kind) || kind >= sizeof(FORMS) / sizeof(FORMS[0])) {
        return refuse(reterr, "the frame is neither request, response nor notification");
    }
    if (root->via.array.size != FORMS[kind].n) {
        return refuse(reterr, "the frame has a wrong number of elements");
    }
    return FORMS[kind].parse(m, at, reterr);
}

sy_status sy_rpc_parse(struct sy_view frame, const struct sy_mp_limits *limits,
                       struct sy_rpc_msg *ret, struct sy_error *reterr)
{
    uint32_t id = 0;
    enum sy_rpc_kind kind = peek_id(frame, &id) ? SY_RPC_REQUEST : SY_RPC_NOTIFY;
    *ret = (struct sy_rpc_msg){.kind = kind, .id = id};
    sy_status s = sy_mp_open_loose(frame, limits, &ret->doc, reterr);
    if (sy_ok(s)) {
        s = parse_frame(ret, reterr);
    }
    if (!sy_ok(s)) {
        kind = ret->kind;
        id = ret->id;
        sy_rpc_close(ret);
        ret->kind = kind;
        ret->id = kind == SY_RPC_REQUEST ? id : 0;
    }
    return s;
}

void sy_rpc_close(struct sy_rpc_msg *m)
{
    if (m == NULL) {
        return;
    }
    sy_mp_close(&m->doc);
    *m = (struct sy_rpc_msg){0};
}

/* Undo a half-written frame, so that a writer either appends all of it or nothing. */
static sy_status keep_or_undo(struct sy_buf *b, size_t before, sy_status s)
{
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s;
}

static sy_status put_call_tail(struct sy_buf *b, const char *method, size_t n_params)
{
    if (!is_method(sy_view_str(method))) {
        return sy_status_of(SY_E_USAGE);
    }
    SY_TRY(sy_mp_put_str(b, sy_view_str(method)));
    return sy_mp_put_array(b, n_params);
}

static sy_status put_head(struct sy_buf *b, enum sy_rpc_kind kind, uint32_t id)
{
    SY_TRY(sy_mp_put_array(b, FORMS[kind].n));
    SY_TRY(sy_mp_put_u64(b, (uint64_t)kind));
    return kind == SY_RPC_NOTIFY ? SY_OK : sy_mp_put_u64(b, id);
}

static sy_status put_call(struct sy_buf *b, enum sy_rpc_kind kind, uint32_t id, const char *method,
                          size_t n_params)
{
    size_t before = b->n;
    sy_status s = put_head(b, kind, id);
    if (sy_ok(s)) {
        s = put_call_tail(b, method, n_params);
    }
    return keep_or_undo(b, before, s);
}

sy_status sy_rpc_put_request(struct sy_buf *b, uint32_t id, const char *method, size_t n_params)
{
    return put_call(b, SY_RPC_REQUEST, id, method, n_params);
}

sy_status sy_rpc_put_notify(struct sy_buf *b, const char *method, size_t n_params)
{
    return put_call(b, SY_RPC_NOTIFY, 0, method, n_params);
}

static sy_status put_result_head(struct sy_buf *b, uint32_t id)
{
    SY_TRY(put_head(b, SY_RPC_RESPONSE, id));
    return sy_mp_put_nil(b);
}

sy_status sy_rpc_put_result_head(struct sy_buf *b, uint32_t id)
{
    size_t before = b->n;
    return keep_or_undo(b, before, put_result_head(b, id));
}

/* A detail may quote bytes that are not text (a file's, a library's): then only the code is told.
 */
static struct sy_view text_or(const char *text, const char *otherwise)
{
    struct sy_view v = sy_view_str(text);
    return sy_view_is_utf8(v) ? v : sy_view_str(otherwise);
}

static sy_status put_error(struct sy_buf *b, uint32_t id, const struct sy_error *e)
{
    const char *name = sy_code_name(e->code);
    bool known = sy_code_of_name(name) != 0;
    int32_t code = known ? e->code : SY_E_INTERNAL;
    const struct {
        const char *key;
        struct sy_view value;
    } fields[] = {
        {"category", sy_view_str(sy_category_name(sy_category_of(code)))},
        {"code", sy_view_str(sy_code_name(code))},
        {"field", text_or(e->field, "")},
        {"reason", text_or(e->reason, sy_code_text(code))},
    };
    SY_TRY(put_head(b, SY_RPC_RESPONSE, id));
    SY_TRY(sy_mp_put_map(b, sizeof(fields) / sizeof(fields[0])));
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        SY_TRY(sy_mp_put_str(b, sy_view_str(fields[i].key)));
        SY_TRY(sy_mp_put_str(b, fields[i].value));
    }
    return sy_mp_put_nil(b);
}

sy_status sy_rpc_put_error(struct sy_buf *b, uint32_t id, const struct sy_error *e)
{
    size_t before = b->n;
    return keep_or_undo(b, before, put_error(b, id, e));
}

/* Text of a peer, shown to people: control characters must not reach their terminal. */
static void copy_text(const msgpack_object *map, const char *key, char *ret, size_t cap)
{
    const msgpack_object *o = sy_mp_get(map, key);
    struct sy_view v = {0};
    if (o == NULL || !sy_mp_str(o, &v) || !sy_view_is_utf8(v)) {
        return;
    }
    sy_view_to_cstr(v, ret, cap);
    for (char *c = ret; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            *c = '?';
        }
    }
}

bool sy_rpc_error(const msgpack_object *o, struct sy_error *ret)
{
    if (o->type == MSGPACK_OBJECT_NIL) {
        return false;
    }
    char name[32] = "";
    copy_text(o, "code", name, sizeof(name));
    int32_t code = sy_code_of_name(name);
    *ret = (struct sy_error){.code = code == 0 ? SY_E_INTERNAL : code};
    copy_text(o, "field", ret->field, sizeof(ret->field));
    copy_text(o, "reason", ret->reason, sizeof(ret->reason));
    if (ret->reason[0] == '\0') {
        sy_view_to_cstr(sy_view_str(sy_code_text(ret->code)), ret->reason, sizeof(ret->reason));
    }
    return true;
}
