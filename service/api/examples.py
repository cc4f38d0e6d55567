"""One example of each message for the OpenAPI document; the tests hold them to the schemas."""

from typing import Any

_MOMENT = "2026-01-31T09:30:00Z"
_ESTIMATE = {"accuracy": 0.93, "low": 0.87, "high": 0.96, "count": 100}
_PREDICTION = {
    "class_id": "sea-otter",
    "label": "Sea otter",
    "probability": 0.91,
    "unknown": False,
}
_NEIGHBOUR = {"image_id": 7, "class_id": "sea-otter", "similarity": 0.83}
_PROJECT = {
    "id": "coast",
    "name": "Coast",
    "classifier": "auto",
    "encoder_id": "vit-msn-small-1a2b3c4d",
    "next_encoder_id": None,
    "images": 2400,
    "examples": 100,
    "classes": 2,
    "pending": 0,
    "active_version": 12,
    "estimate": _ESTIMATE,
    "reference": None,
    "created_at": _MOMENT,
}
_CLASS = {"id": "sea-otter", "name": "Sea otter", "examples": 50, "created_at": _MOMENT}
_EXAMPLE = {
    "id": 3,
    "image_id": 7,
    "class_id": "sea-otter",
    "filename": "otter.jpg",
    "duplicate": False,
    "previous_class_id": None,
    "created_at": _MOMENT,
}
_REJECTED = {
    "filename": "notes.txt",
    "code": "not_an_image",
    "reason": "This is no image that Handful knows: send JPEG, PNG, WebP, GIF, TIFF or BMP.",
}
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_IMAGE = {
    "id": 7,
    "sha256": _SHA256,
    "filename": "otter.jpg",
    "width": 1600,
    "height": 1200,
    "class_id": None,
    "embedded": True,
    "prediction": _PREDICTION,
    "near_duplicate_of": None,
    "created_at": _MOMENT,
}
_CLASSIFIER = {
    "version": 12,
    "active": True,
    "kind": "auto",
    "encoder_id": "vit-msn-small-1a2b3c4d",
    "classes": {"sea-otter": 50, "seal": 50},
    "labels": 100,
    "pool_size": 2300,
    "metrics": {
        "head": "pool",
        "fit_seconds": 0.21,
        "coverage": 0.9,
        "note": None,
    },
    "estimate": _ESTIMATE,
    "reference": None,
    "created_at": _MOMENT,
}
_SHARE = {"value": 0.94, "low": 0.84, "high": 0.98, "count": 50}
_COMPARISON = {
    "count": 100,
    "accuracy_a": 0.89,
    "accuracy_b": 0.93,
    "difference": 0.04,
    "low": -0.01,
    "high": 0.09,
    "p": 0.22,
    "verdict": "no difference that these labels can show",
    "disagreements": [{"image_id": 7, "class_id": "sea-otter", "a": "seal", "b": "sea-otter"}],
}
_EVALUATION = {
    "version": 12,
    "encoder_id": "vit-msn-small-1a2b3c4d",
    "estimate": _ESTIMATE,
    "calibration_error": 0.03,
    "verdict": "label more: ten more labels would bring about +1.5 points",
    "note": None,
    "classes": [
        {
            "class_id": "sea-otter",
            "label": "Sea otter",
            "examples": 50,
            "precision": _SHARE,
            "recall": _SHARE,
        }
    ],
    "confusion": [{"actual": "sea-otter", "predicted": "seal", "count": 3, "image_ids": [7, 8, 9]}],
    "curve": [{"labels": 40, "accuracy": 0.88, "low": 0.84, "high": 0.92}],
    "forecast": {"labels": 110, "accuracy": 0.945, "low": 0.92, "high": 0.97},
    "suspects": [
        {
            "image_id": 7,
            "class_id": "sea-otter",
            "suggested_class_id": "seal",
            "score": 0.87,
            "reason": "9 of its 10 nearest labelled images are of another class",
        }
    ],
}
_ENCODER = {
    "id": "vit-msn-small-1a2b3c4d",
    "name": "vit-msn-small",
    "source": "hf:facebook/vit-msn-small",
    "dimension": 384,
    "image_size": 224,
    "feature": "CLS token of the last block, before the final LayerNorm",
    "licence": "apache-2.0",
    "notice": None,
    "active": True,
    "embedded": 2400,
    "accuracy": _ESTIMATE,
    "created_at": _MOMENT,
}
_RECORD = {
    "number": 7,
    "step": 140,
    "steps": 5000,
    "epoch": 0.9,
    "seconds": 61.4,
    "seconds_left": 2130.0,
    "images_per_second": 292.0,
    "waiting": 0.01,
    "memory_mb": 1340.0,
    "total": 3.41,
    "cross_entropy": 4.02,
    "me_max": -0.61,
    "distinct_prototypes": 96.0,
    "mean_largest_target": 0.31,
    "gradient_norm": 1.9,
    "learning_rate": 0.0006,
    "weight_decay": 0.041,
    "momentum": 0.99,
    "knn": 0.62,
    "low_shot": 0.58,
}
_PRESET = {
    "name": "cpu-64",
    "description": "A small network on a CPU, in under an hour.",
    "image_size": 64,
    "epochs": 3.2,
    "batch": 128,
    "device": "cpu",
    "starts_from": ["msn-cpu-64-9a0b1c2d"],
}
_JOB = {
    "id": "0b5f6a1e9c8d4a7fb2f0c6d1e3a49785",
    "kind": "embed",
    "state": "running",
    "project_id": None,
    "payload": {"encoder_id": "vit-msn-small-1a2b3c4d"},
    "done": 640,
    "total": 2400,
    "message": "Embedding images",
    "rate": 42.5,
    "seconds_left": 41.4,
    "outcome": None,
    "error": None,
    "attempts": 1,
    "created_at": _MOMENT,
    "started_at": _MOMENT,
    "finished_at": None,
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "Session": {"required": True, "signed_in": False},
    "KeyIn": {"key": "the API key"},
    "Project": _PROJECT,
    "ProjectList": {"projects": [_PROJECT]},
    "ProjectCreate": {"name": "Coast"},
    "ProjectUpdate": {"classifier": "logistic"},
    "Class": _CLASS,
    "ClassList": {"classes": [_CLASS]},
    "ClassCreate": {"name": "Sea otter"},
    "ClassUpdate": {"name": "Otter"},
    "ClassMerge": {"into": "sea-otter"},
    "Example": _EXAMPLE,
    "ExampleUpdate": {"class_id": "seal"},
    "ExampleList": {"items": [_EXAMPLE], "next_cursor": "3", "total": 50},
    "ExamplesAdded": {
        "examples": [_EXAMPLE],
        "rejected": [_REJECTED],
        "classifier_version": 12,
    },
    "LabelChanges": {
        "labels": [{"image_id": 7, "class_id": "sea-otter"}, {"image_id": 8, "class_id": None}]
    },
    "LabelsChanged": {
        "previous": [{"image_id": 7, "class_id": None}, {"image_id": 8, "class_id": "seal"}],
        "classifier_version": 12,
    },
    "Image": _IMAGE,
    "ImagePage": {"items": [_IMAGE], "next_cursor": "7", "total": 2400, "pending": 0},
    "ImagesAdded": {
        "images": [{"id": 7, "filename": "otter.jpg", "sha256": _SHA256, "duplicate": False}],
        "rejected": [_REJECTED],
        "job_id": "0b5f6a1e9c8d4a7fb2f0c6d1e3a49785",
    },
    "Contents": {"sha256s": [_SHA256]},
    "KnownImages": {
        "known": [_SHA256],
        "images": [{"id": 7, "sha256": _SHA256, "class_id": "sea-otter"}],
    },
    "NeighbourList": {"neighbours": [_NEIGHBOUR]},
    "Predictions": {
        "predictions": [
            _PREDICTION
            | {
                "filename": "otter.jpg",
                "image_id": None,
                "scores": {"sea-otter": 0.91, "seal": 0.09},
                "neighbours": [_NEIGHBOUR],
                "set": ["sea-otter"],
                "coverage": 0.9,
                "unknown_score": 0.12,
                "note": None,
            }
        ],
        "rejected": [_REJECTED],
        "classifier": {"version": 12, "kind": "auto", "encoder_id": "vit-msn-small-1a2b3c4d"},
    },
    "SearchResult": {"image": _IMAGE, "similarity": 0.83, "closeness": 0.64},
    "SearchResults": {
        "results": [{"image": _IMAGE, "similarity": 0.83, "closeness": 0.64}],
        "rejected": [_REJECTED],
    },
    "PoolMap": {
        "version": 3,
        "encoder_id": "vit-msn-small-1a2b3c4d",
        "count": 2,
        "created_at": _MOMENT,
        "stale": 0,
        "classes": ["sea-otter", "seal"],
        "image_ids": "BwAAAAgAAAA=",
        "x": "AACAPgAAQD8=",
        "y": "AAAAPwAAgD8=",
        "label": "AAD//w==",
        "predicted": "//8BAA==",
        "confidence": "AAAAAAAAYD8=",
        "unknown": "AAA=",
    },
    "Suggestions": {
        "suggestions": [
            {
                "image_id": 7,
                "filename": "otter.jpg",
                "class_id": None,
                "reason": "The classifier hesitates between Sea otter and Seal.",
                "prediction": _PREDICTION,
            }
        ],
        "strategy": "auto",
    },
    "Classifier": _CLASSIFIER,
    "ClassifierList": {"classifiers": [_CLASSIFIER]},
    "LabelSnapshot": {"version": 12, "labels": [{"image_id": 7, "class_id": "sea-otter"}]},
    "Evaluation": _EVALUATION,
    "ClassifierComparison": {"a": 11, "b": 12} | _COMPARISON,
    "EncoderComparison": {"a": "vit-msn-small-1a2b3c4d", "b": "msn-cpu-64-9a0b1c2d"} | _COMPARISON,
    "Encoder": _ENCODER,
    "EncoderList": {"encoders": [_ENCODER], "default_id": _ENCODER["id"]},
    "EncoderRegister": {"spec": "hf:facebook/vit-msn-small"},
    "Job": _JOB,
    "JobList": {"jobs": [_JOB]},
    "JobCreate": {
        "kind": "pretrain",
        "payload": {"preset": "cpu-64", "epochs": 10.0, "settings": {"mask_ratio": 0.3}},
    },
    "RecordList": {"records": [_RECORD]},
    "FileErrors": {
        "errors": [{"file": "otters/17.jpg", "reason": "the image file is cut off or damaged"}],
        "total": 1,
    },
    "Upload": {
        "id": "0b5f6a1e9c8d4a7fb2f0c6d1e3a49785",
        "filename": "otters.zip",
        "offset": 8388608,
        "length": 57998443,
        "finished": False,
        "expires_at": _MOMENT,
    },
    "ImportOptions": {
        "roots": ["/srv/photos"],
        "max_upload_bytes": 21474836480,
        "formats": ["auto", "folder", "zip", "csv"],
    },
    "PresetList": {"presets": [_PRESET]},
    "EncoderChoice": {"encoder_id": "vit-msn-small-1a2b3c4d"},
    "Health": {
        "status": "ok",
        "checks": {"database": "ok", "redis": "ok", "encoder": "ok"},
        "version": "0.1.0",
    },
}
