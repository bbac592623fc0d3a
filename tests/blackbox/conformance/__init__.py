"""HTTP's conformance suite: cases as data, sites to try them on, and code to run and judge them."""
