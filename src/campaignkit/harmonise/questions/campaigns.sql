-- One row for each campaign, ad group or ad and period, with what was targeted and its sums. Next
-- to each amount stands <amount>_chi2: how its rates of single weeks scatter around that of the
-- period, as sum((y - r e)^2 / e); weeks less 1 are its degrees of freedom.
WITH r AS (
    SELECT *, CAST(date_trunc('{period}', date_local) AS DATE) AS period,
        date_trunc('week', date_local) AS week
    FROM (FROM performance UNION ALL BY NAME FROM conversions WHERE is_primary)
    WHERE level <= '{level}'),  -- in the order of the alphabet: ad, ad_group, campaign
t AS (
    SELECT {key}, list_sort(list_distinct(list(COLUMNS('^({told})$')))) AS '\0'
    FROM r GROUP BY {key}),
w AS (
    SELECT {key}, week, sum(COLUMNS('^(spend|{measures})$'))::DOUBLE AS '\0',
        sum(conversions) FILTER (event = 'purchase')::DOUBLE AS purchases,
        sum(conversions) FILTER (event = 'lead')::DOUBLE AS leads,
        sum(conversions) FILTER (event = 'install')::DOUBLE AS installs,
        sum(conversions) FILTER (event = 'total')::DOUBLE AS total_conversions,
        sum(conversion_value) FILTER (event = 'purchase')::DOUBLE AS "value",
        sum(conversion_value) FILTER (event = 'total')::DOUBLE AS total_value
    FROM r GROUP BY {key}, week),
-- In the order of weeks: floats that are added up in another differ in the last digit.
s AS (
    SELECT {key}, count(*) FILTER (spend > 0) AS weeks,
        list_sum(list(COLUMNS('^(spend|{amounts})$') ORDER BY week)) AS '\0',
        greatest(
            list_sum(list(COLUMNS('^({amounts})$') * COLUMNS('^({amounts})$') / spend
                ORDER BY week) FILTER (spend > 0))
            - list_sum(list(COLUMNS('^({amounts})$') ORDER BY week))
            * list_sum(list(COLUMNS('^({amounts})$') ORDER BY week))
            / list_sum(list(spend ORDER BY week)), 0) AS '\0_chi2'
    FROM w GROUP BY {key})
SELECT * FROM t JOIN s USING ({key}) ORDER BY {key}
