-- block: cases
SELECT person_id AS u, 1 AS f0
FROM idr
WHERE disease_code = '肺结核' AND year(diagnosed) = year($year_end::DATE)
-- block: pop
SELECT person_id AS u, 1 AS f0
FROM (SELECT *, make_date(year($year_start::DATE), 7, 1) AS mid FROM pop)
WHERE residence_type = '常住' AND mid BETWEEN valid_from AND coalesce(valid_to, DATE '9999-12-31')
