/* See supervise.h. */
#include "supervise.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "cli/yaml.h"
#include "proof/hash.h"
#include "wire/pack.h"

enum { WORDS_MAX = 256, DAY_S = 86400, UTC8_S = 28800 };

/* ---- arguments ---- */

bool sup_digest(struct cli *c, const char *name, bool needed, uint8_t ret[32], int *ret_status)
{
    const char *path = needed ? cli_need(c, name) : cli_option(c, name);
    struct sy_view bytes;
    memset(ret, 0, 32);
    if (path == NULL) {
        *ret_status = needed ? 2 : 0;
        return !needed;
    }
    if (!cli_read_file(c, path, &bytes, ret_status)) {
        return false;
    }
    proof_sha256_one(ret, bytes);
    return true;
}

bool sup_words(struct cli *c, const char *name, struct sy_view **ret, size_t *ret_n,
               int *ret_status)
{
    const char *at = cli_option(c, name);
    *ret = sy_arena_alloc(&c->arena, WORDS_MAX, sizeof(**ret));
    *ret_n = 0;
    if (*ret == NULL) {
        *ret_status = cli_usage("out of memory");
        return false;
    }
    while (at != NULL && *at != '\0' && *ret_n < WORDS_MAX) {
        size_t n = strcspn(at, ",");
        (*ret)[(*ret_n)++] = sy_view(at, n);
        at += n + (at[n] == ',' ? 1 : 0);
    }
    return true;
}

bool sup_count(struct cli *c, const char *name, uint64_t absent, uint64_t *ret, int *ret_status)
{
    const char *text = cli_option(c, name);
    *ret = absent;
    if (text == NULL || cli_yaml_value(CLI_COUNT, sy_view_str(text), ret)) {
        return true;
    }
    *ret_status = cli_usage("--%s: %s is no whole number", name, text);
    return false;
}

bool sup_time(struct cli *c, const char *name, int64_t absent, int64_t *ret, int *ret_status)
{
    const char *text = cli_option(c, name);
    *ret = absent;
    if (text == NULL || sy_ok(sy_time_parse(sy_view_str(text), ret))) {
        return true;
    }
    *ret_status = cli_usage("--%s: %s is no time: 2026-11-22T20:16:05+08:00", name, text);
    return false;
}

bool sup_text(struct cli *c, const char *name, struct sy_view *ret, int *ret_status)
{
    const char *text = cli_need(c, name);
    *ret = sy_view_str(text);
    *ret_status = text == NULL ? 2 : 0;
    return text != NULL;
}

static bool read_grants(struct cli *c, struct sy_affected *a, int *ret_status)
{
    struct sy_view *ids = NULL;
    size_t n = 0;
    if (!sup_words(c, "grants", &ids, &n, ret_status)) {
        return false;
    }
    a->grants = sy_arena_alloc(&c->arena, n + 1, sizeof(*a->grants));
    for (size_t i = 0; a->grants != NULL && i < n; i++) {
        uint8_t *id = sy_arena_alloc(&c->arena, 1, 32);
        if (id == NULL || !cli_id(c, "grant/", cli_text(c, ids[i]), id, ret_status)) {
            return false;
        }
        a->grants[a->n_grants++] = sy_view(id, 32);
    }
    return a->grants != NULL;
}

bool sup_affected(struct cli *c, struct sy_affected *ret, int *ret_status)
{
    *ret = (struct sy_affected){.all = cli_option(c, "all") != NULL};
    return sup_words(c, "datasets", &ret->datasets, &ret->n_datasets, ret_status) &&
           read_grants(c, ret, ret_status);
}

/* ---- acts ---- */

int sup_send(struct cli *c, const char *method, const struct sy_desc *desc, const void *args,
             const char *said)
{
    uint64_t entry = 0;
    struct cli_ask ask = {.method = method, .args_desc = desc, .args = args, .ret_entry = &entry};
    int status = cli_call(c, &ask);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        return cli_print_json(json_pack("{s:I}", "entry", (json_int_t)entry));
    }
    cli_say(c, "entry %" PRIu64 ": %s\n", entry, said);
    return 0;
}

