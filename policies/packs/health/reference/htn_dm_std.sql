-- block: patients
SELECT DISTINCT n.person_id AS u, n.disease AS k0, 1 AS f0,
       CASE WHEN (SELECT count(*) FROM ncd_fu f
                  WHERE f.person_id = n.person_id AND f.disease = n.disease AND f.complete_flag
                    AND year(f.fu_date) = year($year_end::DATE)) > 3 THEN 1 ELSE 0 END AS f1
FROM ncd n
WHERE n.person_id IS NOT NULL
  AND NOT (n.enrol_date > $year_end::DATE OR coalesce(n.exit_date < $year_start::DATE, false))
