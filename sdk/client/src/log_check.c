/*
 * What: does the log that the domain shows today continue the one that was seen before? The profile keeps the
 * newest checkpoint for which that was proven, as the signed note, in a file `checked` for each log; what proves the
 * contrary goes to the file `fork` (proof/fork.h), for anybody to verify. Invariants: `checked` is
 * replaced only when everything that was to be continued is continued by one and the same checkpoint; both files
 * are replaced as a whole.
 */
#include "client/log_check.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/fdio.h"
#include "client/closed.h"
#include "client/session.h"
#include "proof/fork.h"
#include "proof/receipt.h"

#define CHECKED "checked"
#define FORK    "fork"

enum {
    KEPT_MAX = 1 << 16,
    KEYS_MAX = 17,
    LOOKS_MAX = 8
}; /* a log has 16 keys at most (docs/log-keys.md) */

/* --- what was kept ---------------------------------------------------------------------------------- */

/* A tree that the log must continue; note: the checkpoint that signs it, empty when only the tree is known. */
struct kept {
    struct proof_tree tree;
    struct sy_view note;
};

/* A log's keys: the one that is pinned, and those before it. */
struct keys {
    struct proof_vkey all[KEYS_MAX];
    size_t n;
};

/* Those among the pins that are of the log `name`: another log's say nothing of it. */
static sy_status keys_of(const struct client_pins *pins, struct sy_view name, struct keys *ret,
                         struct sy_error *err)
{
    const char *const lists[] = {pins->log, pins->log_was};
    *ret = (struct keys){0};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const char *at = lists[i];
        while (*at != '\0' && ret->n < KEYS_MAX) {
            size_t n = strcspn(at, " ");
            SY_TRY(proof_vkey_parse(sy_view(at, n), &ret->all[ret->n], err));
            ret->n += sy_view_eq(sy_view_str(ret->all[ret->n].name), name);
            at += n + (at[n] == ' ');
        }
    }
    return SY_OK;
}

static sy_status read_keys(const struct shuyu_profile *p, struct keys *ret, struct sy_error *err)
{
    SY_TRY(keys_of(&p->pins, sy_view_str(p->log_key.name), ret, err));
    ret->all[0] = p->log_key;
    return SY_OK;
}

/* A signed checkpoint, or the one in a receipt. */
static sy_status open_kept(const struct keys *keys, struct sy_view text, struct kept *ret,
                           struct sy_error *err)
{
    struct proof_receipt receipt;
    struct proof_checkpoint c;
    struct sy_view note = text;
    if (sy_view_starts(text, sy_view_str("c2sp.org/tlog-proof"))) {
        SY_TRY(proof_receipt_parse(text, &receipt, err));
        note = receipt.checkpoint;
    }
    SY_TRY(proof_checkpoint_verify_any(note, keys->all, keys->n, &c, NULL, err));
    *ret = (struct kept){.tree = {.size = c.size}, .note = note};
    memcpy(ret->tree.root, c.root, sizeof(c.root));
    return SY_OK;
}

/* The profile's own of a log, from its file; the empty tree when there is none. */
static sy_status open_checked(const struct shuyu_profile *p, const char *name,
                              const struct keys *keys, struct sy_buf *text, struct kept *ret,
                              struct sy_error *err)
{
    sy_status s = sy_read_file_at(p->dirfd, name, text);
    *ret = (struct kept){0};
    if (s.code == SY_E_NOT_FOUND) {
        return SY_OK;
    }
    if (sy_ok(s)) {
        s = open_kept(keys, sy_buf_view(text), ret, NULL);
    }
    return sy_ok(s) ? s
                    : sy_fail(err, SY_E_TAMPERED, CHECKED,
                              "the profile's kept checkpoint is damaged; only if you know why, "
                              "remove it");
}

/* --- what the domain shows ----------------------------------------------------------------------------- */

struct shown {
    struct proof_tree tree;
    struct proof_path path;
    struct sy_view note; /* in the arena */
};

