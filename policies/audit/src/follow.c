/*
 * Following a log. Invariants: what is kept under COPY/checkpoint always holds by itself; entries are durable
 * before the checkpoint that covers them; the folded state is that of the entries kept.
 */
#include "audit/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/log_key.h"
#include "base/fdio.h"
#include "chain.h"
#include "feed.h"
#include "proof/fork.h"
#include "proof/leaf.h"

enum { KEY_MAX = 4096 };
static const size_t HASHES_MAX = (size_t)1 << 40;

struct audit_follow {
    int dir;
    char path[4096];
    struct proof_vkey key; /* in force for the checkpoint kept */
    bool has_key;
    struct sy_buf hashes; /* of the leaves kept, of the log at hand */
    struct chain chain;
    struct sy_buf checkpoint;
    struct rules_state *state;
    struct rules_replayer *replayer;
    struct audit_follow_told told;
    uint64_t mismatches;
};

/* New entries, verified but not yet kept. */
struct fresh {
    struct feed feed;
    struct proof_vkey key; /* that signed the tree: the copy's, or one that it leads to */
    struct proof_checkpoint signed_tree;
    struct chain chain; /* with what is kept */
    struct sy_buf hashes;
    bool crossed;    /* into the next log: hashes are of that one alone */
    uint64_t first;  /* entry that the export begins with */
    size_t from, to; /* bytes of the feed to keep */
};

/* --- one entry --------------------------------------------------------------------------------------------- */

static sy_status check_entry(const struct sy_log_entry *e, struct sy_arena *arena,
                             struct sy_event *ret, struct sy_error *err)
{
    if (e->body.n == 0) {
        return sy_fail(err, SY_E_DENIED, "entries",
                       "entry %" PRIu64 " has no body: follow as an auditor or the agency",
                       e->index);
    }
    struct sy_error why = {0};
    sy_status s = proof_leaf_check(e->leaf, e->salt, e->body, &why);
    s = sy_ok(s) ? sy_record_decode(&sy_event_desc, e->body, &SY_MP_LARGE, arena, ret, &why) : s;
    s = sy_ok(s) ? proof_leaf_names(e->leaf, ret, &why) : s;
    return sy_ok(s)
               ? s
               : sy_fail(err, s.code, why.field, "entry %" PRIu64 ": %.200s", e->index, why.reason);
}

struct telling {
    struct audit_follow *f;
    const struct sy_event *event;
    uint64_t entry;
    bool differs;
};

static void tell(void *ctx, const struct rules_difference *d)
{
    struct telling *t = ctx;
    t->differs = true;
    if (t->f->told.difference != NULL) {
        t->f->told.difference(t->f->told.ctx, t->entry, t->event, d);
    }
}

static sy_status replay(struct audit_follow *f, const struct sy_log_entry *e, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = 256 << 20};
    struct sy_event event;
    struct rules_facts facts;
    struct rules_request request;
    SY_TRY(sy_record_decode(&sy_event_desc, e->body, &SY_MP_LARGE, &arena, &event, err));
    SY_TRY(rules_request_prepare(&event, true, &arena, &facts, &request, err));
    struct telling t = {f, &event, e->index, false};
    SY_TRY(rules_replayer_next(f->replayer, &event, &request, e->index, tell, &t, err));
    f->mismatches += t.differs;
    return SY_OK;
}

/* --- verifying what comes ----------------------------------------------------------------------------------- */

static sy_status add_fresh(struct fresh *n, const struct sy_log_entry *e, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = 256 << 20};
    struct sy_event event;
    uint8_t hash[PROOF_HASH_BYTES];
    const uint64_t base = n->chain.base;
    if (e->index != chain_size(&n->chain)) {
        return sy_fail(err, SY_E_TAMPERED, "entries", "entry %" PRIu64 " is not where it should be",
                       chain_size(&n->chain));
    }
    SY_TRY(check_entry(e, &arena, &event, err));
    proof_merkle_leaf(hash, e->leaf);
    SY_TRY(chain_take(&n->chain, e->index, e->leaf, &event, hash, err));
    if (n->chain.base != base) {
        n->crossed = true;
        sy_buf_clear(&n->hashes);
    }
    return sy_buf_add(&n->hashes, hash, sizeof(hash));
}

