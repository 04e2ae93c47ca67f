-- By what each ledger is paid from a day on: by an instruction, or by hand. The latest that has begun holds. A preference
-- takes the place of those for the same day and later.

create table payment_preferences (
    id bigint generated always as identity (start with 53001) primary key,
    ledger_id bigint not null references ledgers (id),
    -- Without one the customer pays by hand.
    instruction_id bigint references payment_instructions (id),
    from_day date not null,
    -- When that day begins where the customer is.
    from_at timestamptz not null,
    created_at timestamptz not null,
    made_by_kind text not null,
    made_by_id bigint not null,
    replaced_at timestamptz
);

create unique index payment_preferences_once_a_day on payment_preferences (ledger_id, from_day) where replaced_at is null;
