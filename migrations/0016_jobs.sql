-- Work for later. Whoever runs a job holds its row's lock for as long, in the same transaction as the work:
-- a server that dies gives the job back by losing its connection.
-- run_at is wall time. A slot names one turn of recurring work, so that many servers enqueue it once.

create table jobs (
    id bigint generated always as identity primary key,
    kind text not null,
    slot text,
    payload jsonb not null,
    status text not null default 'due' check (status in ('due', 'done', 'failed')),
    run_at timestamptz not null,
    attempts integer not null default 0 check (attempts >= 0),
    failure text,
    created_at timestamptz not null,
    finished_at timestamptz,
    constraint jobs_slot_key unique (kind, slot),
    check ((status = 'due') = (finished_at is null))
);

create index jobs_due on jobs (run_at, id) where status = 'due';
create index jobs_finished on jobs (finished_at) where status <> 'due';
