-- block: residents
SELECT p.person_id AS u, 1 AS f0, if(p.person_id IN (SELECT person_id FROM fdc WHERE $year_end::DATE BETWEEN sign_date AND expiry), 1, 0) AS f1
FROM pop p
WHERE p.residence_type = '常住'
  AND $year_end::DATE BETWEEN p.valid_from AND coalesce(p.valid_to, $year_end::DATE)
