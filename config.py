"""Every limit, window, key and adapter choice of the platform, typed, with a safe default.

Values come from the environment (`PANEL_UPLOAD_PHOTO_BYTES=…`; `DATABASE_URL`, `PORT` and `DATA_DIR`, which
other systems set for us, have no prefix), then from DATA_DIR/keys for the secret keys. Nothing else reads
the environment. Rules the business may change at run time are rows (Parameter), not settings.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    SecretBytes,
    SecretStr,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

KB, MB, GB = 1024, 1024**2, 1024**3
DEFAULT_DATA_DIR = Path(__file__).resolve().parent / "var"
PERSONAL_DATA_KEY_BYTES = 64  # AES-256-SIV takes two keys of 32 bytes


def _decoded_key(value: object) -> object:
    """A binary key is written as base64, in the environment as in its file."""
    if not isinstance(value, str):
        return value
    try:
        key = base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError("must be base64") from error
    if len(key) != PERSONAL_DATA_KEY_BYTES:
        raise ValueError(f"must hold {PERSONAL_DATA_KEY_BYTES} bytes, holds {len(key)}")
    return key


def plain(name: str, default: Any, description: str) -> Any:
    """A setting known to other systems by a name without our prefix; code may still pass it by field name."""
    return Field(default, validation_alias=AliasChoices(name, name.lower()), description=description)


class Settings(BaseSettings):
    """One immutable object; read it through `settings()`."""

    model_config = SettingsConfigDict(
        env_prefix="PANEL_", frozen=True, env_ignore_empty=True, extra="ignore", populate_by_name=True
    )

    # Where it runs
    database_url: str | None = plain(
        "DATABASE_URL", None, "PostgreSQL to use; none = the embedded server in data_dir"
    )
    admin_database_url: str | None = Field(
        None, description="Administrator's address of the same database, for `panel init` and migrations only"
    )
    data_dir: Annotated[Path, AfterValidator(Path.absolute)] = plain(
        "DATA_DIR", DEFAULT_DATA_DIR, "Folder of everything we write: database, files, keys, logs"
    )
    port: int = plain("PORT", 8000, "TCP port of the web server")
    host: str = Field("127.0.0.1", description="Address the web server listens on")
    public_url: str = Field("", description="Address people reach us by (QR codes); empty = http://host:port")
    production: bool = Field(False, description="Production: no key is made up, no login link")
    trusted_proxies: int = Field(
        0, ge=0, description="Number of reverse proxies whose X-Forwarded-* we believe"
    )
    time_zone: str = Field("Asia/Shanghai", description="Zone in which every window and date is meant (D11)")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level that is logged"
    )
    web_threads: int = Field(16, ge=1, description="Threads of the one web process")
    database_pool_size: int = Field(20, ge=1, description="Database connections kept open by one process")

    # Keys (from the environment in production; made on first start otherwise)
    secret_key: SecretStr = Field(description="Signs sessions, CSRF tokens and download links")
    jwt_key: SecretStr = Field(description="Signs the bearer tokens of the REST API")
    personal_data_key: Annotated[SecretBytes, BeforeValidator(_decoded_key)] = Field(
        description="Encrypts ID numbers and mobiles (AES-SIV, 64 bytes, base64; D10)"
    )

    # Uploads (6.1, R18, R47, R48, R122)
    upload_xlsx_bytes: int = Field(100 * MB, gt=0, description="Largest workbook accepted")
    upload_xlsx_rows: int = Field(200_000, gt=0, description="Most rows in one workbook")
    upload_xlsx_expanded_bytes: int = Field(
        600 * MB, gt=0, description="Largest sum of a workbook's unpacked parts"
    )
    upload_xlsx_entries: int = Field(1_000, gt=0, description="Most parts inside a workbook")
    sheet_reader_memory_bytes: int = Field(
        GB, gt=0, description="Address space of the child that reads a workbook"
    )
    upload_zip_bytes: int = Field(2 * GB, gt=0, description="Largest photo archive accepted")
    upload_zip_files: int = Field(20_000, gt=0, description="Most files in one photo archive")
    upload_photo_bytes: int = Field(5 * MB, gt=0, description="Largest single photo")
    upload_photo_pixels: int = Field(
        25_000_000, gt=0, description="Most pixels a photo may claim before decoding"
    )
    upload_support_bytes: int = Field(20 * MB, gt=0, description="Largest supporting file")
    upload_support_files: int = Field(5, gt=0, description="Most supporting files of one declaration or site")
    upload_seal_bytes: int = Field(MB, gt=0, description="Largest seal picture")
    upload_unsaved_hours: int = Field(
        72, gt=0, description="Hours a file that was sent ahead of its form stays when nothing is saved"
    )
    request_body_bytes: int = Field(
        8 * MB, gt=0, description="Largest request body where no upload is expected"
    )

    # Login and codes (R3–R7)
    login_failures: int = Field(5, gt=0, description="Wrong passwords that lock an account")
    login_failure_minutes: int = Field(
        15, gt=0, description="Minutes within which wrong passwords are counted"
    )
    login_lock_minutes: int = Field(15, gt=0, description="Minutes an account stays locked")
    login_link_allowed: bool = Field(
        default_factory=lambda given: not given.get("production", False),
        description="Whether `panel login-link` works; default: only outside production",
    )
    second_factor_required: bool = Field(
        default_factory=lambda given: given.get("production", False),
        description="Whether platform, province and signing accounts must have one-time codes; else they may",
    )
    second_factor_minutes: int = Field(
        5, gt=0, description="Minutes between a right password and its one-time code"
    )
    login_link_minutes: int = Field(2, gt=0, description="Minutes a login link is valid")
    captcha_minutes: int = Field(5, gt=0, description="Minutes a picture captcha is valid")
    captcha_length: int = Field(4, ge=4, description="Characters in a picture captcha")
    sms_code_minutes: int = Field(5, gt=0, description="Minutes an SMS code is valid")
    sms_code_tries: int = Field(5, gt=0, description="Wrong entries that burn an SMS code")
    sms_interval_seconds: int = Field(60, ge=0, description="Least seconds between two codes to one mobile")
    sms_per_day: int = Field(10, gt=0, description="Most codes to one mobile a day")
    sms_per_address_per_day: int = Field(200, gt=0, description="Most codes asked for from one address a day")
    sms_tries: int = Field(3, gt=0, description="Tries before a text message counts as failed")
    sms_retry_seconds: int = Field(
        60, gt=0, description="Seconds before the first retry; then four times as long"
    )
    sms_secret_hours: int = Field(
        24, gt=0, description="Hours a password or code stays readable in the outbox"
    )
    password_min_length: int = Field(8, ge=8, description="Least length of a password (letters and digits)")
    password_first_length: int = Field(
        10, ge=10, description="Length of a first password made by the platform"
    )
    session_idle_minutes: int = Field(60, gt=0, description="Minutes without a request that end a session")
    session_absolute_hours: int = Field(12, gt=0, description="Hours after which a session ends in any case")
    login_rate: str = Field("30 per minute", description="Login attempts from one address")
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Bearer token of /metrics; empty = only from this machine itself"
    )
    verify_rate: str = Field("30 per minute", description="Public certificate checks from one address")
    report_rate: str = Field("20 per day", description="Reports on the official list from one address")
    sub_accounts: int = Field(50, gt=0, description="Most active sub-accounts of one tenant")

    # Pages
    page_sizes: tuple[int, ...] = Field(
        (10, 20, 50, 100), description="Rows a page, as offered; the last is the ceiling"
    )
    count_cap: int = Field(10_000, gt=0, description="Counts above this are shown as 10000+")
    picker_limit: int = Field(20, gt=0, description="Most answers of a remote drop-down")

    # Jobs (D4)
    worker_concurrency: int = Field(2, ge=1, description="Jobs one worker runs at a time")
    worker_heartbeat_seconds: int = Field(10, gt=0, description="How often a worker says it is alive")
    worker_rescue_seconds: int = Field(
        60, gt=0, description="Silence after which a worker's jobs are taken over"
    )
    import_chunk_rows: int = Field(5_000, gt=0, description="Rows written and recorded in one transaction")

    # Issuance and identity (R118, 4.3)
    batch_signing_limit: int = Field(5_000, gt=0, description="Most certificates signed by one signature")
    signing_minutes: int = Field(10, gt=0, description="Minutes a signing link is valid")
    identity_tries: int = Field(3, gt=0, description="Tries before an identity check gives up")

    # Adapters (D12)
    sms: Literal["outbox", "tencent"] = Field("outbox", description="Who sends text messages")
    identity: Literal["local", "tencent"] = Field("local", description="Who checks names against ID numbers")
    storage: Literal["local", "s3"] = Field("local", description="Where uploaded and made files are kept")
    tencent_secret_id: str = Field("", description="Tencent Cloud API id")
    tencent_secret_key: SecretStr = Field(SecretStr(""), description="Tencent Cloud API key")
    tencent_region: str = Field("ap-guangzhou", description="Tencent Cloud region")
    tencent_sms_endpoint: str = Field(
        "", description="Where the SMS service answers; empty = the vendor's own"
    )
    tencent_sms_app_id: str = Field("", description="Tencent Cloud SMS application")
    tencent_sms_sign_name: str = Field("", description="Signature in front of each message")
    tencent_sms_templates: dict[str, str] = Field(
        {}, description="Our template name to the vendor's template id (JSON)"
    )
    s3_bucket: str = Field("", description="Bucket of the file store")
    s3_endpoint: str = Field("", description="Endpoint of an S3-compatible store; empty = AWS")
    s3_region: str = Field("", description="Region of the bucket")
    s3_access_key_id: str = Field("", description="Id of the access key")
    s3_secret_access_key: SecretStr = Field(SecretStr(""), description="The access key")

    @model_validator(mode="after")
    def _check(self) -> Settings:
        if self.worker_rescue_seconds <= 2 * self.worker_heartbeat_seconds:
            raise ValueError(
                "worker_rescue_seconds must exceed twice worker_heartbeat_seconds, else a job runs twice"
            )
        if (
            list(self.page_sizes) != sorted(set(self.page_sizes))
            or not self.page_sizes
            or self.page_sizes[0] < 1
        ):
            raise ValueError("page_sizes must rise from at least 1")
        for problem in self._missing_credentials():
            raise ValueError(problem)
        return self

    def _missing_credentials(self) -> list[str]:
        wanted = {
            "sms=tencent": ("tencent_secret_id", "tencent_secret_key", "tencent_sms_app_id")
            if self.sms == "tencent"
            else (),
            "identity=tencent": ("tencent_secret_id", "tencent_secret_key")
            if self.identity == "tencent"
            else (),
            "storage=s3": ("s3_bucket", "s3_access_key_id", "s3_secret_access_key")
            if self.storage == "s3"
            else (),
        }
        return [
            f"{choice} needs {name}"
            for choice, names in wanted.items()
            for name in names
            if not getattr(self, name)
        ]

    @property
    def base_url(self) -> str:
        """Address in QR codes and messages, without a closing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def zone(self) -> ZoneInfo:
        """The zone object of `time_zone`."""
        return ZoneInfo(self.time_zone)

    @property
    def keys_dir(self) -> Path:
        """Folder of secrets (0700)."""
        return self.data_dir / "keys"

    @property
    def files_dir(self) -> Path:
        """Root of the local file store."""
        return self.data_dir / "files"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the key folder."""
        return init_settings, env_settings, KeyFolder(settings_cls)


def _text_key() -> str:
    return secrets.token_urlsafe(48)


def _binary_key() -> str:
    return base64.b64encode(secrets.token_bytes(PERSONAL_DATA_KEY_BYTES)).decode()


KEYS: dict[str, Callable[[], str]] = {
    "secret_key": _text_key,
    "jwt_key": _text_key,
    "personal_data_key": _binary_key,
}


class KeyFolder(PydanticBaseSettingsSource):
    """Reads the keys that the environment does not give from DATA_DIR/keys, making them on the first start.

    Production never makes one: a second machine with its own key would write numbers the first cannot read.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not used: all keys are read at once in `__call__`, after the data folder is known."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        given = self.current_state
        folder = Path(_given(given, "data_dir", "DATA_DIR") or DEFAULT_DATA_DIR) / "keys"
        may_make = str(given.get("production", False)).lower() not in {"1", "true", "yes", "on", "t", "y"}
        found: dict[str, Any] = {}
        for name, make in KEYS.items():
            if name not in given and (value := _read_or_make(folder / name, make if may_make else None)):
                found[name] = value
        return found


def _given(state: dict[str, Any], *names: str) -> Any:
    return next((state[name] for name in names if state.get(name)), None)


def _read_or_make(path: Path, make: Callable[[], str] | None) -> str | None:
    """The key in the file; several processes starting at once all get the one that was linked first."""
    if not path.exists() and make is not None:
        path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip() if path.exists() else None


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()


def reset_settings() -> None:
    """Forget the settings read so far (tests that change the environment)."""
    settings.cache_clear()
