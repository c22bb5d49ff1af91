-- block: visits
SELECT person_id AS u, 1 AS f0, if(appointment_flag, 1, 0) AS f1
FROM opd
WHERE kind <> '急诊' AND year(visit_dt) = year($year_end::DATE)
