-- Gaps of a week at most, between weeks with rows on six of seven days, on which another account
-- has rows. More than two gaps of an account are a schedule.
WITH a AS (SELECT DISTINCT platform, account_id, date_local AS day FROM performance),
d AS (
    SELECT *, min(day) OVER own AS first, max(day) OVER own AS last,
        count(*) OVER (by_day RANGE BETWEEN INTERVAL 6 DAY PRECEDING AND CURRENT ROW) AS before,
        count(*) OVER (by_day RANGE BETWEEN CURRENT ROW AND INTERVAL 6 DAY FOLLOWING) AS after
    FROM a WINDOW own AS (PARTITION BY platform, account_id), by_day AS (own ORDER BY day)),
s AS (
    SELECT *, before >= 6 / 7 * least(day - first + 1, 7) AS ends,
        after >= 6 / 7 * least(last - day + 1, 7) AS starts
    FROM d),
n AS (
    SELECT *, lead(day) OVER w AS next, lead(starts) OVER w AS goes_on
    FROM s WINDOW w AS (PARTITION BY platform, account_id ORDER BY day)),
g AS (
    SELECT *, count(*) OVER (PARTITION BY platform, account_id) AS gaps
    FROM n WHERE next - day BETWEEN 2 AND 8 AND ends AND goes_on),
m AS (
    SELECT platform, account_id, day + CAST(unnest(range(1, next - day)) AS INTEGER) AS day
    FROM g WHERE gaps <= 2),
l AS (
    SELECT platform, account_id, list(day::VARCHAR ORDER BY day) AS days FROM m
    WHERE EXISTS (FROM a WHERE a.account_id <> m.account_id AND a.day = m.day) GROUP BY ALL)
SELECT len(days),
    format('account {} of {} has no row on {} day{} on which others have: {}{}', account_id,
        platform, len(days), if(len(days) > 1, 's', ''), days[1],
        if(len(days) > 1, ' to ' || days[-1], '')),
    {'days': days}
FROM l ORDER BY platform, account_id
