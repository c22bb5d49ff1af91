/*
 * Fuzz target: any bytes as what a client sends. Besides not crashing: bytes read at once and one by one give the
 * same request; what is read keeps the limits; and a body that is accepted as a call names declared values only.
 */
#include <stdlib.h>

#include "bridge/guard.h"
#include "bridge/params.h"
#include "bridge/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* As a connection reads: piece by piece, until something came of it. */
static enum bridge_read read_in(struct bridge_reader *r, struct sy_view bytes, size_t step,
                                size_t *ret_n)
{
    enum bridge_read read = BRIDGE_READ_MORE;
    bridge_reader_next(r);
    *ret_n = 0;
    while (read == BRIDGE_READ_MORE && *ret_n < bytes.n) {
        size_t left = bytes.n - *ret_n;
        size_t taken = 0;
        read = bridge_reader_feed(r, sy_view(bytes.p + *ret_n, step < left ? step : left), &taken);
        require(taken <= left && (taken > 0 || read != BRIDGE_READ_MORE));
        *ret_n += taken;
    }
    return read;
}

static void require_same(const struct bridge_reader *a, const struct bridge_reader *b)
{
    const struct bridge_request *x = &a->request;
    const struct bridge_request *y = &b->request;
    require(x->method == y->method && x->keep_alive == y->keep_alive);
    require(sy_view_eq(x->target, y->target) && sy_view_eq(x->body, y->body));
    for (size_t i = 0; i < BRIDGE_HEADER_N; i++) {
        require(sy_view_eq(x->headers[i], y->headers[i]));
        require((x->headers[i].p == NULL) == (y->headers[i].p == NULL));
    }
}

static void require_limits(const struct bridge_request *q)
{
    require(q->body.n == q->length && q->length <= BRIDGE_BODY_MAX);
    require(q->target.n >= 1 && q->target.n <= BRIDGE_TARGET_MAX);
    require(q->headers[BRIDGE_TRANSFER_ENCODING].p == NULL);
    for (size_t i = 0; i < BRIDGE_HEADER_N; i++) {
        require(memchr(q->headers[i].p != NULL ? q->headers[i].p : (const uint8_t *)"", '\n',
                       q->headers[i].n) == NULL);
    }
}

static void try_guard(const struct bridge_request *q)
{
    uint8_t text[] = "0123456789abcdef0123456789abcdef";
    const struct bridge_token token = {.text = text, .n = sizeof(text) - 1};
    const char *reason = NULL;
    struct sy_view a = q->headers[BRIDGE_AUTHORIZATION];
    if (bridge_guard(&token, q, &reason) == 0) {
        require(a.n == 7 + token.n && memcmp(a.p + 7, text, token.n) == 0);
        require(bridge_host_is_loopback(q->headers[BRIDGE_HOST]));
        require(q->headers[BRIDGE_ORIGIN].p == NULL);
    }
}

static void try_call(struct sy_view body)
{
    static struct sy_view years[] = {{(const uint8_t *)"2019", 4}, {(const uint8_t *)"2020", 4}};
    static struct sy_view flags[] = {{(const uint8_t *)"false", 5}, {(const uint8_t *)"true", 4}};
    static struct sy_plan_param params[2];
    static struct bridge_product product;
    params[0] = (struct sy_plan_param){
        .kind = sy_view_str("int"), .name = sy_view_str("year"), .values = years, .n_values = 2};
    params[1] = (struct sy_plan_param){
        .kind = sy_view_str("bool"), .name = sy_view_str("urban"), .values = flags, .n_values = 2};
    product.p.params = params;
    product.p.n_params = 2;
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = 1 << 20};
    struct bridge_ask ask;
    shuyu_error e = {0};
    shuyu_status s = bridge_ask_read(body, &product, &arena, &ask, &e);
    require(s == e.code && (s == SHUYU_OK) == (e.reason[0] == '\0'));
    if (s == SHUYU_OK) {
        require(ask.n_params == 2 && ask.purpose[0] != '\0');
        require(strcmp(ask.params[0].value, "2019") == 0 ||
                strcmp(ask.params[0].value, "2020") == 0);
        require(strcmp(ask.params[1].value, "true") == 0 ||
                strcmp(ask.params[1].value, "false") == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sy_view bytes = sy_view(data, size);
    struct bridge_reader whole = {0};
    struct bridge_reader pieces = {0};
    size_t n_whole = 0;
    size_t n_pieces = 0;
    enum bridge_read read = read_in(&whole, bytes, size, &n_whole);
    require(read == read_in(&pieces, bytes, 1, &n_pieces));
    require(whole.status == pieces.status);
    if (read == BRIDGE_READ_DONE) {
        require(n_whole == n_pieces);
        require_same(&whole, &pieces);
        require_limits(&whole.request);
        try_guard(&whole.request);
        try_call(whole.request.body);
    }
    try_call(bytes);
    bridge_reader_deinit(&whole);
    bridge_reader_deinit(&pieces);
    return 0;
}
