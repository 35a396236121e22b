"""The site half of TrackingBMS: reads battery management systems and sends what they say."""
