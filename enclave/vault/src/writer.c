/*
 * A write attempt: a folder, a version key that only the dataset's owner of shares can unwrap
 * again, and one column writer for each field.
 * Invariants: the version key lives in guarded memory until finish or abort and nowhere else in
 * clear; a batch is checked as a whole before any of it is written; finish makes unit codes, then
 * columns, then the version file, then the folder's entry durable, so that a version which a
 * publish entry names is complete.
 */
#include "vault/writer.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/fdio.h"
#include "column_writer.h"
#include "files.h"
#include "vault_state.h"
#include "wire/envelope.h"
#include "wire/mask.h"

_Static_assert(WRAPPED_BYTES == VAULT_KEY_BYTES + crypto_box_SEALBYTES, "a key in a sealed box");

struct vault_writer {
    struct vault *vault;
    struct vault_attempt attempt; /* keys is NULL after begin */
    uint8_t id[16];
    int folder_fd; /* of the dataset */
    int fd;        /* of the attempt */
    struct vault_secret key;
    uint8_t wrapped[WRAPPED_BYTES];
    struct column_writer *columns;
    size_t n_columns;
    uint64_t rows;
    uint8_t *scratch; /* one column of a batch, plaintext */
};

enum { SCRATCH_BYTES = SY_MORSEL_ROWS * 8 };

static sy_status field_failed(sy_status s, struct sy_view field, const char *why,
                              struct sy_error *reterr)
{
    char name[64];
    if (sy_ok(s)) {
        return s;
    }
    sy_view_to_cstr(field, name, sizeof(name));
    return sy_fail(reterr, s.code, name, "%s", why);
}

/* --- begin ------------------------------------------------------------------------------------ */

static sy_status check_field(const struct sy_dataset_def *def, size_t i)
{
    const struct sy_field_def *f = &def->fields[i];
    bool ok = f->name.n >= 1 && f->name.n <= 64 && column_type_of(f->type) != COLUMN_NONE &&
              (column_type_of(f->type) != COLUMN_UNIT || sy_ok(vault_check_id(f->ref)));
    for (size_t j = 0; ok && j < i; j++) {
        ok = !sy_view_eq(f->name, def->fields[j].name);
    }
    return ok ? SY_OK : sy_status_of(SY_E_FIELD);
}

/* BOUNDARY: the definition comes from the ledger; the vault takes only what its format can hold. */
static sy_status check_def(const struct sy_dataset_def *def, struct sy_error *reterr)
{
    if (!sy_ok(vault_check_id(def->id)) || sy_view_is(def->id, "units") || def->n_fields == 0 ||
        def->n_fields > COLUMNS_MAX) {
        return sy_fail(reterr, SY_E_FIELD, "dataset", "the definition cannot be stored");
    }
    for (size_t i = 0; i < def->n_fields; i++) {
        SY_TRY(field_failed(check_field(def, i), def->fields[i].name,
                            "the field's name, type or namespace cannot be stored", reterr));
    }
    return SY_OK;
}

static sy_status make_folder(struct vault_writer *w)
{
    char dataset[65], attempt[33];
    sy_view_to_cstr(w->attempt.def->id, dataset, sizeof(dataset));
    randombytes_buf(w->id, sizeof(w->id));
    vault_hex(w->id, sizeof(w->id), attempt);
    SY_TRY(vault_folder(w->vault->data_fd, dataset, true, &w->folder_fd));
    return vault_folder(w->folder_fd, attempt, true, &w->fd);
}

static sy_status open_column(struct vault_writer *w, size_t i, struct sy_error *reterr)
{
    struct column_writer *c = &w->columns[i];
    c->fd = -1;
    c->def = &w->attempt.def->fields[i];
    c->head.version = w->attempt.version;
    memcpy(c->head.attempt, w->id, sizeof(w->id));
    w->n_columns = i + 1;
    sy_status s = column_writer_open(c, w->fd, i, w->attempt.def->id, &w->key);
    SY_TRY(field_failed(s, c->def->name, "the column cannot be made", reterr));
    if (c->type != COLUMN_UNIT) {
        return SY_OK;
    }
    SY_TRY(vault_map_take(w->vault, c->def->ref, &c->map, reterr));
    c->guest = w->attempt.guest;
    return SY_OK;
}

