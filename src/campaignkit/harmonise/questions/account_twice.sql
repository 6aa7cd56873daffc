-- Accounts of the same amounts on nine of ten days, and on five at least. Equal budgets alone make
-- equal spend, not equal impressions.
WITH a AS (
    SELECT platform, account_id, date_local AS day, sum(spend) AS s, sum(impressions_paid) AS i
    FROM performance WHERE account_id <> 'unknown' GROUP BY ALL HAVING s > 0),
n AS (SELECT *, count(*) OVER (PARTITION BY platform, account_id) AS days FROM a),
two AS (
    SELECT x.platform AS p, x.account_id AS one, y.platform AS q, y.account_id AS other,
        count(*) AS same
    FROM n x JOIN n y ON x.day = y.day AND x.s = y.s AND x.i IS NOT DISTINCT FROM y.i
        AND (x.platform, x.account_id) < (y.platform, y.account_id)
    GROUP BY ALL
    HAVING same >= greatest(5, 0.9 * least(any_value(x.days), any_value(y.days))))
SELECT same,
    format('account {} of {} and account {} of {} have the same spend and impressions on {:,} days: '
        'both count', one, p, other, q, same),
    {'accounts': [[p, one], [q, other]]}
FROM two ORDER BY p, one, q, other
