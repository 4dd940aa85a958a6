"""Settings: safe defaults, refused nonsense, keys that are made once and never shown."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from config import DEFAULT_DATA_DIR, Settings, reset_settings, settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only what a test sets; the data folder is the test's own."""
    for name in ("DATABASE_URL", "PORT", "PANEL_PRODUCTION", "PANEL_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "var"))


def test_the_plain_names_of_other_systems_are_read_without_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8123")
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg:///panel")
    assert (Settings().port, Settings().database_url) == (8123, "postgresql+psycopg:///panel")


def test_an_empty_database_url_means_the_embedded_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    assert Settings().database_url is None


def test_our_own_names_carry_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANEL_SUB_ACCOUNTS", "7")
    assert Settings().sub_accounts == 7


def test_the_data_folder_does_not_depend_on_the_working_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANEL_SECRET_KEY", "x")
    monkeypatch.delenv("DATA_DIR")
    assert Settings.model_fields["data_dir"].default == DEFAULT_DATA_DIR
    assert DEFAULT_DATA_DIR.is_absolute()


def test_a_limit_of_the_domain_has_the_domain_s_value() -> None:
    """R4, R7, R18, R47, R48, R118 and 6.1 as written."""
    made = Settings()
    assert (made.login_failures, made.login_failure_minutes, made.login_lock_minutes) == (5, 15, 15)
    assert (made.sms_code_minutes, made.sms_code_tries, made.sms_interval_seconds, made.sms_per_day) == (
        5,
        5,
        60,
        10,
    )
    assert (made.upload_xlsx_bytes, made.upload_xlsx_rows) == (100 * 1024**2, 200_000)
    assert (made.upload_zip_bytes, made.upload_zip_files, made.upload_photo_bytes) == (
        2 * 1024**3,
        20_000,
        5 * 1024**2,
    )
    assert (made.batch_signing_limit, made.sub_accounts) == (5_000, 50)


def test_settings_cannot_be_changed_after_start() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(Settings(), "port", 1)  # noqa: B010 - typed as read-only, which is the point


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_a_rescue_threshold_near_the_heartbeat_is_refused_because_a_job_would_run_twice() -> None:
    with pytest.raises(ValidationError, match="runs twice"):
        Settings(worker_heartbeat_seconds=30, worker_rescue_seconds=60)


@pytest.mark.parametrize("choice", ["sms", "identity"])
def test_a_vendor_s_adapter_without_its_credentials_is_refused(choice: str) -> None:
    with pytest.raises(ValidationError, match=f"{choice}=tencent needs tencent_secret_id"):
        Settings.model_validate({choice: "tencent"})


def test_login_links_work_outside_production_only_unless_set() -> None:
    keys = {"secret_key": "s", "jwt_key": "j", "personal_data_key": base64.b64encode(bytes(64)).decode()}
    assert Settings().login_link_allowed
    assert not Settings.model_validate({"production": True, **keys}).login_link_allowed
    assert Settings.model_validate(
        {"production": True, "login_link_allowed": True, **keys}
    ).login_link_allowed


class TestKeys:
    def test_they_are_made_on_the_first_start_and_read_on_the_next(self, tmp_path: Path) -> None:
        first, second = Settings(), Settings()
        assert first.secret_key == second.secret_key
        assert len(first.personal_data_key.get_secret_value()) == 64
        folder = tmp_path / "var" / "keys"
        assert {path.name for path in folder.iterdir()} == {"secret_key", "jwt_key", "personal_data_key"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700

    def test_processes_that_start_together_agree_on_them(self) -> None:
        with ThreadPoolExecutor(8) as pool:
            made = [future.result() for future in [pool.submit(Settings) for _ in range(16)]]
        assert len({one.secret_key.get_secret_value() for one in made}) == 1

    def test_the_environment_goes_before_the_folder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PANEL_SECRET_KEY", "from outside")
        assert Settings().secret_key.get_secret_value() == "from outside"

    def test_production_makes_none_up(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PANEL_PRODUCTION", "true")
        with pytest.raises(ValidationError, match="personal_data_key"):
            Settings()
        assert not (tmp_path / "var").exists()

    def test_a_personal_data_key_of_the_wrong_length_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PANEL_PERSONAL_DATA_KEY", base64.b64encode(bytes(32)).decode())
        with pytest.raises(ValidationError, match="must hold 64 bytes"):
            Settings()

    def test_they_do_not_appear_when_settings_are_printed(self) -> None:
        made = Settings()
        assert made.secret_key.get_secret_value() not in repr(made)


def test_the_shared_settings_are_read_once_until_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    reset_settings()
    before = settings()
    monkeypatch.setenv("PORT", "8999")
    assert settings() is before
    reset_settings()
    assert settings().port == 8999
    reset_settings()
