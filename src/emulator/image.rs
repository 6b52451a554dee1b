//! Container images: references, the local store, OCI layouts and archives, unpacking.
