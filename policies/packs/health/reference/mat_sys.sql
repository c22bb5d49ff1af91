-- block: women
SELECT m.woman_id AS u, 1 AS f0
FROM mat m, mat_visit v
WHERE v.woman_id = m.woman_id AND m.live_births > 0 AND m.book_gest_wk <= 12
  AND m.delivery_dt >= $year_start AND m.delivery_dt <= $year_end
GROUP BY m.woman_id, m.delivery_dt
HAVING count(DISTINCT v.visit_date) FILTER (v.kind = 'anc' AND v.visit_date >= m.book_date
                                            AND v.visit_date <= m.delivery_dt) > 4
   AND count(DISTINCT v.visit_date) FILTER (v.kind = 'pnc' AND v.visit_date - m.delivery_dt BETWEEN 0 AND 28) > 0
-- block: births
SELECT child_id AS u, 1 AS f0
FROM birth
WHERE live_birth AND birth_dt >= $year_start AND birth_dt <= $year_end
