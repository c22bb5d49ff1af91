/*
 * Ending a dataset for good. Invariants: its keys go before its files, so that whatever a crash leaves of the
 * files opens for nobody; every step is done again without harm, and OK means that nothing is left of any.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "vault/dataset.h"
#include "vault_state.h"

/* --- keys --------------------------------------------------------------------------------------- */

/* What the key store has of a dataset under its own name (vault/store.h). */
static const char *const ITEMS[] = {"dataset", "custodian", "department"};
enum { N_ITEMS = sizeof(ITEMS) / sizeof(ITEMS[0]) };

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

static sy_status erase_deposit(void *ctx, int dirfd, const char *name)
{
    const struct vault_name *end = ctx;
    bool its = strncmp(name, "deposit:", strlen("deposit:")) == 0 && ends_with(name, end->s);
    return its ? vault_erase_file(dirfd, name) : SY_OK;
}

static sy_status erase_keys(const struct vault *v, struct sy_view dataset)
{
    struct vault_name end = vault_name(":%.*s%s", SY_PV(dataset), v->items.suffix);
    for (size_t i = 0; i < N_ITEMS; i++) {
        SY_TRY(vault_shelf_erase(&v->items, vault_name("%s:%.*s", ITEMS[i], SY_PV(dataset)).s));
    }
    return vault_walk(v->items.dirfd, erase_deposit, &end);
}

/* --- files -------------------------------------------------------------------------------------- */

static sy_status erase_file(void *ctx, int dirfd, const char *name)
{
    (void)ctx;
    return vault_erase_file(dirfd, name);
}

static sy_status remove_empty(int dirfd, const char *name)
{
    return unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT
               ? SY_OK
               : sy_fail_errno(NULL, errno, "remove folder");
}

static sy_status erase_attempt(void *ctx, int dirfd, const char *name)
{
    SY_FD_CLEANUP int fd = -1;
    (void)ctx;
    SY_TRY(vault_folder(dirfd, name, false, &fd));
    SY_TRY(vault_walk(fd, erase_file, NULL));
    return remove_empty(dirfd, name);
}

static sy_status erase_files(const struct vault *v, struct sy_view dataset)
{
    SY_FD_CLEANUP int fd = -1;
    struct vault_name name = vault_name("%.*s", SY_PV(dataset));
    sy_status s = vault_folder(v->data_fd, name.s, false, &fd);
    if (s.code == SY_E_NOT_FOUND) {
        return SY_OK;
    }
    SY_TRY(s);
    SY_TRY(vault_walk(fd, erase_attempt, NULL));
    SY_TRY(remove_empty(v->data_fd, name.s));
    return vault_sync(v->data_fd);
}

sy_status vault_dataset_shred(struct vault *v, struct sy_view dataset, struct sy_error *reterr)
{
    /* BOUNDARY: the identifier becomes names of files, and "units" is no dataset's folder. */
    if (!sy_ok(vault_check_id(dataset)) || sy_view_is(dataset, "units")) {
        return sy_fail(reterr, SY_E_FIELD, "dataset", "this is no dataset's identifier");
    }
    SY_TRY(vault_blame(erase_keys(v, dataset), "keys", reterr));
    return vault_blame(erase_files(v, dataset), "data", reterr);
}

bool vault_dataset_is_there(const struct vault *v, struct sy_view dataset)
{
    if (!sy_ok(vault_check_id(dataset))) {
        return false;
    }
    struct vault_name name = vault_name("%.*s", SY_PV(dataset));
    bool there = faccessat(v->data_fd, name.s, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    for (size_t i = 0; i < N_ITEMS; i++) {
        there = there || vault_shelf_has(&v->items, vault_name("%s:%s", ITEMS[i], name.s).s);
    }
    return there;
}
