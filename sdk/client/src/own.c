/*
 * What: own.put, a file in parts. Each part is a request of its own, so a lost connection costs one part; a domain
 * that was started anew has nothing of the file any more and says so: then it begins again, once. What comes in is what
 * the operator confirmed by its digest, so a file that changes between two parts is refused with the last one.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/call.h"
#include "client/reply.h"
#include "wire/own.h"

enum { ARGS_MAX = 1024 };

struct putting {
    shuyu_session *s;
    const shuyu_own_file *file;
    uint64_t size;
    struct sy_own_put put;
    struct sy_buf bytes; /* of one part */
};

static uint64_t parts_of(uint64_t size)
{
    return (size + SY_OWN_PART_MAX - 1) / SY_OWN_PART_MAX;
}

static sy_status look(struct putting *p, struct sy_error *err)
{
    struct stat st;
    if (fstat(p->file->fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0) {
        return sy_fail(err, SY_E_USAGE, "fd", "a plain file that is not empty is needed");
    }
    p->size = (uint64_t)st.st_size;
    p->put.parts = parts_of(p->size);
    return SY_OK;
}

static sy_status read_part(struct putting *p, struct sy_error *err)
{
    sy_buf_clear(&p->bytes);
    uint8_t *to = sy_buf_reserve(&p->bytes, SY_OWN_PART_MAX);
    uint64_t at = p->put.part * SY_OWN_PART_MAX;
    while (to != NULL && p->bytes.n < SY_OWN_PART_MAX) {
        ssize_t n = pread(p->file->fd, to + p->bytes.n, SY_OWN_PART_MAX - p->bytes.n,
                          (off_t)(at + p->bytes.n));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return sy_fail(err, SY_E_IO, "fd", "the file cannot be read");
        }
        if (n == 0) {
            break;
        }
        p->bytes.n += (size_t)n;
    }
    if (to == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    return p->bytes.n > 0 ? SY_OK : sy_fail(err, SY_E_DATA, "fd", "the file has become shorter");
}

static shuyu_status send_part(struct putting *p, shuyu_reply **ret, shuyu_error *reterr)
{
    struct sy_error err = {0};
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(ARGS_MAX);
    sy_status s = read_part(p, &err);
    if (sy_ok(s)) {
        s = sy_record_encode(&sy_own_put_desc, &p->put, &args);
    }
    if (!sy_ok(s)) {
        return client_give(s, &err, reterr);
    }
    shuyu_request request = {.method = "own.put",
                             .grant = p->file->grant,
                             .args = client_bytes(sy_buf_view(&args)),
                             .secret = client_bytes(sy_buf_view(&p->bytes))};
    return shuyu_call(p->s, &request, ret, reterr);
}

static void tell(const struct putting *p)
{
    uint64_t sent = p->put.part * SY_OWN_PART_MAX + p->bytes.n;
    if (p->file->on_progress != NULL) {
        p->file->on_progress(p->file->progress_ctx, sent, p->size);
    }
}

/* All parts; *ret is the last one's reply, or the refusal of one when that is logged. */
static shuyu_status send_all(struct putting *p, shuyu_reply **ret, shuyu_error *reterr)
{
    for (p->put.part = 0; p->put.part < p->put.parts; p->put.part++) {
        shuyu_reply *reply = NULL;
        shuyu_status code = send_part(p, &reply, reterr);
        if (code != SHUYU_OK || p->put.part + 1 == p->put.parts) {
            *ret = reply;
            if (code == SHUYU_OK) {
                tell(p);
            }
            return code;
        }
        shuyu_reply_free(reply);
        tell(p);
    }
    return SHUYU_OK;
}

/* The domain does not hold what came before this part. */
static bool is_lost(const struct putting *p, shuyu_status code, const shuyu_error *e)
{
    return code == SHUYU_E_STATE && strcmp(e->field, "part") == 0 && p->put.part > 0;
}

shuyu_status shuyu_own_put(shuyu_session *s, const shuyu_own_file *file, shuyu_reply **ret,
                           shuyu_error *reterr)
{
    struct sy_error err = {0};
    shuyu_error said = {0};
    if (ret == NULL || s == NULL || file == NULL || file->grant == NULL || file->dataset == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "file", NULL);
    }
    *ret = NULL;
    struct putting p = {.s = s,
                        .file = file,
                        .put = {.dataset = sy_view_str(file->dataset)},
                        .bytes = sy_buf(SY_OWN_PART_MAX)};
    p.bytes.wipe = true;
    sy_status look_s = look(&p, &err);
    if (!sy_ok(look_s)) {
        return client_give(look_s, &err, reterr);
    }
    shuyu_status code = send_all(&p, ret, &said);
    if (is_lost(&p, code, &said)) {
        shuyu_reply_free(*ret);
        *ret = NULL;
        code = send_all(&p, ret, &said);
    }
    sy_buf_deinit(&p.bytes);
    if (code != SHUYU_OK && reterr != NULL) {
        *reterr = said;
    }
    return code;
}
