-- Business time is wall time plus this offset. It lives in the database so that every server process
-- agrees on the day. Entering demo mode is the one moment at which it may go back: a demo world begins
-- in the past and is then told forwards.

create table platform_clock (
    only_row boolean primary key default true check (only_row),
    demo_mode boolean not null default false,
    offset_micros bigint not null default 0
);

insert into platform_clock default values;

create function platform_clock_moves_forward() returns trigger language plpgsql as $$
begin
    if new.offset_micros <> old.offset_micros and not new.demo_mode then
        raise exception 'business time moves only in demo mode'
            using errcode = 'check_violation', constraint = 'platform_clock_needs_demo_mode';
    end if;
    if new.offset_micros < old.offset_micros and old.demo_mode then
        raise exception 'business time never moves back'
            using errcode = 'check_violation', constraint = 'platform_clock_moves_forward';
    end if;
    return new;
end $$;

create trigger platform_clock_moves_forward before update on platform_clock
    for each row execute function platform_clock_moves_forward();
