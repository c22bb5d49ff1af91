/*
 * What: `shuyu-audit disclose`: make a year's public disclosure, or check a folder against the log and against what was
 * published. Invariant: nothing is made or called right that was not decided again from a verified export.
 */
#include <inttypes.h>
#include <stdio.h>

#include "audit/disclose.h"
#include "audit/record.h"
#include "cmd.h"

enum { PUBLISHERS_MAX = 8 };

static void say_made(const struct options *o, const struct audit_disclosure *d)
{
    char hex[65];
    audit_hex32(hex, d->digest);
    if (o->json) {
        cmd_print_json(json_pack("{s:b,s:I,s:I,s:s,s:I}", "ok", 1, "year", (json_int_t)d->year,
                                 "entries", (json_int_t)d->entries, "digest", hex, "files",
                                 (json_int_t)d->n));
        return;
    }
    printf("disclosure of %" PRIu64 ", made of %" PRIu64 " entries: %zu files in %s\n"
           "SHA256SUMS %s\nnext: shuyu disclose publish %s (agency, operator)\n",
           d->year, d->entries, d->n, o->output, hex, o->output);
}

/* Who published it; 1 when nobody did, or somebody last published another. */
static int say_published(const struct options *o, const struct audit_disclosure *d,
                         const struct audit_published *p, size_t n)
{
    json_t *list = json_array();
    bool fine = n > 0;
    for (size_t i = 0; i < n; i++) {
        fine = fine && p[i].same;
        json_array_append_new(list, json_pack("{s:s,s:I,s:b}", "party", p[i].party, "entry",
                                              (json_int_t)p[i].entry, "same", p[i].same));
        if (!o->json) {
            printf("entry %" PRIu64 ": %s published %s\n", p[i].entry, p[i].party,
                   p[i].same ? "this very disclosure" : "ANOTHER disclosure of that year");
        }
    }
    if (o->json) {
        cmd_print_json(json_pack("{s:b,s:I,s:I,s:o}", "ok", fine, "year", (json_int_t)d->year,
                                 "entries", (json_int_t)d->entries, "published", list));
        return fine ? 0 : 1;
    }
    json_decref(list);
    if (n == 0) {
        printf("FAILED: the folder is what the log gives, but nobody has published it\n");
    }
    return fine ? 0 : 1;
}

static int check(const struct options *o, const struct audit_export *x,
                 const struct audit_disclosure *d)
{
    struct audit_published published[PUBLISHERS_MAX];
    struct sy_error err = {0};
    size_t n = 0;
    if (!sy_ok(audit_disclose_same(d, o->check, &err)) ||
        !sy_ok(
            audit_disclose_published(x, d->year, d->digest, published, PUBLISHERS_MAX, &n, &err))) {
        return cmd_fail(o, &err);
    }
    return say_published(o, d, published, n);
}

int cmd_disclose(const struct options *o, struct audit_export *x)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = (size_t)1 << 30};
    struct sy_error err = {0};
    struct proof_vkey key;
    struct audit_summary sum;
    struct audit_disclosure d;
    if (o->year == 0 || (o->output == NULL) == (o->check == NULL)) {
        fputs("shuyu-audit: disclose takes --year YEAR, and --output DIR or --check DIR\n", stderr);
        return 2;
    }
    if (!cmd_key(o, x, &key, &err) || !sy_ok(audit_verify(x, &key, &sum, &err)) ||
        !sy_ok(audit_disclose(x, o->year, &arena, &d, &err))) {
        return cmd_fail(o, &err);
    }
    if (o->check != NULL) {
        return check(o, x, &d);
    }
    if (!sy_ok(audit_disclose_write(&d, o->output, &err))) {
        return cmd_fail(o, &err);
    }
    say_made(o, &d);
    return 0;
}
