-- block: contracts
SELECT person_id AS u, 1 AS f0, if(team_tcm_flag, 1, 0) AS f1
FROM fdc
WHERE $year_end::DATE BETWEEN sign_date AND expiry
