"""Look at the installation as `flask check` does, and note what was found for the system page."""

from app import health

from .job import Context, Job


def run(context: Context) -> None:
    """What wants mending is no failure of this job; it is said in the record of the run."""
    found = health.look(context.engines)
    if wrong := found.wrong:
        context.note(f"{len(wrong)} of {len(found.answers)} want mending")


JOB = Job("check", every_seconds=3600, run=run)
