"""A classifier to take elsewhere: one ONNX file of all it takes, or the head's arrays."""

from models.portable.classifier import INPUTS, Input, export_classifier
from models.portable.head import export_npz

__all__ = ["INPUTS", "Input", "export_classifier", "export_npz"]
