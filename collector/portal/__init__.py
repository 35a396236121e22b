"""The way to the portal: who this collector is, enrolment, the push and what its answers mean."""
