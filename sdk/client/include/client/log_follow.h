/*
 * From the log key that a profile pins to the one that signs today (shuyu_log_follow).
 *
 * Runs in: SDK. Trusts: the pinned log key together with the agency of the pinned domain's genesis. Holds:
 * nothing. May block: on the profile's files. Threads: no session may use the profile meanwhile.
 */
#ifndef CLIENT_LOG_FOLLOW_H
#define CLIENT_LOG_FOLLOW_H

#include "client/log_check.h"

/* Follow the hand-overs in the result of a log.keys, and pin the key that they lead to. *ret_n: how many were
 * followed. What is remembered of a log that was closed must be a beginning of it; `from` shows that. Errors as
 * shuyu_log_follow; the pins are unchanged then. */
SY_MUST sy_status client_log_follow(struct shuyu_profile *p, struct sy_view result,
                                    const struct client_growth *from, size_t *ret_n,
                                    struct sy_error *err);

#endif
