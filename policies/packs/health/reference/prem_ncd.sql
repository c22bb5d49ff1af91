-- block: deaths
SELECT death.person_id AS u, life_bands.band AS k0, 1 AS f0
FROM death, pop, icd, life_bands
WHERE pop.person_id = death.person_id AND pop.residence_type = '常住'
  AND NOT (pop.valid_from > death.death_date OR coalesce(pop.valid_to < death.death_date, false))
  AND year(death.death_date) = year($year_end::DATE)
  AND death.age_years >= 30 AND death.age_years < 70
  AND icd.ncd_group <> '其他'
  AND icd.lo <= death.underlying_icd10 AND icd.hi >= death.underlying_icd10
  AND life_bands.lo <= death.age_years AND life_bands.hi >= death.age_years
-- block: pop
WITH aged AS (
  SELECT person_id, sex,
         year(mid) - year(birth_date)
         - CASE WHEN month(birth_date) * 100 + day(birth_date) > month(mid) * 100 + day(mid) THEN 1 ELSE 0 END AS age
  FROM (SELECT *, make_date(year($year_start::DATE), 7, 1) AS mid FROM pop)
  WHERE residence_type = '常住' AND birth_date <= mid
    AND valid_from <= mid AND coalesce(valid_to, mid) >= mid)
SELECT aged.person_id AS u, band AS k0, 1 AS f0
FROM aged, life_bands
WHERE aged.age >= life_bands.lo AND aged.age <= life_bands.hi
-- block: bands
SELECT 0 AS u, band AS k0, 1 AS f0
FROM life_bands
WHERE lo >= 30 AND lo < 66 AND width = 5