static sy_status read_path(struct sy_view bytes, struct proof_path *ret, struct sy_error *err)
{
    if (bytes.n % PROOF_HASH_BYTES != 0 || bytes.n > sizeof(ret->hash)) {
        return sy_fail(err, SY_E_FIELD, "path", "not a list of hashes");
    }
    ret->n = bytes.n / PROOF_HASH_BYTES;
    if (bytes.n > 0) {
        memcpy(ret->hash, bytes.p, bytes.n);
    }
    return SY_OK;
}

static sy_status read_shown(const struct proof_vkey *key, struct sy_view result,
                            struct sy_arena *arena, struct shown *ret, struct sy_error *err)
{
    struct sy_log_growth g;
    struct proof_checkpoint c;
    struct sy_view bytes = sy_arena_copy(arena, result);
    if (bytes.p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(sy_record_decode(&sy_log_growth_desc, bytes, &SY_MP_REQUEST, arena, &g, err));
    SY_TRY(proof_checkpoint_verify(g.checkpoint, key, &c, err));
    SY_TRY(read_path(g.path, &ret->path, err));
    ret->note = g.checkpoint;
    ret->tree.size = c.size;
    memcpy(ret->tree.root, c.root, sizeof(c.root));
    return SY_OK;
}

static shuyu_status ask(shuyu_session *s, uint64_t since, struct sy_arena *arena, struct shown *ret,
                        shuyu_error *reterr)
{
    struct sy_error err = {0};
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(64);
    struct sy_log_since of = {.since = since};
    shuyu_reply *reply = NULL;
    sy_status encoded = sy_record_encode(&sy_log_since_desc, &of, &args);
    if (!sy_ok(encoded)) {
        return client_give(encoded, &err, reterr);
    }
    const shuyu_request request = {.method = "log.growth", .args = {args.p, args.n}};
    shuyu_status called = shuyu_call(s, &request, &reply, reterr);
    if (called == SHUYU_OK) {
        sy_status st = read_shown(&s->profile->log_key, client_view(shuyu_reply_result(reply)),
                                  arena, ret, &err);
        called = client_give(st, &err, reterr);
    }
    shuyu_reply_free(reply);
    return called;
}

/* --- comparing -------------------------------------------------------------------------------------------- */

/* Two signed notes and a path that nobody can explain away: keep them. */
static bool keep_evidence(const struct shuyu_profile *p, const struct keys *keys,
                          const struct kept *k, const struct shown *now)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(PROOF_FORK_MAX);
    struct proof_fork fork = {.first = k->note, .second = now->note, .path = now->path};
    return k->note.n > 0 && sy_ok(proof_fork_format(&fork, &text)) &&
           sy_ok(proof_fork_verify(sy_buf_view(&text), keys->all, keys->n, NULL)) &&
           sy_ok(sy_replace_file_at(p->dirfd, FORK, sy_buf_view(&text), 0600));
}

static sy_status compare(const struct shuyu_profile *p, const struct keys *keys,
                         const struct kept *k, const struct shown *now, struct sy_error *err)
{
    if (now->tree.size < k->tree.size) {
        return sy_fail(err, SY_E_ROLLBACK, "log",
                       "the log had %" PRIu64 " entries, and shows %" PRIu64 " now", k->tree.size,
                       now->tree.size);
    }
    if (k->tree.size == 0 ||
        sy_ok(proof_merkle_check_consistency(&k->tree, &now->tree, &now->path))) {
        return SY_OK;
    }
    return sy_fail(
        err, SY_E_ROLLBACK, "log",
        "the log does not continue the one of %" PRIu64 " entries that was seen%s", k->tree.size,
        keep_evidence(p, keys, k, now) ? "; the profile's file `fork` proves it to anybody" : "");
}

