CREATE TABLE mod_loyalty_points__purchase (
    shop varchar(64) NOT NULL,
    purchase varchar(64) NOT NULL,
    customer varchar(128) NOT NULL,
    points bigint NOT NULL,
    granted_at bigint NOT NULL,
    PRIMARY KEY (shop, purchase)
);

CREATE INDEX mod_loyalty_points__purchase_customer
    ON mod_loyalty_points__purchase (shop, customer, granted_at);
