-- block: paid
SELECT person_id AS u, CAST(month(paid_date) AS VARCHAR) AS k0, 1 AS f0
FROM claim
WHERE year(paid_date) = year($year_end::DATE) AND dip_code IS NOT NULL
-- block: acts
SELECT 0 AS u, CAST(month(date) AS VARCHAR) AS k0, if(item_code = 'DIP预拨付', 1, 0) AS f0,
       if(item_code = 'DIP月度预结算', 1, 0) AS f1, if(item_code = 'DIP年度清算', 1, 0) AS f2
FROM ledger
WHERE status = '生效' AND year(date) = year($year_end::DATE)
