-- block: stays
SELECT person_id AS u, 1 AS f0,
       CASE WHEN dis_dt - adm_dt < 1 THEN 1 WHEN dis_dt - adm_dt > 90 THEN 90 ELSE dis_dt - adm_dt END AS f1
FROM ipd
WHERE year(dis_dt) = year($year_end::DATE)
  AND org_id IN (SELECT org.org_id FROM org
                 WHERE org.level = '三级' AND ipd.dis_dt BETWEEN org.valid_from AND coalesce(org.valid_to, ipd.dis_dt)
                   AND org.kind IN ('综合', '中医', '妇幼', '传染', '精神', '专科'))
