-- block: posts
SELECT 0 AS u, CAST(term_years AS VARCHAR) AS k0, grassroots_post_quota AS f0
FROM post
WHERE year = year($year_end::DATE)
