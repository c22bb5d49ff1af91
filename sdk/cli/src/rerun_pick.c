/* See rerun_pick.h. What is not an event that we know is not an answer either: it is left alone. */
#include "rerun_pick.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "wire/event.h"

enum { PAGE = 256, HEX = 64 };

static const char GRANTS[] = "grant/";

/* --- the log ------------------------------------------------------------------------------------------ */

static int read_page(struct cli *c, uint64_t first, uint64_t n, struct sy_log_entries *ret)
{
    struct sy_log_range range = {.first = first, .n = n};
    struct cli_ask ask = {.method = "log.entries",
                          .args_desc = &sy_log_range_desc,
                          .args = &range,
                          .result_desc = &sy_log_entries_desc,
                          .ret_result = ret};
    return cli_call(c, &ask);
}

/* An allowed event and its header; false for refusals, and for bodies that the caller may not read. */
static bool read_event(struct cli *c, const struct sy_log_entry *e, struct sy_event *ret,
                       struct sy_header *ret_header)
{
    return e->body.n > 0 &&
           sy_ok(sy_record_decode(&sy_event_desc, e->body, &SY_MP_LARGE, &c->arena, ret, NULL)) &&
           ret->verdict.code == 0 &&
           sy_ok(sy_record_decode(&sy_header_desc, ret->request.header, &SY_MP_REQUEST, &c->arena,
                                  ret_header, NULL));
}

/* --- all ---------------------------------------------------------------------------------------------- */

static bool add_charge(struct cli *c, struct rerun_picks *p, uint64_t entry,
                       const struct sy_header *h)
{
    if (p->n == p->cap) {
        size_t cap = p->cap == 0 ? PAGE : p->cap * 2;
        struct rerun_pick *more = sy_arena_alloc(&c->arena, cap, sizeof(*more));
        if (more == NULL) {
            return false;
        }
        if (p->n > 0) {
            memcpy(more, p->at, p->n * sizeof(*more));
        }
        p->at = more;
        p->cap = cap;
    }
    struct rerun_pick *one = &p->at[p->n++];
    *one = (struct rerun_pick){.charge = entry, .about_one = sy_view_is(h->method, "subject.ask")};
    memcpy(one->grant, h->grant, sizeof(one->grant));
    return true;
}

static int by_charge(const void *key, const void *element)
{
    uint64_t a = *(const uint64_t *)key, b = ((const struct rerun_pick *)element)->charge;
    return a < b ? -1 : a > b;
}

static void note_answer(struct rerun_picks *p, const struct sy_event *e, int64_t since)
{
    uint64_t charge = e->inputs.charge;
    struct rerun_pick *one =
        p->n == 0 ? NULL : bsearch(&charge, p->at, p->n, sizeof(*p->at), by_charge);
    if (one != NULL && sy_view_is(e->inputs.outcome, "ok") && e->inputs.time >= since) {
        one->answered = true;
    }
}

static bool take_entry(struct cli *c, struct rerun_picks *p, const struct sy_log_entry *e,
                       int64_t since)
{
    struct sy_event event;
    struct sy_header header;
    if (!read_event(c, e, &event, &header)) {
        return true;
    }
    if (sy_view_is(event.type, "charge")) {
        return add_charge(c, p, e->index, &header);
    }
    if (sy_view_is(header.method, "job.answer")) {
        note_answer(p, &event, since);
    }
    return true;
}

static int read_log(struct cli *c, int64_t since, struct rerun_picks *p)
{
    struct sy_log_entries page = {.n_entries = 1};
    for (uint64_t first = 0; page.n_entries > 0; first += page.n_entries) {
        int status = read_page(c, first, PAGE, &page);
        if (status != 0) {
            return status;
        }
        for (size_t i = 0; i < page.n_entries; i++) {
            if (!take_entry(c, p, &page.entries[i], since)) {
                return cli_usage("the log has too many runs for one call; use --since");
            }
        }
    }
    return 0;
}

/* --- grants ------------------------------------------------------------------------------------------- */

/* Those that have ended for good. Only they are left out: a suspended one's answers are asked for, so that a
 * suspension passes no audit. */
struct ended {
    struct cli *c;
    char (*at)[HEX + 1];
    size_t n, cap;
    bool full;
};

static bool note_grant(void *ctx, struct sy_view key, struct sy_view value)
{
    struct ended *f = ctx;
    struct sy_view status;
    size_t n = sizeof(GRANTS) - 1;
    if (!cli_member(f->c, value, "status", &status) || key.n != n + HEX ||
        (!sy_view_is(status, "revoked") && !sy_view_is(status, "expired"))) {
        return true;
    }
    if (f->n == f->cap) {
        size_t cap = f->cap == 0 ? PAGE : f->cap * 2;
        char(*more)[HEX + 1] = sy_arena_alloc(&f->c->arena, cap, sizeof(*more));
        if (more == NULL) {
            f->full = true;
            return false;
        }
        if (f->n > 0) {
            memcpy(more, f->at, f->n * sizeof(*more));
        }
        f->at = more;
        f->cap = cap;
    }
    sy_view_to_cstr(sy_view(key.p + n, HEX), f->at[f->n++], HEX + 1);
    return true;
}

static bool has_ended(const struct ended *f, const uint8_t grant[32])
{
    char hex[HEX + 1];
    cli_hex(hex, grant, 32);
    for (size_t i = 0; i < f->n; i++) {
        if (strcmp(f->at[i], hex) == 0) {
            return true;
        }
    }
    return false;
}

static void leave_out(struct rerun_picks *p, const struct ended *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct rerun_pick *one = &p->at[i];
        bool over = has_ended(f, one->grant);
        p->n_subject += one->answered && one->about_one;
        p->n_over += one->answered && !one->about_one && over;
        if (one->answered && !one->about_one && !over) {
            p->at[kept++] = *one;
        }
    }
    p->n = kept;
}

int rerun_pick_all(struct cli *c, int64_t since, struct rerun_picks *ret)
{
    struct ended f = {.c = c};
    int status = read_log(c, since, ret);
    status = status != 0 ? status : cli_rows(c, GRANTS, note_grant, &f);
    if (status == 0 && f.full) {
        status = cli_usage("too many grants for one call");
    }
    if (status == 0) {
        leave_out(ret, &f);
    }
    return status;
}

/* --- one ---------------------------------------------------------------------------------------------- */

/* An answer that was given again leads to the first one, and that to its charge. */
int rerun_pick_entry(struct cli *c, const char *word, uint64_t *ret_charge)
{
    char *end;
    errno = 0;
    uint64_t entry = strtoull(word, &end, 10);
    if (errno != 0 || end == word || *end != '\0' || *word == '-') {
        return cli_usage("%s: give the entry of an answer or of its charge", word);
    }
    for (int steps = 0; steps < 2; steps++) {
        struct sy_log_entries page = {0};
        struct sy_event event;
        struct sy_header header;
        int status = read_page(c, entry, 1, &page);
        if (status != 0) {
            return status;
        }
        if (page.n_entries == 1 && page.entries[0].body.n == 0) {
            *ret_charge = entry; /* the domain says who may ask */
            return 0;
        }
        if (page.n_entries != 1 || !read_event(c, &page.entries[0], &event, &header)) {
            break;
        }
        if (sy_view_is(event.type, "charge") || sy_view_is(header.method, "job.answer")) {
            *ret_charge = sy_view_is(event.type, "charge") ? entry : event.inputs.charge;
            return 0;
        }
        if (event.verdict.stored == 0) {
            break;
        }
        entry = event.verdict.stored - 1;
    }
    return cli_usage("%s: neither an answer nor a charge", word);
}
