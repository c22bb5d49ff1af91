-- block: children
SELECT p.person_id AS u, 1 AS f0,
       CASE WHEN (SELECT count(DISTINCT s.vaccine_code)
                  FROM epi_schedule s
                  WHERE EXISTS (SELECT 1 FROM imm i
                                WHERE i.child_id = p.person_id AND i.vaccine_code = s.vaccine_code
                                  AND i.dose_no >= s.doses AND i.date <= $year_end::DATE)) >= 8
            THEN 1 ELSE 0 END AS f1
FROM pop p
WHERE p.residence_type = '常住'
  AND $year_end::DATE BETWEEN p.valid_from AND coalesce(p.valid_to, $year_end::DATE)
  AND year(p.birth_date) = year($year_end::DATE) - 2
