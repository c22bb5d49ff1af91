-- block: visits
WITH listed AS (
  SELECT DISTINCT c.icd10 FROM claim c, common_disease k WHERE c.icd10 >= k.lo AND c.icd10 <= k.hi)
SELECT person_id AS u, 1 AS f0, if(in_county, 1, 0) AS f1
FROM claim
WHERE year(visit_date) = year($year_end::DATE) AND icd10 IN (SELECT icd10 FROM listed)
