/*
 * What: a year's disclosure as files: made in memory, written, compared. Invariant: what is written depends on the log up to
 * the year's end and on nothing else, not on the machine, the day or the order of anything.
 */
#include "audit/disclose.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/record.h"
#include "base/fdio.h"
#include "disclose.h"
#include "proof/hash.h"
#include "rules/rows.h"
#include "wire/supervise.h"

/* ---- making ---- */

static sy_status add_file(struct audit_disclosure *d, struct sy_arena *arena, const char *name,
                          const struct sy_buf *b, struct sy_error *err)
{
    struct sy_view bytes = sy_arena_copy(arena, sy_buf_view(b));
    if (bytes.p == NULL || name == NULL || d->n >= AUDIT_DISCLOSE_FILES) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    d->files[d->n++] = (struct audit_file){name, bytes};
    return SY_OK;
}

static sy_status too_large(struct sy_error *err, sy_status s)
{
    return sy_ok(s) ? s : sy_fail(err, s.code, "files", "a file cannot be made");
}

static sy_status heading(const struct disclose_fold *f, struct disclose_heading *ret,
                         struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_genesis g;
    struct sy_row_clock clock;
    SY_TRY(rules_state_read(f->state, sy_view_str("genesis"), &sy_genesis_desc, &arena, &g, err));
    SY_TRY(
        rules_state_read(f->state, sy_view_str("clock"), &sy_row_clock_desc, &arena, &clock, err));
    *ret = (struct disclose_heading){.year = f->year,
                                     .entries = f->entries,
                                     .domain = sy_arena_copy(f->arena, g.name),
                                     .made = disclose_date(f, clock.time)};
    return SY_OK;
}

static sy_status add_tables(struct audit_disclosure *d, const struct disclose_fold *f,
                            const struct disclose_table *t, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(AUDIT_DISCLOSE_BYTES_MAX);
    struct disclose_heading h;
    SY_TRY(heading(f, &h, err));
    SY_TRY(too_large(err, disclose_json(&h, t, DISCLOSE_TABLES, &b)));
    SY_TRY(add_file(d, f->arena, "disclosure.json", &b, err));
    sy_buf_clear(&b);
    SY_TRY(too_large(err, disclose_html(&h, t, DISCLOSE_TABLES, &b)));
    SY_TRY(add_file(d, f->arena, "disclosure.html", &b, err));
    for (size_t i = 0; i < DISCLOSE_TABLES; i++) {
        sy_buf_clear(&b);
        SY_TRY(too_large(err, disclose_csv(&t[i], &b)));
        SY_TRY(add_file(d, f->arena, sy_arena_printf(f->arena, "%s.csv", t[i].id), &b, err));
    }
    return SY_OK;
}

/* As sha256sum writes and checks them. */
static sy_status add_sums(struct audit_disclosure *d, struct sy_arena *arena, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(AUDIT_DISCLOSE_BYTES_MAX);
    for (size_t i = 0; i < d->n; i++) {
        uint8_t digest[32];
        char hex[65];
        proof_sha256_one(digest, d->files[i].bytes);
        audit_hex32(hex, digest);
        SY_TRY(too_large(err, sy_buf_printf(&b, "%s  %s\n", hex, d->files[i].name)));
    }
    proof_sha256_one(d->digest, sy_buf_view(&b));
    return add_file(d, arena, "SHA256SUMS", &b, err);
}

static sy_status make(struct disclose_fold *f, struct audit_disclosure *ret, struct sy_error *err)
{
    struct disclose_table tables[DISCLOSE_TABLES];
    SY_TRY(disclose_fold(f, err));
    SY_TRY(disclose_tables(f, tables, err));
    ret->entries = f->entries;
    SY_TRY(add_tables(ret, f, tables, err));
    return add_sums(ret, f->arena, err);
}

sy_status audit_disclose(const struct audit_export *x, uint64_t year, struct sy_arena *arena,
                         struct audit_disclosure *ret, struct sy_error *reterr)
{
    struct disclose_fold f = {.x = x, .year = year, .arena = arena};
    *ret = (struct audit_disclosure){.year = year};
    sy_status s = make(&f, ret, reterr);
    rules_state_free(f.state);
    sy_buf_deinit(&f.ended);
    return s;
}

