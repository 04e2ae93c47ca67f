-- Portfolios can be part of others, of the same brand. Nothing is above itself.

alter table portfolios
    drop constraint portfolios_parent_id_fkey,
    add constraint portfolios_id_brand_key unique (id, brand),
    add constraint portfolios_parent_of_brand foreign key (parent_id, brand) references portfolios (id, brand);

create index portfolios_parent on portfolios (parent_id) where parent_id is not null;

create function refuse_portfolio_circle() returns trigger language plpgsql as $$
begin
    -- Two who move portfolios at once could close a circle of which each sees only a half.
    perform pg_advisory_xact_lock(hashtext('portfolio tree'));
    if exists (
        with recursive above (id) as (
            select new.parent_id
            union
            select p.parent_id from above join portfolios p on p.id = above.id where p.parent_id is not null
        )
        select 1 from above where above.id = new.id
    ) then
        raise exception 'portfolio % would be above itself', new.id
            using errcode = 'check_violation', constraint = 'portfolios_no_circle';
    end if;
    return new;
end $$;

create trigger portfolios_no_circle before insert or update of parent_id on portfolios
    for each row when (new.parent_id is not null) execute function refuse_portfolio_circle();

-- What other systems call a portfolio. Which systems there are is a brand's matter (brands come from data files, after
-- the migrations). In a namespace a portfolio has one reference, and a reference is one portfolio's.
create table portfolio_reference_namespaces (
    brand text not null,
    code text not null check (code ~ '^[A-Z][A-Z0-9_]*$'),
    primary key (brand, code)
);

insert into portfolio_reference_namespaces (brand, code)
    select brand, code
    from unnest('{OCTOPUS_ENERGY,COOP_ENERGY,OCTOPUS_ENERGY_GERMANY,TG_OCTOPUS_ENERGY,ORIGIN,ORIGIN_ZERO,OCTOPUS_ENERGY_US}'::text[])
        as brand, unnest('{CRM,LEGACY_BILLING}'::text[]) as code
    union all
    select unnest('{ORIGIN,ORIGIN_ZERO}'::text[]), 'SAP';

create table portfolio_references (
    portfolio_id bigint not null,
    brand text not null,
    namespace text not null,
    value text not null check (value <> ''),
    created_at timestamptz not null,
    primary key (portfolio_id, namespace),
    constraint portfolio_references_value_key unique (namespace, value),
    constraint portfolio_references_namespace_fkey foreign key (brand, namespace)
        references portfolio_reference_namespaces (brand, code),
    foreign key (portfolio_id, brand) references portfolios (id, brand)
);
