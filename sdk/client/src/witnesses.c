/*
 * What: the witnesses that a profile counts, and what they have seen. Invariant: `cosigned` is said of a
 * reply only when all its receipts are against the very checkpoint under which the quorum was found.
 */
#include "client/witnesses.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"

#define FILE_NAME "witnesses"

/* --- the policy ------------------------------------------------------------------------------- */

static sy_status parse(struct sy_view text, struct client_witnesses *w, struct sy_error *err)
{
    struct sy_view copy = sy_arena_copy(&w->arena, text);
    if (text.n > 0 && copy.p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    return proof_policy_parse(copy, &w->arena, &w->policy, err);
}

static void free_one(struct client_witnesses *w)
{
    if (w != NULL) {
        sy_arena_deinit(&w->arena);
        free(w);
    }
}

void client_witnesses_free(struct shuyu_profile *p)
{
    free_one(p->witnesses);
    p->witnesses = NULL;
}

static sy_status make(struct sy_view text, struct client_witnesses **ret, struct sy_error *err)
{
    struct client_witnesses *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    sy_status s = parse(text, w, err);
    if (!sy_ok(s)) {
        free_one(w);
        return s;
    }
    *ret = w;
    return SY_OK;
}

sy_status client_witnesses_load(struct shuyu_profile *p, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_POLICY_MAX);
    sy_status s = sy_read_file_at(p->dirfd, FILE_NAME, &b);
    if (s.code == SY_E_NOT_FOUND) {
        return SY_OK;
    }
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, FILE_NAME, "the profile's file of witnesses cannot be read");
    }
    return make(sy_buf_view(&b), &p->witnesses, err);
}

static sy_status forget(struct shuyu_profile *p, struct sy_error *err)
{
    if (unlinkat(p->dirfd, FILE_NAME, 0) != 0 && errno != ENOENT) {
        return sy_fail_errno(err, errno, "remove the file of witnesses");
    }
    client_witnesses_free(p);
    return SY_OK;
}

static sy_status set(struct shuyu_profile *p, const char *policy, struct sy_error *err)
{
    struct client_witnesses *w = NULL;
    if (p == NULL) {
        return sy_fail(err, SY_E_USAGE, "profile", NULL);
    }
    if (policy == NULL) {
        return forget(p, err);
    }
    SY_TRY(make(sy_view_str(policy), &w, err));
    sy_status s = sy_replace_file_at(p->dirfd, FILE_NAME, sy_view_str(policy), 0600);
    if (!sy_ok(s)) {
        free_one(w);
        return sy_fail(err, s.code, FILE_NAME, "the file cannot be written");
    }
    client_witnesses_free(p);
    p->witnesses = w;
    return SY_OK;
}

shuyu_status shuyu_profile_witnesses(shuyu_profile *p, const char *policy, shuyu_error *reterr)
{
    struct sy_error err = {0};
    return client_give(set(p, policy, &err), &err, reterr);
}

/* --- judging ------------------------------------------------------------------------------------ */

sy_status client_witnesses_judge(const struct shuyu_profile *p, struct sy_view note,
                                 struct proof_checkpoint *ret, bool *ret_met, struct sy_error *err)
{
    struct proof_policy_verdict v;
    struct proof_policy_when when = {
        .now_s = (uint64_t)sy_now_s(), .max_age_s = UINT64_MAX, .max_ahead_s = UINT64_MAX};
    const struct client_witnesses *w = p->witnesses;
    *ret_met = false;
    if (w == NULL) {
        return proof_checkpoint_verify(note, &p->log_key, ret, err);
    }
    SY_TRY(proof_policy_judge(&w->policy, &p->log_key, note, &when, &v, err));
    *ret = v.checkpoint;
    *ret_met = v.is_met && w->policy.quorum != PROOF_POLICY_NONE;
    return SY_OK;
}

/* Is every receipt of the reply one against this checkpoint? */
static sy_status covers(const shuyu_reply *r, const struct proof_checkpoint *c, bool *ret,
                        struct sy_error *err)
{
    *ret = r->n_entries > 0;
    for (size_t i = 0; i < r->n_entries; i++) {
        const struct proof_tree *t = &r->entries[i].at.tree;
        bool same_root = memcmp(t->root, c->root, sizeof(c->root)) == 0;
        if (r->entries[i].closed) {
            *ret = false; /* under its own log's last checkpoint, which another note cosigns */
            continue;
        }
        if (t->size == c->size && !same_root) {
            return sy_fail(err, SY_E_ROLLBACK, "cosigned",
                           "two logs of one size: the log was forked");
        }
        *ret = *ret && t->size == c->size;
    }
    return SY_OK;
}

sy_status client_verify_witnessed(const struct client_call *c, shuyu_reply *r, struct sy_error *err)
{
    const struct sy_reply *reply = &r->opened.reply;
    struct proof_checkpoint checkpoint;
    bool met = false;
    bool covered = false;
    r->witnessed = (shuyu_witnessed){.is_judged = c->profile->witnesses != NULL};
    if (reply->cosigned.n == 0) {
        return SY_OK;
    }
    sy_status s = client_witnesses_judge(c->profile, reply->cosigned, &checkpoint, &met, err);
    if (s.code == SY_E_UNSIGNED) {
        return SY_OK; /* from before the log had the key that is pinned: nobody vouches for this */
    }
    SY_TRY(s);
    SY_TRY(covers(r, &checkpoint, &covered, err));
    r->witnessed.is_cosigned = met && covered;
    r->witnessed.size = checkpoint.size;
    r->witnessed.time = (int64_t)reply->cosigned_time;
    return SY_OK;
}

void shuyu_reply_witnessed(const shuyu_reply *r, shuyu_witnessed *ret)
{
    *ret = r->witnessed;
}

/* --- receipts ------------------------------------------------------------------------------------ */

static sy_status receipt(const struct shuyu_profile *p, const char *text, shuyu_witnessed *ret,
                         struct sy_error *err)
{
    struct proof_receipt parsed;
    struct proof_checkpoint checkpoint;
    bool met = false;
    if (p == NULL || text == NULL || ret == NULL) {
        return sy_fail(err, SY_E_USAGE, "receipt", NULL);
    }
    SY_TRY(proof_receipt_parse(sy_view_str(text), &parsed, err));
    SY_TRY(client_witnesses_judge(p, parsed.checkpoint, &checkpoint, &met, err));
    *ret = (shuyu_witnessed){
        .is_judged = p->witnesses != NULL, .is_cosigned = met, .size = checkpoint.size};
    return SY_OK;
}

shuyu_status shuyu_receipt_witnessed(const shuyu_profile *p, const char *text, shuyu_witnessed *ret,
                                     shuyu_error *reterr)
{
    struct sy_error err = {0};
    return client_give(receipt(p, text, ret, &err), &err, reterr);
}
