-- The sums of each day on each account's finest level, with the conversions that are results.
WITH r AS (
    FROM performance UNION ALL BY NAME FROM conversions
    WHERE is_primary AND event IN ('purchase', 'lead', 'install', 'total')),
a AS (
    SELECT platform, account_id, campaign_id, ad_group_id, ad_id, currency, date_local,
        sum(COLUMNS(['spend', 'impressions_paid', 'clicks_platform', 'video_plays',
            'video_completions', 'conversions']))::DOUBLE AS '\0'
    FROM (FROM r QUALIFY rank() OVER (PARTITION BY platform, account_id ORDER BY level) = 1)
    GROUP BY ALL HAVING count(spend) > 0),
-- Platforms without video lack nothing.
v AS (SELECT platform, least(count(video_plays), count(video_completions)) AS n FROM a GROUP BY 1),
b AS (SELECT *, (SELECT min(n) > 0 FROM v) AS has_video FROM a)
SELECT * EXCLUDE has_video REPLACE (
    -- An account that counts conversions has 0 of them on a day without a row of them.
    coalesce(conversions, max(conversions) OVER (PARTITION BY platform, account_id) * 0)
        AS conversions,
    CASE WHEN has_video THEN video_plays END AS video_plays,
    CASE WHEN has_video THEN video_completions END AS video_completions,
    -- A row above the ads has no ad by design, and is about all of its ad group or campaign.
    CASE WHEN count(ad_id) OVER () > 0 THEN coalesce(
        ad_id, 'all of ad group ' || ad_group_id, 'all of campaign ' || campaign_id)
    END AS ad_id,
    CASE WHEN count(ad_group_id) OVER () > 0 THEN coalesce(
        ad_group_id, 'all of campaign ' || campaign_id)
    END AS ad_group_id)
FROM b
