/*
 * What: `shuyu-audit snapshot`: the domain's snapshot, made again. Invariant: nothing is called equal that was
 * not replayed from a verified export.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/snapshot.h"
#include "base/fdio.h"
#include "chain.h"
#include "cmd.h"

/* How many entries: those of the note to compare with, or as asked, or all. */
static sy_status choose_size(const struct options *o, const struct audit_export *x,
                             const struct proof_vkey *key, const struct proof_vkey *signer,
                             const struct proof_snapshot *want, uint64_t *ret, struct sy_error *err)
{
    struct proof_vkey ignored;
    uint64_t base = 0, n = 0;
    const char *origin = o->compare != NULL ? signer->name : key->name;
    SY_TRY(chain_find(x, sy_view_str(origin), key, &base, &n, &ignored, err));
    uint64_t size = o->compare != NULL ? base + want->size : o->size;
    *ret = size == 0 ? audit_size(x) : size;
    if (*ret <= base || *ret > base + n) {
        return sy_fail(err, SY_E_NOT_FOUND, "size",
                       "the log has entries %" PRIu64 " to %" PRIu64 " in this export", base,
                       base + n);
    }
    return SY_OK;
}

/* The note may be older than the log's present key, or of a log before it: then the one that the auditor
 * knows signed it. */
static sy_status read_note(const struct options *o, const struct audit_export *x,
                           const struct proof_vkey *key, struct proof_vkey *ret_signer,
                           struct proof_snapshot *ret, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_NOTE_MAX);
    if (o->compare == NULL) {
        return SY_OK;
    }
    if (!sy_ok(sy_read_file_at(AT_FDCWD, o->compare, &b))) {
        return sy_fail(err, SY_E_NOT_FOUND, "compare", "the note cannot be read");
    }
    *ret_signer = *key;
    sy_status s = proof_snapshot_verify(sy_buf_view(&b), ret_signer, 1, ret, err);
    if (s.code != SY_E_UNSIGNED) {
        return s;
    }
    if (!cmd_pinned_key(o, x, ret_signer, err)) {
        return sy_status_of(err->code);
    }
    return proof_snapshot_verify(sy_buf_view(&b), ret_signer, 1, ret, err);
}

/* ctx: the descriptor; -1: nowhere. */
static sy_status write_out(void *ctx, struct sy_view bytes)
{
    const int *fd = ctx;
    return *fd < 0 ? SY_OK : sy_write_all(*fd, bytes.p, bytes.n);
}

static sy_status make(const struct options *o, const struct audit_export *x, uint64_t size,
                      struct proof_snapshot *ret, struct sy_error *err)
{
    SY_FD_CLEANUP int fd = -1;
    if (o->output != NULL) {
        fd = open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0) {
            return sy_fail(err, SY_E_IO, "output", "the file cannot be written");
        }
    }
    SY_TRY(audit_snapshot(x, size, write_out, &fd, ret, err));
    return fd < 0 || fsync(fd) == 0 ? SY_OK : sy_fail(err, SY_E_IO, "output", "not all is written");
}

static sy_status compare(const struct proof_snapshot *want, const struct proof_snapshot *got,
                         struct sy_error *err)
{
    const struct {
        const char *field;
        const uint8_t *want, *got;
    } parts[] = {{"root", want->root, got->root},
                 {"state", want->state, got->state},
                 {"rows", want->rows, got->rows}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (memcmp(parts[i].want, parts[i].got, PROOF_HASH_BYTES) != 0) {
            return sy_fail(err, SY_E_TAMPERED, parts[i].field,
                           "%s: the domain signed another than these entries give", parts[i].field);
        }
    }
    return SY_OK;
}

static void print(const struct options *o, const struct proof_vkey *key,
                  const struct proof_snapshot *s)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(PROOF_SNAPSHOT_MAX);
    char hex[2 * PROOF_HASH_BYTES + 1];
    if (o->json) {
        printf("{\"ok\":true,\"entries\":%" PRIu64 ",\"compared\":%s,\"rows\":\"%s\"}\n", s->size,
               o->compare != NULL ? "true" : "false",
               sodium_bin2hex(hex, sizeof(hex), s->rows, sizeof(s->rows)));
    } else if (o->compare != NULL) {
        printf("the same: the domain's snapshot of %" PRIu64 " entries is what they give\n",
               s->size);
    } else if (sy_ok(proof_snapshot_encode(sy_view_str(key->name), s, &text))) {
        printf("%.*s", SY_PV(sy_buf_view(&text)));
    }
}

int cmd_snapshot(const struct options *o, struct audit_export *x)
{
    struct sy_error err = {0};
    struct proof_vkey key;
    struct proof_vkey signer = {0};
    struct audit_summary sum;
    struct proof_snapshot want = {0};
    struct proof_snapshot got;
    uint64_t size = 0;
    if (!cmd_key(o, x, &key, &err) || !sy_ok(audit_verify(x, &key, &sum, &err)) ||
        !sy_ok(read_note(o, x, &key, &signer, &want, &err)) ||
        !sy_ok(choose_size(o, x, &key, &signer, &want, &size, &err)) ||
        !sy_ok(make(o, x, size, &got, &err)) ||
        (o->compare != NULL && !sy_ok(compare(&want, &got, &err)))) {
        return cmd_fail(o, &err);
    }
    print(o, &key, &got);
    return 0;
}
