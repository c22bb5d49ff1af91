-- block: staff
SELECT staff_id AS u, 1 AS f0
FROM second
WHERE programme = '下沉' AND year(start_date) = year($year_end::DATE)
