"""HTTP's conformance suite: cases as data, sites to try them on, and what runs and judges them."""
