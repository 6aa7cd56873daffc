-- The unified tables: places, amounts by place and day, and what is told of them.
CREATE TABLE IF NOT EXISTS place (
    place_id UBIGINT, place_key VARCHAR, level VARCHAR, platform VARCHAR,
    account_id VARCHAR, campaign_id VARCHAR, ad_group_id VARCHAR, ad_id VARCHAR,
    report_tz VARCHAR, currency VARCHAR,
    device VARCHAR, os VARCHAR, placement VARCHAR, geo_raw VARCHAR,
    in_account UBIGINT, in_campaign UBIGINT, in_ad_group UBIGINT,
    up_campaign UBIGINT, up_ad_group UBIGINT);
CREATE TABLE IF NOT EXISTS performance_fact (
    place_id UBIGINT, date_local DATE, spend DECIMAL(18,6),
    impressions_paid BIGINT, impressions_earned BIGINT, clicks_platform BIGINT, clicks_link BIGINT,
    video_plays BIGINT, video_p25 BIGINT, video_p50 BIGINT, video_p75 BIGINT,
    video_completions BIGINT);
CREATE TABLE IF NOT EXISTS conversion_fact (
    place_id UBIGINT, date_local DATE, event_own VARCHAR, click_days INTEGER, view_days INTEGER,
    time_basis VARCHAR, count DECIMAL(18,6), value DECIMAL(18,6), view_through DECIMAL(18,6));
CREATE TABLE IF NOT EXISTS reach_fact (place_id UBIGINT, date_local DATE, reach BIGINT);
CREATE TABLE IF NOT EXISTS covered (
    platform VARCHAR, level VARCHAR, in_account UBIGINT, date_local DATE, extracted_at TIMESTAMP);
CREATE TABLE IF NOT EXISTS described (
    platform VARCHAR, kind VARCHAR, id VARCHAR, in_group VARCHAR, creative_id VARCHAR,
    account_name VARCHAR, campaign_name VARCHAR, ad_group_name VARCHAR, ad_name VARCHAR,
    objective_raw VARCHAR, channel_raw VARCHAR, conversion_event VARCHAR, targeting VARCHAR,
    age VARCHAR, gender VARCHAR, geo VARCHAR, placement_targeted VARCHAR, creative_text VARCHAR,
    creative_format VARCHAR, landing_url VARCHAR);
CREATE TABLE IF NOT EXISTS events (
    platform VARCHAR, event_own VARCHAR, event VARCHAR, rank INTEGER);
CREATE TABLE IF NOT EXISTS click_kinds (platform VARCHAR, click_kind VARCHAR);
CREATE TABLE IF NOT EXISTS sources (
    platform VARCHAR, level VARCHAR, made VARCHAR, relation VARCHAR);
CREATE TABLE IF NOT EXISTS parents (platform VARCHAR, kind VARCHAR, id VARCHAR, digest VARCHAR);
CREATE TABLE IF NOT EXISTS stated (
    platform VARCHAR, account_id VARCHAR, currency VARCHAR, PRIMARY KEY (platform, account_id));
CREATE TABLE IF NOT EXISTS totals (
    platform VARCHAR, level VARCHAR, day DATE, has_hours BOOLEAN, currency VARCHAR,
    measure VARCHAR, source DECIMAL(38,6), harmonised DECIMAL(38,6), uncovered DECIMAL(38,6),
    num_rounded BIGINT);
CREATE VIEW IF NOT EXISTS closing AS
    SELECT platform, level, CASE WHEN NOT has_hours THEN day END AS day, currency, measure,
        sum(source) AS source, sum(harmonised) AS harmonised, sum(uncovered) AS uncovered,
        sum(num_rounded) AS num_rounded
    FROM totals GROUP BY ALL;
CREATE TABLE IF NOT EXISTS notes (platform VARCHAR, about VARCHAR, note VARCHAR);
CREATE TABLE IF NOT EXISTS state (platform VARCHAR PRIMARY KEY, digest VARCHAR);
