ALTER TABLE directory_report DROP CONSTRAINT fk_directory_report_directory_id_province_id;

DROP INDEX ix_directory_report_directory_id;

ALTER TABLE directory_report DROP COLUMN directory_id;

ALTER TABLE directory_report DROP COLUMN right_code;

ALTER TABLE directory_report DROP COLUMN right_name;

UPDATE directory_report SET kind = 'WRONG' WHERE kind not in ('MISSING', 'WRONG');

ALTER TABLE directory_report DROP CONSTRAINT ck_directory_report_kind_known;

ALTER TABLE directory_report ADD CONSTRAINT ck_directory_report_kind_known CHECK (kind in ('MISSING', 'WRONG'));
