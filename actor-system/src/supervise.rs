//! Supervisors: actors that are started again, alone or together, after a failure.
