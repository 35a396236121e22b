"""Regular work, without HTTP and without Flask: every module here that exposes `JOB` is a job."""
