-- The tables of a client's store, besides the landed and the unified ones.
CREATE SCHEMA IF NOT EXISTS landed;
CREATE TABLE IF NOT EXISTS ingested (
    platform VARCHAR, relation VARCHAR, name VARCHAR, sha256 VARCHAR, num_rows BIGINT,
    first_day DATE, last_day DATE, number INTEGER, call INTEGER, notes VARCHAR[],
    open_totals STRUCT(measure VARCHAR, told DECIMAL(38,6), rows DECIMAL(38,6))[],
    replaced_by INTEGER,
    PRIMARY KEY (platform, relation, sha256));
CREATE TABLE IF NOT EXISTS defined (platform VARCHAR PRIMARY KEY, text VARCHAR);
CREATE TABLE IF NOT EXISTS fetched (
    platform VARCHAR, account VARCHAR, first_day DATE, last_day DATE,
    PRIMARY KEY (platform, account));
CREATE TABLE IF NOT EXISTS touched (platform VARCHAR, day DATE, PRIMARY KEY (platform, day));
