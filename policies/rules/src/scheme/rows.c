/* Descriptors of the scheme's rows, generated from rules/rows_scheme.h. */
#include "rules/rows_scheme.h"

/* ---- common ---- */
#define SY_T struct sy_row_standing
SY_RECORD_DESC(row_standing, SY_ROW_STANDING_FIELDS)
#undef SY_T

/* ---- staff ---- */

/* ---- qualification ---- */
#define SY_T struct sy_row_applicant
SY_RECORD_DESC(row_applicant, SY_ROW_APPLICANT_FIELDS)
#undef SY_T

/* ---- catalogue ---- */

/* ---- applications ---- */

/* ---- products ---- */

/* ---- supervision ---- */
