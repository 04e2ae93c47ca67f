-- Why a charge or a credit was made. Reasons differ by market and are retired rather than removed,
-- because old transactions go on naming them. Rows come from the market data files.

create table charge_reasons (
    market text not null,
    code text not null,
    display text not null,
    is_deprecated boolean not null default false,
    is_tax_exempt boolean not null default false,
    is_hidden boolean not null default false,
    reason_group text not null default '',
    primary key (market, code)
);

create table credit_reasons (like charge_reasons including all);
