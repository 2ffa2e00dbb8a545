"""Where a bucket is."""

from pydantic import Field

from configs.schema.base import Section


class BucketConfig(Section):
    """A bucket at any endpoint that speaks S3. Credentials come from the environment, as boto3
    finds them; they never stand here.
    """

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="Its name.")
    prefix: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*)?$",
        description="Folder in the bucket, without slashes at its ends; empty for the root.",
    )
    endpoint_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s@]+)?$",
        description="Root of an S3 that is not AWS's; empty for AWS.",
    )
    region: str = Field(default="", description="Region; empty for the environment's.")
    profile: str = Field(default="", description="Profile of the AWS configuration files.")
