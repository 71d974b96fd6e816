//! The sessions that an engine runs, and the families below them. It is replaced as a whole when the workspace changes:
//! what is the same in both goes on as it is, and what is not takes the place of another.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::error::{Code, Failure};
use crate::family::{Context, Family};
use crate::session::Session;
use crate::session::config::{Dialect, SessionConfig};
use crate::workspace::Workspace;

/// Sessions of one family, by name.
type Members = BTreeMap<Arc<str>, SessionConfig>;

/// What a workspace comes to at run time.
pub(crate) struct Roster {
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) families: Vec<Arc<Family>>,
    sessions: HashMap<Arc<str>, Arc<Session>>,
    /// The same in the order of the workspace.
    in_order: Arc<[Arc<Session>]>,
}

/// What becomes of the sessions when one roster takes the place of another.
#[derive(Default)]
pub(crate) struct Difference {
    pub(crate) added: Vec<String>,
    pub(crate) changed: Vec<String>,
    pub(crate) removed: Vec<String>,
}

impl Roster {
    /// The sessions of a workspace. Families that `before` has with the very same set-up are taken over, alive.
    pub(crate) fn new(
        workspace: Workspace,
        context: &Arc<Context>,
        before: Option<&Self>,
        notices: &mut Vec<Failure>,
    ) -> Self {
        let mut families = Vec::new();
        let mut sessions = HashMap::new();
        let place = workspace.place();
        for (name, members) in grouped(&workspace, context, notices) {
            let same = before.and_then(|before| before.family_like(&place, &name, &members));
            let family = same.unwrap_or_else(|| {
                Arc::new(Family::new(
                    &place,
                    &name,
                    members.clone(),
                    Arc::clone(context),
                ))
            });
            for (member, config) in members {
                let session = before
                    .and_then(|before| before.sessions.get(&member))
                    .filter(|session| Arc::ptr_eq(&session.family, &family));
                let session = session
                    .cloned()
                    .unwrap_or_else(|| Arc::new(Session::new(config, Arc::clone(&family))));
                sessions.insert(member, session);
            }
            families.push(family);
        }
        let named = workspace.sessions.iter();
        let in_order = named
            .filter_map(|config| sessions.get(&config.name).cloned())
            .collect();
        Self {
            workspace: Arc::new(workspace),
            in_order,
            families,
            sessions,
        }
    }

    fn family_like(&self, place: &str, name: &str, members: &Members) -> Option<Arc<Family>> {
        self.families
            .iter()
            .find(|family| family.is_like(place, name, members))
            .cloned()
    }

    /// The session of this name.
    pub(crate) fn session(&self, name: &str) -> Option<&Arc<Session>> {
        self.sessions.get(name)
    }

    /// All sessions in the order of the workspace.
    pub(crate) fn sessions(&self) -> &Arc<[Arc<Session>]> {
        &self.in_order
    }

    /// The families that this one has and `other` has not.
    pub(crate) fn families_missing_in(&self, other: &Self) -> Vec<Arc<Family>> {
        let is_missing = |family: &&Arc<Family>| {
            !other
                .families
                .iter()
                .any(|another| Arc::ptr_eq(family, another))
        };
        self.families.iter().filter(is_missing).cloned().collect()
    }

    /// What became of the sessions from `before` to this.
    pub(crate) fn difference(&self, before: &Self) -> Difference {
        let mut difference = Difference::default();
        for session in self.sessions().iter() {
            let name = session.config.name.to_string();
            match before.session(&name) {
                None => difference.added.push(name),
                Some(other) if other.config != session.config => difference.changed.push(name),
                Some(_) => {}
            }
        }
        difference.removed = before
            .sessions()
            .iter()
            .map(|session| session.config.name.to_string())
            .filter(|name| self.session(name).is_none())
            .collect();
        difference
    }
}

/// The workspace's sessions by the refresh token that they share. One that names a family whose server or client is not
/// its own gets a family of its own, with a notice: a refresh token goes only to the server that it came from (RFC 6749 §6).
fn grouped(
    workspace: &Workspace,
    context: &Context,
    notices: &mut Vec<Failure>,
) -> BTreeMap<Arc<str>, Members> {
    let mut members: BTreeMap<Arc<str>, Members> = BTreeMap::new();
    for config in &workspace.sessions {
        let mut config = config.clone();
        context.servers.fill(&mut config);
        let family = members.entry(Arc::clone(&config.family)).or_default();
        if family
            .values()
            .next()
            .is_none_or(|first| same_client(first, &config))
        {
            family.insert(Arc::clone(&config.name), config);
            continue;
        }
        let detail = format!(
            "session {:?} cannot share the family {:?}: another server or client",
            config.name, config.family
        );
        notices.push(
            Failure::new(Code::WorkspaceInvalid)
                .with("path", &workspace.id)
                .with("detail", detail),
        );
        let alone = BTreeMap::from([(Arc::clone(&config.name), config.clone())]);
        members.insert(format!("{}, alone", config.name).into(), alone);
    }
    members
}

fn same_client(one: &SessionConfig, other: &SessionConfig) -> bool {
    one.refresh_endpoint() == other.refresh_endpoint()
        && match (&one.dialect, &other.dialect) {
            (Dialect::Json(_), Dialect::Json(_)) | (Dialect::Cookie(_), Dialect::Cookie(_)) => true,
            (Dialect::Oauth(one), Dialect::Oauth(other)) => {
                (&one.client_id, one.client_auth, one.grant)
                    == (&other.client_id, other.client_auth, other.grant)
            }
            _ => false,
        }
}
