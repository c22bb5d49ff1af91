/*
 * The reviewer's text of a plan: what it reads, what it outputs, by which mechanism, at what cost;
 * filters and joins in infix. Rendered by trusted code from the plan that will run, never from the
 * developer's text, and the same bytes on every machine.
 *
 * Threads: pure. Source: DESIGN section 4.1.
 */
#ifndef RULES_RENDER_H
#define RULES_RENDER_H

#include "base/buf.h"
#include "rules/plan_check.h"

enum { RULES_RENDER_MAX = 1 << 20 }; /* bytes of a text that is shown */

/* Append the text (UTF-8, "\n" lines, no tabs) to *b. c and facts: of one successful
 * rules_plan_check. Control characters in names and labels are shown as "?". SY_E_LIMIT past the
 * buffer's ceiling, SY_E_NO_MEMORY; *b may then hold a part. */
SY_MUST sy_status rules_plan_render(const struct rules_plan_case *c,
                                    const struct rules_plan_facts *facts, struct sy_arena *arena,
                                    struct sy_buf *b);

#endif
