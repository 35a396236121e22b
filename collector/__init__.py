"""The site half of TrackingBMS: reads battery management systems and sends what they say."""

__version__ = "1.0.0"
