/* What the commands about applications and agreements share (cmd_qualify.c). */
#ifndef CLI_QUALIFY_H
#define CLI_QUALIFY_H

#include "cli/compile.h"
#include "cli/out.h"
#include "wire/qualify.h"

/* One act on the thing that the only argument names: its id is the header's subject. 0, or an exit status after
 * printing. said: what was done, after the method. */
struct qualify_act {
    const char *method, *prefix;
    const struct sy_desc *desc;
    const void *args;
    const char *said;
};
int qualify_act(struct cli *c, const struct qualify_act *a);

/* The digest of the paper that --NAME names, a file or 64 hexadecimal digits; zero when it is not given and not
 * needed. False after printing. */
bool qualify_paper(struct cli *c, const char *name, bool need, uint8_t ret[32], int *ret_status);

/* Send what the profile's party says itself: `domain` points into args, where the profile's domain goes first. Its
 * id, by `hash` over the canonical args, is printed as `what`. */
struct qualify_say {
    const char *method, *what;
    const struct sy_desc *desc;
    void *args;
    uint8_t *domain;
    void (*hash)(uint8_t ret[32], struct sy_view args);
};
int qualify_say(struct cli *c, const struct qualify_say *s);

/* A row under `prefix` by its id, and the record inside its member `member`. 0, or an exit status after printing. */
int qualify_row(struct cli *c, const char *prefix, const uint8_t id[32], const struct sy_desc *desc,
                void *ret);

#endif