/* The entries from `have` on, up to the size that the checkpoint states. */
static sy_status read_fresh(struct fresh *n, uint64_t have, struct sy_error *err)
{
    bool end = false, first = true;
    const uint64_t base = feed_base(&n->feed, &n->key, n->chain.base);
    n->first = UINT64_MAX;
    while (chain_size(&n->chain) < base + n->signed_tree.size) {
        SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = 256 << 20};
        struct sy_log_entry e;
        size_t at = n->feed.at;
        SY_TRY(feed_next(&n->feed, &arena, &e, &end, err));
        if (end) {
            return sy_fail(err, SY_E_PROOF, "entries",
                           "the checkpoint signs %" PRIu64 " entries, %" PRIu64 " are there",
                           n->signed_tree.size, n->chain.tree.size);
        }
        n->first = first ? e.index : n->first;
        first = false;
        if (e.index < have) {
            continue;
        }
        n->from = e.index == have ? at : n->from;
        SY_TRY(add_fresh(n, &e, err));
        n->to = n->feed.at;
    }
    return SY_OK;
}

static sy_status root_check(const struct fresh *n, struct sy_error *err)
{
    uint8_t root[PROOF_HASH_BYTES];
    proof_frontier_root(&n->chain.tree, root);
    return memcmp(root, n->signed_tree.root, sizeof(root)) == 0
               ? SY_OK
               : sy_fail(err, SY_E_PROOF, "checkpoint",
                         "the entries are not the %" PRIu64 " that the checkpoint signs",
                         n->signed_tree.size);
}

/* --- keeping ------------------------------------------------------------------------------------------------ */

static sy_status append(const struct audit_follow *f, struct sy_view bytes, struct sy_error *err)
{
    SY_FD_CLEANUP int fd =
        openat(f->dir, "entries", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    sy_status s = fd < 0 ? sy_status_of(SY_E_IO) : sy_write_all(fd, bytes.p, bytes.n);
    bool good = sy_ok(s) && fsync(fd) == 0;
    return good ? SY_OK : sy_fail(err, SY_E_IO, "entries", "the copy could not be written");
}

static sy_status keep(struct audit_follow *f, const struct fresh *n, struct sy_error *err)
{
    struct sy_view note = sy_buf_view(&n->feed.checkpoint);
    SY_TRY(append(f, sy_view(n->feed.map + n->from, n->to - n->from), err));
    sy_status s = sy_replace_file_at(f->dir, "checkpoint", note, 0644);
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, "checkpoint", "the copy could not be written");
    }
    sy_buf_clear(&f->checkpoint);
    SY_TRY(sy_buf_add_view(&f->checkpoint, note));
    if (n->crossed) {
        sy_buf_clear(&f->hashes);
    }
    SY_TRY(sy_buf_add_view(&f->hashes, sy_buf_view(&n->hashes)));
    f->chain = n->chain;
    f->key = n->key;
    return SY_OK;
}

static sy_status replay_kept(struct audit_follow *f, struct feed *feed, uint64_t from, uint64_t to,
                             struct sy_error *err)
{
    for (bool end = from == to; !end;) {
        SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = 256 << 20};
        struct sy_log_entry e;
        SY_TRY(feed_next(feed, &arena, &e, &end, err));
        if (!end && e.index >= from && e.index < to) {
            SY_TRY(replay(f, &e, err));
            end = e.index + 1 == to;
        }
    }
    return SY_OK;
}

/* --- contradictions ----------------------------------------------------------------------------------------- */

/* Sizes and roots are a log's own: only those of one log can contradict each other. */
static bool same_log(const struct audit_follow *f, const struct proof_vkey *came)
{
    return strcmp(f->key.name, came->name) == 0;
}

