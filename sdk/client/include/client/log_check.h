/*
 * What a profile remembers of a log that was closed, against its last checkpoint (log_check.c; shuyu_log_follow).
 *
 * Runs in: SDK. Trusts: the profile's folder; what was followed of the closes. Holds: nothing. May block: on files, and
 * where `ask` does. Threads: no session may use the profile meanwhile.
 */
#ifndef CLIENT_LOG_CHECK_H
#define CLIENT_LOG_CHECK_H

#include "client/closed.h"

/* Who answers log.growth for the log of this name: *ret in the arena, not looked at yet. */
struct client_growth {
    void *ctx;
    sy_status (*ask)(void *ctx, struct sy_view log, uint64_t since, struct sy_arena *arena,
                     struct sy_view *ret, struct sy_error *err);
};

/*
 * Is everything that the profile remembers of this log (its files `seen` and `checked`) a beginning of what was closed?
 * pins: those that will be, with the log's keys. *ret_known: its last checkpoint is what is kept of it already.
 * SY_E_ROLLBACK: it is not, and the file `fork` is evidence where notes were kept; SY_E_TAMPERED: a file is
 * damaged; errors of `ask`, and of a checkpoint that the closed log's key did not sign.
 */
SY_MUST sy_status client_closed_check(const struct shuyu_profile *p, const struct client_pins *pins,
                                      const struct client_closed *closed,
                                      const struct client_growth *from, bool *ret_known,
                                      struct sy_error *err);

/* Keep the closed log's last checkpoint, a verified note, as what was checked of it last. */
SY_MUST sy_status client_closed_keep(const struct shuyu_profile *p, const struct client_pins *pins,
                                     const struct client_closed *closed, struct sy_view note,
                                     struct sy_error *err);

#endif
