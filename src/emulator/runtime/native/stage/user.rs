//! Which user an image's program runs as; pure.
//!
//! The rules are those of container engines: `name`, `uid`, `name:group`, `uid:gid`; a number need not be listed anywhere.

/// A user inside a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// The further groups that `/etc/group` lists the user in.
    pub(super) groups: Vec<u32>,
    pub(super) home: String,
}

/// Finds the user in the texts of the image's `/etc/passwd` and `/etc/group`.
pub(super) fn find(wanted: &str, passwd: &str, group: &str) -> Result<User, String> {
    let (name, own_group) = match wanted.split_once(':') {
        Some((name, group)) => (name, Some(group)),
        None => (wanted, None),
    };
    let name = if name.is_empty() { "0" } else { name };
    let number = name.parse::<u32>().ok();
    let listed = records(passwd)
        .find(|fields| fields.first() == Some(&name) || (number.is_some() && id(fields, 2) == number));
    let uid = listed.as_ref().and_then(|fields| id(fields, 2)).or(number);
    let uid = uid.ok_or_else(|| format!("unable to find user {name}: no matching entries in passwd file"))?;
    let gid = match own_group {
        Some(wanted) => records(group)
            .find(|fields| fields.first() == Some(&wanted))
            .and_then(|fields| id(&fields, 2))
            .or_else(|| wanted.parse().ok())
            .ok_or_else(|| format!("unable to find group {wanted}: no matching entries in group file"))?,
        None => listed.as_ref().and_then(|fields| id(fields, 3)).unwrap_or(0),
    };
    let login = listed.as_ref().and_then(|fields| fields.first().copied());
    let groups = records(group)
        .filter(|fields| {
            own_group.is_none()
                && fields.get(3).is_some_and(|members| members.split(',').any(|member| Some(member) == login))
        })
        .filter_map(|fields| id(&fields, 2))
        .collect();
    let home = listed.and_then(|fields| fields.get(5).copied()).filter(|home| !home.is_empty());
    let home = home.unwrap_or(if uid == 0 { "/root" } else { "/" }).to_owned();
    Ok(User { uid, gid, groups, home })
}

fn records(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split(':').collect())
}

fn id(fields: &[&str], at: usize) -> Option<u32> {
    fields.get(at)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:100:Web:/srv/web:/bin/sh\n";
    const GROUP: &str = "root:x:0:\nusers:x:100:\nlog:x:7:web,root\n";

    #[test]
    fn users_are_names_or_numbers() {
        for (wanted, found) in [
            ("", Some((0, 0, vec![7], "/root"))),
            ("root", Some((0, 0, vec![7], "/root"))),
            ("web", Some((1000, 100, vec![7], "/srv/web"))),
            ("1000", Some((1000, 100, vec![7], "/srv/web"))),
            ("web:users", Some((1000, 100, vec![], "/srv/web"))),
            ("web:5", Some((1000, 5, vec![], "/srv/web"))),
            ("65532:65532", Some((65532, 65532, vec![], "/"))),
            ("65532", Some((65532, 0, vec![], "/"))),
            ("nobody", None),
            ("web:nobody", None),
        ] {
            let user = find(wanted, PASSWD, GROUP).ok();
            let user =
                user.as_ref().map(|user| (user.uid, user.gid, user.groups.clone(), user.home.as_str()));
            assert_eq!(user, found, "{wanted}");
        }
    }

    #[test]
    fn an_image_without_lists_has_numbers_and_root() {
        assert_eq!(find("", "", "").map(|user| (user.uid, user.gid)), Ok((0, 0)));
        assert_eq!(find("5", "", "").map(|user| (user.uid, user.gid)), Ok((5, 0)));
    }
}
