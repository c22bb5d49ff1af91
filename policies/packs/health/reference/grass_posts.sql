-- block: posts
SELECT 0 AS u, grassroots_post_quota AS f0, establishment_quota AS f1
FROM post
WHERE year = year($year_end::DATE)
  AND org_id IN (SELECT o.org_id FROM org o WHERE o.ccm_lead AND $year_end::DATE BETWEEN o.valid_from AND coalesce(o.valid_to, $year_end::DATE))
