-- block: beds
SELECT 0 AS u, staffed_beds AS f0, if(dept = '妇产科' OR dept = '儿科', staffed_beds, 0) AS f1
FROM bed
WHERE date = $year_end::DATE AND org_id IN (SELECT o.org_id FROM org o WHERE o.kind = '妇幼' AND $year_end::DATE BETWEEN o.valid_from AND coalesce(o.valid_to, $year_end::DATE))
