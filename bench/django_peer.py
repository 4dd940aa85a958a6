"""django-import-export as its documentation has it: a model, a resource with a key, dry run, then import."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import django
from django.conf import settings
from django.db import connection, models


def main(url: str, path: Path, rows: int) -> None:
    parts = urlparse(url)
    query = parse_qs(parts.query)
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql", "NAME": parts.path.lstrip("/"), "USER": parts.username,
                "PASSWORD": parts.password, "HOST": query["host"][0], "PORT": query.get("port", ["5432"])[0],
            }
        },
        INSTALLED_APPS=["import_export", "bench"],
        USE_TZ=True,
    )  # fmt: skip
    django.setup()
    from import_export import resources
    from tablib import Dataset

    class Candidate(models.Model):
        name = models.CharField(max_length=50)
        name_pinyin = models.CharField(max_length=100)
        id_number = models.CharField(max_length=18, unique=True)
        mobile = models.CharField(max_length=11)
        major = models.CharField(max_length=100)
        education_level = models.CharField(max_length=24)
        enrolment_year = models.IntegerField()

        class Meta:
            app_label = "bench"

    class CandidateResource(resources.ModelResource):
        class Meta:
            model = Candidate
            import_id_fields = ("id_number",)
            skip_unchanged = True

    with connection.schema_editor() as editor:
        editor.create_model(Candidate)
    data = Dataset().load(path.read_bytes(), format="xlsx")
    data.headers = [
        "name",
        "name_pinyin",
        "id_number",
        "mobile",
        "major",
        "education_level",
        "enrolment_year",
    ]
    resource = CandidateResource()
    checked = resource.import_data(data, dry_run=True)
    if checked.has_errors():
        raise SystemExit(str(checked.row_errors()[:1]))
    resource.import_data(data, dry_run=False, raise_errors=True)
    if Candidate.objects.count() != rows:
        raise SystemExit("rows are missing")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
