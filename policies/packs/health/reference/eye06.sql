-- block: residents
SELECT p.person_id AS u, 1 AS f0, if(p.person_id IN (SELECT child_id FROM child WHERE eye_vision_flag AND visit_date BETWEEN $year_start::DATE AND $year_end::DATE), 1, 0) AS f1
FROM pop p
WHERE p.residence_type = '常住' AND p.birth_date <= $year_end::DATE AND p.birth_date + INTERVAL 7 YEAR > $year_end::DATE
  AND $year_end::DATE BETWEEN p.valid_from AND coalesce(p.valid_to, $year_end::DATE)
