-- The language that an account's holder prefers to be written to in; none is that of the market. What triggers send has words
-- in more than one language where somebody may prefer another: English everywhere.

alter table accounts add column preferred_language text check (preferred_language in ('en', 'de', 'ja'));

alter table trigger_templates
    add column language text not null default 'en' check (language in ('en', 'de', 'ja')),
    drop constraint trigger_templates_key;
update trigger_templates set language = case market when 'de' then 'de' else 'ja' end where market in ('de', 'jp');
alter table trigger_templates
    alter column language drop default,
    add constraint trigger_templates_key unique (trigger_type_id, market, channel, language);

insert into trigger_templates (trigger_type_id, market, channel, language, template, subject, body)
select own.trigger_type_id, own.market, own.channel, english.language, english.template, english.subject, english.body
from trigger_templates own
    join trigger_templates english on english.trigger_type_id = own.trigger_type_id and english.channel = own.channel
        and english.market = 'gb'
where own.market in ('de', 'jp');
