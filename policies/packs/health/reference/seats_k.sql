-- block: seats
SELECT 0 AS u, seats AS f0
FROM nurs
WHERE age_range = '3岁以下' AND status = '已备案' AND NOT filing_date > $year_end::DATE
-- block: pop
SELECT person_id AS u, 1 AS f0
FROM pop
WHERE residence_type = '常住'
  AND $year_end::DATE BETWEEN valid_from AND coalesce(valid_to, DATE '9999-12-31')
