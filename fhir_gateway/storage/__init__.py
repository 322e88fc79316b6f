"""Where is everything kept? The only floor that speaks SQL."""
