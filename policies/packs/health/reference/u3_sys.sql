-- block: children
SELECT u, 1 AS f0, CASE WHEN n > 1 OR (n > 0 AND young) THEN 1 ELSE 0 END AS f1
FROM (SELECT p.person_id AS u, p.birth_date + INTERVAL 6 MONTH > $year_end::DATE AS young,
             (SELECT count(*) FROM child c
              WHERE c.child_id = p.person_id AND c.growth_flag
                AND c.visit_date >= $year_start AND c.visit_date <= $year_end) AS n
      FROM pop p
      WHERE p.residence_type = '常住'
        AND $year_end::DATE BETWEEN p.valid_from AND coalesce(p.valid_to, $year_end::DATE)
        AND p.birth_date <= $year_end::DATE AND p.birth_date + INTERVAL 36 MONTH > $year_end::DATE)
