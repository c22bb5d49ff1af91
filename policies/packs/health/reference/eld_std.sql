-- block: residents
SELECT p.person_id AS u, 1 AS f0,
       CAST(EXISTS (SELECT 1 FROM elder e
                    WHERE e.person_id = p.person_id AND year(e.exam_date) = year($year_end::DATE)
                      AND (lifestyle_flag AND physical_flag) AND (lab_flag AND guidance_flag)) AS INTEGER) AS f1
FROM pop p
WHERE p.residence_type = '常住' AND p.birth_date + INTERVAL 65 YEAR <= $year_end::DATE
  AND $year_end::DATE BETWEEN p.valid_from AND coalesce(p.valid_to, $year_end::DATE)
