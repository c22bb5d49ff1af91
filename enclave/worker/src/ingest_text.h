/*
 * Raw file bytes -> UTF-8 bytes, piece by piece: a leading byte order mark is dropped, GB18030 is
 * converted. A byte that belongs to no valid GB18030 sequence becomes INGEST_BAD_BYTE, which is
 * valid in no UTF-8 text, so that both encodings show a damaged field to the checks in the same way.
 * UTF-8 input is passed on as it is, without a copy; the checks look at it field by field.
 *
 * Pieces may end anywhere, also within a character. Memory: constant. Threads: one owner; GB18030
 * uses the process's one converter, so one GB18030 file at a time.
 * Source: RFC 3629; GB 18030-2022 as glibc's iconv implements it.
 */
#ifndef WORKER_INGEST_TEXT_H
#define WORKER_INGEST_TEXT_H

#include <iconv.h>

#include "base/status.h"
#include "base/view.h"

#define INGEST_BAD_BYTE 0xFF

enum { INGEST_TEXT_OUT_BYTES = 64 << 10, INGEST_TEXT_CARRY_BYTES = 4 };

/* Where UTF-8 goes; `text` is valid during the call. */
typedef void ingest_text_fn(void *ctx, struct sy_view text);

struct ingest_text {
    ingest_text_fn *out;
    void *ctx;
    bool converts;
    iconv_t converter; /* borrowed from the process */
    unsigned n_mark; /* bytes of the byte order mark seen; past its length: no longer looked for */
    uint8_t carry[INGEST_TEXT_CARRY_BYTES]; /* the beginning of a character */
    size_t n_carry;
    char buffer[INGEST_TEXT_OUT_BYTES];
};

/* Open the GB18030 converter, which loads its module from disk: before the process is sealed and
 * before it forks. Idempotent. SY_E_IO when this machine's libc has no such module. */
SY_MUST sy_status ingest_text_prepare(void);

/* Start on a file. encoding: "utf-8" or "gb18030", else SY_E_FIELD. SY_E_STATE: GB18030 and not
 * prepared. Nothing is owned, so there is no deinit. */
SY_MUST sy_status ingest_text_init(struct ingest_text *t, struct sy_view encoding,
                                   ingest_text_fn *out, void *ctx);

/* The next raw bytes. */
void ingest_text_feed(struct ingest_text *t, struct sy_view raw);

/* The file ended: what was held back goes out. */
void ingest_text_end(struct ingest_text *t);

#endif
