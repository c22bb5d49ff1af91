-- block: patients
SELECT n.person_id AS u, 1 AS f0
FROM ncd n
WHERE NOT (n.enrol_date > $year_end::DATE OR coalesce(n.exit_date < $year_start::DATE, false))
