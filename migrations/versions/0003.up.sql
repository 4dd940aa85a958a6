ALTER TABLE directory_report ADD COLUMN right_name VARCHAR(100);

ALTER TABLE directory_report ADD COLUMN right_code VARCHAR(10);

ALTER TABLE directory_report ADD COLUMN directory_id BIGINT;

CREATE INDEX ix_directory_report_directory_id ON directory_report (directory_id);

ALTER TABLE directory_report ADD CONSTRAINT fk_directory_report_directory_id_province_id FOREIGN KEY(directory_id, province_id) REFERENCES school_directory (id, province_id) ON DELETE RESTRICT;

ALTER TABLE directory_report DROP CONSTRAINT ck_directory_report_kind_known;

ALTER TABLE directory_report ADD CONSTRAINT ck_directory_report_kind_known CHECK (kind in ('MISSING', 'WRONG', 'NAME', 'CODE', 'CLOSED', 'OTHER'));
