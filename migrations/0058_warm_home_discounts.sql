-- The British discount on winter's electricity for households on a low income: one scheme each winter, for which a
-- household applies once.

-- Applications are taken from opens_on and before closes_on.
create table warm_home_discount_schemes (
    code text primary key,
    opens_on date not null,
    closes_on date not null check (closes_on > opens_on),
    amount bigint not null check (amount > 0),
    constraint warm_home_discount_schemes_no_overlap exclude using gist (daterange(opens_on, closes_on) with &&)
);

insert into warm_home_discount_schemes (code, opens_on, closes_on, amount)
select year || '-' || lpad(((year + 1) % 100)::text, 2, '0'), make_date(year, 10, 1), make_date(year + 1, 4, 1), 15000
from generate_series(2022, 2060) year;

-- On what grounds a household applies, and what else it must show: any of the components that are listed for it.
create table warm_home_discount_criteria (
    code text primary key,
    components text[] not null
);

insert into warm_home_discount_criteria (code, components) values
    ('SAVINGS_ELEMENT_OF_PENSION_CREDIT', '{}'),
    ('COUNCIL_TAX_REDUCTION', '{AGE_THRESHOLD,HAS_DISABILITY,INCOME_RELATED_BENEFITS}'),
    ('INCOME_SUPPORT', '{PENSIONER_PREMIUM,DISABILITY_BENEFITS,DISABLED_CHILD_ELEMENT,DEPENDENT_CHILD_UNDER_FIVE}'),
    ('JOB_SEEKERS_ALLOWANCE',
        '{PENSIONER_PREMIUM,DISABILITY_BENEFITS,DISABLED_CHILD_ELEMENT,DEPENDENT_CHILD_UNDER_FIVE,JOB_SEEKER_ALLOWANCE}'),
    ('EMPLOYMENT_AND_SUPPORT_ALLOWANCE',
        '{SUPPORT_GROUP_COMPONENT,PENSIONER_PREMIUM,DISABILITY_BENEFITS,DISABLED_CHILD_ELEMENT,DEPENDENT_CHILD_UNDER_FIVE}'),
    ('WORKING_TAX_CREDIT', '{INCOME_THRESHOLD,HAS_DISABILITY,DISABLED_CHILD_ELEMENT,DEPENDENT_CHILD_UNDER_FIVE}'),
    ('HOUSING_BENEFIT',
        '{PENSIONER_PREMIUM,HAS_DISABILITY,DISABILITY_BENEFITS,DISABLED_CHILD_ELEMENT,DEPENDENT_CHILD_UNDER_FIVE,
        DEPENDENT_CHILD_OVER_FIVE}'),
    ('CHILD_TAX_CREDIT', '{INCOME_THRESHOLD,CHILD_ELEMENT_BENEFIT,DISABLED_CHILD_ELEMENT,DEPENDENT_CHILD_UNDER_FIVE}'),
    ('UNIVERSAL_CREDIT',
        '{LIMITED_CAPABILITY_FOR_WORK,CARERS_ELEMENT,CHILD_ELEMENT_BENEFIT,DISABLED_CHILD_ELEMENT,
        DEPENDENT_CHILD_UNDER_FIVE,IN_EMPLOYMENT}'),
    ('LOW_INCOME_THRESHOLD',
        '{PERSONAL_INDEPENDENCE_PAYMENTS,ADULT_DISABILITY_PAYMENT,DISABILITY_BENEFITS,HAS_DISABILITY,AGE_THRESHOLD,
        MATERNITY_EXEMPTION_CERTIFICATE,MEDICAL_EXEMPTION_CERTIFICATE,WAR_PENSION_EXEMPTION_CERTIFICATE,
        SERVED_IN_ARMED_FORCE,DEPENDENT_CHILD_UNDER_FIVE,DEPENDENT_CHILD_OVER_FIVE}');

create table warm_home_discount_applications (
    id bigint generated always as identity (start with 76001) primary key,
    account_id bigint not null references accounts (id),
    scheme text not null references warm_home_discount_schemes (code),
    criteria text not null references warm_home_discount_criteria (code),
    component text,
    status text not null default 'RECEIVED' check (status in ('RECEIVED', 'GRANTED', 'REFUSED')),
    applied_at timestamptz not null,
    applied_by_kind text not null,
    applied_by_id bigint not null,
    decided_at timestamptz,
    transaction_id bigint references transactions (id),
    constraint warm_home_discount_applications_once unique (account_id, scheme),
    constraint warm_home_discount_applications_transaction_key unique (transaction_id),
    check ((status = 'RECEIVED') = (decided_at is null)),
    check ((status = 'GRANTED') = (transaction_id is not null))
);

create index warm_home_discount_applications_open on warm_home_discount_applications (applied_at)
    where status = 'RECEIVED';
