-- block: deaths
SELECT person_id AS u, if(death_date < $year_start::DATE, '5', '1') AS k0, 1 AS f0
FROM death
WHERE age_years < 1
  AND death_date BETWEEN ($year_start::DATE - INTERVAL 4 YEAR)::DATE AND $year_end::DATE
-- block: births
SELECT child_id AS u, if(birth_dt < $year_start::DATE, '5', '1') AS k0, 1 AS f0
FROM birth
WHERE live_birth
  AND birth_dt BETWEEN ($year_start::DATE - INTERVAL 4 YEAR)::DATE AND $year_end::DATE
