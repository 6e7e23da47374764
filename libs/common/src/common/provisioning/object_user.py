"""User of MinIO for services, with rights in two buckets only."""

from urllib.parse import urlsplit

import urllib3
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, MinioException
from minio.minioadmin import MinioAdmin

from common.errors import ApplicationError, UnavailableError

POLICY = "securetranscribe"
#: What a server answers that has not read its users yet.
_NOT_YET = ("500", "502", "503", "504")
_BUCKET_ACTIONS = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
_OBJECT_ACTIONS = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)


def policy(buckets: tuple[str, ...]) -> dict[str, object]:
    """Return a policy for reading, writing and listing the objects of buckets, and nothing else."""
    names = [f"arn:aws:s3:::{bucket}" for bucket in buckets]
    rights = (
        (_BUCKET_ACTIONS, names),
        (_OBJECT_ACTIONS, [f"{name}/*" for name in names]),
    )
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": list(actions), "Resource": resources}
            for actions, resources in rights
        ],
    }


def provision(
    admin: MinioAdmin, *, access_key: str, secret_key: str, buckets: tuple[str, ...]
) -> None:
    """Create the user and its policy, or give them this secret and these rights again.

    Raises:
        UnavailableError: the store does not answer.
        ApplicationError: it refuses, or is another product, whose users have to be made otherwise.
    """
    try:
        admin.policy_add(POLICY, policy=policy(buckets))
        admin.user_add(access_key, secret_key)
        admin.policy_set(POLICY, user=access_key)
    except MinioAdminException as error:
        status = error._code
        if status in _NOT_YET:
            raise UnavailableError("The object store does not answer.") from error
        # The answer is left out, because it may quote the request.
        raise ApplicationError(
            f"The object store refused to create a user (status {status}). If it is not MinIO, "
            "create the user of S3_ACCESS_KEY yourself and give S3_ROOT_ACCESS_KEY the same value."
        ) from None
    except (MinioException, urllib3.exceptions.HTTPError) as error:
        raise UnavailableError("The object store does not answer.") from error


def administrator(
    endpoint: str, *, access_key: str, secret_key: str, region: str, pool: urllib3.PoolManager
) -> MinioAdmin:
    """Return a client with the rights of the store's root user."""
    url = urlsplit(endpoint)
    return MinioAdmin(
        endpoint=url.netloc,
        credentials=StaticProvider(access_key, secret_key),
        region=region,
        secure=url.scheme == "https",
        http_client=pool,
    )
