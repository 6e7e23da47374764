"""The documented JSON API: endpoints, parameters, and response models."""
