/* What: the table of statuses, and the document. */
#include "bridge/problem.h"

#include "bridge/json.h"

static const struct {
    int code;
    unsigned status;
} BY_CODE[] = {
    {SHUYU_E_FIELD, 422},     {SHUYU_E_LIMIT, 422},    {SHUYU_E_DATA, 422},
    {SHUYU_E_NOT_FOUND, 404}, {SHUYU_E_EXISTS, 409},   {SHUYU_E_STATE, 409},
    {SHUYU_E_METHOD, 501},    {SHUYU_E_UNSIGNED, 502}, {SHUYU_E_REPLAYED, 409},
};

static const unsigned BY_CATEGORY[] = {
    [SHUYU_CAT_OK] = 500,    [SHUYU_CAT_USAGE] = 500,    [SHUYU_CAT_DENIED] = 403,
    [SHUYU_CAT_QUOTA] = 429, [SHUYU_CAT_CRYPTO] = 502,   [SHUYU_CAT_IO] = 503,
    [SHUYU_CAT_BUSY] = 503,  [SHUYU_CAT_INTERNAL] = 500,
};

enum { N_CATEGORIES = sizeof(BY_CATEGORY) / sizeof(BY_CATEGORY[0]) };

static const struct {
    unsigned status;
    const char *phrase;
} PHRASES[] = {
    {200, "OK"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

unsigned bridge_status_of(int code)
{
    int category = code >> 8;
    for (size_t i = 0; i < sizeof(BY_CODE) / sizeof(BY_CODE[0]); i++) {
        if (BY_CODE[i].code == code) {
            return BY_CODE[i].status;
        }
    }
    return category > 0 && category < N_CATEGORIES ? BY_CATEGORY[category] : 500;
}

const char *bridge_phrase_of(unsigned status)
{
    for (size_t i = 0; i < sizeof(PHRASES) / sizeof(PHRASES[0]); i++) {
        if (PHRASES[i].status == status) {
            return PHRASES[i].phrase;
        }
    }
    return "Error";
}

static json_t *document(unsigned status, const shuyu_error *e)
{
    return json_pack("{s:o, s:s, s:i, s:s, s:s, s:s, s:s, s:b, s:b, s:I}", "type",
                     json_sprintf("urn:shuyu:error:%s", shuyu_error_name(e->code)), "title",
                     shuyu_error_text(e->code), "status", (int)status, "detail", e->reason, "code",
                     shuyu_error_name(e->code), "category", shuyu_category_name(e->code >> 8),
                     "field", e->field, "retryable", (int)shuyu_error_retryable(e->code), "logged",
                     (int)e->logged, "entry", (json_int_t)e->entry);
}

sy_status bridge_put_problem(struct sy_buf *b, unsigned status, const shuyu_error *e)
{
    return bridge_put_json(b, document(status, e));
}

shuyu_error bridge_error(int code, const char *field, const char *reason)
{
    shuyu_error e = {.code = code, .category = code >> 8};
    sy_view_to_cstr(sy_view_str(field), e.field, sizeof(e.field));
    sy_view_to_cstr(sy_view_str(reason), e.reason, sizeof(e.reason));
    return e;
}
