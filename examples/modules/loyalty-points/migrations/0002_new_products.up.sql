CREATE TABLE mod_loyalty_points__new_product (
    shop varchar(64) NOT NULL,
    product_id varchar(64) NOT NULL,
    handle varchar(255) NOT NULL,
    published_at bigint NOT NULL,
    PRIMARY KEY (shop, product_id)
);