static shuyu_status check_one(shuyu_session *s, const struct kept *k, struct sy_arena *arena,
                              struct shown *ret, shuyu_error *reterr)
{
    struct sy_error err = {0};
    struct keys keys;
    shuyu_status asked = ask(s, k->tree.size, arena, ret, reterr);
    if (asked != SHUYU_OK) {
        return asked;
    }
    sy_status st = read_keys(s->profile, &keys, &err);
    if (sy_ok(st)) {
        st = compare(s->profile, &keys, k, ret, &err);
    }
    return client_give(st, &err, reterr);
}

/* --- all together ------------------------------------------------------------------------------------------- */

/* What the log must continue: what the caller gives, what was checked last, and what any reply was proven
 * under. In this order, because signed notes make evidence, and of replies only the tree is kept. */
enum { OF_CALLER, OF_CHECKS, OF_REPLIES, N_KEPT };

static sy_status collect(struct shuyu_profile *p, const char *kept, struct sy_buf *text,
                         struct kept ret[N_KEPT], struct sy_error *err)
{
    struct keys keys;
    char name[CLIENT_MEMORY_NAME_MAX];
    client_memory_name(&p->pins, CHECKED, client_log_name(&p->pins), name);
    SY_TRY(read_keys(p, &keys, err));
    ret[OF_CALLER] = (struct kept){0};
    ret[OF_REPLIES] = (struct kept){0};
    if (kept != NULL) {
        SY_TRY(open_kept(&keys, sy_view_str(kept), &ret[OF_CALLER], err));
    }
    SY_TRY(client_seen_get(p, &ret[OF_REPLIES].tree, err));
    return open_checked(p, name, &keys, text, &ret[OF_CHECKS], err);
}

/* The same; where what the caller kept is signed by none of the keys that are known, the profile may have been invited at a
 * later key than that: then the keys before it are learnt, and it is looked at again. */
static shuyu_status collect_known(shuyu_session *s, const char *kept, struct sy_buf *text,
                                  struct kept ret[N_KEPT], shuyu_error *reterr)
{
    struct sy_error err = {0};
    sy_status st = collect(s->profile, kept, text, ret, &err);
    bool may_be_older = st.code == SY_E_UNSIGNED && s->profile->pins.log_was[0] == '\0';
    if (may_be_older && shuyu_log_follow(s, NULL, NULL) == SHUYU_OK) {
        st = collect(s->profile, kept, text, ret, &err);
    }
    return client_give(st, &err, reterr);
}

/* Two looks at the log: the second shows the same tree, or a longer one. */
static sy_status compare_looks(const struct shuyu_profile *p, const struct shown *before,
                               const struct shown *now, bool *ret_same, struct sy_error *err)
{
    struct keys keys;
    struct shown bare = *now;
    SY_TRY(read_keys(p, &keys, err));
    bare.path.n = 0;
    *ret_same = now->tree.size == before->tree.size;
    return now->tree.size > before->tree.size
               ? SY_OK
               : compare(p, &keys, &(struct kept){before->tree, before->note}, &bare, err);
}

/* Each kept tree against what the domain shows. *ret_same: it was one tree each time; if not, each may have been
 * shown a log of its own. */
static shuyu_status look(shuyu_session *s, const struct kept before[N_KEPT], struct sy_arena *arena,
                         struct shown *ret, bool *ret_same, shuyu_error *reterr)
{
    struct sy_error err = {0};
    struct shown last = {0};
    *ret_same = true;
    for (size_t i = 0; i < N_KEPT; i++) {
        if (i != OF_REPLIES && before[i].tree.size == 0) { /* at least one look */
            continue;
        }
        bool same = true;
        shuyu_status checked = check_one(s, &before[i], arena, ret, reterr);
        if (checked == SHUYU_OK && last.note.n > 0) {
            checked = client_give(compare_looks(s->profile, &last, ret, &same, &err), &err, reterr);
        }
        if (checked != SHUYU_OK) {
            return checked;
        }
        *ret_same = *ret_same && same;
        last = *ret;
    }
    return SHUYU_OK;
}

