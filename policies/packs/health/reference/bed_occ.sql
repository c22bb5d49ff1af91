-- block: beds
SELECT 0 AS u, occupied_bed_days AS f0, staffed_beds AS f1
FROM bed
WHERE year(date) = year($year_end::DATE)
  AND org_id IN (SELECT o.org_id FROM org o
                 WHERE o.kind IN ('综合', '中医', '传染', '精神', '专科')
                   AND bed.date BETWEEN o.valid_from AND coalesce(o.valid_to, bed.date))
