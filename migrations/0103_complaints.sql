-- Complaints: what customers are unhappy about, each time that they say so, and what was done. What somebody complains of
-- again before it is settled is the same complaint.

create table complaint_types (
    type text not null,
    -- Empty where it is not said more closely.
    subtype text not null,
    primary key (type, subtype)
);
insert into complaint_types (type, subtype)
select kind, subtype from (values
    ('BILLING', '{"",ESTIMATED_BILL,INCORRECT_BILL,LATE_BILL,UNCLEAR_BILL}'::text[]),
    ('CUSTOMER_SERVICE', '{"",ADVICE,BEHAVIOUR,NO_CALL_BACK,WAITING_TIME}'),
    ('DEBT', '{"",AGENCY,DISCONNECTION,REPAYMENT_PLAN}'),
    ('METERING', '{"",FAULTY_METER,METER_EXCHANGE,SMART_METER}'),
    ('MOVING', '{"",MOVE_IN,MOVE_OUT}'),
    ('PAYMENTS', '{"",DIRECT_DEBIT,REFUND}'),
    ('PRIVACY', '{""}'),
    ('SALES', '{"",MISLEADING_SALE,UNWANTED_CONTACT}'),
    ('SUPPLY', '{"",INTERRUPTION,QUALITY}'),
    ('SWITCHING', '{"",DELAYED_SWITCH,ERRONEOUS_SWITCH}')
) as known (kind, subtypes) cross join unnest(subtypes) as subtype;

create table complaints (
    -- What `complaint` asks by has 32 bits.
    id integer generated always as identity (start with 120001) primary key,
    account_id bigint not null references accounts (id),
    type text not null,
    subtype text not null,
    is_official boolean not null default false,
    assignee_id bigint references support_users (id),
    -- Days of the account's market.
    opened_on date not null,
    resolved_on date,
    by_kind text not null,
    by_id bigint not null,
    created_at timestamptz not null,
    constraint complaints_type_fkey foreign key (type, subtype) references complaint_types (type, subtype),
    check (resolved_on >= opened_on)
);
create index complaints_account on complaints (account_id, opened_on, id);
create unique index complaints_open on complaints (account_id, type, subtype) where resolved_on is null;

create table complaint_contacts (
    id bigint generated always as identity (start with 121001) primary key,
    complaint_id integer not null references complaints (id),
    -- Whoever complained, as they were known then.
    name text not null,
    email text,
    mobile text,
    landline text,
    preferred_method text,
    source text not null,
    summary text,
    status text not null,
    action_taken text not null,
    by_kind text not null,
    by_id bigint not null,
    created_at timestamptz not null,
    constraint complaint_contacts_method_check check (preferred_method in ('EMAIL', 'LETTER', 'PHONE', 'SMS')),
    constraint complaint_contacts_source_check
        check (source in ('TELEPHONE', 'ONLINE', 'PERSON', 'POST', 'SOCIAL_MEDIA', 'CUSTOMER_SURVEY')),
    constraint complaint_contacts_status_check check (status in ('OPEN', 'IN_PROGRESS', 'RESOLVED'))
);
create index complaint_contacts_complaint on complaint_contacts (complaint_id, id);
