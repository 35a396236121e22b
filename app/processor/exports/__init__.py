"""Files made of measurements for people to take away: asked for, made, kept a while, forgotten."""
