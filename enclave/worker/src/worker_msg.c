/*
 * Framing of a job's messages. The first receive is for the four bytes of the length alone, so that the
 * descriptors on the first byte are never lost; everything after it is plain reading.
 */
#include "worker_msg.h"

#include "base/arith.h"

enum { HEAD_BYTES = 4 };

static sy_status read_body(int sock, uint32_t n, struct worker_msg *m)
{
    if (n == 0 || n > SY_JOB_MESSAGE_MAX) {
        return sy_status_of(SY_E_LIMIT);
    }
    uint8_t *at = sy_buf_reserve(&m->record, n);
    if (at == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    SY_TRY(sy_read_all(sock, at, n));
    m->record.n = n;
    return SY_OK;
}

sy_status worker_msg_read(int sock, struct worker_msg *ret)
{
    uint8_t head[HEAD_BYTES];
    size_t n = 0;
    *ret = (struct worker_msg){.record = sy_buf(SY_JOB_MESSAGE_MAX)};
    SY_TRY(sy_recv_fds(sock, head, sizeof head, &n, ret->fds, SY_FDS_MAX, &ret->n_fds));
    sy_status st = sy_read_all(sock, head + n, sizeof head - n);
    if (sy_ok(st)) {
        st = read_body(sock, sy_load_le32(head), ret);
    }
    if (!sy_ok(st)) {
        worker_msg_free(ret);
    }
    return st;
}

sy_status worker_msg_write(int sock, const struct sy_desc *desc, const void *record)
{
    static const uint8_t no_head[HEAD_BYTES];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf((size_t)SY_JOB_MESSAGE_MAX + HEAD_BYTES);
    SY_TRY(sy_buf_add(&b, no_head, sizeof no_head));
    SY_TRY(sy_record_encode(desc, record, &b));
    sy_store_le32(b.p, (uint32_t)(b.n - HEAD_BYTES));
    return sy_write_all(sock, b.p, b.n);
}

void worker_msg_free(struct worker_msg *m)
{
    if (m == NULL) {
        return;
    }
    for (size_t i = 0; i < m->n_fds; i++) {
        sy_fd_close(&m->fds[i]);
    }
    m->n_fds = 0;
    sy_buf_deinit(&m->record);
}
