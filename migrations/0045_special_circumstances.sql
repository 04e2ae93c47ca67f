-- What makes a customer vulnerable, as a market's register knows it. A kind is called as it is on the wire; what passes
-- by itself has a last day. A circumstance that ended, or was told anew, keeps its row.

create table circumstance_kinds (
    market text not null,
    name text not null,
    code text not null,
    summary text not null,
    is_temporary boolean not null default false,
    primary key (market, name),
    unique (market, code)
);

insert into circumstance_kinds (market, name, code, summary) values
    ('gb', 'nebuliser', '1', 'Uses a nebuliser or apnoea monitor'),
    ('gb', 'heartLungMachine', '2', 'Depends on a heart or lung machine or a ventilator'),
    ('gb', 'kidneyDialysis', '3', 'Depends on dialysis, a feeding pump or automated medication'),
    ('gb', 'oxygenConcentrator', '4', 'Depends on an oxygen concentrator'),
    ('gb', 'blind', '8', 'Is blind'),
    ('gb', 'partialSighted', '9', 'Is partially sighted'),
    ('gb', 'stairLift', '12', 'Needs a stair lift, hoist or electric bed'),
    ('gb', 'elderly', '14', 'Is of pensionable age'),
    ('gb', 'physicalImpairment', '15', 'Has a physical impairment'),
    ('gb', 'foreignLanguageSpeaker', '17', 'Speaks another language'),
    ('gb', 'developmentalCondition', '18', 'Has a developmental condition'),
    ('gb', 'restrictedMovement', '19', 'Can hardly come to the door'),
    ('gb', 'dementia', '20', 'Lives with dementia'),
    ('gb', 'chronicSeriousIllness', '22', 'Has a chronic or serious illness'),
    ('gb', 'mdeElectricShowering', '23', 'Depends on electric showering for medical reasons'),
    ('gb', 'carelineTelecareSystem', '24', 'Has a careline or telecare system'),
    ('gb', 'medicineRefrigeration', '25', 'Keeps medicine in a refrigerator'),
    ('gb', 'oxygenUse', '26', 'Uses oxygen'),
    ('gb', 'poorSenseOfSmell', '27', 'Has a poor sense of smell'),
    ('gb', 'restrictedHandMovement', '28', 'Can hardly use their hands'),
    ('gb', 'mentalHealth', '30', 'Has a mental health condition'),
    ('gb', 'additionalPresencePreferred', '31', 'Would rather not be alone with visitors'),
    ('gb', 'hearingImpairment', '35', 'Is deaf or hard of hearing'),
    ('gb', 'speechImpairment', '36', 'Has a speech impairment'),
    ('gb', 'waterDependent', '37', 'Depends on water for medical reasons');

insert into circumstance_kinds (market, name, code, summary, is_temporary) values
    ('gb', 'familiesWithYoungChildren5OrUnder', '29', 'Has children of five or younger', true),
    ('gb', 'temporaryLifeChanges', '32', 'Goes through changes in their life', true),
    ('gb', 'temporaryPostHospitalRecovery', '33', 'Recovers after a stay in hospital', true),
    ('gb', 'temporaryYoungAdultHouseholder', '34', 'Keeps house as a young adult', true);

create table special_circumstances (
    id bigint generated always as identity (start with 73001) primary key,
    account_user_id bigint not null references account_users (id),
    market text not null,
    name text not null,
    detail text,
    last_day date,
    by_kind text not null,
    by_id bigint not null,
    created_at timestamptz not null,
    ended_at timestamptz,
    foreign key (market, name) references circumstance_kinds (market, name)
);

create unique index special_circumstances_current on special_circumstances (account_user_id, market, name)
    where ended_at is null;

-- Whether those who run the networks may be told; unknown until the customer says so.
alter table account_users add column shares_circumstances boolean;