/* Two notes and what connects them, as a file, if that proves a fork; SY_E_PROOF if it does not. Each is
 * signed by the copy's key or by the one that signed what came. */
static sy_status write_evidence(struct audit_follow *f, const struct proof_vkey *came,
                                const struct proof_fork *fork, uint64_t before, uint64_t after,
                                struct audit_grown *ret, struct sy_error *err)
{
    const struct proof_vkey keys[] = {f->key, *came};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_FORK_MAX);
    SY_TRY(proof_fork_format(fork, &b));
    SY_TRY(proof_fork_verify(sy_buf_view(&b), keys, 2, err));
    (void)snprintf(ret->evidence, sizeof(ret->evidence), "fork-%" PRIu64 "-%" PRIu64, before,
                   after);
    sy_status s = sy_replace_file_at(f->dir, ret->evidence, sy_buf_view(&b), 0644);
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, ret->evidence, "the evidence could not be written");
    }
    return sy_fail(err, SY_E_TAMPERED, "fork",
                   "the log signed two histories, of %" PRIu64 " and of %" PRIu64
                   " entries; the evidence is %s",
                   before, after, ret->evidence);
}

/* The export's checkpoint is of no more entries than are kept. */
static sy_status look_back(struct audit_follow *f, const struct fresh *n, struct audit_grown *ret,
                           struct sy_error *err)
{
    const struct proof_checkpoint *c = &n->signed_tree;
    uint8_t root[PROOF_HASH_BYTES];
    audit_range_root(f->hashes.p, 0, c->size, root);
    if (memcmp(root, c->root, sizeof(root)) == 0) {
        return c->size == f->chain.tree.size
                   ? SY_OK
                   : sy_fail(err, SY_E_ROLLBACK, "checkpoint",
                             "the log shows %" PRIu64 " entries; it had %" PRIu64, c->size,
                             f->chain.tree.size);
    }
    struct proof_fork fork = {.first = sy_buf_view(&n->feed.checkpoint),
                              .second = sy_buf_view(&f->checkpoint)};
    if (c->size > 0 && c->size < f->chain.tree.size) {
        audit_consistency(f->hashes.p, c->size, f->chain.tree.size, &fork.path);
    }
    return write_evidence(f, &n->key, &fork, c->size, f->chain.tree.size, ret, err);
}

/* A longer log that does not continue what is kept. Its own entries, from the first on, say whether it is
 * another history or only a wrong export. */
