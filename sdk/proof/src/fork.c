/*
 * Evidence of a fork. Invariant: what verifies here is a contradiction between two signatures of the
 * log alone; nothing in it depends on who collected it, or how.
 */
#include "proof/fork.h"

#include "text.h"

#define FIRST_LINE "shuyu-fork@v1"

static sy_status add_fork(const struct proof_fork *fork, struct sy_buf *b)
{
    SY_TRY(sy_buf_printf(b, FIRST_LINE "\nfirst %zu\nsecond %zu\n", fork->first.n, fork->second.n));
    SY_TRY(text_add_path(b, &fork->path));
    SY_TRY(sy_buf_add_view(b, fork->first));
    return sy_buf_add_view(b, fork->second);
}

sy_status proof_fork_format(const struct proof_fork *fork, struct sy_buf *b)
{
    struct proof_note note;
    SY_TRY(proof_note_parse(fork->first, &note, NULL));
    SY_TRY(proof_note_parse(fork->second, &note, NULL));
    if (fork->path.n > PROOF_PATH_MAX) {
        return sy_status_of(SY_E_FIELD);
    }
    size_t before = b->n;
    sy_status s = add_fork(fork, b);
    if (sy_ok(s) && b->n - before > PROOF_FORK_MAX) {
        s = sy_status_of(SY_E_LIMIT);
    }
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s;
}

/* A line "word number". */
static bool number_line(struct sy_view *rest, const char *word, uint64_t *ret)
{
    struct sy_view line = {0};
    struct sy_view number = {0};
    return text_line(rest, &line) && text_after(line, word, &number) && text_u64(number, ret);
}

sy_status proof_fork_parse(struct sy_view text, struct proof_fork *ret, struct sy_error *reterr)
{
    struct proof_fork fork = {0};
    struct sy_view line = {0};
    struct proof_note note;
    uint64_t n_first = 0;
    uint64_t n_second = 0;
    if (text.n > PROOF_FORK_MAX) {
        return sy_fail(reterr, SY_E_LIMIT, "fork", "the evidence is too long");
    }
    if (!text_line(&text, &line) || !sy_view_is(line, FIRST_LINE) ||
        !number_line(&text, "first ", &n_first) || !number_line(&text, "second ", &n_second) ||
        !text_path(&text, PROOF_PATH_MAX, &fork.path)) {
        return sy_fail(reterr, SY_E_FIELD, "fork", "not evidence of " FIRST_LINE);
    }
    if (n_first > text.n || n_second != text.n - n_first) {
        return sy_fail(reterr, SY_E_FIELD, "fork", "the notes are not as long as stated");
    }
    fork.first = sy_view(text.p, (size_t)n_first);
    fork.second = sy_view(text.p + n_first, (size_t)n_second);
    SY_TRY(proof_note_parse(fork.first, &note, reterr));
    SY_TRY(proof_note_parse(fork.second, &note, reterr));
    *ret = fork;
    return SY_OK;
}

/* The tree that a note of this log states. */
static sy_status signed_tree(struct sy_view bytes, const struct proof_vkey *keys, size_t n_keys,
                             struct proof_tree *ret, struct sy_error *reterr)
{
    struct proof_note note;
    struct proof_checkpoint c = {0};
    SY_TRY(proof_note_verify(bytes, keys, n_keys, &note, NULL, reterr));
    SY_TRY(proof_checkpoint_parse(note.text, &c, reterr));
    for (size_t i = 0; i < n_keys; i++) {
        if (!sy_view_is(c.origin, keys[i].name)) {
            return sy_fail(reterr, SY_E_PROOF, "fork", "a checkpoint is of another log");
        }
    }
    ret->size = c.size;
    memcpy(ret->root, c.root, sizeof(ret->root));
    return SY_OK;
}

sy_status proof_fork_verify(struct sy_view text, const struct proof_vkey *keys, size_t n_keys,
                            struct sy_error *reterr)
{
    struct proof_fork fork = {0};
    struct proof_tree first = {0};
    struct proof_tree second = {0};
    uint8_t root[PROOF_HASH_BYTES];
    SY_TRY(proof_fork_parse(text, &fork, reterr));
    SY_TRY(signed_tree(fork.first, keys, n_keys, &first, reterr));
    SY_TRY(signed_tree(fork.second, keys, n_keys, &second, reterr));
    if (!sy_ok(proof_merkle_prefix(first.size, &second, &fork.path, root))) {
        return sy_fail(reterr, SY_E_PROOF, "fork", "the path does not lead to the second tree");
    }
    if (memcmp(root, first.root, sizeof(root)) == 0) {
        return sy_fail(reterr, SY_E_PROOF, "fork", "the two checkpoints are consistent");
    }
    return SY_OK;
}
