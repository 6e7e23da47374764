"""One layer reads and writes objects, so that what it adds to them applies to every object."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
#: Modules that may speak S3: the layer itself, backups (which copy objects as they are), and the
#: provisioning of buckets and their user. The client of a key service speaks HTTP as well.
LAYER = {
    "common/objects.py",
    "common/object_parts.py",
    "common/signed_objects.py",
    "common/object_backup.py",
    "common/encryption/key_service.py",
    "common/provisioning/__main__.py",
    "common/provisioning/object_user.py",
}
_CLIENT = re.compile(
    r"^\s*(?:from|import)\s+(?:minio|urllib3|boto3?|botocore|s3fs)\b", re.MULTILINE
)


def test_only_the_layer_speaks_to_the_object_store() -> None:
    sources = [*ROOT.glob("libs/common/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]
    speaking = {
        path.as_posix().partition("/src/")[2]
        for path in sources
        if _CLIENT.search(path.read_text(encoding="utf-8"))
    }
    assert speaking == LAYER
