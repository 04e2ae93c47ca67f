-- Payments that are paid back the way they came, which only some kinds of payment can be, and payments of deposits.

create table refund_ways (
    payment_type text primary key,
    method text not null check (method in ('BANK_TRANSFER', 'CARD'))
);

insert into refund_ways (payment_type, method) values
    ('DD_FIRST_COLLECTION', 'BANK_TRANSFER'), ('DD_REGULAR_COLLECTION', 'BANK_TRANSFER'),
    ('DD_RE_PRESENTATION', 'BANK_TRANSFER'), ('DD_FINAL_COLLECTION', 'BANK_TRANSFER'),
    ('CREDIT_CARD', 'CARD'), ('DEBIT_CARD', 'CARD'), ('PREPAID_CARD', 'CARD');

alter table repayment_requests add constraint repayment_requests_payment_id_fkey
    foreign key (payment_id) references account_payments (id);

create index repayment_requests_payment on repayment_requests (payment_id) where payment_id is not null;

-- By which payments a deposit was collected. A key stands for one of them.
create table deposit_payments (
    agreement_id bigint not null references deposit_agreements (id),
    idempotency_key text not null,
    payment_id bigint not null references account_payments (id),
    primary key (agreement_id, idempotency_key),
    constraint deposit_payments_payment_key unique (payment_id)
);
