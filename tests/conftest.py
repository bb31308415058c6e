"""What all tests share: hypothesis without deadlines, because test machines are noisy."""

from hypothesis import settings

settings.register_profile("migrator", deadline=None)
settings.load_profile("migrator")
