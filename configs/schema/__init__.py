"""The schema of `configs/models/<id>.yaml`, one file a section."""

from configs.schema.retirement import RetirementConfig

__all__ = ["RetirementConfig"]
