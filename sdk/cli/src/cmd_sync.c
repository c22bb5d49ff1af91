/*
 * What: the platforms beside the domain: what waits to be told, what they have taken, and what the district's
 * catalogue announces (docs/scheme/sync.md).
 */
#include <string.h>

#include "base/time.h"
#include "cli/out.h"
#include "wire/sync.h"

/* A row of outbox/ or delivered/, which differ by their records. */
struct item_row {
    bool taken;
    struct sy_sync_done done; /* of a waiting one: key and time */
};

static bool read_item(struct cli *c, struct sy_view row, struct item_row *ret)
{
    struct sy_sync_waiting waiting;
    struct sy_sync_item item;
    memset(ret, 0, sizeof(*ret));
    if (sy_ok(
            sy_record_decode(&sy_sync_done_desc, row, &SY_MP_LARGE, &c->arena, &ret->done, NULL))) {
        ret->taken = true;
        return true;
    }
    if (!sy_ok(sy_record_decode(&sy_sync_waiting_desc, row, &SY_MP_LARGE, &c->arena, &waiting,
                                NULL)) ||
        !sy_ok(sy_record_decode(&sy_sync_item_desc, waiting.item, &SY_MP_LARGE, &c->arena, &item,
                                NULL))) {
        return false;
    }
    ret->done.key = item.key;
    ret->done.time = waiting.time;
    return true;
}

/* PLATFORM/N/KIND. */
struct item_id {
    struct sy_view platform, entry, kind;
};

static struct item_id split_id(struct sy_view id)
{
    const uint8_t *first = memchr(id.p, '/', id.n);
    const size_t a = first == NULL ? id.n : (size_t)(first - id.p);
    const uint8_t *second = a < id.n ? memchr(first + 1, '/', id.n - a - 1) : NULL;
    const size_t b = second == NULL ? id.n : (size_t)(second - id.p);
    struct item_id r = {sy_view(id.p, a), {0}, {0}};
    if (b < id.n) {
        r.entry = sy_view(id.p + a + 1, b - a - 1);
        r.kind = sy_view(id.p + b + 1, id.n - b - 1);
    }
    while (r.entry.n > 1 && r.entry.p[0] == '0') {
        r.entry = sy_view(r.entry.p + 1, r.entry.n - 1);
    }
    return r;
}

static json_t *item_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct item_row r;
    struct item_id k = split_id(id);
    if (!read_item(c, row, &r)) {
        return NULL;
    }
    json_t *j = r.taken ? cli_json_record(&sy_sync_done_desc, &r.done) : json_object();
    char text[21];
    sy_time_format(r.done.time, text);
    json_object_set_new(j, "platform", cli_json_text(k.platform));
    json_object_set_new(j, "entry", cli_json_text(k.entry));
    json_object_set_new(j, "kind", cli_json_text(k.kind));
    json_object_set_new(j, "key", cli_json_text(r.done.key));
    json_object_set_new(j, "since", json_string(text));
    json_object_set_new(j, "taken", json_boolean(r.taken));
    return j;
}

static bool item_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct item_row r;
    struct item_id k = split_id(id);
    char since[21], taken[21] = "";
    if (!read_item(c, row, &r)) {
        return false;
    }
    sy_time_format(r.done.time, since);
    if (r.taken) {
        sy_time_format(r.done.taken, taken);
    }
    ret[0] = cli_text(c, k.platform);
    ret[1] = cli_text(c, k.entry);
    ret[2] = cli_text(c, k.kind);
    ret[3] = cli_text(c, r.done.key);
    ret[4] = cli_text(c, sy_view_str(since));
    ret[5] = cli_text(c, r.taken ? sy_view_str(taken) : sy_view_str("waiting"));
    ret[6] = cli_text(c, r.done.number);
    return true;
}

static bool print_item(struct cli *c, struct sy_view id, struct sy_view row)
{
    const char *cells[7];
    if (!item_cells(c, id, row, cells)) {
        return false;
    }
    printf("platform  %s\nentry     %s\nkind      %s\nabout     %s\nsince     %s\ntaken     %s\n"
           "receipt   %s\n",
           cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6]);
    return true;
}

static const char *const item_headers[] = {"PLATFORM", "ENTRY", "KIND",   "ABOUT",
                                           "SINCE",    "TAKEN", "RECEIPT"};
static const struct cli_kind_view item_view = {
    {"outbox/", "delivered/"}, item_headers, 7, item_json, item_cells, print_item};

int cli_sync_list(struct cli *c)
{
    return cli_list(c, &item_view);
}

/* --- announcements ---------------------------------------------------------------------------------------- */

static json_t *known_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_sync_known k;
    if (!sy_ok(sy_record_decode(&sy_sync_known_desc, row, &SY_MP_LARGE, &c->arena, &k, NULL))) {
        return NULL;
    }
    json_t *j = cli_json_record(&sy_sync_news_desc, &k.news);
    json_object_set_new(j, "platform", cli_json_text(split_id(id).platform));
    return j;
}

static bool known_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_sync_known k;
    char time[21];
    if (!sy_ok(sy_record_decode(&sy_sync_known_desc, row, &SY_MP_LARGE, &c->arena, &k, NULL))) {
        return false;
    }
    sy_time_format(k.news.time, time);
    ret[0] = cli_text(c, split_id(id).platform);
    ret[1] = cli_text(c, k.news.res_code);
    ret[2] = sy_arena_printf(&c->arena, "%llu", (unsigned long long)k.news.version);
    ret[3] = cli_text(c, sy_view_str(time));
    ret[4] = cli_text(c, k.news.provider);
    ret[5] = cli_text(c, k.news.title);
    return true;
}

static const char *const known_headers[] = {"PLATFORM", "CODE",     "VERSION",
                                            "SINCE",    "PROVIDER", "TITLE"};
static const struct cli_kind_view known_view = {{"district/", NULL}, known_headers, 6,
                                                known_json,          known_cells,   NULL};

int cli_sync_district(struct cli *c)
{
    return cli_list(c, &known_view);
}
