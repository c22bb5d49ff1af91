-- block: posts
SELECT 0 AS u, establishment_quota AS f0
FROM post
WHERE year = year($year_end::DATE)
  AND org_id IN (SELECT o.org_id FROM org o WHERE o.kind = '卫生院' AND $year_end::DATE BETWEEN o.valid_from AND coalesce(o.valid_to, $year_end::DATE))
-- block: pop
SELECT person_id AS u, 1 AS f0
FROM pop
WHERE residence_type = '常住'
  AND $year_end::DATE BETWEEN valid_from AND coalesce(valid_to, DATE '9999-12-31')