static sy_status begin(struct vault_writer *w, struct sy_error *reterr)
{
    const struct sy_dataset_def *def = w->attempt.def;
    SY_TRY(check_def(def, reterr));
    SY_TRY(vault_blame(vault_secret_random(VAULT_KEY_BYTES, &w->key), "version key", reterr));
    if (crypto_box_seal(w->wrapped, w->key.p, w->key.n, w->attempt.keys->pub) != 0) {
        return sy_fail(reterr, SY_E_FIELD, "keys.pub", "the dataset's public key is unusable");
    }
    w->columns = calloc(def->n_fields, sizeof(*w->columns));
    w->scratch = calloc(1, SCRATCH_BYTES);
    if (w->columns == NULL || w->scratch == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(vault_blame(make_folder(w), "data", reterr));
    for (size_t i = 0; i < def->n_fields; i++) {
        SY_TRY(open_column(w, i, reterr));
    }
    return SY_OK;
}

sy_status vault_writer_begin(struct vault *v, const struct vault_attempt *attempt,
                             struct vault_writer **ret, struct sy_error *reterr)
{
    struct vault_writer *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    w->vault = v;
    w->attempt = *attempt;
    w->fd = w->folder_fd = -1;
    sy_status s = begin(w, reterr);
    w->attempt.keys = NULL;
    if (!sy_ok(s)) {
        vault_writer_abort(w);
        return s;
    }
    *ret = w;
    return SY_OK;
}

const uint8_t *vault_writer_attempt(const struct vault_writer *w)
{
    return w->id;
}

uint64_t vault_writer_rows(const struct vault_writer *w)
{
    return w->rows;
}

/* --- batches ---------------------------------------------------------------------------------- */

static sy_status check_batch(const struct vault_writer *w, const struct sy_ingest_batch *batch,
                             struct sy_error *reterr)
{
    const struct sy_dataset_def *def = w->attempt.def;
    if (batch->rows > SY_MORSEL_ROWS || batch->n_columns != w->n_columns || batch->end) {
        return sy_fail(reterr, SY_E_DATA, "batch", "the batch has the wrong shape");
    }
    if (batch->rows > def->max_rows || w->rows > def->max_rows - batch->rows) {
        return sy_fail(reterr, SY_E_DATA, "max_rows", "the file has more rows than declared");
    }
    if (w->attempt.guest && w->rows + batch->rows > VAULT_GUEST_ROWS_MAX) {
        return sy_fail(reterr, SY_E_DATA, "max_rows", "own data has 1,048,576 rows at most");
    }
    for (size_t i = 0; i < w->n_columns; i++) {
        const char *why = "";
        sy_status s = column_check(&w->columns[i], &batch->columns[i], batch->rows, &why);
        SY_TRY(field_failed(s, def->fields[i].name, why, reterr));
    }
    return SY_OK;
}

sy_status vault_writer_add(struct vault_writer *w, const struct sy_ingest_batch *batch,
                           struct sy_error *reterr)
{
    SY_TRY(check_batch(w, batch, reterr));
    for (size_t i = 0; i < w->n_columns; i++) {
        sy_status s = column_add(&w->columns[i], &batch->columns[i], batch->rows, w->scratch);
        SY_TRY(field_failed(s, w->columns[i].def->name, sy_code_text(s.code), reterr));
    }
    w->rows += batch->rows;
    return SY_OK;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void free_writer(struct vault_writer *w)
{
    for (size_t i = 0; i < w->n_columns; i++) {
        column_writer_close(&w->columns[i]);
        vault_map_release(w->vault, w->columns[i].map);
    }
    if (w->scratch != NULL) {
        sodium_memzero(w->scratch, SCRATCH_BYTES);
    }
    free(w->scratch);
    free(w->columns);
    vault_secret_free(&w->key);
    sy_fd_close(&w->fd);
    sy_fd_close(&w->folder_fd);
    free(w);
}

/* What can occur in an answer is sized by the number of units that the catalogue declares. Guests, whom
 * a department may name later, do not count: who brings people along can't use up what departments have declared. Looked
 * at before any code is durable, so that a file with too many leaves none behind. */
static bool units_fit(const struct vault_writer *w)
{
    const struct sy_dataset_def *def = w->attempt.def;
    for (size_t i = 0; def->units > 0 && i < w->n_columns; i++) {
        const struct column_writer *c = &w->columns[i];
        if (c->map != NULL && sy_view_eq(c->def->ref, def->ns) &&
            vault_map_codes(c->map) - vault_map_guests(c->map) > def->units) {
            return false;
        }
    }
    return true;
}

static sy_status commit_units(struct vault_writer *w)
{
    for (size_t i = 0; i < w->n_columns; i++) {
        if (w->columns[i].map != NULL) {
            SY_TRY(vault_map_commit(w->vault, w->columns[i].map));
        }
    }
    return SY_OK;
}

static sy_status finish_columns(struct vault_writer *w, struct sy_arena *arena,
                                struct sy_dataset_version *version)
{
    version->columns = sy_arena_alloc(arena, w->n_columns, sizeof(*version->columns));
    version->dataset = sy_arena_copy(arena, w->attempt.def->id);
    if (version->columns == NULL || version->dataset.p == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    version->n_columns = w->n_columns;
    for (size_t i = 0; i < w->n_columns; i++) {
        version->columns[i].name = sy_arena_copy(arena, w->columns[i].def->name);
        if (version->columns[i].name.p == NULL) {
            return sy_status_of(SY_E_NO_MEMORY);
        }
        SY_TRY(column_finish(&w->columns[i], &version->columns[i]));
    }
    return SY_OK;
}

static sy_status finish(struct vault_writer *w, struct sy_arena *arena,
                        struct sy_dataset_version *version)
{
    SY_BUF_CLEANUP struct sy_buf file = sy_buf(VERSION_FILE_MAX_BYTES);
    SY_TRY(commit_units(w));
    SY_TRY(finish_columns(w, arena, version));
    SY_TRY(version_encode(version, w->wrapped, &file));
    SY_TRY(version_digest(sy_buf_view(&file), version->header));
    SY_TRY(sy_replace_file_at(w->fd, "version", sy_buf_view(&file), 0600));
    return vault_sync(w->folder_fd);
}

sy_status vault_writer_finish(struct vault_writer *w, struct sy_arena *arena,
                              struct sy_dataset_version *ret, struct sy_error *reterr)
{
    struct sy_dataset_version version = {
        .rows = w->rows, .suite = SY_SUITE_INTL, .version = w->attempt.version};
    memcpy(version.attempt, w->id, sizeof(version.attempt));
    memcpy(version.def, w->attempt.def_digest, sizeof(version.def));
    if (!units_fit(w)) {
        vault_writer_abort(w);
        return sy_fail(reterr, SY_E_DATA, "units",
                       "the namespace would hold more units than the catalogue entry declares");
    }
    sy_status s = finish(w, arena, &version);
    if (!sy_ok(s)) {
        vault_writer_abort(w);
        return vault_blame(s, "attempt", reterr);
    }
    free_writer(w);
    *ret = version;
    return SY_OK;
}

/* What cannot be removed now is removed by the next sweep. */
void vault_writer_abort(struct vault_writer *w)
{
    if (w == NULL) {
        return;
    }
    if (w->fd >= 0) {
        char attempt[33];
        vault_hex(w->id, sizeof(w->id), attempt);
        sy_status ignored = vault_remove_folder(w->folder_fd, attempt);
        (void)ignored;
    }
    free_writer(w);
}

/* --- sweeping --------------------------------------------------------------------------------- */

struct sweep {
    const struct sy_dataset_version *keep;
    size_t n_keep;
    struct sy_view dataset;
    uint64_t removed;
};

static bool is_kept(const struct sweep *sweep, const char *name)
{
    for (size_t i = 0; i < sweep->n_keep; i++) {
        char attempt[33];
        vault_hex(sweep->keep[i].attempt, sizeof(sweep->keep[i].attempt), attempt);
        if (sy_view_eq(sweep->keep[i].dataset, sweep->dataset) && strcmp(name, attempt) == 0) {
            return true;
        }
    }
    return false;
}

static sy_status sweep_attempt(void *ctx, int dirfd, const char *name)
{
    struct sweep *sweep = ctx;
    if (is_kept(sweep, name)) {
        return SY_OK;
    }
    SY_TRY(vault_remove_folder(dirfd, name));
    sweep->removed++;
    return SY_OK;
}

static sy_status sweep_dataset(void *ctx, int dirfd, const char *name)
{
    struct sweep *sweep = ctx;
    if (strcmp(name, "units") == 0) {
        return SY_OK;
    }
    SY_FD_CLEANUP int fd = -1;
    SY_TRY(vault_folder(dirfd, name, false, &fd));
    sweep->dataset = sy_view_str(name);
    return vault_walk(fd, sweep_attempt, sweep);
}

sy_status vault_sweep(struct vault *v, const struct sy_dataset_version *keep, size_t n_keep,
                      uint64_t *ret_removed, struct sy_error *reterr)
{
    struct sweep sweep = {keep, n_keep, {0}, 0};
    SY_TRY(vault_blame(vault_walk(v->data_fd, sweep_dataset, &sweep), "data", reterr));
    if (ret_removed != NULL) {
        *ret_removed = sweep.removed;
    }
    return SY_OK;
}
