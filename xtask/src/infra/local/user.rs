//! Who xtask runs as, and who it may run others as.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// A user that is not root.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Whether xtask runs as root.
pub(crate) fn is_root() -> Result<bool> {
    Ok(process::read(Command::new("id").arg("-u"))?.trim() == "0")
}

/// The first of `names` that is a user of this machine.
pub(crate) fn first_of(names: &[&str]) -> Result<User> {
    let passwd = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    names
        .iter()
        .find_map(|name| in_passwd(&passwd, name))
        .with_context(|| format!("this machine has no user {}", names.join(" or ")))
}

// name:password:uid:gid:...
fn in_passwd(passwd: &str, name: &str) -> Option<User> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next()? == name;
        let mut number = |nth| fields.nth(nth)?.parse().ok();
        let user = User { uid: number(1)?, gid: number(0)? };
        found.then_some(user)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0:root:/:/bin/sh\nbroken\npostgres2:x:7:8::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        assert_eq!(in_passwd(passwd, "postgres"), Some(User { uid: 101, gid: 104 }));
        assert_eq!(in_passwd(passwd, "nobody"), None);
    }
}
