/*
 * The decision, as a table of checks in the order in which their answers may be told: nothing but the
 * form is judged before the log's signature, so a stranger learns of a log only what it signed itself.
 */
#include "witness/decide.h"

void witness_known_nothing(struct witness_known *ret)
{
    *ret = (struct witness_known){0};
    proof_merkle_empty(ret->tree.root);
}

/* Text and signature lines of a checkpoint, whose text has no blank line. Lines that cannot be read are
 * lines that do not verify: that is said later, with 403. */
static bool split(struct sy_view checkpoint, struct proof_note *ret)
{
    const uint8_t *blank = checkpoint.n == 0 ? NULL : memmem(checkpoint.p, checkpoint.n, "\n\n", 2);
    if (blank == NULL) {
        return false;
    }
    size_t n = (size_t)(blank - checkpoint.p) + 1;
    ret->text = sy_view(checkpoint.p, n);
    ret->lines = sy_view(blank + 2, checkpoint.n - n - 1);
    return ret->lines.n > 0;
}

sy_status witness_request_parse(struct sy_view body, struct witness_request *ret,
                                struct sy_error *reterr)
{
    struct witness_request r = {0};
    SY_TRY(proof_witness_ask_parse(body, &r.ask, reterr));
    if (!split(r.ask.checkpoint, &r.note)) {
        return sy_fail(reterr, SY_E_FIELD, "checkpoint", "no signature lines after the checkpoint");
    }
    SY_TRY(proof_checkpoint_parse(r.note.text, &r.checkpoint, reterr));
    *ret = r;
    return SY_OK;
}

/* What the checks look at. */
struct facts {
    const struct proof_vkey *keys;
    size_t n_keys;
    const struct witness_known *known;
    const struct witness_request *request;
    struct proof_tree tree; /* of the request's checkpoint */
};

/* By the log, and the very text that was read as the checkpoint: a note is split at its last blank line,
 * and what the log signed may be longer than what stands before the first. */
static bool is_signed(const struct facts *f)
{
    struct proof_note note;
    sy_status s =
        proof_note_verify(f->request->ask.checkpoint, f->keys, f->n_keys, &note, NULL, NULL);
    return sy_ok(s) && sy_view_eq(note.text, f->request->note.text);
}

static bool is_ordered(const struct facts *f)
{
    return f->request->ask.old_size <= f->tree.size;
}

/* The tree without entries has one root only. */
static bool is_possible(const struct facts *f)
{
    uint8_t empty[PROOF_HASH_BYTES];
    proof_merkle_empty(empty);
    return f->tree.size != 0 || memcmp(f->tree.root, empty, sizeof(empty)) == 0;
}

static bool is_from_known(const struct facts *f)
{
    return f->request->ask.old_size == f->known->tree.size;
}

static bool has_only_grown(const struct facts *f)
{
    return sy_ok(proof_merkle_check_growth(&f->known->tree, &f->tree, &f->request->ask.path));
}

static const struct {
    bool (*holds)(const struct facts *f);
    unsigned status;
    const char *reason;
} CHECKS[] = {
    {is_signed, WITNESS_FORBIDDEN, "The checkpoint is not signed by the log."},
    {is_ordered, WITNESS_BAD_REQUEST, "The old size is beyond the size of the checkpoint."},
    {is_possible, WITNESS_INCONSISTENT, "A tree of size 0 has another root."},
    {is_from_known, WITNESS_CONFLICT, ""},
    {has_only_grown, WITNESS_INCONSISTENT, "The proof does not show that the log has only grown."},
};

/* Does a path lead from another tree of the known size to the one that was signed now? */
static bool is_fork(const struct facts *f)
{
    static const struct proof_path none;
    uint8_t root[PROOF_HASH_BYTES];
    uint64_t size = f->known->tree.size;
    bool same_size = f->tree.size == size;
    const struct proof_path *path = same_size ? &none : &f->request->ask.path;
    return sy_ok(proof_merkle_prefix(size, &f->tree, path, root)) &&
           memcmp(root, f->known->tree.root, sizeof(root)) != 0;
}

static void accept(const struct facts *f, uint64_t now_s, struct witness_verdict *ret)
{
    ret->status = WITNESS_OK;
    ret->next.tree = f->tree;
    ret->next.time_s = now_s > f->known->time_s ? now_s : f->known->time_s;
    ret->is_news = f->tree.size != f->known->tree.size || ret->next.time_s != f->known->time_s;
}

void witness_decide(const struct proof_vkey *keys, size_t n_keys, const struct witness_known *known,
                    const struct witness_request *request, uint64_t now_s,
                    struct witness_verdict *ret)
{
    struct facts f = {keys, n_keys, known, request, {.size = request->checkpoint.size}};
    memcpy(f.tree.root, request->checkpoint.root, sizeof(f.tree.root));
    *ret = (struct witness_verdict){.reason = "", .next = *known};
    for (size_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++) {
        if (!CHECKS[i].holds(&f)) {
            ret->status = CHECKS[i].status;
            ret->reason = CHECKS[i].reason;
            ret->is_fork = CHECKS[i].holds != is_signed && is_fork(&f);
            return;
        }
    }
    accept(&f, now_s, ret);
}
