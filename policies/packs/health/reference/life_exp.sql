-- block: deaths
SELECT pop.person_id AS u, life_bands.band AS k0, pop.sex AS k1, 1 AS f0
FROM pop, death, life_bands
WHERE death.person_id = pop.person_id
  AND year(death.death_date) = year($year_end::DATE)
  AND pop.residence_type = '常住'
  AND death.death_date BETWEEN pop.valid_from AND coalesce(pop.valid_to, death.death_date)
  AND death.age_years >= life_bands.lo AND death.age_years <= life_bands.hi
-- block: pop
WITH aged AS (
  SELECT person_id, sex,
         year(mid) - year(birth_date)
         - CASE WHEN month(birth_date) * 100 + day(birth_date) > month(mid) * 100 + day(mid) THEN 1 ELSE 0 END AS age
  FROM (SELECT *, make_date(year($year_start::DATE), 7, 1) AS mid FROM pop)
  WHERE residence_type = '常住' AND birth_date <= mid
    AND valid_from <= mid AND coalesce(valid_to, mid) >= mid)
SELECT aged.person_id AS u, band AS k0, sex AS k1, 1 AS f0
FROM aged, life_bands
WHERE aged.age >= life_bands.lo AND aged.age <= life_bands.hi
-- block: bands
SELECT 0 AS u, band AS k0, lo AS f0, width AS f1, ax AS f2
FROM life_bands
