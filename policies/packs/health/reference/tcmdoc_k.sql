-- block: staff
SELECT staff_id AS u, 1 AS f0
FROM staff
WHERE practice_class = '中医' AND licence IN ('执业助理', '执业医师')
  AND $year_end::DATE BETWEEN hire_date AND coalesce(leave_date, $year_end::DATE)
-- block: pop
SELECT person_id AS u, 1 AS f0
FROM pop
WHERE residence_type = '常住'
  AND $year_end::DATE BETWEEN valid_from AND coalesce(valid_to, DATE '9999-12-31')
