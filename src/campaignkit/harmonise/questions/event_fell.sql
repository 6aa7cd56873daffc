-- The first day on which a week's conversions are a fifth or less of what its spend had brought in
-- the week before, campaign by campaign; of fewer than 30 a fall may be chance.
WITH s AS (
    SELECT platform, account_id, campaign_id, date_local AS day, sum(spend)::DOUBLE AS s
    FROM performance GROUP BY ALL),
c AS (
    SELECT platform, account_id, campaign_id, event, date_local AS day,
        sum(conversions)::DOUBLE AS n
    FROM conversions WHERE is_primary GROUP BY ALL),
e AS (SELECT DISTINCT platform, account_id, campaign_id, event FROM c WHERE n > 0),
d AS (
    SELECT e.*, day, s, coalesce(n, 0) AS n FROM e
    JOIN s USING (platform, account_id, campaign_id)
    LEFT JOIN c USING (platform, account_id, campaign_id, event, day)),
w AS (
    SELECT *, sum(n) OVER b AS n0, sum(s) OVER b AS s0, sum(n) OVER a AS n1, sum(s) OVER a AS s1
    FROM d WINDOW
        own AS (PARTITION BY platform, account_id, campaign_id, event ORDER BY day),
        b AS (own RANGE BETWEEN INTERVAL 7 DAY PRECEDING AND INTERVAL 1 DAY PRECEDING),
        a AS (own RANGE BETWEEN CURRENT ROW AND INTERVAL 6 DAY FOLLOWING)),
f AS (
    SELECT platform, account_id, event, day, round(sum(n1), 3) AS found,
        round(sum(n0 * least(s1 / s0, 1)), 3) AS expected
    FROM w WHERE s0 > 0 GROUP BY platform, account_id, event, day
    HAVING expected >= 30 AND found <= 0.2 * expected AND sum(n) <= 0.2 * expected / 7
    QUALIFY row_number() OVER (PARTITION BY platform, account_id, event ORDER BY day) = 1)
SELECT 7,
    format('{} of account {} of {} fell to {:,.0f} in the week from {}, where the spend would have '
        'brought {:,.0f}', event, account_id, platform, found, day::VARCHAR, expected),
    {'day': day::VARCHAR, 'found': found, 'expected': expected}
FROM f ORDER BY platform, account_id, event
