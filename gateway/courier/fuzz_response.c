/*
 * Fuzz target: any bytes as a server's response, as a URL and as a frame of the warden's edge. Besides not
 * crashing: it does not matter how the bytes of a response are cut, nothing beyond the limits is kept, and
 * what is taken of a URL stands in it.
 */
#include <stdlib.h>
#include <string.h>

#include "courier/http.h"
#include "wire/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static sy_status feed(struct courier_response *r, struct sy_view bytes, size_t step)
{
    sy_status s = SY_OK;
    courier_response_init(r);
    for (size_t at = 0; sy_ok(s) && at < bytes.n; at += step) {
        size_t n = bytes.n - at < step ? bytes.n - at : step;
        s = courier_response_feed(r, sy_view(bytes.p + at, n), NULL);
    }
    return sy_ok(s) ? courier_response_end(r, true, NULL) : s;
}

static void try_response(struct sy_view bytes)
{
    struct courier_response whole, cut;
    sy_status s = feed(&whole, bytes, bytes.n + 1);
    require(feed(&cut, bytes, 1).code == s.code);
    require(whole.body.n <= SY_COURIER_BODY_MAX && strlen(whole.type) <= SY_COURIER_TYPE_MAX);
    if (sy_ok(s)) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf((size_t)1 << 20);
        struct sy_courier_answer a = courier_response_answer(&whole);
        struct sy_courier_answer again = courier_response_answer(&cut);
        require(a.status == again.status && sy_view_eq(a.content_type, again.content_type) &&
                sy_view_eq(a.body, again.body));
        require(
            sy_ok(sy_courier_put_answer(&b, 1, &a))); /* the edge takes whatever is taken here */
    }
    courier_response_deinit(&whole);
    courier_response_deinit(&cut);
}

static void try_url(struct sy_view bytes)
{
    struct sy_url u;
    struct sy_error err = {0};
    if (!sy_ok(sy_url_parse(bytes, &u, &err))) {
        require(err.code == SY_E_FIELD && strcmp(err.field, "url") == 0);
        return;
    }
    const char *scheme = u.is_tls ? "https://" : "http://";
    struct sy_view rest = sy_view(bytes.p + strlen(scheme), bytes.n - strlen(scheme));
    require(sy_view_starts(bytes, sy_view_str(scheme)));
    require(sy_view_starts(rest, sy_view_str(u.authority)) && strchr(u.authority, '@') == NULL);
    require(strstr(u.authority, u.host) != NULL && u.target[0] == '/');
}

static void try_frame(struct sy_view bytes)
{
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    struct sy_courier_ask ask;
    struct sy_courier_answer answer;
    if (!sy_ok(sy_rpc_parse(bytes, &SY_COURIER_FRAME, &m, NULL))) {
        return;
    }
    require(!sy_ok(sy_courier_get_ask(&m, &ask, NULL)) || sy_ok(sy_courier_ask_check(&ask, NULL)));
    require(!sy_ok(sy_courier_get_answer(&m, &answer, NULL)) ||
            answer.body.n <= SY_COURIER_BODY_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sy_view bytes = sy_view(data, size);
    try_response(bytes);
    try_url(bytes);
    try_frame(bytes);
    return 0;
}