int sup_stop(struct cli *c, const char *method, const struct sy_desc *desc, const void *args,
             const char *said)
{
    uint64_t entry = 0;
    struct sy_stopped r = {0};
    struct cli_ask ask = {.method = method,
                          .args_desc = desc,
                          .args = args,
                          .result_desc = &sy_stopped_desc,
                          .ret_result = &r,
                          .ret_entry = &entry};
    int status = cli_call(c, &ask);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        return cli_print_json(
            json_pack("{s:I,s:I}", "entry", (json_int_t)entry, "left", (json_int_t)r.left));
    }
    cli_say(c, "entry %" PRIu64 ": %s\n", entry, said);
    if (r.left > 0) {
        cli_say(
            c,
            "of %" PRIu64
            " stopped grants the key shares could not be erased yet; the domain goes on trying, "
            "and says so in its log: look at its disk\n",
            r.left);
    }
    return 0;
}

/* ---- rows ---- */

uint64_t sup_entry(struct sy_view id)
{
    enum { DIGITS = 20 };
    char text[DIGITS + 1];
    size_t n = id.n > DIGITS ? DIGITS : id.n;
    sy_view_to_cstr(sy_view(id.p + (id.n - n), n), text, sizeof(text));
    return strtoull(text, NULL, 10);
}

int sup_row(struct cli *c, const char *prefix, const struct sy_desc *desc, void *ret,
            uint64_t *ret_entry)
{
    int status = 0;
    struct sy_view row = {0};
    if (c->n_args != 1) {
        return cli_usage("give one entry");
    }
    if (!cli_number_arg(c, 0, "entry", ret_entry, &status)) {
        return status;
    }
    const char *id = sy_arena_printf(&c->arena, "%020" PRIu64, *ret_entry);
    status = cli_find(c, prefix, sy_view_str(id), &row);
    if (status != 0) {
        return status;
    }
    return row.p != NULL && sy_ok(sy_record_decode(desc, row, &SY_MP_LARGE, &c->arena, ret, NULL))
               ? 0
               : cli_usage("entry %" PRIu64 ": there is none of this kind that you may see",
                           *ret_entry);
}

json_t *sup_json(struct cli *c, const struct sy_desc *desc, struct sy_view id, struct sy_view row)
{
    void *record = sy_arena_alloc(&c->arena, 1, desc->size_bytes);
    if (record == NULL ||
        !sy_ok(sy_record_decode(desc, row, &SY_MP_LARGE, &c->arena, record, NULL))) {
        return NULL;
    }
    json_t *j = cli_json_record(desc, record);
    if (json_object_get(j, "entry") == NULL) {
        json_object_set_new(j, "entry", json_integer((json_int_t)sup_entry(id)));
    }
    return j;
}

/* ---- the district's clock ---- */

int sup_offset(struct cli *c, int64_t *ret)
{
    struct sy_view row = {0}, bytes = {0};
    struct sy_pack pack;
    *ret = UTC8_S;
    int status = cli_find(c, "pack", sy_view_str("pack"), &row);
    if (status != 0) {
        return status;
    }
    if (row.p != NULL && cli_member(c, row, "pack", &bytes) &&
        sy_ok(sy_record_decode(&sy_pack_desc, bytes, &SY_MP_REQUEST, &c->arena, &pack, NULL)) &&
        pack.n_scheme == 1 && pack.scheme[0].n_calendar == 1) {
        *ret = pack.scheme[0].calendar[0].utc_offset_s;
    }
    return 0;
}

static int64_t day_of(int64_t offset, int64_t t)
{
    int64_t local = t + offset;
    return local >= 0 ? local / DAY_S : -((DAY_S - 1 - local) / DAY_S);
}

int64_t sup_year(int64_t offset, int64_t t)
{
    int y, m, d;
    sy_date_of_days((int32_t)day_of(offset, t), &y, &m, &d);
    return y;
}

const char *sup_local(struct cli *c, int64_t offset, int64_t t)
{
    char text[21];
    if (t == 0) {
        return "-";
    }
    sy_time_format(t + offset, text);
    text[10] = ' ';
    text[19] = '\0';
    return cli_text(c, sy_view_str(text));
}
