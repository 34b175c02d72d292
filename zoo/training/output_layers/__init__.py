"""What is done to the layers that give a model's outputs, where it is exact: scaling, priors, calibration."""
