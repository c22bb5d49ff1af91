/*
 * One call, free of I/O: from a request to its envelope, and from a response to a verified reply.
 * The blocking and the asynchronous client both drive exactly this.
 *
 * Runs in: SDK. Trusts: the profile's pins, nobody else; every byte of a response is judged here.
 * Holds: the request's arguments until the call ends. May block: on the profile's small files.
 * Threads: one at a time.
 */
#ifndef CLIENT_CALL_H
#define CLIENT_CALL_H

#include "client/profile.h"
#include "wire/event.h"
#include "wire/rpc.h"

enum { CLIENT_LIFE_S = 300 /* of an envelope */ };

/* Frames of a domain: at most four levels and a few values, whatever their size. */
extern const struct sy_mp_limits CLIENT_FRAME_LIMITS;

struct client_call {
    struct shuyu_profile *profile; /* borrowed */
    struct sy_arena arena;         /* copies of args and ids */
    struct sy_buf envelope;        /* the same bytes for every repetition */
    struct proof_envelope parsed;  /* of it: header and header bytes */
    struct sy_view args;
    char method[65];
    struct proof_tree seen; /* the largest checkpoint known when it was made */
    uint64_t
        first; /* entries in the logs before the one that was pinned when it was made: its own is not in those */
};

/* May this profile make this request? SY_E_STATE, SY_E_FIELD, SY_E_USAGE. */
SY_MUST sy_status client_request_sound(const struct shuyu_profile *p, const shuyu_request *r,
                                       struct sy_error *err);
/* Its header, but for context, suite, nonce and body. */
void client_header_fill(const struct shuyu_profile *p, const shuyu_request *r, int64_t expiry,
                        struct sy_header *h);

/* Sign and seal. now_s: UTC seconds. SY_E_STATE (profile not pinned), SY_E_FIELD, SY_E_NO_MEMORY.
 * */
SY_MUST sy_status client_call_new(struct shuyu_profile *p, const shuyu_request *request,
                                  int64_t now_s, struct client_call **ret, struct sy_error *err);
/* The same with another signing key (PROOF_SECRET_BYTES) before the profile's own: of keys that follow another's. NULL:
 * none. */
SY_MUST sy_status client_call_new_by(struct shuyu_profile *p, const shuyu_request *request,
                                     const uint8_t *sender, int64_t now_s, struct client_call **ret,
                                     struct sy_error *err);
/* Wipes the arguments. NULL-safe. */
void client_call_free(struct client_call *c);

/* Append the request frame [0, id, method, [envelope]]. */
SY_MUST sy_status client_call_frame(const struct client_call *c, uint32_t id, struct sy_buf *b);

/*
 * Judge a response frame: open and verify. OK: *ret is the reply. A refusal: its code, *err says
 * why, and *ret is set when the refusal is proven. Anything that does not hold: a CRYPTO or USAGE
 * code, *ret NULL.
 */
SY_MUST sy_status client_call_judge(struct client_call *c, const struct sy_rpc_msg *response,
                                    shuyu_reply **ret, struct sy_error *err);

/* Is this a refusal after which the same envelope should be sent again? */
static inline bool client_repeat(int32_t code)
{
    return code == SY_E_BUSY || code == SY_E_STOPPING;
}

#endif
