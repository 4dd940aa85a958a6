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
        update sms_template set body = replace(body, '{' || pair.name || '}', '{' || pair.key || '}')
            where strpos(body, '{' || pair.name || '}') > 0;
        update sms_template set variables = array_to_string(
                array_replace(string_to_array(variables, '、'), pair.name, pair.key), '、')
            where pair.name = any (string_to_array(variables, '、'));
    end loop;
end $$;
update sms_template set body = replace(body, '{items}', '{count}'), variables = replace(variables, 'items', 'count')
    where key in ('quota_expiring', 'declaration_closing');
update sms_message set params = (params - 'items') || jsonb_build_object('count', params -> 'items')
    where template in ('quota_expiring', 'declaration_closing') and params ? 'items';

drop index ix_sms_message_receipt;
alter table sms_message drop constraint ck_sms_message_rule_2;
alter table sms_message drop constraint ck_sms_message_rule_3;
alter table sms_message drop constraint ck_sms_message_state_known;
update sms_message set state = 'SENT' where state in ('DELIVERED', 'UNDELIVERED');
alter table sms_message add constraint ck_sms_message_rule_2 check ((state = 'SENT') = (sent_at is not null));
alter table sms_message add constraint ck_sms_message_state_known
    check (state in ('QUEUED', 'SENT', 'FAILED', 'CANCELLED'));
alter table sms_message drop column reported_at;

alter table stored_file drop column standing;
drop table person_mobile;
