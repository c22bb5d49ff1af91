/*
 * Decoding of the raw file. The converter is opened once, in the zygote, because glibc loads
 * GB18030 from a shared object that a sealed worker could not open any more.
 * Invariants: iconv is never given an unfinished character twice (what is left of a piece waits in
 * `carry`, at most three bytes, and grows by one byte a try); one bad byte costs exactly one
 * INGEST_BAD_BYTE and decoding goes on behind it, so that a damaged character never swallows a
 * comma, a quote or a line end (none of which can be inside a GB18030 character).
 */
#include "ingest_text.h"

#include <errno.h>

static const uint8_t MARK[] = {0xEF, 0xBB, 0xBF};
static const uint8_t BAD = INGEST_BAD_BYTE;

enum { MARK_DONE = sizeof(MARK) + 1 };

static struct {
    bool open;
    iconv_t converter;
} gb18030;

sy_status ingest_text_prepare(void)
{
    if (gb18030.open) {
        return SY_OK;
    }
    gb18030.converter = iconv_open("UTF-8", "GB18030");
    gb18030.open = gb18030.converter != (iconv_t)-1; /* NOLINT(performance-no-int-to-ptr) */
    return gb18030.open ? SY_OK : sy_status_of(SY_E_IO);
}

sy_status ingest_text_init(struct ingest_text *t, struct sy_view encoding, ingest_text_fn *out,
                           void *ctx)
{
    bool converts = sy_view_is(encoding, "gb18030");
    if (!converts && !sy_view_is(encoding, "utf-8")) {
        return sy_status_of(SY_E_FIELD);
    }
    if (converts && !gb18030.open) {
        return sy_status_of(SY_E_STATE);
    }
    t->out = out;
    t->ctx = ctx;
    t->converts = converts;
    t->converter = gb18030.converter;
    t->n_mark = 0;
    t->n_carry = 0;
    if (converts) {
        (void)iconv(t->converter, NULL, NULL, NULL, NULL);
    }
    return SY_OK;
}

/* Hold back what may be a byte order mark; what turns out not to be one goes out. */
static void skip_mark(struct ingest_text *t, struct sy_view *text)
{
    while (t->n_mark < sizeof(MARK) && text->n > 0 && text->p[0] == MARK[t->n_mark]) {
        t->n_mark++;
        *text = sy_view(text->p + 1, text->n - 1);
    }
    if (t->n_mark < sizeof(MARK) && text->n > 0) {
        unsigned held = t->n_mark;
        t->n_mark = MARK_DONE;
        if (held > 0) {
            t->out(t->ctx, sy_view(MARK, held));
        }
    }
}

static void emit(struct ingest_text *t, struct sy_view text)
{
    if (t->n_mark < sizeof(MARK)) {
        skip_mark(t, &text);
    }
    if (text.n > 0) {
        t->out(t->ctx, text);
    }
}

/* Convert until the input ends or ends within a character; the bytes of that one are returned. */
static struct sy_view convert(struct ingest_text *t, struct sy_view raw)
{
    char *in = (char *)(uintptr_t)raw.p; /* iconv only reads it */
    size_t left = raw.n;
    while (left > 0) {
        char *out = t->buffer;
        size_t room = sizeof(t->buffer);
        bool stopped = iconv(t->converter, &in, &left, &out, &room) == (size_t)-1;
        int why = stopped ? errno : 0;
        emit(t, sy_view(t->buffer, sizeof(t->buffer) - room));
        if (why == EINVAL && left < INGEST_TEXT_CARRY_BYTES) {
            break;
        }
        if (why == EILSEQ || why == EINVAL) {
            emit(t, sy_view(&BAD, 1));
            in++;
            left--;
        }
    }
    return sy_view(in, left);
}

static void keep(struct ingest_text *t, struct sy_view rest)
{
    if (rest.n > 0) {
        memmove(t->carry, rest.p, rest.n);
    }
    t->n_carry = rest.n;
}

void ingest_text_feed(struct ingest_text *t, struct sy_view raw)
{
    if (!t->converts) {
        emit(t, raw);
        return;
    }
    while (t->n_carry > 0 && raw.n > 0) {
        t->carry[t->n_carry++] = raw.p[0];
        raw = sy_view(raw.p + 1, raw.n - 1);
        keep(t, convert(t, sy_view(t->carry, t->n_carry)));
    }
    if (raw.n > 0) {
        keep(t, convert(t, raw));
    }
}

void ingest_text_end(struct ingest_text *t)
{
    if (t->n_carry > 0) {
        emit(t, sy_view(&BAD, 1));
        t->n_carry = 0;
    }
    if (t->n_mark > 0 && t->n_mark < sizeof(MARK)) {
        t->out(t->ctx, sy_view(MARK, t->n_mark));
    }
    t->n_mark = MARK_DONE;
}
