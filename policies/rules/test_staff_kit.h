/* A domain whose pack has a rota of staff, for the tests of the scheme: members with keys of their own, who sign. */
#ifndef RULES_TEST_STAFF_KIT_H
#define RULES_TEST_STAFF_KIT_H

#include "test_kit.h"
#include "wire/staff.h"

enum { ROTA_MEMBERS = 16, ROTA_DAYS = 365, DAY_S = 86400 };

struct rota {
    struct kit k;
    struct kit_party members[ROTA_MEMBERS]; /* keys; id: of the member */
    size_t n;
    const struct rules_request *last; /* that was sent */
};

/* kit_catalogue, then this section of the pack (version 2). */
void rota_init(struct rota *r, const struct sy_pack_staff *terms);
/* Another version of the pack with this section; NULL: without. By the agency's own key; its code. */
int32_t rota_adopt(struct rota *r, const struct sy_pack_staff *terms);
struct kit_party *rota_keys(struct rota *r,
                            const char *id); /* of a member; made when there are none */
void rota_box(const struct kit_party *p, uint8_t ret[32]); /* the member's box key */
struct sy_new_keys rota_new_keys(const struct kit_party *p);

/* An invitation of `party`, to be changed before it is used. duties: words with blanks between. */
struct sy_staff_invite rota_invite(struct rota *r, const char *party, const char *id,
                                   const char *duties);
/* staff.enrol by it, with the keys of rota_keys(id); by: who signs the invitation. */
int32_t rota_enrol(struct rota *r, const struct sy_staff_invite *v, const struct kit_party *by);
/* Invited by the party's own key and enrolled; must be allowed. */
void rota_join(struct rota *r, const char *party, const char *id, const char *duties);

/* A request of `party`, signed by these in this order (second: NULL, or another), over the first one's certificate. */
struct rota_act {
    const char *party, *method;
    const struct sy_desc *desc;
    const void *args;
    const uint8_t *grant, *subject;
    const struct kit_party *by, *with;
};
struct rules_request *rota_request(struct rota *r, const struct rota_act *a);
int32_t rota_send(struct rota *r, const struct rota_act *a);

/* staff.train of a member by another, and staff.revoke. */
int32_t rota_train(struct rota *r, const char *party, const char *id, const char *by,
                   bool confidential);
int32_t rota_revoke(struct rota *r, const char *party, const char *id, const struct kit_party *by);
/* scene.apply of the kit's proposal by acme's member; the scene's name makes it another one. */
int32_t rota_apply(struct rota *r, const char *scene, const char *by);

#endif
