"""What a pretraining run is made of, around the loop in `models.pretrain`."""
