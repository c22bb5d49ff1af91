-- block: deaths
SELECT person_id AS u, 1 AS f0
FROM death
WHERE maternal_flag
  AND death_date BETWEEN ($year_start::DATE - INTERVAL 4 YEAR)::DATE AND $year_end::DATE
-- block: births
SELECT child_id AS u, 1 AS f0
FROM birth
WHERE live_birth
  AND birth_dt BETWEEN ($year_start::DATE - INTERVAL 4 YEAR)::DATE AND $year_end::DATE
-- block: official
SELECT 0 AS u, 1 AS f0, value AS f1
FROM official
WHERE indicator = 'mmr' AND area = '兖州区' AND year = year($year_end::DATE)