static sy_status look_ahead(struct audit_follow *f, const struct proof_vkey *came,
                            const char *export_dir, struct audit_grown *ret, struct sy_error *err)
{
    struct fresh all = {.hashes = sy_buf(HASHES_MAX), .key = *came};
    struct sy_error ignored = {0};
    SY_FD_CLEANUP int dir = open(export_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    sy_status s = dir < 0 ? sy_status_of(SY_E_NOT_FOUND) : feed_open(dir, &all.feed, &ignored);
    s = sy_ok(s) ? proof_checkpoint_verify(sy_buf_view(&all.feed.checkpoint), came,
                                           &all.signed_tree, &ignored)
                 : s;
    s = sy_ok(s) ? read_fresh(&all, 0, &ignored) : s;
    s = sy_ok(s) ? root_check(&all, &ignored) : s;
    if (sy_ok(s) && same_log(f, came) && f->chain.tree.size > 0) {
        struct proof_fork fork = {.first = sy_buf_view(&f->checkpoint),
                                  .second = sy_buf_view(&all.feed.checkpoint)};
        audit_consistency(all.hashes.p, f->chain.tree.size, all.chain.tree.size, &fork.path);
        s = write_evidence(f, came, &fork, f->chain.tree.size, all.chain.tree.size, ret, err);
    } else {
        s = sy_status_of(SY_E_PROOF); /* err says what is wrong with it */
    }
    feed_close(&all.feed);
    sy_buf_deinit(&all.hashes);
    return s;
}

/* --- taking --------------------------------------------------------------------------------------------------- */

static sy_status learn_key(struct audit_follow *f, int dir, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(KEY_MAX);
    if (f->has_key) {
        return SY_OK;
    }
    if (!sy_ok(sy_read_file_at(dir, "log.vkey", &b))) {
        return sy_fail(err, SY_E_NOT_FOUND, "log.vkey", "no key of the log is known; give --log");
    }
    size_t n = b.n > 0 && b.p[b.n - 1] == '\n' ? b.n - 1 : b.n;
    SY_TRY(proof_vkey_parse(sy_view(b.p, n), &f->key, err));
    f->has_key = true;
    return SY_OK;
}

/* The log's first key stays the one that is written down: later ones follow from the log itself. */
static sy_status write_key(const struct audit_follow *f, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(KEY_MAX);
    if (faccessat(f->dir, "log.vkey", F_OK, 0) == 0) {
        return SY_OK;
    }
    SY_TRY(proof_vkey_format(&f->key, &b));
    sy_status s = sy_replace_file_at(f->dir, "log.vkey", sy_buf_view(&b), 0644);
    return sy_ok(s) ? s : sy_fail(err, s.code, "log.vkey", "the copy could not be written");
}

/* The key may have been changed since: the hand-overs in a whole export lead to the new one. */
static sy_status verify_checkpoint(const struct audit_follow *f, const char *export_dir,
                                   struct fresh *n, struct audit_grown *ret, struct sy_error *err)
{
    struct audit_export *x = NULL;
    n->key = f->key; /* the copy's own stays until what came is kept */
    sy_status s =
        proof_checkpoint_verify(sy_buf_view(&n->feed.checkpoint), &n->key, &n->signed_tree, err);
    if (s.code != SY_E_UNSIGNED) {
        return s;
    }
    ret->wants_all = true;
    SY_TRY(audit_open(export_dir, &x, err));
    s = audit_log_key(x, &n->key, err);
    audit_close(x);
    SY_TRY(s);
    SY_TRY(
        proof_checkpoint_verify(sy_buf_view(&n->feed.checkpoint), &n->key, &n->signed_tree, err));
    ret->wants_all = false;
    return SY_OK;
}

static sy_status take(struct audit_follow *f, const char *export_dir, struct fresh *n,
                      struct audit_grown *ret, struct sy_error *err)
{
    SY_TRY(verify_checkpoint(f, export_dir, n, ret, err));
    if (same_log(f, &n->key) && n->signed_tree.size <= f->chain.tree.size) {
        return look_back(f, n, ret, err);
    }
    n->chain = f->chain;
    sy_status s = read_fresh(n, chain_size(&f->chain), err);
    s = sy_ok(s) ? root_check(n, err) : s;
    if (s.code == SY_E_PROOF && n->first > 0) {
        ret->wants_all = true;
        return s;
    }
    if (s.code == SY_E_PROOF) {
        return look_ahead(f, &n->key, export_dir, ret, err);
    }
    SY_TRY(s);
    SY_TRY(write_key(f, err));
    SY_TRY(keep(f, n, err));
    n->feed.at = n->from;
    SY_TRY(replay_kept(f, &n->feed, ret->from, chain_size(&f->chain), err));
    ret->to = chain_size(&f->chain);
    return SY_OK;
}

sy_status audit_follow_take(struct audit_follow *f, const char *export_dir, struct audit_grown *ret,
                            struct sy_error *reterr)
{
    struct fresh n = {.hashes = sy_buf(HASHES_MAX)};
    *ret = (struct audit_grown){.from = chain_size(&f->chain), .to = chain_size(&f->chain)};
    SY_FD_CLEANUP int dir = open(export_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return sy_fail(reterr, SY_E_NOT_FOUND, NULL, "%s: no such folder", export_dir);
    }
    sy_status s = feed_open(dir, &n.feed, reterr);
    s = sy_ok(s) ? learn_key(f, dir, reterr) : s;
    s = sy_ok(s) ? take(f, export_dir, &n, ret, reterr) : s;
    feed_close(&n.feed);
    sy_buf_deinit(&n.hashes);
    return s;
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

static sy_status lock(struct audit_follow *f, const char *dir, struct sy_error *err)
{
    if (mkdir(dir, 0755) != 0 && errno != EEXIST) {
        return sy_fail_errno(err, errno, "make the copy's folder");
    }
    f->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->dir < 0) {
        return sy_fail_errno(err, errno, "open the copy's folder");
    }
    return flock(f->dir, LOCK_EX | LOCK_NB) == 0
               ? SY_OK
               : sy_fail(err, SY_E_BUSY, NULL, "another shuyu-audit follows in this folder");
}

/* What is kept, as if it came now. */
static sy_status read_kept(struct audit_follow *f, struct fresh *n, struct sy_error *err)
{
    struct audit_grown ignored;
    SY_TRY(feed_open(f->dir, &n->feed, err));
    SY_TRY(learn_key(f, f->dir, err));
    SY_TRY(verify_checkpoint(f, f->path, n, &ignored, err));
    SY_TRY(read_fresh(n, 0, err));
    SY_TRY(root_check(n, err));
    SY_TRY(sy_buf_add_view(&f->checkpoint, sy_buf_view(&n->feed.checkpoint)));
    if (n->crossed) {
        sy_buf_clear(&f->hashes);
    }
    SY_TRY(sy_buf_add_view(&f->hashes, sy_buf_view(&n->hashes)));
    f->chain = n->chain;
    f->key = n->key;
    n->feed.at = 0;
    return replay_kept(f, &n->feed, 0, chain_size(&f->chain), err);
}

/* Entries that came to the disk before the checkpoint that covers them did. */
static sy_status cut(const struct audit_follow *f, const struct fresh *n, struct sy_error *err)
{
    SY_FD_CLEANUP int fd = openat(f->dir, "entries", O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && ftruncate(fd, (off_t)n->to) == 0 && fsync(fd) == 0;
    return good ? SY_OK : sy_fail_errno(err, errno, "cut the copy");
}

static sy_status open_kept(struct audit_follow *f, struct sy_error *err)
{
    struct fresh n = {.hashes = sy_buf(HASHES_MAX)};
    if (faccessat(f->dir, "checkpoint", F_OK, 0) != 0) {
        (void)unlinkat(f->dir, "entries", 0); /* the first batch was cut short */
        return SY_OK;
    }
    sy_status s = read_kept(f, &n, err);
    s = sy_ok(s) && n.to < n.feed.n ? cut(f, &n, err) : s;
    feed_close(&n.feed);
    sy_buf_deinit(&n.hashes);
    return s;
}

sy_status audit_follow_open(const char *dir, const struct proof_vkey *log,
                            const struct audit_follow_told *told, struct audit_follow **ret,
                            struct sy_error *reterr)
{
    struct audit_follow *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    f->dir = -1;
    f->told = *told;
    f->hashes = sy_buf(HASHES_MAX);
    f->checkpoint = sy_buf(PROOF_NOTE_MAX);
    f->state = rules_state_new();
    f->replayer = f->state == NULL ? NULL : rules_replayer_new(f->state);
    if (log != NULL) {
        f->key = *log;
        f->has_key = true;
    }
    (void)snprintf(f->path, sizeof(f->path), "%s", dir);
    sy_status s =
        f->replayer == NULL ? sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL) : lock(f, dir, reterr);
    s = sy_ok(s) ? open_kept(f, reterr) : s;
    if (!sy_ok(s)) {
        audit_follow_close(f);
        return s;
    }
    *ret = f;
    return SY_OK;
}

void audit_follow_close(struct audit_follow *f)
{
    if (f != NULL) {
        rules_replayer_free(f->replayer);
        rules_state_free(f->state);
        sy_buf_deinit(&f->hashes);
        sy_buf_deinit(&f->checkpoint);
        sy_fd_close(&f->dir);
        free(f);
    }
}

uint64_t audit_follow_size(const struct audit_follow *f)
{
    return chain_size(&f->chain);
}

uint64_t audit_follow_mismatches(const struct audit_follow *f)
{
    return f->mismatches;
}