static sy_status settle(struct shuyu_profile *p, const struct shown *now, struct sy_error *err)
{
    SY_TRY(client_seen_note(p, &now->tree, err));
    char name[CLIENT_MEMORY_NAME_MAX];
    client_memory_name(&p->pins, CHECKED, client_log_name(&p->pins), name);
    sy_status s = sy_replace_file_at(p->dirfd, name, now->note, 0600);
    return sy_ok(s) ? s : sy_fail(err, s.code, CHECKED, "the file cannot be written");
}

shuyu_status shuyu_log_check(shuyu_session *s, const char *kept, shuyu_log_checked *ret,
                             shuyu_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(KEPT_MAX);
    struct kept before[N_KEPT];
    struct shown now = {0};
    struct sy_error err = {0};
    if (s == NULL || ret == NULL) {
        return client_give(sy_fail(&err, SY_E_USAGE, "session", NULL), &err, reterr);
    }
    shuyu_status collected = collect_known(s, kept, &text, before, reterr);
    if (collected != SHUYU_OK) {
        return collected;
    }
    bool same = false;
    for (size_t i = 0; i < LOOKS_MAX && !same; i++) {
        shuyu_status looked = look(s, before, &arena, &now, &same, reterr);
        if (looked != SHUYU_OK) {
            return looked;
        }
    }
    if (!same) {
        sy_status st =
            sy_fail(&err, SY_E_BUSY, "log", "it grows between one look and the next; check again");
        return client_give(st, &err, reterr);
    }
    *ret = (shuyu_log_checked){.size = now.tree.size, .since = before[OF_CHECKS].tree.size};
    return client_give(settle(s->profile, &now, &err), &err, reterr);
}

/* --- a log that was closed ---------------------------------------------------------------------------------- */

/* Is what was kept of it a beginning of what was closed? The domain shows a path where one is needed. */
static sy_status compare_closed(const struct shuyu_profile *p, const struct keys *keys,
                                const struct client_closed *closed, const struct kept *k,
                                const struct client_growth *from, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct shown now = {.tree = closed->tree};
    struct sy_view result;
    if (k->tree.size > 0 && k->tree.size < closed->tree.size) {
        SY_TRY(from->ask(from->ctx, sy_view_str(closed->key.name), k->tree.size, &arena, &result,
                         err));
        SY_TRY(read_shown(&closed->key, result, &arena, &now, err));
        if (now.tree.size != closed->tree.size ||
            memcmp(now.tree.root, closed->tree.root, sizeof(now.tree.root)) != 0) {
            return sy_fail(err, SY_E_ROLLBACK, "log", "the closed log is shown in another state");
        }
    }
    return compare(p, keys, k, &now, err);
}

sy_status client_closed_check(const struct shuyu_profile *p, const struct client_pins *pins,
                              const struct client_closed *closed, const struct client_growth *from,
                              bool *ret_known, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(KEPT_MAX);
    const struct sy_view log = sy_view_str(closed->key.name);
    struct keys keys;
    struct kept checked, seen = {0};
    char name[CLIENT_MEMORY_NAME_MAX];
    SY_TRY(keys_of(pins, log, &keys, err));
    client_memory_name(pins, CHECKED, log, name);
    SY_TRY(open_checked(p, name, &keys, &text, &checked, err));
    SY_TRY(compare_closed(p, &keys, closed, &checked, from, err));
    client_memory_name(pins, "seen", log, name);
    SY_TRY(client_seen_read(p, name, &seen.tree, err));
    *ret_known = checked.tree.size == closed->tree.size;
    return compare_closed(p, &keys, closed, &seen, from, err);
}

sy_status client_closed_keep(const struct shuyu_profile *p, const struct client_pins *pins,
                             const struct client_closed *closed, struct sy_view note,
                             struct sy_error *err)
{
    char name[CLIENT_MEMORY_NAME_MAX];
    client_memory_name(pins, CHECKED, sy_view_str(closed->key.name), name);
    sy_status s = sy_replace_file_at(p->dirfd, name, note, 0600);
    return sy_ok(s) ? s : sy_fail(err, s.code, CHECKED, "the file cannot be written");
}
