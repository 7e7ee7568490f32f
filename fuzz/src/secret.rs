//! Secrets that look like real ones. An input names them by `${…}`, so that none stands in a file.

/// The name of each and what it is, in pieces: what looks like a key is taken for one elsewhere too.
const SECRETS: [(&str, &[&str]); 5] = [
    ("${KEY}", &["AI", "za", "SyD3x9Kq7LmPz2VtRw8Yb4NcGh5JfTs6Au"]),
    ("${AUTH_KEY}", &["A", "Q.", "Ab8RN6Jx3Kq7LmPz2VtRw8Yb4NcGh5JfTs6AuQe1"]),
    ("${TOKEN}", &["ya", "29.", "a0AfB3yCx9Kq7LmPz2VtRw8Yb4NcGh5JfTs6Au_Qe1"]),
    ("${SECRET_KEY}", &["sb_", "secret_", "N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"]),
    (
        "${JWT}",
        &[
            "ey",
            "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
            "ey",
            "JyZWYiOiJ4OUtxN0xtUHoyVnRSdyIsInJvbGUiOiJzZXJ2aWNlX3JvbGUifQ.",
            "x9Kq7LmPz2VtRw8Yb4NcGh5JfTs6AuQe1MnBv3Cx7Zs",
        ],
    ),
];

/// The secrets.
pub fn all() -> impl Iterator<Item = String> {
    SECRETS.iter().map(|(_, pieces)| pieces.concat())
}

/// An input with the secrets in the places of their names.
pub fn put_into(input: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((byte, tail)) = rest.split_first() {
        match SECRETS.iter().find(|(name, _)| rest.starts_with(name.as_bytes())) {
            Some((name, pieces)) => {
                text.extend_from_slice(pieces.concat().as_bytes());
                rest = &rest[name.len()..];
            }
            None => {
                text.push(*byte);
                rest = tail;
            }
        }
    }
    text
}
