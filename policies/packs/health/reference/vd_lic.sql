-- block: doctors
SELECT staff_id AS u, 1 AS f0, if(licence IN ('执业助理', '执业医师'), 1, 0) AS f1
FROM staff
WHERE vd_flag AND $year_end::DATE BETWEEN hire_date AND coalesce(leave_date, $year_end::DATE)
