//! A diff in words, one line for each thing.

use std::fmt;

use super::{Direction, ManifestDiff, PartChanges, PermissionChange};

impl fmt::Display for ManifestDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = &self.version;
        match version.direction {
            Direction::Same => write!(f, "version {}", version.to)?,
            Direction::Up => write!(f, "version {} to {}", version.from, version.to)?,
            Direction::Down => write!(f, "version {} back to {}", version.from, version.to)?,
        }
        for change in &self.added_permissions {
            write!(f, "\n+ permission {change}")?;
        }
        for change in &self.removed_permissions {
            write!(f, "\n- permission {change}")?;
        }
        for host in &self.new_hosts {
            write!(f, "\n+ host {host}")?;
        }
        parts(f, "webhook", &self.webhooks)?;
        parts(f, "extension", &self.extensions)?;
        if self.config_schema_changed {
            f.write_str("\n~ schema of the configuration")?;
        }
        self.fields.iter().try_for_each(|field| write!(f, "\n~ {field}"))
    }
}

impl fmt::Display for PermissionChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (Some(from), Some(to)) => write!(f, "{} ({from} to {to})", self.permission),
            (Some(scope), None) | (None, Some(scope)) => {
                write!(f, "{} ({scope})", self.permission)
            }
            (None, None) => write!(f, "{}", self.permission),
        }
    }
}

fn parts(f: &mut fmt::Formatter<'_>, what: &str, parts: &PartChanges) -> fmt::Result {
    for identifier in &parts.added {
        write!(f, "\n+ {what} {identifier}")?;
    }
    for identifier in &parts.removed {
        write!(f, "\n- {what} {identifier}")?;
    }
    parts.changed.iter().try_for_each(|part| {
        write!(f, "\n~ {what} {} ({})", part.identifier, part.fields.join(", "))
    })
}
