/*
 * What: own.put, part by part. Invariants: the bytes of a part are in the request's secret until it is added to the
 * memory file, nowhere else; what is handed to a worker is what the rules have found to be the file that the operator confirmed,
 * hence no part is judged while another of its party, which was judged, is not added yet;
 * nobody hears by the time it takes which units a namespace knows.
 */
#include "warden/own.h"

#include <string.h>

#include "warden/ingest.h"

/* Replies leave at multiples of this: a second, and what a slow machine needs for so many bytes. */
static const uint64_t SLOT_NS = 1000000000, SLOT_NS_A_BYTE = 250;

static sy_status read_args(struct warden_call *c, struct sy_own_put *ret)
{
    return sy_record_decode(&sy_own_put_desc, c->request.args, &SY_MP_REQUEST, &c->arena, ret,
                            NULL);
}

static bool read_row(struct warden_call *c, struct sy_view dataset, struct sy_own_row *ret)
{
    struct rules_key key = rules_key_id("own/", dataset);
    return sy_ok(rules_state_read(c->w->state, rules_key_view(&key), &sy_own_row_desc, &c->arena,
                                  ret, NULL));
}

static struct warden_staging_key key_of(const struct warden_call *c, const struct sy_own_put *put)
{
    return (struct warden_staging_key){c->request.header.party, put->dataset,
                                       c->request.header.grant};
}

/* A part is added after its round's commit; until then the next would be judged by what was held before it. */
static bool one_is_not_added(const struct warden_call *c)
{
    const struct warden_call *o = c->w->waiting;
    while (o != NULL && !(o->method == c->method &&
                          sy_view_eq(o->request.header.party, c->request.header.party))) {
        o = o->next;
    }
    return o != NULL;
}

/* Of what does not decode or is not there, the rules say what is wrong. */
bool warden_own_prepare(struct warden_call *c)
{
    /* of a party: one that is being taken in, and another one's next part */
    static const struct warden_room room = {.in_all = 6, .of_party = 2};
    if (!warden_call_room(c, &room)) {
        return false;
    }
    if (one_is_not_added(c)) {
        warden_call_clear(c, SY_E_BUSY,
                          "the part before is not durable yet: send the same part again later");
        return false;
    }
    struct sy_own_put put;
    struct sy_own_row row;
    struct sy_own_staged *staged = sy_arena_alloc(&c->arena, 1, sizeof(*staged));
    if (staged == NULL || !sy_ok(read_args(c, &put)) || !read_row(c, put.dataset, &row)) {
        return true;
    }
    struct warden_staging_key key = key_of(c, &put);
    sy_status s =
        warden_staging_look(&c->w->stagings, &key, &put, row.bytes, c->opened.secret, staged);
    if (!sy_ok(s)) {
        warden_call_clear(c, s.code,
                          "a file is being taken in, or too many are on their way: "
                          "send the same part again later");
        return false;
    }
    c->inputs.own = staged;
    c->inputs.n_own = 1;
    return true;
}

/* --- done --------------------------------------------------------------------------------------------- */

static void refuse(struct warden_call *c, sy_status s, const char *reason)
{
    struct sy_error err = {0};
    sy_fail(&err, s.code, "part", "%s", reason);
    warden_call_refuse(c, &err);
}

/* It is in the memory file now; the call may live on until its slot ends. */
static void wipe_secret(struct warden_call *c)
{
    size_t at = c->opened.secret.n == 0 ? 0 : (size_t)(c->opened.secret.p - c->opened.plain.p);
    explicit_bzero(c->opened.plain.p + at, c->opened.secret.n);
    c->opened.secret = (struct sy_view){0};
}

static void taken_in(struct warden_call *c)
{
    struct sy_own_put put;
    if (sy_ok(read_args(c, &put))) {
        struct warden_staging_key key = key_of(c, &put);
        warden_staging_drop(&c->w->stagings, &key);
    }
}

static void take_in(struct warden_call *c, const struct sy_own_put *put,
                    const struct sy_own_row *row)
{
    int fd = -1;
    struct warden_staging_key key = key_of(c, put);
    sy_status s = warden_staging_take(&c->w->stagings, &key, row->bytes, row->content, &fd);
    if (!sy_ok(s)) {
        warden_staging_drop(&c->w->stagings, &key);
        refuse(c, s, "the file could not be kept: start again with part 0");
        return;
    }
    struct warden_ingest_ask ask = {.dataset = put->dataset,
                                    .fd = &fd,
                                    .slot_ns = SLOT_NS + row->bytes * SLOT_NS_A_BYTE,
                                    .over = taken_in};
    warden_ingest_start(c, &ask);
}

void warden_own_done(struct warden_call *c)
{
    struct sy_own_put put;
    struct sy_own_row row;
    if (!sy_ok(read_args(c, &put)) || !read_row(c, put.dataset, &row)) {
        refuse(c, sy_status_of(SY_E_INTERNAL), "the part could not be kept");
        return;
    }
    struct warden_staging_key key = key_of(c, &put);
    sy_status s = warden_staging_add(&c->w->stagings, &key, put.part, row.bytes, c->opened.secret);
    wipe_secret(c);
    if (!sy_ok(s)) {
        refuse(c, s, "the part could not be kept: start again with part 0");
    } else if (put.part + 1 < put.parts) {
        warden_call_result(c, (struct sy_view){0});
    } else {
        take_in(c, &put, &row);
    }
}

void warden_own_again(struct warden_call *c)
{
    struct sy_own_put put;
    if (sy_ok(read_args(c, &put)) && put.part + 1 < put.parts) {
        warden_call_result(c,
                           (struct sy_view){0}); /* whether it is still held, the next one hears */
        return;
    }
    refuse(c, sy_status_of(SY_E_STATE),
           "the last part was taken before: the data's status says whether it came in; if not, "
           "start again with part 0");
}