/* ---- folders ---- */

sy_status audit_disclose_write(const struct audit_disclosure *d, const char *dir,
                               struct sy_error *reterr)
{
    if (mkdir(dir, 0755) != 0 && errno != EEXIST) {
        return sy_fail_errno(reterr, errno, "make the folder");
    }
    SY_FD_CLEANUP int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return sy_fail_errno(reterr, errno, "open the folder");
    }
    for (size_t i = 0; i < d->n; i++) {
        sy_status s = sy_replace_file_at(fd, d->files[i].name, d->files[i].bytes, 0644);
        if (!sy_ok(s)) {
            return sy_fail(reterr, s.code, d->files[i].name, "%s cannot be written",
                           d->files[i].name);
        }
    }
    return SY_OK;
}

static bool is_file(const struct audit_disclosure *d, const char *name)
{
    size_t i = 0;
    while (i < d->n && strcmp(d->files[i].name, name) != 0) {
        i++;
    }
    return i < d->n || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* What lies beside the files would pass for a part of the disclosure. */
static sy_status nothing_else(const struct audit_disclosure *d, const char *dir,
                              struct sy_error *err)
{
    DIR *list = opendir(dir);
    const struct dirent *at = NULL;
    sy_status s = SY_OK;
    if (list == NULL) {
        return sy_fail_errno(err, errno, "list the folder");
    }
    while (sy_ok(s) && (at = readdir(list)) != NULL) {
        if (!is_file(d, at->d_name)) {
            bool fit = sy_view_is_text(sy_view_str(at->d_name), NAME_MAX);
            const char *name = fit ? at->d_name : "a file";
            s = sy_fail(err, SY_E_TAMPERED, name, "%s is not of this disclosure", name);
        }
    }
    (void)closedir(list);
    return s;
}

sy_status audit_disclose_same(const struct audit_disclosure *d, const char *dir,
                              struct sy_error *reterr)
{
    SY_FD_CLEANUP int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < d->n; i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(AUDIT_DISCLOSE_BYTES_MAX);
        if (fd < 0 || !sy_ok(sy_read_file_at(fd, d->files[i].name, &b))) {
            return sy_fail(reterr, SY_E_TAMPERED, d->files[i].name, "%s is missing",
                           d->files[i].name);
        }
        if (!sy_view_eq(sy_buf_view(&b), d->files[i].bytes)) {
            return sy_fail(reterr, SY_E_TAMPERED, d->files[i].name, "%s is not what the log gives",
                           d->files[i].name);
        }
    }
    return nothing_else(d, dir, reterr);
}

/* ---- who published ---- */

static void note(struct audit_published *list, size_t cap, size_t *n, const struct audit_record *r,
                 uint64_t entry, bool same)
{
    size_t i = 0;
    while (i < *n && !sy_view_is(r->header.party, list[i].party)) {
        i++;
    }
    if (i == *n && *n == cap) {
        return;
    }
    *n = i == *n ? *n + 1 : *n;
    sy_view_to_cstr(r->header.party, list[i].party, sizeof(list[i].party));
    list[i].entry = entry;
    list[i].same = same;
}

sy_status audit_disclose_published(const struct audit_export *x, uint64_t year,
                                   const uint8_t digest[32], struct audit_published *ret,
                                   size_t cap, size_t *ret_n, struct sy_error *reterr)
{
    *ret_n = 0;
    for (uint64_t i = 0; i < audit_size(x); i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct audit_record r;
        struct sy_disclose_publish a;
        SY_TRY(audit_record_read(x, i, &arena, &r, reterr));
        if (r.open && audit_record_did(&r, "disclose.publish") &&
            audit_record_args(&r, &sy_disclose_publish_desc, &arena, &a) && a.year == year) {
            note(ret, cap, ret_n, &r, i, memcmp(a.digest, digest, 32) == 0);
        }
    }
    return SY_OK;
}
