-- Delivery reports. What the embedded outbox carried has arrived where it is read.
alter table sms_message add column reported_at timestamp with time zone;
alter table sms_message drop constraint ck_sms_message_rule_2;
alter table sms_message drop constraint ck_sms_message_state_known;
update sms_message set state = 'DELIVERED', reported_at = sent_at where state = 'SENT' and receipt = 'outbox';
alter table sms_message add constraint ck_sms_message_rule_2
    check ((state in ('SENT', 'DELIVERED', 'UNDELIVERED')) = (sent_at is not null));
alter table sms_message add constraint ck_sms_message_rule_3
    check ((state in ('DELIVERED', 'UNDELIVERED')) = (reported_at is not null));
alter table sms_message add constraint ck_sms_message_state_known
    check (state in ('QUEUED', 'SENT', 'DELIVERED', 'UNDELIVERED', 'FAILED', 'CANCELLED'));
create index ix_sms_message_receipt on sms_message (receipt);

-- How many certificates or declarations there are is no longer called as how many people are.
update sms_message set params = (params - 'count') || jsonb_build_object('items', params -> 'count')
    where template in ('quota_expiring', 'declaration_closing') and params ? 'count';
update sms_template set body = replace(body, '{count}', '{items}'), variables = replace(variables, 'count', 'items')
    where key in ('quota_expiring', 'declaration_closing');

-- What operators write between braces is Chinese; how they have worded the rest stays.
do $$
declare
    pair record;
begin
    for pair in select * from (values
        ('username', '账号'), ('password', '密码'), ('certificate', '证书'), ('count', '人数'),
        ('reason', '原因'), ('year', '年度'), ('site', '考点'), ('result', '结果'),
        ('subject', '科目'), ('plan', '考试计划'), ('code', '验证码'), ('minutes', '分钟'),
        ('school', '院校'), ('answer', '答复'), ('items', '项数'), ('left', '剩余人数'),
        ('batch', '批次'), ('until', '截止时间')
    ) as v (key, name) loop
        update sms_template set body = replace(body, '{' || pair.key || '}', '{' || pair.name || '}')
            where strpos(body, '{' || pair.key || '}') > 0;
        update sms_template set variables = array_to_string(
                array_replace(string_to_array(variables, '、'), pair.key, pair.name), '、')
            where pair.key = any (string_to_array(variables, '、'));
    end loop;
end $$;

-- Files sent ahead of a form. What is there already stays.
alter table stored_file add column standing varchar(24) default 'KEPT' not null;
alter table stored_file add constraint ck_stored_file_standing_known check (standing in ('AHEAD', 'KEPT', 'GOING'));
create index ix_stored_file_standing_created_at on stored_file (standing, created_at);
